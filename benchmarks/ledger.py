"""Earning in process, with order, event and audit entry, beside pgbench on the same function; the bulk form; earning
with rules and a tier beside pgbench without; the expiry sweep; the auditor on a million entries."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from benchmarks._points import CLERK, MEMBERS, bulk, make_shop, pgbench_script, phone_of
from benchmarks.harness import Measure, compare, limit, pgbench, rate_of, seconds_of
from loyalty.actions import points
from loyalty.actions.tiers import TierValues, create_tier
from loyalty.audit import audit
from loyalty.models import Account, EarningRule, Entry, Lot, Tier
from loyalty.tasks import apply_tiers, expire_points
from workspace.models import Business

SINGLES = 2000
BULK = 1000
ENTRIES = 1_000_000


def main() -> None:
    programme, business = make_shop()
    script = pgbench_script(business, programme)
    pick = random.Random(7)
    numbers = iter(range(10**9))

    def singles() -> None:
        for _ in range(SINGLES):
            points.add_points(
                business=business.pk,
                amount=Decimal("12.40"),
                phone=phone_of(pick.randrange(MEMBERS)),
                key=f"single-{next(numbers)}",
                actor=CLERK,
                now=timezone.now(),
            )

    def plain_call() -> float:
        return pgbench(script, clients=1, seconds=2, schema=programme.schema_name)

    def thousand() -> None:
        start = pick.randrange(MEMBERS // BULK) * BULK
        bulk(business, range(start, start + BULK))

    one = rate_of(singles, operations=SINGLES)
    compare(
        "ledger.earn",
        value=one,
        baseline=plain_call,
        unit="operations/s",
        at_least=0.55,
    )
    compare("ledger.bulk_1000", value=rate_of(thousand, operations=BULK), baseline=one, unit="operations/s", at_least=6)
    _make_rules()
    compare(
        "ledger.earn_with_rules",
        value=rate_of(singles, operations=SINGLES),
        baseline=_without_rules(plain_call),
        unit="operations/s",
        at_least=0.5,
    )
    _switch_rules(is_active=False)
    limit("ledger.expiry_sweep", value=_sweep(business), unit="accounts/s", at_least=5000, runs=3, warm_up=False)
    _fill(business)
    limit("ledger.audit_1m_entries", value=seconds_of(_audit), unit="s", at_most=10, runs=3)


def _make_rules() -> None:
    """What a keen shop has: six rules, of which five meet each sale, and every member in a tier."""
    multiply = {"effect": "multiply", "factor": Decimal(2)}
    EarningRule.objects.create(name="Double all week", weekdays=[1, 2, 3, 4, 5, 6, 7], **multiply)
    EarningRule.objects.create(name="Triple coffee", effect="multiply", factor=Decimal(3), categories=["coffee"])
    EarningRule.objects.create(name="Spend 10", effect="bonus", points=5, min_spend=Decimal(10))
    EarningRule.objects.create(name="First purchase", effect="bonus", points=50, is_first_purchase=True)
    EarningRule.objects.create(name="A day", effect="cap", points=10_000, per="day")
    EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=10)
    now = timezone.now()
    create_tier(values=TierValues(name="Gold", threshold=Decimal(1), factor=Decimal("1.5")), actor=CLERK, now=now)
    apply_tiers(now)


def _switch_rules(*, is_active: bool) -> None:
    EarningRule.objects.update(is_active=is_active)
    Tier.objects.update(is_active=is_active)


def _without_rules(measure: Measure) -> Measure:
    def plain() -> float:
        _switch_rules(is_active=False)
        try:
            return measure()
        finally:
            _switch_rules(is_active=True)

    return plain


def _sweep(business: Business) -> Measure:
    """Accounts a second when everybody's points ran out at once: the worst night of a programme."""

    def measure() -> float:
        for start in range(0, MEMBERS, BULK):
            bulk(business, range(start, start + BULK))
        over = timezone.now() - timedelta(days=1)
        Lot.objects.filter(remaining__gt=0).update(expires_at=over)
        Account.objects.update(expires_next_at=over)
        return rate_of(lambda: expire_points(timezone.now()), operations=MEMBERS)()

    return measure


def _fill(business: Business) -> None:
    while Entry.objects.count() < ENTRIES:
        for start in range(0, MEMBERS, BULK):
            bulk(business, range(start, start + BULK))


def _audit() -> None:
    broken = [finding.code for finding in audit() if not finding.is_kept]
    assert broken == [], broken
