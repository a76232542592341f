"""Stamp cards at the till: what the customer has, a stamp by hand, a full card given, both undone for a minute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.actor import Actor
from core.codes import public_code
from core.page import done
from customers.models import Customer
from loyalty.access_stamps import get_card
from loyalty.actions import stamps as actions
from loyalty.models import StampEntry, StampReward
from loyalty.reports_stamps import stamps_of_member
from loyalty.rules import UNDO_SECONDS
from screens import reports_till
from screens.till_device import TillRequest, at_a_till


@dataclass(frozen=True, slots=True)
class JustDone:
    """Something that this business's tills did within the last minute and may undo."""

    text: str
    url: str
    seconds: int


def stamps_shown(request: TillRequest, customer: Customer) -> dict[str, object]:
    """What `_stamps.html` shows of a customer. One key a page: a double tap is one act."""
    now = timezone.now()
    return {
        "stamps": stamps_of_member(customer.pk, now=now, business_id=request.till.business_id),
        "stamp_key": public_code(),
        "stamps_done": _just_done(customer, request.till.business_id, now),
    }


def _just_done(customer: Customer, business_id: int, now: datetime) -> list[JustDone]:
    since = now - timedelta(seconds=UNDO_SECONDS)
    mine = {"business_id": business_id, "book__account_id": customer.pk}
    entries = StampEntry.objects.filter(kind=StampEntry.Kind.HAND, undone_by=None, at__gt=since, **mine)
    used = StampReward.objects.filter(state=StampReward.State.USED, ended_at__gt=since, **mine)
    rows = [
        JustDone(
            _("%(gives)s was given.") % {"gives": reward.gives},
            reverse("till:stamp-reward-undo", args=[customer.code, reward.code]),
            _seconds_left(reward.ended_at or now, now),
        )
        for reward in used.order_by("-ended_at")
    ]
    for entry in entries.select_related("book__card").order_by("-id"):
        text = ngettext(
            "%(number)s stamp was given on %(card)s.", "%(number)s stamps were given on %(card)s.", entry.stamps
        )
        rows.append(
            JustDone(
                text % {"number": entry.stamps, "card": entry.book.card.name},
                reverse("till:stamp-undo", args=[customer.code, entry.code]),
                _seconds_left(entry.at, now),
            )
        )
    return rows


def _seconds_left(at: datetime, now: datetime) -> int:
    return max(1, int((at + timedelta(seconds=UNDO_SECONDS) - now).total_seconds()))


@require_POST
@at_a_till
def give(request: TillRequest, code: str, card: str) -> HttpResponse:
    """Stamps by hand: as many as the form says, never more than the card allows a till."""
    customer = _customer(code)
    typed = request.POST.get("stamps", "1")
    found = get_card(_here(request), card)
    actions.give_stamps(
        card=found.code,
        customer_id=customer.pk,
        stamps=int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 3 else 0,
        most=found.sale_limit or actions.AT_A_TILL,
        key=_key(request),
        owner=reports_till.key_owner(request.till),
        actor=_here(request),
        now=timezone.now(),
    )
    return _back(request, customer)


@require_POST
@at_a_till
def undo(request: TillRequest, code: str, entry: str) -> HttpResponse:
    customer = _customer(code)
    actions.undo_stamps(
        entry=entry,
        key=f"undo:{entry}",
        owner=reports_till.key_owner(request.till),
        within_undo_window=True,
        actor=_here(request),
        now=timezone.now(),
    )
    messages.success(request, _("The stamps are taken back."))
    return _back(request, customer)


@require_POST
@at_a_till
def use(request: TillRequest, code: str, reward: str) -> HttpResponse:
    """Give what a full card is for. Sent twice, it is given once; of two tills one gives it."""
    customer = _customer(code)
    actions.use_reward(
        reward=reward,
        key=_key(request),
        owner=reports_till.key_owner(request.till),
        actor=_here(request),
        now=timezone.now(),
    )
    return _back(request, customer)


@require_POST
@at_a_till
def use_undo(request: TillRequest, code: str, reward: str) -> HttpResponse:
    customer = _customer(code)
    actions.release_reward(
        reward=reward,
        key=_key(request),
        owner=reports_till.key_owner(request.till),
        within_undo_window=True,
        actor=_here(request),
        now=timezone.now(),
    )
    messages.success(request, _("The full card waits for the customer again."))
    return _back(request, customer)


def _customer(code: str) -> Customer:
    customer = Customer.objects.behind(code)
    if customer is None:
        raise Http404
    return customer


def _here(request: TillRequest) -> Actor:
    """Whoever sells: a till reaches the cards of its business."""
    return replace(request.actor, business_id=request.till.business_id)


def _key(request: TillRequest) -> str:
    return request.POST.get("key", "")[:64] or public_code()


def _back(request: TillRequest, customer: Customer) -> HttpResponse:
    """To the page that asked: the customer's rewards on a small screen, the sale otherwise."""
    name = "till:rewards" if request.POST.get("back") == "rewards" else "till:sale"
    return done(request, reverse(name, args=[customer.code]))
