"""Random acts on a few members, in SQL and in the plain model, always equal; the auditor has nothing to say."""

from __future__ import annotations

import os
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.actor import SYSTEM
from loyalty.actions import points
from loyalty.audit import audit
from loyalty.balances import balance_of
from loyalty.errors import AlreadyReversed, HoldOver, MoreThanHeld, NotEnoughPoints, NotReversible
from loyalty.models import Account, EarningRule, LoyaltySettings, Transaction
from loyalty.operations import AddPoints, HoldPoints, RedeemPoints
from loyalty.tests.model import ModelMember, ModelSettings
from programs.tests.fixtures import NOW
from workspace.models import Business

PHONES = ["+447700900001", "+447700900002", "+447700900003"]
ACTS = ["earn", "redeem", "adjust", "bonus", "transfer", "reverse", "expire"]
LIVES = [
    {"policy": "months", "months": 3},
    {"policy": "months", "months": None},
    {"policy": "inactivity", "months": 1},
    {"policy": "date", "months": None, "day": "12-31"},
    {"policy": "date", "months": 1, "day": "02-29"},
]

members = st.integers(0, len(PHONES) - 1)
amounts = st.integers(1, 60)
picks = st.integers(0, 1000)


class Ledger(RuleBasedStateMachine):
    """`self.now` is the only clock; points expire or lapse while the machine runs, and may wait before they count."""

    @initialize(life=st.sampled_from(LIVES), pending_days=st.sampled_from([0, 0, 3, 20]))
    def open(self, life, pending_days):
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.business = Business.objects.create(name="Model shop")
        self.life = ModelSettings(connection.tenant.zone, pending_days=pending_days, **life)
        LoyaltySettings.objects.create(
            pk=1,
            expiry_policy=self.life.policy,
            expiry_months=self.life.months,
            expiry_day=self.life.day,
            pending_days=pending_days,
        )
        EarningRule.objects.create(name="Bonus", trigger="action", action="review", effect="bonus", points=7)
        self.now = NOW
        self.members = [ModelMember(self.life) for _ in PHONES]
        self.holds = [[] for _ in PHONES]
        self.keys = 0
        self.calls = []

    def teardown(self):
        if hasattr(self, "savepoint"):
            findings = [(found.code, found.samples) for found in audit() if not found.is_kept]
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)
            assert findings == []

    def key(self):
        self.keys += 1
        return f"key-{self.keys}"

    def call(self, **given):
        return {**given, "key": self.key(), "actor": SYSTEM, "now": self.now}

    def agrees(self, posted, who):
        member = self.members[who]
        assert (posted.balance, posted.debt) == (member.available, member.debt)

    @rule(days=st.integers(0, 40), hours=st.integers(0, 23))
    def wait(self, days, hours):
        self.now += timedelta(days=days, hours=hours)

    @rule(who=members, amount=amounts)
    def earn(self, who, amount):
        call = self.call(business=self.business.pk, phone=PHONES[who], amount=Decimal(amount))
        posted = points.add_points(**call)
        self.members[who].earn(amount, self.now)
        self.calls.append((call, posted))
        self.agrees(posted, who)

    @rule(who=members, amount=amounts, kind=st.sampled_from(["redeem", "adjust"]))
    def spend(self, who, amount, kind):
        if not self.members[who].acts:
            return
        call = self.call(phone=PHONES[who], reason="test")
        try:
            if kind == "redeem":
                posted = points.redeem_points(business=self.business.pk, points=amount, **call)
            else:
                posted = points.adjust_points(points=-amount, **call)
        except NotEnoughPoints as error:
            assert not self.members[who].spend(kind, amount, self.now)
            assert error.data["balance"] == self.members[who].available  # noqa: PT017
        else:
            assert self.members[who].spend(kind, amount, self.now)
            self.agrees(posted, who)

    @rule(who=members, amount=amounts, kind=st.sampled_from(["adjust", "bonus"]))
    def give(self, who, amount, kind):
        if not self.members[who].acts:
            return
        call = self.call(phone=PHONES[who])
        if kind == "adjust":
            posted = points.adjust_points(points=amount, reason="sorry", **call)
        else:
            posted, amount = points.award_bonus(action="review", **call), 7
        self.members[who].give(kind, amount, self.now)
        self.agrees(posted, who)

    @rule(who=members, amount=amounts)
    def transfer(self, who, amount):
        to = (who + 1) % len(PHONES)
        if not self.members[who].acts or not self.members[to].acts:
            return
        call = self.call(phone=PHONES[who], recipient_phone=PHONES[to], points=amount)
        try:
            posted = points.transfer_points(**call)
        except NotEnoughPoints:
            assert not self.members[who].transfer(amount, self.members[to], self.now)
        else:
            assert self.members[who].transfer(amount, self.members[to], self.now)
            self.agrees(posted, who)

    @rule(who=members, pick=picks, part=st.none() | st.integers(1, 30))
    def undo(self, who, pick, part):
        self.members[who].expire(self.now)
        if not self.members[who].acts:
            return
        number = pick % len(self.members[who].acts)
        self.touch(who)
        codes = Transaction.objects.done().filter(account__customer__phone=PHONES[who], kind__in=ACTS).order_by("pk")
        assert len(codes) == len(self.members[who].acts)
        chosen = codes[number]
        call = self.call(transaction=chosen.code, points=part)
        if chosen.kind == "reverse" and chosen.reverses.kind == "transfer":
            with pytest.raises(NotReversible):  # it would move the points of one side only
                points.reverse_transaction(**call)
            return
        try:
            posted = points.reverse_transaction(**call)
        except AlreadyReversed:
            assert not self.members[who].undo(number, part, self.now)
        else:
            assert self.members[who].undo(number, part, self.now)
            self.agrees(posted, who)

    def touch(self, who):
        """What the next act would find: so that an expiry on the way has its number before it is picked."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_expire(array_agg(customer_id), %s::timestamptz) FROM loyalty_account"
                " JOIN customers_customer ON id = customer_id WHERE phone = %s AND expires_next_at <= %s",
                [self.now, PHONES[who], self.now],
            )

    @rule(who=members, amount=amounts, days=st.integers(0, 29), minutes=st.integers(1, 1440))
    def hold(self, who, amount, days, minutes):
        if not self.members[who].acts:
            return
        minutes += days * 1440
        until = self.now + timedelta(minutes=minutes)
        call = self.call(business=self.business.pk, phone=PHONES[who], reason="claim", minutes=minutes)
        try:
            posted = points.hold_points(points=amount, **call)
        except NotEnoughPoints as error:
            assert not self.members[who].hold(amount, self.now, until)
            assert error.data["balance"] == self.members[who].available  # noqa: PT017
        else:
            assert self.members[who].hold(amount, self.now, until)
            assert (posted.points, posted.held, posted.expires_at) == (0, amount, until)
            self.agrees(posted, who)
            self.holds[who].append(posted.transaction)

    @rule(who=members, pick=picks, part=st.none() | amounts)
    def capture(self, who, pick, part):
        if not self.holds[who]:
            return
        number = pick % len(self.holds[who])
        try:
            posted = points.capture_hold(hold=self.holds[who][number], points=part, **self.call())
        except (HoldOver, MoreThanHeld):
            assert not self.members[who].capture(number, part, self.now)
        else:
            assert self.members[who].capture(number, part, self.now)
            assert posted.points == self.members[who].acts[-1].points
            self.agrees(posted, who)

    @rule(who=members, pick=picks)
    def void(self, who, pick):
        if not self.holds[who]:
            return
        number = pick % len(self.holds[who])
        try:
            posted = points.void_hold(hold=self.holds[who][number], **self.call())
        except HoldOver:
            assert not self.members[who].void(number, self.now)
        else:
            assert self.members[who].void(number, self.now)
            self.agrees(posted, who)

    @precondition(lambda self: self.calls)
    @rule(pick=picks)
    def repeat(self, pick):
        call, first = self.calls[pick % len(self.calls)]
        again = points.add_points(**{**call, "now": self.now})
        self.members[PHONES.index(call["phone"])].expire(self.now)
        assert again.is_replayed
        assert (again.transaction, again.balance) == (first.transaction, first.balance)

    @rule(who=members, amount=amounts, spent=amounts)
    def batch(self, who, amount, spent):
        other = (who + 1) % len(PHONES)
        shop = self.business.pk
        operations = [
            AddPoints(business=shop, phone=PHONES[who], amount=Decimal(amount), key=self.key()),
            AddPoints(business=shop, phone=PHONES[other], amount=Decimal(spent), key=self.key()),
            RedeemPoints(business=shop, phone=PHONES[who], points=spent, reason="x", key=self.key()),
            HoldPoints(business=shop, phone=PHONES[other], points=1, reason="x", minutes=60, key=self.key()),
        ]
        outcomes = points.post_batch(operations=operations, owner="", source="api", actor=SYSTEM, now=self.now)
        self.members[who].earn(amount, self.now)
        self.members[other].earn(spent, self.now)
        if not self.members[who].spend("redeem", spent, self.now):
            assert isinstance(outcomes[2], NotEnoughPoints)
        if self.members[other].hold(1, self.now, self.now + timedelta(hours=1)):
            self.holds[other].append(outcomes[3].transaction)
        else:
            assert isinstance(outcomes[3], NotEnoughPoints)

    @rule()
    def sweep(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ledger_expire_due(%s::timestamptz, 100)", [self.now])
        for member in self.members:
            member.expire(self.now)

    @invariant()
    def equal_to_the_model(self):
        if not hasattr(self, "members"):
            return
        accounts = {account.customer.phone: account for account in Account.objects.select_related("customer")}
        for phone, member in zip(PHONES, self.members, strict=True):
            if not member.acts:
                continue
            stored = accounts[phone]
            assert (stored.available, stored.held, stored.pending, stored.debt, stored.lifetime) == (
                member.available,
                member.held,
                member.pending,
                member.debt,
                member.lifetime,
            )
            assert stored.lapses_at == member.lapses_at
            touched = deepcopy(member)
            touched.expire(self.now)
            read = balance_of(stored.pk, now=self.now)
            assert (read.points, read.held, read.pending, read.debt) == (
                touched.available,
                touched.held,
                touched.pending,
                touched.debt,
            )


@pytest.mark.usefixtures("programme")
def test_the_ledger_does_what_the_model_does():
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=int(os.environ.get("LEDGER_EXAMPLES", "20")),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
