"""On tables whose size the planner does not know yet, a call for many still reads its own members' rows only."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db import connection

from loyalty.actions import points
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.actions.tiers import TierValues, create_tier
from loyalty.models import Account, EarningRule, Lot, Reward, Transaction
from loyalty.operations import (
    AddPoints,
    AdjustPoints,
    AwardBonus,
    CaptureHold,
    HoldPoints,
    RedeemPoints,
    ReverseTransaction,
    SaleLine,
    TransferPoints,
    VoidHold,
)
from loyalty.tasks import apply_tiers, expire_points, judge_due_tiers

MEMBERS = 1000
CALL = 100
ROWS_EACH = 40  # of one table, for one operation; a join that reads everybody reads MEMBERS of them

READ = """
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
    WHERE schemaname = current_schema()
"""


def read() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return dict(cursor.fetchall())


class Reads:
    """What acts read too much of: {act: {table: rows}}."""

    def __init__(self, actor, now):
        self.actor = actor
        self.now = now
        self.too_many = {}

    def of(self, act, work):
        before = read()
        result = work()
        rows = {table: number - before.get(table, 0) for table, number in read().items()}
        rows = {table: number for table, number in rows.items() if number > CALL * ROWS_EACH}
        if rows:
            self.too_many[act] = rows
        return result

    def post(self, act, operations):
        posted = self.of(
            act,
            lambda: points.post_batch(operations=operations, owner="x", source="api", actor=self.actor, now=self.now),
        )
        assert [outcome for outcome in posted if isinstance(outcome, Exception)] == []
        return posted


def phone(number: int) -> str:
    return f"+4477009{number:05d}"


def test_no_call_reads_everybodys_rows_before_the_planner_knows_the_tables(business, actor, now):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema() AND tablename LIKE 'loyalty%'"
        )
        assert cursor.fetchone() == (0,)
    EarningRule.objects.create(name="First", effect="bonus", points=5, is_first_purchase=True)
    EarningRule.objects.create(name="A month", effect="cap", points=10_000, per="month")
    EarningRule.objects.create(name="Join", trigger="join", effect="bonus", points=1)
    EarningRule.objects.create(
        name="Review", trigger="action", action="review", effect="bonus", points=1, per="day", per_limit=3
    )
    reward = Reward.objects.create(name="Coffee", points=2)
    create_card(values=CardValues(name="Coffee", gives="A coffee", stamps=5), actor=actor, now=now)
    create_tier(values=TierValues(name="Silver", threshold=Decimal(15)), actor=actor, now=now)
    create_tier(values=TierValues(name="Gold", threshold=Decimal(1000), factor=Decimal(2)), actor=actor, now=now)
    apply_tiers(now)
    reads = Reads(actor, now)

    def sales(act, numbers, **changes):
        return [
            AddPoints(business=business.pk, phone=phone(n), amount=Decimal(10), key=f"{act}-{n}", **changes)
            for n in numbers
        ]

    some = range(CALL)
    for start in range(0, MEMBERS, CALL):
        reads.post("join", sales("join", range(start, start + CALL)))
    lines = [SaleLine(amount=Decimal(4), sku="A", category="Coffee"), SaleLine(amount=Decimal(4), sku="B")]
    sold = reads.post("earn", sales("earn", some, lines=lines))
    named = [AddPoints(business=business.pk, phone=phone(n), amount=Decimal(10), reference=f"R{n}") for n in some]
    reads.post("earn by reference", named)
    reads.post("replay", sales("earn", some, lines=lines))
    given = {"business": business.pk, "reason": "x"}
    spent = reads.post("redeem", [RedeemPoints(**given, points=2, phone=phone(n), key=f"s{n}") for n in some])
    reads.post(
        "reward", [RedeemPoints(business=business.pk, reward=reward.code, phone=phone(n), key=f"w{n}") for n in some]
    )
    for change in (3, -2):
        reads.post(
            f"adjust {change}",
            [AdjustPoints(points=change, reason="x", phone=phone(n), key=f"j{change}-{n}") for n in some],
        )
    held = reads.post("hold", [HoldPoints(**given, points=2, phone=phone(n), key=f"h{n}") for n in some])
    half = CALL // 2
    reads.post(
        "settle",
        [CaptureHold(hold=posting.transaction, key=f"c{n}") for n, posting in enumerate(held[:half])]
        + [VoidHold(hold=posting.transaction, key=f"v{n}") for n, posting in enumerate(held[half:])],
    )
    reads.post("bonus", [AwardBonus(action="review", phone=phone(n), key=f"b{n}") for n in some])
    reads.post(
        "transfer",
        [TransferPoints(points=1, phone=phone(n), recipient_phone=phone(n + half), key=f"t{n}") for n in range(half)],
    )
    reads.post(
        "undo", [ReverseTransaction(transaction=posting.transaction, key=f"u{n}") for n, posting in enumerate(spent)]
    )
    reads.post(
        "take back",
        [ReverseTransaction(transaction=posting.transaction, key=f"r{n}") for n, posting in enumerate(sold)],
    )
    ran_out = now - timedelta(days=1)
    due = list(Account.objects.order_by("pk").values_list("pk", flat=True)[:CALL])
    Lot.objects.filter(remaining__gt=0, account__in=due).update(expires_at=ran_out)
    Account.objects.filter(pk__in=due).update(expires_next_at=ran_out)
    reads.of("expire", lambda: expire_points(now))
    assert Transaction.objects.filter(kind="expire").count() == CALL
    Account.objects.filter(pk__in=due).update(tier_due_at=ran_out)
    reads.of("judge", lambda: judge_due_tiers(now))
    assert reads.too_many == {}
