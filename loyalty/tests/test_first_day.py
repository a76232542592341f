"""On tables whose size the planner does not know yet, a call for many still reads its own members' rows only."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import connection, transaction

from config.database import embedded
from core.actor import SYSTEM
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
from programs.models import Programme
from workspace.models import Business

MEMBERS = 500
CALL = 50  # members in one call
ROWS_EACH = 60  # of one table, for one operation (a member has a dozen); a join that reads everybody reads MEMBERS

READ = """
    SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
    WHERE schemaname = current_schema()
"""


def read() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return dict(cursor.fetchall())


def phone(number: int) -> str:
    return f"+4477009{number:05d}"


class Shop:
    """Acts for many members at once; `too_many` is what they read too much of: {act: {table: rows}}."""

    def __init__(self, business, reward, now):
        self.business = business
        self.reward = reward
        self.now = now
        self.plans_anew = False
        self.too_many = {}

    def reads(self, act, work):
        if self.plans_anew:
            with connection.cursor() as cursor:
                cursor.execute("DISCARD PLANS")
        before = read()
        result = work()
        rows = {table: number - before.get(table, 0) for table, number in read().items()}
        rows = {table: number for table, number in rows.items() if number > CALL * ROWS_EACH}
        if rows:
            self.too_many[act] = rows
        return result

    def post(self, act, operations):
        def work():
            return points.post_batch(operations=operations, owner="x", source="api", actor=SYSTEM, now=self.now)

        posted = self.reads(act, work)
        assert [outcome for outcome in posted if isinstance(outcome, Exception)] == []
        return [outcome.transaction for outcome in posted]

    def sales(self, numbers, key="", **changes):
        given = {"business": self.business.pk, "amount": Decimal(10), **changes}
        return [
            AddPoints(**given, phone=phone(n), **({"key": f"{key}-{n}"} if key else {"reference": f"R{n}"}))
            for n in numbers
        ]

    def do_everything(self, members):
        """Everything that members do, for CALL of them."""
        here = {"business": self.business.pk}
        lines = [SaleLine(amount=Decimal(4), sku="A", category="Coffee"), SaleLine(amount=Decimal(4), sku="B")]
        sold = self.post("earn", self.sales(members, "earn", lines=lines))
        self.post("earn by reference", self.sales(members))
        self.post("replay", self.sales(members, "earn", lines=lines))
        spent = self.post(
            "redeem", [RedeemPoints(**here, points=2, reason="x", phone=phone(n), key=f"s{n}") for n in members]
        )
        self.post("reward", [RedeemPoints(**here, reward=self.reward, phone=phone(n), key=f"w{n}") for n in members])
        for change in (3, -2):
            self.post(
                f"adjust {change}",
                [AdjustPoints(points=change, reason="x", phone=phone(n), key=f"j{change}-{n}") for n in members],
            )
        held = self.post(
            "hold", [HoldPoints(**here, points=2, reason="x", phone=phone(n), key=f"h{n}") for n in members]
        )
        settle = [(CaptureHold, VoidHold)[n % 2](hold=hold, key=f"c{hold}") for n, hold in enumerate(held)]
        self.post("settle", settle)
        self.post("bonus", [AwardBonus(action="review", phone=phone(n), key=f"b{n}") for n in members])
        self.post(
            "transfer",
            [TransferPoints(points=1, phone=phone(n), recipient_phone=phone(n + 1), key=f"t{n}") for n in members[::2]],
        )
        self.post("undo", [ReverseTransaction(transaction=code, key=f"u{code}") for code in spent])
        self.post("take back", [ReverseTransaction(transaction=code, key=f"r{code}") for code in sold])
        late = Account.objects.filter(customer__phone__in=[phone(n) for n in members])
        ran_out = self.now - timedelta(days=1)
        Lot.objects.filter(remaining__gt=0, account__in=late).update(expires_at=ran_out)
        late.update(expires_next_at=ran_out, tier_due_at=ran_out)
        self.reads("judge", lambda: judge_due_tiers(self.now))
        self.reads("expire", lambda: expire_points(self.now))
        assert Transaction.objects.filter(kind="expire", account__in=late).count() == CALL


@pytest.fixture(params=["never", "when empty"])
def vacuumed(request, committed_database):
    """When the tables were vacuumed: after that the planner believes that there is one row, however many come."""
    if request.param == "when empty":
        url = embedded().url("postgres", connection.settings_dict["NAME"])
        with psycopg.connect(url, autocommit=True) as administrator:
            administrator.execute("VACUUM (ANALYZE)")


@pytest.fixture
def shop(vacuumed, now):
    """With rules, a reward, a stamp card and tiers."""
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    with transaction.atomic():
        EarningRule.objects.create(name="First", effect="bonus", points=5, is_first_purchase=True)
        EarningRule.objects.create(name="A month", effect="cap", points=10_000, per="month")
        EarningRule.objects.create(name="Join", trigger="join", effect="bonus", points=1)
        EarningRule.objects.create(
            name="Review", trigger="action", action="review", effect="bonus", points=1, per="day", per_limit=3
        )
        create_card(values=CardValues(name="Coffee", gives="A coffee", stamps=5), actor=SYSTEM, now=now)
        create_tier(values=TierValues(name="Silver", threshold=Decimal(15)), actor=SYSTEM, now=now)
        create_tier(values=TierValues(name="Gold", threshold=Decimal(1000), factor=Decimal(2)), actor=SYSTEM, now=now)
        apply_tiers(now)
        reward = Reward.objects.create(name="Coffee", points=2)
        yield Shop(Business.objects.create(name="Quayside"), reward.code, now)


@pytest.mark.parametrize("plans_anew", [False, True], ids=["planned at first", "planned as it grows"])
def test_no_call_reads_everybodys_rows(plans_anew, shop):
    shop.plans_anew = plans_anew
    for start in range(0, MEMBERS, CALL):
        shop.post("join", shop.sales(range(start, start + CALL), "join"))
    shop.do_everything(range(CALL))
    assert shop.too_many == {}
