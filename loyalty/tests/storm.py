"""A storm of random acts on many members, by several threads at one clock, each outcome held against the plain model.

Everything follows from the seed but the moments at which threads meet: each has members of its own to compare with,
and all of them share the tables, the rewards and the keys' index.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

from django.db import connection, connections
from django.db.models import BigIntegerField, Func
from django.utils import timezone

from core.actor import SYSTEM
from core.errors import DomainError
from loyalty import errors
from loyalty.actions import points
from loyalty.actions.refunds import points_left, refund_order
from loyalty.actions.stamps import settle_stamps
from loyalty.actions.tiers import TierSettings, TierValues, change_tier_settings, create_tier
from loyalty.audit import audit
from loyalty.earning import ANY, earning_of, plain_terms
from loyalty.ledger import Posting
from loyalty.models import (
    Account,
    EarningRule,
    LoyaltySettings,
    Reward,
    StampCard,
    StampEntry,
    StampReward,
    StampSale,
    Transaction,
)
from loyalty.operations import (
    AddPoints,
    AdjustPoints,
    AwardBonus,
    CaptureHold,
    HoldPoints,
    Operation,
    RedeemPoints,
    ReverseTransaction,
    TransferPoints,
    VoidHold,
)
from loyalty.tests.model import ModelMember, ModelSettings
from loyalty.tests.tier_model import NONE
from loyalty.tests.tier_model import Member as TierMember
from loyalty.tests.tier_model import Rules as TierRules
from loyalty.tests.tier_model import Sale as TierSale
from programs.models import Programme
from workspace.models import Business

BATCH = 250
MEMBERS = 40  # of each thread
# How often each act is drawn; 0 points are not asked for, too many are.
WEIGHTS = {
    "earn": 30, "redeem": 14, "take": 4, "give": 4, "bonus": 4, "hold": 12, "capture": 8, "void": 6, "reverse": 18,
    "transfer": 5,
}  # fmt: skip
ALONE = {"refund": 4, "reward": 3}  # acts that are no part of a batch, of 100 batches' acts


@dataclass
class Sale:
    """A sale that may be refunded: what was given back so far, and what that took."""

    posting: Posting
    number: int
    amount: Decimal
    back: Decimal = Decimal(0)
    taken: int = 0


@dataclass
class Person:
    """`tiers` is judged at the end of each call that earned or reversed something, as the ledger does."""

    phone: str
    model: ModelMember
    tiers: TierMember
    earns: dict[int, TierSale] = field(default_factory=dict)  # by their number in the model
    is_moved: bool = False
    codes: list[str | None] = field(default_factory=list)  # of each act of the model; None: not known yet
    holds: list[str] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)

    def note(self, code: str | None) -> None:
        """The newest act of the model has this code; what happened on the way to it has none yet."""
        while len(self.codes) < len(self.model.acts) - 1:
            self.codes.append(None)
        self.codes.append(code)

    def count(self, now: datetime) -> None:
        """The newest act of the model earned, or took back or gave back what was earned."""
        act = self.model.acts[-1]
        self.is_moved = True
        if act.kind == "earn":
            self.earns[len(self.model.acts) - 1] = TierSale(now, act.points)
        elif act.earn is not None and act.earn in self.earns:
            self.earns[act.earn].net += act.points

    def judge(self, now: datetime) -> None:
        """Where something moved. What is too old to matter is forgotten."""
        if self.is_moved:
            self.is_moved = False
            self.earns = {number: sale for number, sale in self.earns.items() if sale.at > now - LONG_AGO}
            self.tiers.sales = list(self.earns.values())
            self.tiers.claims = [claim for claim in self.tiers.claims if claim.at > now - LONG_AGO / 2]
            self.tiers.judge(now)


class Disagreement(AssertionError):
    """The ledger and the model went apart."""


@dataclass
class Storm:
    """`operations` acts in all, by `threads` threads. `reward` is the code of one that costs `reward_points`."""

    programme: Programme
    business_id: int
    life: ModelSettings
    seed: int
    operations: int
    threads: int
    start: datetime
    reward: str
    reward_points: int
    tiers: TierRules
    done: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def run(self) -> None:
        """Raises what the first thread that failed raised."""
        rounds = -(-self.operations // (BATCH * self.threads))
        barrier = Barrier(self.threads)
        workers = [Thread(target=self._work, args=(number, rounds, barrier)) for number in range(self.threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self.failures:
            raise self.failures[0]

    def _work(self, number: int, rounds: int, barrier: Barrier) -> None:
        try:
            connection.set_tenant(self.programme)
            gust = Gust(self, number)
            for place in range(rounds):
                barrier.wait()
                gust.round(self._clock(place))
        except BaseException as error:
            self.failures.append(error)
            barrier.abort()
        finally:
            connections.close_all()

    def _clock(self, place: int) -> datetime:
        """The same for all threads; some days pass between most rounds, an hour between others."""
        moved = random.Random(f"{self.seed}-clock").choices([0, 1, 12, 40, 170], k=place + 1)
        return self.start + timedelta(hours=sum(moved))


class Gust:
    """One thread's members and what happens to them."""

    def __init__(self, storm: Storm, number: int) -> None:
        self.storm = storm
        self.number = number
        self.random = random.Random(f"{storm.seed}-{number}")
        self.people = [
            Person(f"+4477{number:02d}{place:06d}", ModelMember(storm.life), TierMember(storm.tiers))
            for place in range(MEMBERS)
        ]
        self._people_of = {id(person.model): person for person in self.people}
        self.keys = 0
        self.now = storm.start

    def key(self) -> str:
        self.keys += 1
        return f"{self.number}-{self.keys}"

    def round(self, now: datetime) -> None:
        self.now = now
        drawn = [self._draw() for _number in range(BATCH)]
        operations = [operation for operation, _check in drawn]
        outcomes = points.post_batch(
            operations=operations, owner=f"storm-{self.number}", source="api", actor=SYSTEM, now=now
        )
        for (operation, check), outcome in zip(drawn, outcomes, strict=True):
            self._check(check, outcome, operation)
        for person in self.people:
            person.judge(now)
        self.storm.done += BATCH
        for act, chance in ALONE.items():
            if self.random.randrange(100) < chance * 10:
                getattr(self, f"_{act}")()
                self.storm.done += 1
        if self.random.randrange(4) == 0:
            self._compare()

    def _check(
        self, check: Callable[[Posting | DomainError], None], outcome: Posting | DomainError, of: object
    ) -> None:
        try:
            check(outcome)
        except AssertionError as error:
            raise Disagreement(f"seed {self.storm.seed}, thread {self.number}: {of} → {outcome}") from error

    # -- acts of a batch: the operation, and what its outcome must be once those before it are done --------------------

    def _draw(self) -> tuple[Operation, Callable[[Posting | DomainError], None]]:
        person = self.random.choice(self.people)
        if not person.model.acts and not person.codes:
            return self._earn(person)
        (act,) = self.random.choices(list(WEIGHTS), WEIGHTS.values())
        drawn = getattr(self, f"_{act}")(person)
        return drawn or self._earn(person)

    def _earn(self, person: Person):
        person.codes = person.codes or [None]  # somebody by the time the batch goes
        amount = Decimal(self.random.randrange(1, 9_000)) / 100
        operation = AddPoints(
            business=self.storm.business_id, phone=person.phone, amount=amount, key=self.key(), placed_at=self.now
        )

        def check(outcome: Posting | DomainError) -> None:
            assert isinstance(outcome, Posting)
            terms = outcome.terms or plain_terms(amount, Decimal(outcome.rate), outcome.rounding)
            assert earning_of(terms).points == outcome.points
            by_tier = [rule.factor for rule in terms.rules if rule.code.startswith("tier:")]
            assert by_tier == ([] if person.tiers.tier == NONE else [FACTORS[person.tiers.tier]])
            if person.codes == [None] and not person.model.acts:
                person.codes = []
            number = person.model.earn(outcome.points, self.now)
            person.note(outcome.transaction)
            person.count(self.now)
            person.sales.append(Sale(outcome, number, amount))
            self._agrees(person, outcome)

        return operation, check

    def _spend(self, person: Person, kind: str):
        number = self.random.randrange(1, 60)
        who = {"phone": person.phone, "key": self.key(), "reason": "storm"}
        if kind == "redeem":
            operation: Operation = RedeemPoints(business=self.storm.business_id, points=number, **who)
        else:
            operation = AdjustPoints(points=-number, **who)

        def check(outcome: Posting | DomainError) -> None:
            if person.model.spend(kind, number, self.now):
                assert isinstance(outcome, Posting)
                person.note(outcome.transaction)
                self._agrees(person, outcome)
            else:
                assert isinstance(outcome, errors.NotEnoughPoints)
                assert outcome.data["balance"] == person.model.available

        return operation, check

    def _redeem(self, person: Person):
        return self._spend(person, "redeem")

    def _take(self, person: Person):
        return self._spend(person, "adjust")

    def _given(self, person: Person, kind: str, number: int, operation: Operation):
        def check(outcome: Posting | DomainError) -> None:
            assert isinstance(outcome, Posting)
            person.model.give(kind, number, self.now)
            person.note(outcome.transaction)
            self._agrees(person, outcome)

        return operation, check

    def _give(self, person: Person):
        number = self.random.randrange(1, 40)
        operation = AdjustPoints(points=number, phone=person.phone, reason="storm", key=self.key())
        return self._given(person, "adjust", number, operation)

    def _bonus(self, person: Person):
        return self._given(person, "bonus", 7, AwardBonus(action="review", phone=person.phone, key=self.key()))

    def _hold(self, person: Person):
        number, minutes = self.random.randrange(1, 50), self.random.randrange(1, 43_200)
        operation = HoldPoints(
            business=self.storm.business_id, phone=person.phone, points=number, reason="storm", minutes=minutes,
            key=self.key(),
        )  # fmt: skip

        def check(outcome: Posting | DomainError) -> None:
            if person.model.hold(number, self.now, self.now + timedelta(minutes=minutes)):
                assert isinstance(outcome, Posting)
                person.holds.append(outcome.transaction)
                self._agrees(person, outcome)
            else:
                assert isinstance(outcome, errors.NotEnoughPoints)

        return operation, check

    def _capture(self, person: Person):
        if not person.holds:
            return None
        place = self.random.randrange(len(person.holds))
        part = self.random.choice([None, self.random.randrange(1, 50)])
        operation = CaptureHold(hold=person.holds[place], points=part, key=self.key())

        def check(outcome: Posting | DomainError) -> None:
            if person.model.capture(place, part, self.now):
                assert isinstance(outcome, Posting)
                person.note(outcome.transaction)
                self._agrees(person, outcome)
            else:
                assert isinstance(outcome, errors.HoldOver | errors.MoreThanHeld)

        return operation, check

    def _void(self, person: Person):
        if not person.holds:
            return None
        place = self.random.randrange(len(person.holds))

        def check(outcome: Posting | DomainError) -> None:
            if person.model.void(place, self.now):
                assert isinstance(outcome, Posting)
                self._agrees(person, outcome)
            else:
                assert isinstance(outcome, errors.HoldOver)

        return VoidHold(hold=person.holds[place], key=self.key()), check

    def _reverse(self, person: Person):
        """Of acts that moved points and whose code is known; a refund's reversals and those of transfers stand."""
        places = [
            place for place, code in enumerate(person.codes) if code is not None and person.model.acts[place].points
        ]
        if not places:
            return None
        place = self.random.choice(places[-30:])
        part = self.random.choice([None, None, self.random.randrange(1, 40)])
        operation = ReverseTransaction(transaction=person.codes[place], points=part, key=self.key())

        def check(outcome: Posting | DomainError) -> None:
            act = person.model.acts[place]
            if act.partner is not None:
                self._people_of[id(act.partner[0])].model.expire(self.now)
            if act.kind in ("refund", "over"):
                person.model.expire(self.now)
                assert isinstance(outcome, errors.NotReversible)
            elif person.model.undo(place, part, self.now):
                assert isinstance(outcome, Posting)
                if act.partner is not None:
                    person.model.acts[-1].kind = act.partner[0].acts[-1].kind = "over"
                    self._people_of[id(act.partner[0])].note(None)
                person.note(outcome.transaction)
                person.count(self.now)
                self._agrees(person, outcome)
            else:
                assert isinstance(outcome, errors.AlreadyReversed)

        return operation, check

    def _transfer(self, person: Person):
        others = [other for other in self.people if other is not person and other.model.acts]
        if not others:
            return None
        other = self.random.choice(others)
        number = self.random.randrange(1, 60)
        operation = TransferPoints(
            phone=person.phone, recipient_phone=other.phone, points=number, key=self.key(), reason="storm"
        )

        def check(outcome: Posting | DomainError) -> None:
            if person.model.transfer(number, other.model, self.now):
                assert isinstance(outcome, Posting)
                person.note(outcome.transaction)
                other.note(None)
                self._agrees(person, outcome)
            else:
                assert isinstance(outcome, errors.NotEnoughPoints)

        return operation, check

    # -- acts alone ---------------------------------------------------------------------------------------------------

    def _refund(self) -> None:
        people = [person for person in self.people if any(sale.back < sale.amount for sale in person.sales)]
        if not people:
            return
        person = self.random.choice(people)
        sale = self.random.choice([sale for sale in person.sales if sale.back < sale.amount])
        part = min(Decimal(self.random.randrange(1, 4_000)) / 100, sale.amount - sale.back)
        done = refund_order(order=sale.posting.order, amount=part, actor=SYSTEM, now=self.now)
        sale.back += part
        terms = sale.posting.terms or plain_terms(sale.amount, Decimal(sale.posting.rate), sale.posting.rounding)
        person.model.expire(self.now)
        # The points are where the sale put them, or where undoing a reversal of it put them back.
        acts = enumerate(person.model.acts)
        places = [place for place, act in acts if act.earn == sale.number and act.points > act.undone]
        wanted = sale.posting.points - points_left(terms, {ANY: sale.back}) - sale.taken
        is_taken = False
        for place in places:
            act = person.model.acts[place]
            step = min(wanted, act.points - act.undone)
            if step <= 0:
                break
            is_taken = True
            wanted -= step
            sale.taken += step
            assert person.model.undo(place, step, self.now)
            person.model.acts[-1].kind = "refund"
            person.note(None)
            person.count(self.now)
        assert (done.posting is not None) == is_taken
        if done.posting is not None:
            person.codes[-1] = done.posting.transaction
            person.judge(self.now)
            self._agrees(person, done.posting)

    def _reward(self) -> None:
        people = [person for person in self.people if person.model.acts]
        if not people:
            return
        person = self.random.choice(people)
        try:
            posted = points.redeem_points(
                business=self.storm.business_id, reward=self.storm.reward, phone=person.phone, key=self.key(),
                actor=SYSTEM, owner=f"storm-{self.number}", now=self.now,
            )  # fmt: skip
        except errors.NotEnoughPoints:
            assert not person.model.spend("redeem", self.storm.reward_points, self.now)
        else:
            assert person.model.spend("redeem", self.storm.reward_points, self.now)
            person.note(posted.transaction)
            self._agrees(person, posted)

    # -- comparing ----------------------------------------------------------------------------------------------------

    def _agrees(self, person: Person, posting: Posting) -> None:
        assert (posting.balance, posting.debt) == (person.model.available, person.model.debt)

    def _compare(self) -> None:
        stored = {
            account.customer.phone: account
            for account in Account.objects.filter(
                customer__phone__in=[person.phone for person in self.people]
            ).select_related("customer", "tier")
        }
        for person in self.people:
            if not person.model.acts:
                continue
            account, model = stored[person.phone], person.model
            found = (account.available, account.held, account.pending, account.debt, account.lifetime)
            if found != (model.available, model.held, model.pending, model.debt, model.lifetime):
                raise Disagreement(f"seed {self.storm.seed}, thread {self.number}, {person.phone}: {found}")
            tier = account.tier.rank - 1 if account.tier else NONE
            if (tier, account.tier_kept_until) != (person.tiers.tier, person.tiers.kept_until):
                raise Disagreement(f"seed {self.storm.seed}, thread {self.number}, {person.phone}: tier {tier}")


LIVES = {
    "months": {"policy": "months", "months": 3},
    "waiting": {"policy": "months", "months": 2, "pending_days": 14},
    "inactivity": {"policy": "inactivity", "months": 1},
    "date": {"policy": "date", "months": 1, "day": "02-29"},
}
STOCK = 10_000_000
THRESHOLDS, FACTORS = [1000, 1300], [Decimal("1.25"), Decimal("1.5")]
LONG_AGO = timedelta(days=200)  # a window and what is kept by it, twice


def storm_over(life: str, *, operations: int, threads: int, seed: int, now: datetime) -> int:
    """Let it rage over the programme active now, under the way of life `life`; returns how many acts were done.

    Raises Disagreement where ledger and model part, AssertionError where stock or an invariant is not right.
    """
    programme = connection.tenant
    settings = ModelSettings(programme.zone, **LIVES[life])
    shop = Business.objects.create(name="Stormy")
    LoyaltySettings.objects.create(
        pk=1,
        expiry_policy=settings.policy,
        expiry_months=settings.months,
        expiry_day=settings.day,
        pending_days=settings.pending_days,
    )
    EarningRule.objects.create(name="Double Tuesday", effect="multiply", factor=Decimal(2), weekdays=[2])
    EarningRule.objects.create(name="Spend 50", effect="bonus", points=10, min_spend=Decimal(50))
    EarningRule.objects.create(name="A day", effect="cap", points=150, per="day")
    EarningRule.objects.create(name="Review", trigger="action", action="review", effect="bonus", points=7)
    tiers = TierSettings(tier_window_months=1, tier_keep_months=1, tier_grace_days=10, tier_drops_to="next")
    change_tier_settings(settings=tiers, actor=SYSTEM, now=now)
    for name, threshold, factor in zip(("Silver", "Gold"), THRESHOLDS, FACTORS, strict=True):
        create_tier(values=TierValues(name=name, threshold=Decimal(threshold), factor=factor), actor=SYSTEM, now=now)
    reward = Reward.objects.create(name="Coffee", points=35, stock=STOCK)
    StampCard.objects.create(name="Coffee card", gives="A coffee", stamps=7, min_spend=Decimal(20), day_limit=2)
    storm = Storm(
        programme=programme,
        business_id=shop.pk,
        life=settings,
        seed=seed,
        operations=operations,
        threads=threads,
        start=now,
        reward=reward.code,
        reward_points=reward.points,
        tiers=TierRules(THRESHOLDS, "points", 1, 1, 10, "next", programme.zone),
    )
    storm.run()
    reward.refresh_from_db()
    net = Func("pk", function="ledger_net_of", output_field=BigIntegerField())  # 0: undone, and that was not undone
    taken = Transaction.objects.done().annotate(net=net).filter(reward=reward, kind="redeem").exclude(net=0).count()
    assert reward.stock == STOCK - taken
    _stamps_are_settled()
    assert [(found.code, found.samples) for found in audit() if not found.is_kept] == []
    return storm.done


def _stamps_are_settled() -> None:
    """Each sale has given the stamps that what is left of it deserves: settling all of them again changes nothing."""
    entries = StampEntry.objects.count()
    assert entries > StampReward.objects.count() > 0
    orders = list(StampSale.objects.values_list("order_id", flat=True).order_by("order_id"))
    for start in range(0, len(orders), 1000):
        settle_stamps(orders[start : start + 1000], actor=SYSTEM, now=timezone.now())
    assert StampEntry.objects.count() == entries
