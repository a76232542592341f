"""Payouts to affiliates: a statement holds the lines that it pays, is then marked paid, or cancelled and they are free.

What a sale loses afterwards is a line of its own, and is taken off the next payout.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.clock import local_day
from core.tenancy import active_programme, active_schema
from customers.actions import events
from customers.events import EventType
from loyalty.access_affiliates import get_affiliate, get_payout
from loyalty.actions.affiliate_commissions import lock_affiliate
from loyalty.errors import NothingToPay, PayoutOver
from loyalty.events import PAYOUT_MADE, PAYOUT_PAID
from loyalty.models import AffiliateLine, AffiliatePayout
from loyalty.values import check, clean_line
from workspace.actions import audit

State = AffiliatePayout.State
FIRST_DAY = date(2000, 1, 1)


def make_payout(*, affiliate: str, actor: Actor, now: datetime) -> AffiliatePayout:
    """Take up every line that can be paid now, those that were taken back included.

    Raises UnknownAffiliate, NothingToPay (nothing waits, or it comes to nothing), and PermissionRefused for people
    limited to one business.
    """
    actor.check_sees_all()
    with transaction.atomic():
        found = get_affiliate(affiliate, write=True)
        lines = AffiliateLine.objects.open().filter(affiliate=found, payable_at__lte=now)
        pks = list(lines.values_list("pk", flat=True))
        total = AffiliateLine.objects.filter(pk__in=pks).aggregate(total=Sum("amount"))["total"] or Decimal(0)
        if total <= 0:
            raise NothingToPay()
        payout = AffiliatePayout.objects.create(
            number=_next_number(),
            affiliate=found,
            amount=total,
            line_count=len(pks),
            currency=active_programme().currency,
            created_at=now,
            made_by=actor.reference,
            made_by_label=actor.label[:160],
        )
        AffiliateLine.objects.filter(pk__in=pks).update(payout=payout)
        _tell(PAYOUT_MADE, payout, actor, now)
        _record("made", payout, actor)
    return payout


def mark_paid(
    *, code: str, paid_on: date | None = None, reference: str = "", actor: Actor, now: datetime
) -> AffiliatePayout:
    """Note that it was paid, today or on that day. The same again is the same; raises UnknownPayout and PayoutOver
    (cancelled, or paid on another day or with another reference) and InvalidInput."""
    actor.check_sees_all()
    today = local_day(now, active_programme().zone)
    day = paid_on or today
    check(FIRST_DAY <= day <= today, "paid_on", _("Enter a day up to today."))
    said = clean_line(reference, 120, "reference")
    with transaction.atomic():
        payout = _lock(code)
        if payout.state == State.PAID and (payout.paid_on, payout.reference) == (day, said):
            return payout
        _end(payout, State.PAID, actor, now, paid_on=day, reference=said)
        _tell(PAYOUT_PAID, payout, actor, now)
        _record("paid", payout, actor, reference=said)
    return payout


def cancel_payout(*, code: str, actor: Actor, now: datetime) -> AffiliatePayout:
    """Free the lines for another payout; the number stays used. Raises UnknownPayout and PayoutOver."""
    actor.check_sees_all()
    with transaction.atomic():
        payout = _lock(code)
        if payout.state == State.CANCELLED:
            return payout
        _end(payout, State.CANCELLED, actor, now)
        AffiliateLine.objects.filter(payout=payout).update(payout=None)
        _record("cancelled", payout, actor)
    return payout


def _lock(code: str) -> AffiliatePayout:
    """First the affiliate, as everybody does who moves lines."""
    lock_affiliate(get_payout(code).affiliate_id)
    return get_payout(code, write=True)


def _end(
    payout: AffiliatePayout,
    state: str,
    actor: Actor,
    now: datetime,
    *,
    paid_on: date | None = None,
    reference: str = "",
) -> None:
    if payout.state != State.OPEN:
        raise PayoutOver(state=payout.state)
    payout.state, payout.paid_on, payout.reference = state, paid_on, reference
    payout.ended_at, payout.ended_by, payout.ended_by_label = now, actor.reference, actor.label[:160]
    payout.save()


def _next_number() -> int:
    """One more than the last, without a gap: the next one waits until this one is written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"{active_schema()}:affiliate-payouts"]
        )
    return (AffiliatePayout.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _tell(event: EventType, payout: AffiliatePayout, actor: Actor, now: datetime) -> None:
    data = {"affiliate": payout.affiliate.code, "payout": payout.code, "total": f"{payout.amount:f}"}
    events.append(event, actor=actor, occurred_at=now, data=data)


def _record(act: str, payout: AffiliatePayout, actor: Actor, **more: str) -> None:
    data = {"payout": payout.code, "number": payout.number, "amount": f"{payout.amount:f}", **more}
    audit.record(actor, f"loyalty.affiliate.payout_{act}", subject=f"affiliate:{payout.affiliate.code}", data=data)
