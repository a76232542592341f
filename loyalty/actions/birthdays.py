"""Birthday gifts: what the programme's birthday rules give, once in a year, on the member's day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.actor import SYSTEM
from core.clock import day_start, local_day
from core.errors import DomainError
from core.tenancy import active_programme
from customers.models import Customer
from loyalty.actions.points import post_batch
from loyalty.models import Account, EarningRule, Transaction
from loyalty.operations import AwardBonus

CATCH_UP_DAYS = 7  # a birthday while nothing ran is made up for this long
BATCH = 500  # members locked and committed at a time
_IN_A_ROW = timedelta(days=CATCH_UP_DAYS + 1)


def give_birthday_bonuses(*, now: datetime) -> int:
    """Give each birthday rule's bonus to the members whose birthday is today in the programme's zone, or was within
    CATCH_UP_DAYS; returns how many were given.

    Safe to repeat, also at the same time: the key of each gift names rule, year and member, so that nobody gets two in
    a year, whatever happens to the birthday on record. 29 February is the 28th in other years. A birthday before the
    rule was made, or before its member joined, is not made up for.
    """
    zone = active_programme().zone
    today = local_day(now, zone)
    rules = EarningRule.objects.filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=today),
        Q(ends_on__isnull=True) | Q(ends_on__gte=today),
        trigger=EarningRule.Trigger.BIRTHDAY,
        is_active=True,
    ).select_related("tier")
    return sum(
        _give(rule, day, now=now)
        for rule in rules
        for day in (today - timedelta(days=days) for days in range(CATCH_UP_DAYS, -1, -1))
        if day >= max(local_day(rule.created_at, zone), rule.starts_on or date.min)
    )


def _give(rule: EarningRule, day: date, *, now: datetime) -> int:
    given = 0
    for members in _in_batches(_celebrating(rule, day, now=now)):
        operations = [
            AwardBonus(
                action=f"birthday:{rule.code}",
                customer_id=member,
                business=rule.business_id,
                key=f"birthday:{rule.code}:{day.year}:{member}",
            )
            for member in members
        ]
        outcomes = post_batch(operations=operations, owner="", source="birthday", actor=SYSTEM, now=now)
        given += sum(not isinstance(outcome, DomainError) and not outcome.is_replayed for outcome in outcomes)
    return given


def _celebrating(rule: EarningRule, day: date, *, now: datetime) -> QuerySet[Account]:
    """Members whose birthday `day` is, and who were members by then; without those who have just had this gift."""
    born = Q(customer__birthday__month=day.month, customer__birthday__day=day.day)
    if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
        born |= Q(customer__birthday__month=2, customer__birthday__day=29)
    had = Transaction.objects.done().filter(account=OuterRef("pk"), rule=rule, at__gte=now - _IN_A_ROW)
    members = Account.objects.filter(
        born,
        ~Exists(had),
        customer__state=Customer.State.ACTIVE,
        joined_at__lt=day_start(day + timedelta(days=1), active_programme().zone),
    )
    if rule.tier is not None:
        members = members.filter(tier__is_active=True, tier__threshold__gte=rule.tier.threshold)
    return members


def _in_batches(members: QuerySet[Account]) -> Iterator[list[int]]:
    last = 0
    while batch := list(members.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield batch
        last = batch[-1]
