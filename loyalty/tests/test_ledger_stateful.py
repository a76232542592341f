"""Random acts on a few members, in SQL and in the plain model, always equal; the auditor has nothing to say."""

from __future__ import annotations

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
from loyalty import rules
from loyalty.actions import points
from loyalty.audit import audit
from loyalty.errors import AlreadyReversed, HoldOver, MoreThanHeld, NotEnoughPoints
from loyalty.models import Account, LoyaltySettings
from loyalty.operations import AddPoints, HoldPoints, RedeemPoints
from loyalty.reports import balance_of
from loyalty.tests.model import ModelMember
from programs.tests.fixtures import NOW
from workspace.models import Business

PHONES = ["+447700900001", "+447700900002", "+447700900003"]
GRACE = timedelta(days=30)

members = st.integers(0, len(PHONES) - 1)
amounts = st.integers(1, 60)


class Ledger(RuleBasedStateMachine):
    """`self.now` is the only clock; points live three months, so that they expire while the machine runs."""

    @initialize()
    def open(self):
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.business = Business.objects.create(name="Model shop")
        LoyaltySettings.objects.create(pk=1, expiry_months=3)
        self.now = NOW
        self.members = [ModelMember() for _ in PHONES]
        self.codes = [[] for _ in PHONES]
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

    @property
    def expiry(self):
        return rules.expires_at(self.now, 3, connection.tenant.zone)

    @rule(days=st.integers(0, 40), hours=st.integers(0, 23))
    def wait(self, days, hours):
        self.now += timedelta(days=days, hours=hours)

    @rule(who=members, amount=amounts)
    def earn(self, who, amount):
        call = {
            "business": self.business.pk,
            "phone": PHONES[who],
            "amount": Decimal(amount),
            "key": self.key(),
            "actor": SYSTEM,
        }
        posted = points.add_points(**call, now=self.now)
        self.members[who].give("earn", amount, self.now, self.expiry)
        self.codes[who].append(posted.transaction)
        self.calls.append((call, posted))
        assert posted.balance == self.members[who].available

    @precondition(lambda self: any(member.acts for member in self.members))
    @rule(who=members, amount=amounts, kind=st.sampled_from(["redeem", "adjust"]))
    def spend(self, who, amount, kind):
        if not self.members[who].acts:
            return
        call = {"phone": PHONES[who], "reason": "test", "key": self.key(), "actor": SYSTEM, "now": self.now}
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
            self.codes[who].append(posted.transaction)

    @rule(who=members, amount=amounts)
    def adjust_up(self, who, amount):
        if not self.members[who].acts:
            return
        posted = points.adjust_points(
            phone=PHONES[who], points=amount, reason="sorry", key=self.key(), actor=SYSTEM, now=self.now
        )
        self.members[who].give("adjust", amount, self.now, self.expiry)
        self.codes[who].append(posted.transaction)

    @rule(who=members, pick=st.integers(0, 1000), part=st.none() | st.integers(1, 30))
    def undo(self, who, pick, part):
        if not self.codes[who]:
            return
        number = pick % len(self.codes[who])
        call = {
            "transaction": self.codes[who][number],
            "points": part,
            "key": self.key(),
            "actor": SYSTEM,
            "now": self.now,
        }
        try:
            points.reverse_transaction(**call)
        except AlreadyReversed:
            assert not self.members[who].undo(number, part, self.now, GRACE)
        else:
            assert self.members[who].undo(number, part, self.now, GRACE)

    @rule(who=members, amount=amounts, days=st.integers(0, 29), minutes=st.integers(1, 1440))
    def hold(self, who, amount, days, minutes):
        if not self.members[who].acts:
            return
        minutes += days * 1440
        until = self.now + timedelta(minutes=minutes)
        call = {"business": self.business.pk, "phone": PHONES[who], "reason": "claim", "minutes": minutes}
        try:
            posted = points.hold_points(points=amount, key=self.key(), actor=SYSTEM, now=self.now, **call)
        except NotEnoughPoints as error:
            assert not self.members[who].hold(amount, self.now, until)
            assert error.data["balance"] == self.members[who].available  # noqa: PT017
        else:
            assert self.members[who].hold(amount, self.now, until)
            assert (posted.points, posted.held, posted.expires_at) == (0, amount, until)
            assert posted.balance == self.members[who].available
            self.holds[who].append(posted.transaction)

    @rule(who=members, pick=st.integers(0, 1000), part=st.none() | amounts)
    def capture(self, who, pick, part):
        if not self.holds[who]:
            return
        number = pick % len(self.holds[who])
        code = self.holds[who][number]
        try:
            posted = points.capture_hold(hold=code, points=part, key=self.key(), actor=SYSTEM, now=self.now)
        except (HoldOver, MoreThanHeld):
            assert not self.members[who].capture(number, part, self.now)
        else:
            assert self.members[who].capture(number, part, self.now)
            assert posted.points == self.members[who].acts[-1].points
            assert (posted.balance, posted.debt) == (self.members[who].available, self.members[who].debt)
            self.codes[who].append(posted.transaction)

    @rule(who=members, pick=st.integers(0, 1000))
    def void(self, who, pick):
        if not self.holds[who]:
            return
        number = pick % len(self.holds[who])
        code = self.holds[who][number]
        try:
            posted = points.void_hold(hold=code, key=self.key(), actor=SYSTEM, now=self.now)
        except HoldOver:
            assert not self.members[who].void(number, self.now)
        else:
            assert self.members[who].void(number, self.now)
            assert (posted.balance, posted.debt) == (self.members[who].available, self.members[who].debt)

    @precondition(lambda self: self.calls)
    @rule(pick=st.integers(0, 1000))
    def repeat(self, pick):
        call, first = self.calls[pick % len(self.calls)]
        again = points.add_points(**call, now=self.now)
        self.members[PHONES.index(call["phone"])].expire(self.now)
        assert again.is_replayed
        assert (again.transaction, again.balance) == (first.transaction, first.balance)

    @rule(who=members, amount=amounts, spent=amounts)
    def batch(self, who, amount, spent):
        other = (who + 1) % len(PHONES)
        operations = [
            AddPoints(business=self.business.pk, phone=PHONES[who], amount=Decimal(amount), key=self.key()),
            AddPoints(business=self.business.pk, phone=PHONES[other], amount=Decimal(spent), key=self.key()),
            RedeemPoints(business=self.business.pk, phone=PHONES[who], points=spent, reason="x", key=self.key()),
            HoldPoints(
                business=self.business.pk, phone=PHONES[other], points=1, reason="x", minutes=60, key=self.key()
            ),
        ]
        outcomes = points.post_batch(operations=operations, owner="", source="api", actor=SYSTEM, now=self.now)
        for place, (member, given) in enumerate([(who, amount), (other, spent)]):
            self.members[member].give("earn", given, self.now, self.expiry)
            self.codes[member].append(outcomes[place].transaction)
        if self.members[who].spend("redeem", spent, self.now):
            self.codes[who].append(outcomes[2].transaction)
        else:
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
        accounts = {
            account.customer.phone: (account.pk, account.available, account.held, account.debt, account.lifetime)
            for account in Account.objects.select_related("customer")
        }
        for phone, member in zip(PHONES, self.members, strict=True):
            if member.acts:
                customer_id, *stored = accounts[phone]
                assert stored == [member.available, member.held, member.debt, member.lifetime]
                touched = deepcopy(member)
                touched.expire(self.now)
                read = balance_of(customer_id, now=self.now)
                assert (read.points, read.held, read.debt) == (touched.available, touched.held, touched.debt)


@pytest.mark.usefixtures("programme")
def test_the_ledger_does_what_the_model_does():
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
