"""A text after each visit, for those who agreed: what was added, redeemed or taken back, and the balance. So for gifts
and for points that were passed on.

It leaves when the till can no longer undo the act; what was undone within that minute is not told at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import ngettext

from core.presentation import format_points
from core.tenancy import active_schema
from customers.consent import with_consent
from customers.models import Customer, Event
from loyalty.models import Transaction
from loyalty.rules import UNDO_SECONDS
from messaging.actions.outbox import queue_message
from messaging.languages import language_of
from messaging.models import OutboundMessage
from programs.models import Programme

# History that is imported, replayed or made for a demonstration is nobody's news.
NEWS = timedelta(hours=1)
TEXT_AFTER = timedelta(seconds=UNDO_SECONDS + 5)  # an undo of the last second has committed by then


def text_about_points(*, events: Sequence[Event], now: datetime) -> int:
    """Queue a text for each of the events that is about points, recent, and of somebody who agreed; returns how many.

    Runs with the reader's move along the stream, so each event is dealt with once; the transaction's code as cause
    makes a repeat harmless. Consent is looked up again when the text leaves. Four queries, and those of the texts.
    """
    recent = [event for event in events if _is_news(event, now)]
    slips = _undone_at_once([event.data["transaction"] for event in recent])
    recent = [event for event in recent if event.data["transaction"] not in slips]
    agreed = with_consent(
        [event.customer_id for event in recent if event.customer_id], channel="sms", purpose="service"
    )
    wanted = [event for event in recent if event.customer_id in agreed]
    if not wanted:
        return 0
    programme = Programme.objects.get(schema_name=active_schema())
    people = Customer.objects.active().exclude(phone="").in_bulk([event.customer_id for event in wanted])
    texts = 0
    for event in wanted:
        customer = people.get(event.customer_id)
        if customer is None:
            continue
        with translation.override(language_of(customer)):
            body = WORDS[event.name](event.data, programme.name)
        queue_message(
            channel=OutboundMessage.Channel.SMS,
            purpose=OutboundMessage.Purpose.SERVICE,
            recipient=customer.phone,
            customer_id=customer.pk,
            body=body,
            dedupe_key=f"points:{event.data['transaction']}",
            now=now,
            expires_at=now + timedelta(days=1),
        )
        texts += 1
    return texts


def _is_news(event: Event, now: datetime) -> bool:
    """What a member is told of. A welcome comes with a sale, whose text says the balance of both.

    Of a merge they hear nothing: nobody passed anything on, and there was one person all along.
    """
    if event.name not in WORDS or not event.customer_id or event.occurred_at <= now - NEWS:
        return False
    joined, merged = event.data.get("action") == "join", event.data.get("cause") == "merge"
    return not joined and not merged


def _undone_at_once(codes: Sequence[str]) -> set[str]:
    """The codes of acts that were undone whole while the till still could, and of what undid them."""
    slips = Transaction.objects.filter(
        Q(code__in=codes) | Q(reversals__code__in=codes),
        reversed_at__lte=F("at") + timedelta(seconds=UNDO_SECONDS),
    )
    pairs = slips.values_list("code", "reversals__code") if codes else ()
    return {code for pair in pairs for code in pair}


def _earned(data: Mapping[str, Any], programme: str) -> str:
    text = ngettext(
        "%(programme)s: %(points)s point for you. Your balance is %(balance)s.",
        "%(programme)s: %(points)s points for you. Your balance is %(balance)s.",
        data["points"],
    )
    return text % _facts(data, programme)


def _given(data: Mapping[str, Any], programme: str) -> str:
    if not str(data.get("action", "")).startswith("birthday:"):
        return _earned(data, programme)
    text = ngettext(
        "%(programme)s: happy birthday. %(points)s point for you. Your balance is %(balance)s.",
        "%(programme)s: happy birthday. %(points)s points for you. Your balance is %(balance)s.",
        data["points"],
    )
    return text % _facts(data, programme)


def _passed_on(data: Mapping[str, Any], programme: str) -> str:
    if data["points"] > 0:
        text = ngettext(
            "%(programme)s: somebody passed %(points)s point on to you. Your balance is %(balance)s.",
            "%(programme)s: somebody passed %(points)s points on to you. Your balance is %(balance)s.",
            data["points"],
        )
    else:
        text = ngettext(
            "%(programme)s: you passed %(points)s point on. Your balance is %(balance)s.",
            "%(programme)s: you passed %(points)s points on. Your balance is %(balance)s.",
            -data["points"],
        )
    return text % _facts(data, programme)


def _referred(data: Mapping[str, Any], programme: str) -> str:
    if data["action"] == "referrer":
        text = ngettext(
            "%(programme)s: your friend came. %(points)s point for you. Your balance is %(balance)s.",
            "%(programme)s: your friend came. %(points)s points for you. Your balance is %(balance)s.",
            data["points"],
        )
    else:
        text = ngettext(
            "%(programme)s: a friend brought you. %(points)s point for you. Your balance is %(balance)s.",
            "%(programme)s: a friend brought you. %(points)s points for you. Your balance is %(balance)s.",
            data["points"],
        )
    return text % _facts(data, programme)


def _redeemed(data: Mapping[str, Any], programme: str) -> str:
    text = ngettext(
        "%(programme)s: you used %(points)s point. Your balance is %(balance)s.",
        "%(programme)s: you used %(points)s points. Your balance is %(balance)s.",
        abs(data["points"]),
    )
    return text % _facts(data, programme)


def _reversed(data: Mapping[str, Any], programme: str) -> str:
    points = abs(data["points"])
    if data["points"] < 0:
        text = ngettext(
            "%(programme)s: %(points)s point was taken back. Your balance is %(balance)s.",
            "%(programme)s: %(points)s points were taken back. Your balance is %(balance)s.",
            points,
        )
    else:
        text = ngettext(
            "%(programme)s: %(points)s point came back to you. Your balance is %(balance)s.",
            "%(programme)s: %(points)s points came back to you. Your balance is %(balance)s.",
            points,
        )
    return text % _facts(data, programme)


def _facts(data: Mapping[str, Any], programme: str) -> dict[str, str]:
    return {
        "programme": programme,
        "points": format_points(abs(data["points"])),
        "balance": format_points(data["balance"]),
    }


WORDS: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "loyalty.points.earned": _earned,
    "loyalty.points.bonus": _given,
    "loyalty.points.transferred": _passed_on,
    "loyalty.points.referral": _referred,
    "loyalty.points.redeemed": _redeemed,
    "loyalty.points.reversed": _reversed,
}
