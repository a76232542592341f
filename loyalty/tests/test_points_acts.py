"""What each act does, refuses and repeats, on real tables with the rights of the application."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, connection, transaction
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.errors import InvalidInput
from customers.actions.customers import archive_customer
from customers.actions.rollups import apply_events, rebuild_rollups
from customers.events import EVENT_TYPES
from customers.models import (
    BusinessCustomerFacts,
    ConsentRecord,
    Customer,
    CustomerFacts,
    DailySales,
    Event,
    Identifier,
    Order,
)
from customers.stream import READ_STREAM, run_readers
from loyalty import errors, reports
from loyalty.actions import points
from loyalty.actions.settings import change_settings, set_earning_rate
from loyalty.audit import audit
from loyalty.models import Account, Entry, Lot, Transaction
from loyalty.operations import AddPoints, AdjustPoints, RedeemPoints, ReverseTransaction
from programs.models import DueWork
from workspace.models import AuditEntry, Business

PHONE = "07700 900123"
E164 = "+447700900123"


@pytest.fixture(autouse=True)
def _the_auditor_is_content(programme):
    yield
    assert [(found.code, found.samples) for found in audit() if not found.is_kept] == []


@pytest.fixture
def add(business, actor, now):
    """add("12.40", reference="R1") → the posting of a sale to PHONE."""
    numbers = iter(range(1000))

    def call(amount="10", **changes):
        given = {"business": business.pk, "phone": PHONE, "amount": Decimal(amount), "actor": actor, "now": now}
        if "reference" not in changes:
            given["key"] = f"add-{next(numbers)}"
        return points.add_points(**{**given, **changes})

    return call


@pytest.fixture
def redeem(business, actor, now):
    def call(number, key="redeem", **changes):
        given = {"business": business.pk, "phone": PHONE, "reason": "Coffee", "actor": actor, "now": now}
        return points.redeem_points(**{**given, "points": number, "key": key, **changes})

    return call


@pytest.fixture
def undo(actor, now):
    def call(posting, key="undo", **changes):
        given = {"transaction": posting.transaction, "key": key, "actor": actor, "now": now}
        return points.reverse_transaction(**{**given, **changes})

    return call


def rows():
    """How much of everything there is; equal before and after a refusal."""
    models = (Customer, Identifier, Account, Order, Lot, Entry, Event, AuditEntry)
    balances = list(Account.objects.order_by("pk").values_list("pk", "available", "debt", "version"))
    return [model.objects.count() for model in models], balances


# -- add --------------------------------------------------------------------------------------------------------------


def test_a_sale_makes_customer_account_order_lot_entries_events_and_audit(add, business, actor, now):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal("1.5"), actor=actor)
    posted = add("12.40", reference="R-1", source="till")
    assert (posted.points, posted.balance, posted.is_new, posted.reference) == (18, 18, True, "R-1")

    customer = Customer.objects.get()
    assert (customer.phone, customer.phone_typed, customer.source) == (E164, PHONE, "till")
    assert Identifier.objects.get().value == E164
    assert ConsentRecord.objects.count() == 0
    order = Order.objects.get()
    assert (order.total, order.reference, order.customer, order.business) == (
        Decimal("12.4"),
        "R-1",
        customer,
        business,
    )
    assert (order.source, order.placed_at) == ("till", now)
    lot = Lot.objects.get()
    assert (lot.amount, lot.remaining, lot.issuer, lot.expires_at) == (18, 18, business, None)
    assert sorted(Entry.objects.values_list("account_id", "lot_id", "amount"), key=str) == sorted(
        [(customer.pk, lot.pk, 18), (None, None, -18)], key=str
    )
    assert [event.name for event in Event.objects.order_by("id")] == [
        "customers.customer.created",
        "customers.order.placed",
        "loyalty.points.earned",
    ]
    entry = AuditEntry.objects.get(action="loyalty.points.earned")
    assert (entry.subject, entry.actor, entry.data) == (
        f"transaction:{posted.transaction}",
        actor.reference,
        {"points": 18},
    )


def test_events_of_the_sql_fit_the_registry(add, redeem, undo, business, actor, now):
    earned = add("100")
    spent = redeem(10)
    undo(spent, "u1")
    undo(earned, "u2", cancels_order=True)
    points.adjust_points(points=5, reason="sorry", phone=PHONE, key="a", actor=actor, now=now)
    held = points.hold_points(business=business.pk, points=1, reason="x", phone=PHONE, key="h", actor=actor, now=now)
    points.void_hold(hold=held.transaction, key="v", actor=actor, now=now)
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("7")
    points.redeem_points(
        business=business.pk, points=1, reason="x", phone=PHONE, key="late", actor=actor, now=now + timedelta(days=60)
    )
    seen = {event.name: event.data for event in Event.objects.order_by("-id")}
    assert {name for name in EVENT_TYPES if name.startswith("loyalty.points.")} <= set(seen)
    json_types = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}
    for name, data in seen.items():
        fields = EVENT_TYPES[name].fields
        assert set(data) <= {field.rstrip("?") for field in fields}
        assert {field for field in fields if not field.endswith("?")} <= set(data)
        assert all(isinstance(value, json_types[fields.get(key) or fields[f"{key}?"]]) for key, value in data.items())


def test_the_event_of_an_earn_stands_at_the_time_of_its_sale(add, business, actor, now):
    def moments():
        return {event.data["points"]: event.occurred_at for event in Event.objects.filter(name="loyalty.points.earned")}

    long_ago, yesterday = now - timedelta(days=400), now - timedelta(days=1)
    Order.objects.create(business=business, source="sync", reference="old", total=Decimal(4), placed_at=long_ago)
    add("3")
    add("5", placed_at=yesterday)
    add("4", reference="old")
    points.adjust_points(points=9, reason="sorry", phone=PHONE, key="a", actor=actor, now=now)
    assert moments() == {3: now, 5: yesterday, 4: long_ago}
    assert Event.objects.get(name="loyalty.points.adjusted").occurred_at == now
    assert set(Transaction.objects.values_list("at", flat=True)) == {now}, "the points came now"


def test_an_anonymous_sale_that_finds_its_customer_counts_for_them(add, business, actor, now, other_programme):
    placed_at = now - timedelta(days=3)
    with tenant_context(other_programme):
        theirs = Business.objects.create(name="Theirs")
        Order.objects.create(business=theirs, source="sync", reference="R", total=Decimal(7), placed_at=placed_at)
        rebuild_rollups(now=now)
    order = Order.objects.create(business=business, source="sync", reference="R", total=Decimal(7), placed_at=placed_at)
    rebuild_rollups(now=now)
    assert DailySales.objects.get().anonymous_orders == 1

    add("7", reference="R")
    add("7", reference="R")
    customer = Customer.objects.get()
    attached = Event.objects.get(name="customers.order.attached")
    assert (attached.customer, attached.occurred_at, attached.data) == (customer, placed_at, {"order": order.code})
    assert not Event.objects.filter(name="customers.order.placed").exists()

    apply_events(list(Event.objects.order_by("id")))
    facts = CustomerFacts.objects.get(pk=customer.pk)
    assert (facts.orders_count, facts.total_spent, facts.first_order_at) == (1, Decimal(7), placed_at)
    here = BusinessCustomerFacts.objects.get()
    assert (here.customer, here.business, here.orders_count) == (customer, business, 1)
    day = DailySales.objects.get()
    assert (day.orders, day.anonymous_orders, day.customers, day.new_customers) == (1, 0, 1, 1)
    with tenant_context(other_programme):
        assert DailySales.objects.get().anonymous_orders == 1
        assert not Event.objects.exists()


def test_two_customers_of_one_batch_cannot_both_get_an_anonymous_sale(business, actor, now):
    Order.objects.create(business=business, source="sync", reference="R", total=Decimal(7), placed_at=now)
    sales = [
        AddPoints(business=business.code, phone=phone, amount=Decimal(7), reference="R", key=phone)
        for phone in (PHONE, "07700 900124")
    ]
    first, second = points.post_batch(operations=sales, owner="t", source="api", actor=actor, now=now)
    assert first.points == 7
    assert isinstance(second, errors.OrderOfAnotherCustomer)
    assert Event.objects.filter(name="customers.order.attached").count() == 1


def test_an_archived_customer_who_buys_again_is_active_again(add, redeem, actor, now, other_programme):
    with tenant_context(other_programme):
        Customer.objects.create(first_name="Theirs", phone=E164, state="archived")
    add("20", reference="first")
    customer = Customer.objects.get()
    archive_customer(customer_id=customer.pk, actor=actor, now=now)
    add("20", reference="first")
    redeem(3)
    customer.refresh_from_db()
    assert customer.state == "archived", "neither a repeated answer nor spending is a sale"

    later = now + timedelta(days=1)
    add("5", now=later)
    add("5", now=later)
    customer.refresh_from_db()
    assert customer.state == "active"
    restored = Event.objects.get(name="customers.customer.restored")
    assert (restored.customer, restored.occurred_at, restored.actor) == (customer, later, actor.reference)
    entry = AuditEntry.objects.get(action="customers.customer.restored")
    assert (entry.subject, entry.actor, entry.at) == (f"customer:{customer.code}", actor.reference, later)
    with tenant_context(other_programme):
        assert Customer.objects.get().state == "archived"


@pytest.mark.parametrize(
    ("rounding", "amount", "expected"),
    [("down", "9.99", 9), ("nearest", "9.50", 10), ("nearest", "9.49", 9), ("up", "9.01", 10), ("down", "0.99", 0)],
)
def test_rounding_is_the_business_s(add, business, actor, rounding, amount, expected):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal(1), rounding=rounding, actor=actor)
    assert add(amount).points == expected


def test_a_sale_too_small_for_a_point_is_still_a_sale(add):
    posted = add("0.50")
    assert (posted.points, Order.objects.count(), Lot.objects.count(), Entry.objects.count()) == (0, 1, 0, 0)


def test_twenty_spellings_are_one_customer(add):
    spellings = [
        "07700900123", "07700 900123", "07700 900 123", "0 7700 900 123", "07700-900-123", "07700.900.123",
        "(07700) 900123", "(0)7700 900123", "+447700900123", "+44 7700 900123", "+44 (0)7700 900123", "00447700900123",
        "0044 7700 900 123", "tel:+447700900123", " 07700 900123 ", "+44-7700-900123", "+44.7700.900.123",
        "07700/900123", "+44 77 00 90 01 23", "0770 0900 123",
    ]  # fmt: skip
    for spelling in spellings:
        add(phone=spelling)
    assert Customer.objects.count() == 1
    assert Account.objects.get().available == 200


@pytest.mark.parametrize("phone", ["", "12", "call me", "+44", "07700 90012", "+999 123 456 789", "0" * 41, "+1" * 15])
def test_impossible_phones_write_nothing(add, phone):
    before = rows()
    with pytest.raises(InvalidInput) as refused:
        add(phone=phone)
    assert (refused.value.code, refused.value.field) == ("invalid_phone", "customer_phone_number")
    assert rows() == before


@pytest.mark.parametrize("amount", ["-1", "0", "NaN", "Infinity", "-Infinity", "1E18", "1.234", "1E-30"])
def test_impossible_amounts_write_nothing(add, amount):
    before = rows()
    with pytest.raises(InvalidInput) as refused:
        add(amount)
    assert refused.value.field == "amount_spent"
    assert rows() == before


def test_an_imported_customer_becomes_a_member(add, programme):
    customer = Customer.objects.create(first_name="Ruth", phone=E164)
    Identifier.objects.create(kind="phone", value=E164, customer=customer)
    posted = add()
    assert (posted.customer, posted.is_new) == (customer.code, False)
    assert Account.objects.get().pk == customer.pk


# -- keys and order references ----------------------------------------------------------------------------------------


def test_a_repeated_key_returns_the_first_answer_and_writes_nothing(add):
    first = add("10", key="k")
    add("5")
    before = rows()
    again = add("10.00", key="k")
    assert again.is_replayed
    assert (again.transaction, again.balance) == (first.transaction, 10)
    assert rows() == before


def test_the_same_key_with_other_content_is_refused(add, other_business):
    add("10", key="k")
    before = rows()
    for changes in ({"amount": "11"}, {"phone": "07700 900999"}, {"business": other_business.pk}):
        with pytest.raises(errors.IdempotencyKeyReused):
            add(changes.pop("amount", "10"), key="k", **changes)
    assert rows() == before


def test_keys_of_two_owners_do_not_meet(add):
    add("10", key="k", owner="api:one")
    assert not add("10", key="k", owner="api:two").is_replayed
    assert Account.objects.get().available == 20


def test_a_till_and_a_batch_share_keys(add, business, actor, now):
    first = add("10", key="k", owner="till:1")
    operation = AddPoints(business=business.code, phone=E164, amount=Decimal("10.0"), key="k")
    (again,) = points.post_batch(operations=[operation], owner="till:1", source="till", actor=actor, now=now)
    assert (again.transaction, again.is_replayed) == (first.transaction, True)


def test_without_a_key_the_order_reference_serves(add):
    first = add("10", reference="R")
    again = add("10", reference="R", owner="api:other")
    assert (again.transaction, again.is_replayed) == (first.transaction, True)
    before = rows()
    with pytest.raises(errors.IdempotencyKeyReused):
        add("11", reference="R")
    assert rows() == before


def test_neither_key_nor_reference_is_refused(add):
    with pytest.raises(errors.IdempotencyKeyRequired):
        add(key="")
    assert Order.objects.count() == 0


def test_a_new_key_for_an_order_that_gave_points_repeats_the_first_answer(add):
    """Offline resync doubles points (OCA/pos PR 185): the same sale sent again under a fresh key."""
    first = add("10", reference="R", key="one")
    assert add("10", reference="R", key="two").transaction == first.transaction
    assert add("10", reference="R", key="two").is_replayed
    before = rows()
    with pytest.raises(errors.OrderAlreadyEarned):
        add("11", reference="R", key="three")
    with pytest.raises(errors.OrderAlreadyEarned):
        add("11", reference="R", key="three")
    with pytest.raises(errors.IdempotencyKeyReused):
        add("12", reference="R", key="two")
    assert rows() == before
    assert Account.objects.get().available == 10


def test_another_business_s_reference_is_another_order(add, other_business):
    add("10", reference="R")
    assert not add("10", reference="R", business=other_business.pk).is_replayed
    assert Order.objects.count() == 2


def test_an_imported_order_gets_its_points_once(add, business, now):
    order = Order.objects.create(
        business=business, source="import", reference="R", placed_at=now, total=Decimal("12.40")
    )
    posted = add("12.40", reference="R")
    assert (posted.order, posted.points) == (order.code, 12)
    order.refresh_from_db()
    assert order.customer.phone == E164
    assert add("12.40", reference="R").is_replayed
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"total": Decimal(99)}, errors.OrderTotalDiffers),
        ({"status": Order.Status.CANCELLED}, errors.OrderCancelled),
    ],
)
def test_an_order_that_says_otherwise_is_refused_and_the_refusal_replays(add, business, now, changes, error):
    given = {"business": business, "source": "x", "reference": "R", "placed_at": now, "total": Decimal(10), **changes}
    Order.objects.create(**given)
    add("1")  # the member exists, so that a refusal has nothing to make
    before = rows()
    for _ in range(2):
        with pytest.raises(error):
            add("10", reference="R", key="k")
    assert rows() == before
    assert Transaction.objects.filter(status="refused", points=0).count() == 1


@pytest.mark.parametrize("is_known", [False, True], ids=["new number", "customer without points"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"total": Decimal(99)}, errors.OrderTotalDiffers),
        ({"status": Order.Status.CANCELLED}, errors.OrderCancelled),
        ({"customer": "other"}, errors.OrderOfAnotherCustomer),
    ],
)
def test_a_refused_sale_makes_no_customer_and_no_account(add, business, now, changes, error, is_known):
    other = Customer.objects.create(phone="+447700900555")
    if is_known:
        Identifier.objects.create(kind="phone", value=E164, customer=Customer.objects.create(phone=E164))
    given = {"business": business, "source": "x", "reference": "R", "placed_at": now, "total": Decimal(10), **changes}
    Order.objects.create(**{**given, "customer": other if "customer" in changes else None})
    before = rows()
    for _ in range(2):
        with pytest.raises(error):
            add("10", reference="R", key="k")
    assert rows() == before
    assert not Transaction.objects.exists()


def test_the_others_of_a_batch_do_not_notice_a_refused_new_number(business, actor, now):
    """Two new numbers name one sale: the first gets it, the second stays unknown; what follows is judged without it."""
    shop = {"business": business.pk}
    operations = [
        AddPoints(**shop, phone=PHONE, amount=Decimal(7), reference="R", key="1"),
        AddPoints(**shop, phone="07700 900124", amount=Decimal(7), reference="R", key="2"),
        RedeemPoints(**shop, phone="07700 900124", points=1, reason="x", key="3"),
        AddPoints(**shop, phone="07700 900125", amount=Decimal(5), key="4"),
        AddPoints(**shop, phone="07700 900125", amount=Decimal(7), reference="R", key="5"),
    ]
    for is_repeated, refused in ((False, errors.OrderOfAnotherCustomer), (True, errors.OrderAlreadyEarned)):
        outcomes = points.post_batch(operations=operations, owner="t", source="api", actor=actor, now=now)
        assert [getattr(outcome, "points", type(outcome)) for outcome in outcomes] == [
            7, refused, errors.UnknownMember, 5, errors.OrderAlreadyEarned,
        ]  # fmt: skip
        assert [outcomes[place].is_replayed for place in (0, 3)] == [is_repeated] * 2
    assert list(Customer.objects.order_by("pk").values_list("phone", flat=True)) == [E164, "+447700900125"]


def test_an_order_of_another_customer_is_refused(add, business, now):
    other = Customer.objects.create(phone="+447700900555")
    Order.objects.create(business=business, source="x", reference="R", placed_at=now, total=Decimal(10), customer=other)
    with pytest.raises(errors.OrderOfAnotherCustomer):
        add("10", reference="R", key="k")


# -- redeem -----------------------------------------------------------------------------------------------------------


def test_redeeming_takes_the_oldest_expiry_first(add, redeem, actor, now):
    add("10")  # never expires
    change_settings(point_value=Decimal("0.01"), expiry_months=12, actor=actor)
    add("20")
    assert redeem(25).balance == 5
    assert list(Lot.objects.order_by("id").values_list("amount", "remaining")) == [(10, 5), (20, 0)]


def test_too_few_points_is_a_stored_refusal_that_replays(add, redeem):
    add("10")
    before = rows()
    for _ in range(2):
        with pytest.raises(errors.NotEnoughPoints) as refused:
            redeem(11)
    assert (refused.value.data["balance"], refused.value.data["requested"]) == (10, 11)
    assert rows() == before
    add("10")
    with pytest.raises(errors.NotEnoughPoints):
        redeem(11)  # the same key: the first answer, though the points are there now
    assert redeem(11, key="new").balance == 9


def test_a_stranger_cannot_redeem_and_nothing_is_stored(redeem):
    before = rows()
    with pytest.raises(errors.UnknownMember):
        redeem(1)
    assert rows() == before
    assert Transaction.objects.count() == 0


@pytest.mark.parametrize("number", [0, -5, 10**18])
def test_impossible_points_are_refused(add, redeem, number):
    add("10")
    with pytest.raises(InvalidInput):
        redeem(number)


def test_a_closed_or_unknown_business_is_not_there(add, business):
    business.is_active = False
    business.save()
    for given in (business.pk, business.code, 999_999, "nosuchcode"):
        with pytest.raises(errors.UnknownBusiness):
            add(business=given)
    assert Customer.objects.count() == 0


def test_who_is_limited_to_a_business_reaches_no_other(add, redeem, undo, business, other_business, now):
    bound = Actor(kind="api", id="x", label="Key", business_id=other_business.pk)
    before = add("10")
    with pytest.raises(errors.UnknownBusiness):
        add(actor=bound)
    with pytest.raises(errors.UnknownBusiness):
        redeem(1, actor=bound)
    with pytest.raises(errors.UnknownTransaction):
        undo(before, actor=bound)
    assert redeem(1, key="own", actor=bound, business=other_business.pk).balance == 9  # shared points, own shop


# -- reverse ----------------------------------------------------------------------------------------------------------


def test_reversing_an_earn_takes_its_own_lot_first(add, undo):
    add("10")
    second = add("20")
    assert undo(second).balance == 10
    assert list(Lot.objects.order_by("id").values_list("remaining", flat=True)) == [10, 0]


def test_spent_points_that_are_clawed_back_become_debt_and_the_next_earn_repays(add, redeem, undo):
    first = add("100")
    redeem(80)
    undone = undo(first)
    assert (undone.points, undone.balance, undone.debt) == (-100, 0, 80)
    repaid = add("50")
    assert (repaid.balance, repaid.debt) == (0, 30)
    assert add("50").balance == 20
    assert Account.objects.get().lifetime == 100


def test_a_thing_is_reversed_once(add, redeem, undo):
    earned, spent = add("10"), redeem(4)
    undo(spent, "a")
    undo(earned, "b")
    before = rows()
    for posting, key in ((earned, "c"), (spent, "d")):
        with pytest.raises(errors.AlreadyReversed):
            undo(posting, key)
    assert rows() == before


def test_a_reversal_cannot_be_reversed(add, undo):
    undone = undo(add("10"))
    with pytest.raises(errors.NotReversible):
        undo(undone, "again")


def test_refunds_in_any_steps_come_to_the_same(add, undo):
    """Earn, refund, keep points (odoo PR 257854): the parts of a refund never exceed what was earned."""
    posted = add("100")
    for number, part in enumerate([30, 30, 30, 30]):
        undo(posted, f"part-{number}", points=part)
    assert Account.objects.get().available == 0
    with pytest.raises(errors.AlreadyReversed):
        undo(posted, "more", points=1)


def test_a_reversed_redemption_comes_back_with_a_last_chance(add, redeem, undo, actor, now):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, reinstated_days=30, actor=actor)
    add("10")
    spent = redeem(10)
    later = now + timedelta(days=60)
    assert undo(spent, now=later).balance == 10
    assert Lot.objects.get(remaining__gt=0).expires_at == later + timedelta(days=30)


def test_a_cashier_undoes_within_a_minute(add, undo, now):
    quick, slow = add("10"), add("20")
    assert undo(quick, "a", now=now + timedelta(seconds=59), within_undo_window=True).points == -10
    with pytest.raises(errors.UndoWindowPassed):
        undo(slow, "b", now=now + timedelta(seconds=61), within_undo_window=True)
    assert undo(quick, "a", now=now + timedelta(hours=1), within_undo_window=True).is_replayed


def test_an_undone_sale_is_no_sale(add, undo):
    """Points on voided lines (FloCafe 720)."""
    undo(add("10"), cancels_order=True)
    assert Order.objects.get().status == Order.Status.CANCELLED
    assert Event.objects.filter(name="customers.order.cancelled").count() == 1


def test_redeeming_never_lowers_what_was_earned_in_a_lifetime(add, redeem):
    """Tier by balance instead of earned (DivanteLtd/open-loyalty 131)."""
    add("100")
    redeem(90)
    assert Account.objects.get().lifetime == 100


# -- adjust -----------------------------------------------------------------------------------------------------------


def test_adjusting_up_down_and_too_far_down(add, actor, now):
    add("10")
    call = {"reason": "Broken cup", "phone": PHONE, "actor": actor, "now": now}
    assert points.adjust_points(points=5, key="a", **call).balance == 15
    assert points.adjust_points(points=-15, key="b", **call).balance == 0
    with pytest.raises(errors.NotEnoughPoints):
        points.adjust_points(points=-1, key="c", **call)
    with pytest.raises(InvalidInput):
        points.adjust_points(points=0, key="d", **call)
    with pytest.raises(InvalidInput):
        points.adjust_points(points=1, key="e", **{**call, "reason": " "})


# -- expiry -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_month(actor):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)


def test_points_expire_when_touched_at_the_end_of_the_day_in_the_programme_s_zone(add, redeem, one_month, now):
    add("10")
    ends = datetime(2026, 7, 17, 23, 0, tzinfo=UTC)  # midnight in London, summer time
    assert Lot.objects.get().expires_at == ends
    assert redeem(1, key="a", now=ends - timedelta(seconds=1)).balance == 9
    with pytest.raises(errors.NotEnoughPoints):
        redeem(1, key="b", now=ends)
    expired = Transaction.objects.get(kind="expire")
    assert (expired.points, expired.at) == (-9, ends)


def test_balances_leave_out_what_has_expired_untouched(add, one_month, now):
    add("10")
    customer = Customer.objects.get()
    assert reports.balance_of(customer.pk, now=now).points == 10
    assert reports.balance_of(customer.pk, now=now + timedelta(days=40)).points == 0
    assert Account.objects.get().available == 10


def test_the_sweep_expires_what_nobody_touches(add, one_month, now):
    from loyalty.tasks import expire_points

    for number in range(3):
        add("10", phone=f"0770090012{number}")
    assert expire_points(now + timedelta(days=40)) > now
    assert list(Account.objects.values_list("available", "expires_next_at")) == [(0, None)] * 3


# -- batch ------------------------------------------------------------------------------------------------------------


def test_a_batch_answers_each_in_order_and_a_refusal_stops_no_other(business, actor, now):
    def shop(**changes):
        return {"business": business.code, "phone": PHONE, **changes}

    operations = [
        RedeemPoints(**shop(points=5, reason="x", key="too-early")),
        AddPoints(**shop(amount=Decimal(10), key="a")),
        AddPoints(**shop(amount=Decimal("-3"), key="bad")),
        RedeemPoints(**shop(points=5, reason="x", key="b")),
        AddPoints(**shop(amount=Decimal(10), key="a")),
        AddPoints(**shop(amount=Decimal(11), key="a")),
        ReverseTransaction(transaction="nosuchcode1", key="c"),
        AdjustPoints(phone=PHONE, points=1, reason="gift", key="d"),
        AddPoints(**shop(amount=Decimal(7), reference="R")),
        AddPoints(**shop(amount=Decimal(7), reference="R")),
        AddPoints(**shop(amount=Decimal(7))),
    ]
    outcomes = points.post_batch(operations=operations, owner="api:x", source="api", actor=actor, now=now)
    kinds = [type(outcome).__name__ if isinstance(outcome, Exception) else outcome.balance for outcome in outcomes]
    assert kinds == [
        "NotEnoughPoints", 10, "InvalidInput", 5, 10, "IdempotencyKeyReused", "UnknownTransaction", 6, 13, 13,
        "IdempotencyKeyRequired",
    ]  # fmt: skip
    assert [getattr(outcome, "is_replayed", None) for outcome in outcomes].count(True) == 2


def test_a_batch_of_a_thousand_distinct_members(business, actor, now):
    operations = [
        AddPoints(business=business.pk, phone=f"+4477009{number:05d}", amount=Decimal(10), key=f"k{number}")
        for number in range(1000)
    ]
    outcomes = points.post_batch(operations=operations, owner="x", source="api", actor=actor, now=now)
    assert [outcome.balance for outcome in outcomes] == [10] * 1000
    with pytest.raises(errors.TooManyOperations):
        points.post_batch(operations=[*operations, operations[0]], owner="x", source="api", actor=actor, now=now)


# -- around -----------------------------------------------------------------------------------------------------------


def test_the_application_cannot_change_an_entry(add):
    add()
    for change in (lambda: Entry.objects.update(amount=99), lambda: Entry.objects.all().delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


def test_a_sale_wakes_the_readers_and_lists_follow(add, redeem, programme):
    assert not DueWork.objects.filter(kind=READ_STREAM, programme=programme).exists()
    add("10")
    redeem(3)
    assert DueWork.objects.filter(kind=READ_STREAM, programme=programme).count() == 1


def test_facts_follow_the_account(add, redeem, now):
    from loyalty.tasks import follow_points

    add("10")
    redeem(3)
    follow_points(list(Event.objects.order_by("id")))
    facts = CustomerFacts.objects.get()
    assert (facts.balance, facts.lifetime_points, facts.is_member, facts.member_since) == (7, 10, True, now)


def test_readers_rest_when_nothing_happens(programme, now):
    assert run_readers(now=now) is None


def test_histories_previews_and_figures(add, redeem, business, other_business, actor, now, programme):
    from core.clock import last_days

    add("10")
    add("20", business=other_business.pk)
    redeem(5)
    customer = Customer.objects.get()
    history = reports.transactions_of(customer.pk, limit=2)
    assert [line.points for line in history.lines] == [-5, 20]
    assert [line.points for line in reports.transactions_of(customer.pk, cursor=history.next_cursor).lines] == [10]
    bound = Actor(kind="user", id="9", label="Sam", business_id=business.pk)
    assert [line.points for line in reports.transactions_of(customer.pk, visible_to=bound).lines] == [-5, 10]

    preview = reports.preview_sale(business=business.pk, amount=Decimal("9.99"), now=now, customer_id=customer.pk)
    assert (preview.points, preview.balance_after) == (9, 34)
    assert preview.lines[0].text == "£9.99 × 1 = 9.99 points, rounded down"

    figures = reports.loyalty_figures(last_days(7, now=now, zone=programme.zone))
    assert (figures.issued, figures.redeemed, figures.outstanding, figures.liability) == (30, 5, 25, Decimal("0.25"))


def test_two_programmes_know_nothing_of_each_other(add, programme, other_programme, now):
    add("10", key="k")
    connection.set_tenant(other_programme)
    assert Account.objects.count() == Customer.objects.count() == Transaction.objects.count() == 0
    from workspace.models import Business

    shop = Business.objects.create(name="Wiese")
    posted = points.add_points(
        business=shop.pk, phone=E164, amount=Decimal(7), key="k", actor=SYSTEM, now=now, owner="user:1"
    )
    assert (posted.is_replayed, posted.balance) == (False, 7)
    connection.set_tenant(programme)
    assert Account.objects.get().available == 10
