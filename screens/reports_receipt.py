"""What a receipt says: of a sale, a redemption, or what undid one. The same facts on paper, in a text, in an e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.presentation import format_money, format_points, format_signed
from loyalty.explain import explanation_lines, explanation_of
from loyalty.ledger import Posting
from loyalty.models import Transaction
from programs.models import Programme
from screens.reports_till import last_digits

_Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """`title` says what happened ("62 points added"), `undone` when it was taken back, or is empty.

    `lines` are (label, value); `why` says how the points came about, one sentence each. `at` is when the sale was.
    `language` is the one that all of it is in.
    """

    language: str
    code: str
    programme: str
    business: str
    address: str
    at: str
    title: str
    lines: list[_Line]
    why: list[str]
    undone: str


def receipt_of(entry: Transaction, *, programme: Programme) -> Receipt:
    """In the active language and the programme's time; `entry` with business, order, reverses and customer."""
    posting = msgspec.convert(entry.response, Posting, strict=False)
    business = entry.business
    sold_at = entry.order.placed_at if entry.order is not None and entry.kind == Transaction.Kind.EARN else entry.at
    return Receipt(
        language=get_language() or "en",
        code=entry.code.upper(),
        programme=programme.name,
        business=business.name if business is not None else "",
        address=business.address if business is not None else "",
        at=say_moment(sold_at, programme.zone),
        title=title_of(entry),
        lines=_lines(entry, posting, programme),
        why=_why(posting, programme.zone),
        undone=_undone(entry, programme.zone),
    )


def say_moment(moment: datetime, zone: ZoneInfo) -> str:
    """21 November 2026, 9:05: day and time in the programme's zone."""
    local = moment.astimezone(zone)
    return _("%(day)s, %(time)s") % {"day": date_format(local, _("j F Y")), "time": date_format(local, "G:i")}


def title_of(entry: Transaction) -> str:
    """What happened, without a sign: 62 points added."""
    points = abs(entry.points)
    if entry.kind == Transaction.Kind.EARN:
        text = ngettext("%(points)s point added", "%(points)s points added", points)
    elif entry.kind == Transaction.Kind.REDEEM:
        text = ngettext("%(points)s point redeemed", "%(points)s points redeemed", points)
    elif entry.points > 0:
        text = ngettext("%(points)s point brought back", "%(points)s points brought back", points)
    else:
        text = ngettext("%(points)s point taken back", "%(points)s points taken back", points)
    return text % {"points": format_points(points)}


def _lines(entry: Transaction, posting: Posting, programme: Programme) -> list[_Line]:
    paid = entry.order.total if entry.order is not None and entry.kind == Transaction.Kind.EARN else None
    facts = [
        (_("Amount paid"), format_money(paid, programme.currency) if paid is not None else ""),
        (_("For"), entry.reason if entry.kind == Transaction.Kind.REDEEM else ""),
        (_("Balance"), format_points(posting.balance)),
        (_("Phone number"), last_digits(entry.account.customer.phone)),
    ]
    return [(label, value) for label, value in facts if value]


def _why(posting: Posting, zone: ZoneInfo) -> list[str]:
    """Line by line where rules had a part, and when points can be spent that cannot be yet."""
    lines = [f"{line.text}: {format_signed(line.points)}" for line in explanation_lines(posting)]
    why = lines or [text for text in [explanation_of(posting)] if text]
    if posting.pending and posting.available_at is not None:
        text = ngettext(
            "%(points)s point of these can be spent from %(day)s.",
            "%(points)s points of these can be spent from %(day)s.",
            posting.pending,
        )
        day = date_format(posting.available_at.astimezone(zone), _("j F Y"))
        why.append(text % {"points": format_points(posting.pending), "day": day})
    return why


def _undone(entry: Transaction, zone: ZoneInfo) -> str:
    if entry.reversed_at is not None:
        return _("Undone on %(moment)s.") % {"moment": say_moment(entry.reversed_at, zone)}
    if entry.reverses is not None:
        return _("This undoes %(code)s.") % {"code": entry.reverses.code.upper()}
    return ""
