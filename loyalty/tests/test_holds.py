"""Points set aside for a claim: held, redeemed whole or in part, given back, or run out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from core.actor import SYSTEM, Actor
from core.clock import last_days
from core.errors import InvalidInput
from customers.models import Event
from loyalty import errors
from loyalty.actions import points
from loyalty.actions.settings import change_settings
from loyalty.models import Account, Entry, Hold, HoldAllocation, Lot, Transaction
from loyalty.operations import AddPoints, CaptureHold, HoldPoints, RedeemPoints, VoidHold
from loyalty.reports import balance_of, loyalty_figures
from loyalty.tests.given import PHONE
from workspace.models import AuditEntry, Business

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def member(business, actor, now):
    """Somebody with 100 points that expire and 50 younger ones that expire later."""
    change_settings(point_value=Decimal("0.01"), expiry_months=3, actor=actor)
    call = {"business": business.pk, "phone": PHONE, "actor": actor}
    points.add_points(**call, amount=Decimal(100), key="a", now=now - timedelta(days=40))
    points.add_points(**call, amount=Decimal(50), key="b", now=now)
    return Account.objects.get()


@pytest.fixture
def hold(member, business, actor, now):
    numbers = iter(range(100))

    def call(number, **changes):
        given = {"business": business.pk, "phone": PHONE, "reason": "Cake", "actor": actor, "now": now}
        return points.hold_points(**{**given, "points": number, "key": f"hold-{next(numbers)}", **changes})

    return call


@pytest.fixture
def capture(actor, now):
    def call(held, key="capture", **changes):
        return points.capture_hold(**{"hold": held.transaction, "key": key, "actor": actor, "now": now, **changes})

    return call


@pytest.fixture
def void(actor, now):
    def call(held, key="void", **changes):
        return points.void_hold(**{"hold": held.transaction, "key": key, "actor": actor, "now": now, **changes})

    return call


def lots():
    return list(Lot.objects.order_by("pk").values_list("remaining", flat=True))


def state():
    return Account.objects.values_list("available", "held", "debt").get()


def test_held_points_leave_the_lots_oldest_expiry_first_but_stay_the_members(hold, member, business, now):
    entries = Entry.objects.count()
    posted = hold(120, minutes=15)
    assert (posted.kind, posted.points, posted.held, posted.balance) == ("hold", 0, 120, 30)
    assert (posted.business, posted.reason, posted.expires_at) == (business.code, "Cake", now + timedelta(minutes=15))
    assert lots() == [0, 30]
    assert state() == (30, 120, 0)
    assert Entry.objects.count() == entries
    row = Hold.objects.get()
    assert (row.transaction.code, row.state, row.points) == (posted.transaction, "held", 120)
    balance = balance_of(member.pk, now=now)
    assert (balance.points, balance.held) == (30, 120)


def test_what_is_held_cannot_be_spent_or_held_again(hold, business, actor, now):
    hold(120)
    with pytest.raises(errors.NotEnoughPoints) as refused:
        hold(31)
    assert (refused.value.data["balance"], refused.value.data["requested"]) == (30, 31)
    with pytest.raises(errors.NotEnoughPoints):
        points.redeem_points(business=business.pk, phone=PHONE, points=31, reason="x", key="r", actor=actor, now=now)
    assert state() == (30, 120, 0)


def test_a_capture_is_a_redemption(hold, capture, member, now):
    held = hold(120)
    posted = capture(held)
    assert (posted.kind, posted.points, posted.held, posted.balance) == ("redeem", -120, -120, 30)
    assert (posted.hold, posted.reason) == (held.transaction, "Cake")
    assert lots() == [0, 30]
    assert state() == (30, 0, 0)
    assert Hold.objects.get().settled_by.code == posted.transaction
    assert not HoldAllocation.objects.exists()
    assert list(Transaction.objects.filter(kind="redeem").values_list("points", flat=True)) == [-120]


def test_a_captured_hold_can_be_reversed_like_any_redemption(hold, capture, actor, now):
    posted = capture(hold(120))
    points.reverse_transaction(transaction=posted.transaction, key="u", actor=actor, now=now)
    assert state() == (150, 0, 0)


def test_a_part_is_captured_oldest_expiry_first_and_the_rest_goes_back(hold, capture):
    posted = capture(hold(120), points=30)
    assert (posted.points, posted.held, posted.balance) == (-30, -30, 120)
    assert lots() == [70, 50]
    assert state() == (120, 0, 0)
    assert Hold.objects.values_list("state", "points").get() == ("captured", 30)
    assert Account.objects.get().version == 5  # two earns, the hold, what went back, the redemption


def test_a_void_gives_back_to_the_same_lots(hold, void, member):
    posted = void(hold(120))
    assert (posted.kind, posted.points, posted.held, posted.balance) == ("void", 0, -120, 150)
    assert lots() == [100, 50]
    assert state() == (150, 0, 0)
    assert Account.objects.get().expires_next_at == member.expires_next_at
    assert Hold.objects.get().state == "voided"


@pytest.mark.parametrize("settle", ["capture", "void"])
def test_what_is_settled_is_over(settle, hold, capture, void):
    held = hold(120)
    {"capture": capture, "void": void}[settle](held, key="first")
    for act in (capture, void):
        with pytest.raises(errors.HoldOver) as refused:
            act(held, key="second")
        assert refused.value.data["state"] == {"capture": "captured", "void": "voided"}[settle]
    assert state()[1] == 0


def test_more_than_is_held_is_refused_whole(hold, capture):
    held = hold(20)
    with pytest.raises(errors.MoreThanHeld) as refused:
        capture(held, points=21)
    assert (refused.value.data["held"], refused.value.data["requested"]) == (20, 21)
    assert state() == (130, 20, 0)


def test_a_hold_runs_out_on_touch(hold, capture, member, now):
    held = hold(120, minutes=15)
    later = now + timedelta(minutes=15)
    assert (balance_of(member.pk, now=later).points, balance_of(member.pk, now=later).held) == (150, 0)
    with pytest.raises(errors.HoldOver) as refused:
        capture(held, now=later)
    assert refused.value.data["state"] == "expired"
    assert state() == (150, 0, 0)
    assert Transaction.objects.get(kind="void").actor == "system:system"


def test_a_hold_that_nobody_touches_runs_out_in_the_sweep(hold, now):
    hold(20, minutes=15)
    hold(30, minutes=10)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_expire_due(%s::timestamptz, 10)", [now + timedelta(minutes=15)])
    assert state() == (150, 0, 0)
    assert set(Hold.objects.values_list("state", flat=True)) == {"expired"}


def test_held_points_do_not_expire_until_they_go_back(hold, capture, void, now):
    first, second = hold(60, minutes=43200), hold(40, minutes=43200)
    later = now + timedelta(days=29)
    late = [later, now + timedelta(days=29, hours=23)]
    Lot.objects.filter(amount=100).update(expires_at=now + timedelta(days=1))
    assert capture(first, now=late[0]).balance == 50
    assert void(second, now=late[1]).balance == 50  # its lot ran out meanwhile
    assert state() == (50, 0, 0)
    assert Transaction.objects.get(kind="expire").points == -40


def test_debt_that_arose_meanwhile_is_repaid_by_what_goes_back(hold, void, actor, now):
    held = hold(150)
    for sale in Transaction.objects.filter(kind="earn"):
        points.reverse_transaction(transaction=sale.code, points=40, key=f"u{sale.pk}", actor=actor, now=now)
    assert state() == (0, 150, 80)
    posted = void(held)
    assert (posted.balance, posted.debt) == (70, 0)
    assert state() == (70, 0, 0)


def test_a_part_beside_debt_can_be_reversed_for_what_it_was(hold, capture, actor, now):
    held = hold(150)
    sale = Transaction.objects.filter(kind="earn").first()
    points.reverse_transaction(transaction=sale.code, points=40, key="u", actor=actor, now=now)
    posted = capture(held, points=100)
    assert (posted.points, posted.balance, posted.debt) == (-100, 10, 0)
    points.reverse_transaction(transaction=posted.transaction, key="back", actor=actor, now=now)
    assert state() == (110, 0, 0)


def test_keys_replay_holds_captures_voids_and_refusals(hold, capture, void):
    held = hold(20, key="h")
    again = hold(20, key="h")
    assert again.is_replayed
    assert (again.transaction, again.expires_at) == (held.transaction, held.expires_at)
    for changes in ({"minutes": 31}, {"reason": "Tea"}):
        with pytest.raises(errors.IdempotencyKeyReused):
            hold(20, key="h", **changes)
    with pytest.raises(errors.MoreThanHeld):
        capture(held, points=21, key="much")
    captured = capture(held, key="c")
    assert capture(held, key="c").transaction == captured.transaction
    with pytest.raises(errors.IdempotencyKeyReused):
        capture(held, key="c", points=20)
    with pytest.raises(errors.MoreThanHeld):
        capture(held, points=21, key="much")
    with pytest.raises(errors.IdempotencyKeyReused):
        capture(hold(5), key="c")
    assert state() == (125, 5, 0)


def test_unknown_codes_and_other_transactions_are_no_holds(hold, capture, void, member):
    sale = Transaction.objects.first()
    for code in ("nothing-here", sale.code):
        for act in (points.capture_hold, points.void_hold):
            with pytest.raises(errors.UnknownHold):
                act(hold=code, key=f"{code}", actor=SYSTEM, now=sale.at)


def test_a_hold_of_another_business_is_not_there(hold, now):
    held = hold(20)
    other = Business.objects.create(name="Next door")
    cashier = Actor(kind="user", id="9", label="Sam", business_id=other.pk)
    for act in (points.capture_hold, points.void_hold):
        with pytest.raises(errors.UnknownHold):
            act(hold=held.transaction, key="k", actor=cashier, now=now)


@pytest.mark.parametrize("changes", [{"points": 0}, {"minutes": 0}, {"minutes": 43201}, {"reason": "x" * 201}])
def test_impossible_holds_are_refused_before_the_ledger(changes, business, actor, now):
    call = {"business": business.pk, "phone": PHONE, "points": 1, "reason": "x", "key": "k", "actor": actor, "now": now}
    with pytest.raises(InvalidInput):
        points.hold_points(**{**call, **changes})


def test_somebody_without_points_is_no_member_for_a_hold(business, actor, now):
    with pytest.raises(errors.UnknownMember):
        points.hold_points(
            business=business.pk, phone="07700 900199", points=1, reason="x", key="k", actor=actor, now=now
        )
    assert not Account.objects.exists()


def test_a_hold_cannot_be_reversed(hold, actor, now):
    with pytest.raises(errors.NotReversible):
        points.reverse_transaction(transaction=hold(20).transaction, key="u", actor=actor, now=now)


def test_a_batch_holds_captures_and_voids_in_order(hold, business, actor, now):
    held = [hold(10), hold(10)]
    shop = {"business": business.pk}
    outcomes = points.post_batch(
        operations=[
            CaptureHold(hold=held[0].transaction, points=4, key="1"),
            VoidHold(hold=held[1].transaction, key="2"),
            HoldPoints(**shop, phone=PHONE, points=146, reason="x", key="3"),
            RedeemPoints(**shop, phone=PHONE, points=1, reason="x", key="4"),
            HoldPoints(**shop, phone="07700 900188", points=5, reason="x", key="5"),
            AddPoints(**shop, phone="07700 900188", amount=Decimal(5), key="6"),
            HoldPoints(**shop, phone="07700 900188", points=5, reason="x", key="7"),
        ],
        owner="", source="api", actor=actor, now=now,
    )  # fmt: skip
    assert [getattr(outcome, "held", outcome.__class__) for outcome in outcomes] == [
        -4, -10, 146, errors.NotEnoughPoints, errors.NotEnoughPoints, 0, 5,
    ]  # fmt: skip


def test_the_stream_and_the_audit_log_are_told(hold, capture, void):
    capture(hold(20), points=5)
    void(hold(10))
    told = list(Event.objects.filter(name__startswith="loyalty.points.").order_by("pk").values_list("name", flat=True))
    assert [name.rpartition(".")[2] for name in told] == [
        "earned", "earned", "held", "released", "redeemed", "held", "released",
    ]  # fmt: skip
    assert AuditEntry.objects.filter(action__in=["loyalty.points.held", "loyalty.points.released"]).count() == 4


def test_figures_count_what_was_captured_not_what_was_held(hold, capture, now):
    capture(hold(100), points=25)
    hold(10)
    figures = loyalty_figures(last_days(2, now=now, zone=connection.tenant.zone))
    assert figures.redeemed == 25
    assert figures.outstanding == 125
