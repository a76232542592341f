"""Two members become one: nothing of theirs is lost, nothing is won, and an undo gives back what is still there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import InvalidInput, NotFound, PermissionRefused
from customers.actions.merging import AlreadyMerged, MergeNotUndoable, merge_customers, preview_merge, undo_merge
from customers.actions.tags import tag_customer
from customers.models import Customer, Event, Identifier, Order
from loyalty.actions import points
from loyalty.actions.referrals import code_of, referrer_of
from loyalty.actions.refunds import refund_order
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.actions.stamp_cards import CardValues, create_card
from loyalty.actions.stamps import give_stamps
from loyalty.actions.tiers import TierValues, create_tier, set_tier
from loyalty.models import Account, Entry, Hold, Lot, StampBook, StampReward, Transaction
from loyalty.reports import balance_of

ANNA, TWIN = "+447700900001", "+447700900002"

pytestmark = pytest.mark.usefixtures("audited")


def person(phone):
    return Customer.objects.get(identifiers__value=phone)


def lots():
    live = Lot.objects.filter(remaining__gt=0).order_by("pk")
    return list(live.values_list("account", "transaction", "issuer", "remaining", "available_at", "expires_at"))


def has(customer):
    account = Account.objects.get(pk=customer.pk)
    return account.available, account.held, account.pending, account.debt


@pytest.fixture
def both(add):
    add("100", phone=ANNA, reference="A1")
    add("30", phone=TWIN, reference="T1")
    return person(ANNA), person(TWIN)


@pytest.fixture
def merge(both, actor, now):
    def call(choose=None):
        survivor, duplicate = both
        return merge_customers(
            survivor_id=survivor.pk, duplicate_id=duplicate.pk, choose=choose or {}, actor=actor, now=now
        )

    return call


def test_the_survivor_has_what_both_had(both, merge, add):
    survivor, duplicate = both
    lots = list(Lot.objects.filter(account=duplicate.pk).values_list("expires_at", "available_at", "issuer_id"))
    merge()
    duplicate.refresh_from_db()
    assert (duplicate.state, duplicate.merged_into_id, duplicate.phone) == ("merged", survivor.pk, "")
    assert (has(survivor), has(duplicate)) == ((130, 0, 0, 0), (0, 0, 0, 0))
    assert Account.objects.get(pk=survivor.pk).lifetime == 130
    assert Order.objects.filter(customer=survivor).count() == 2
    came = (
        Lot.objects.filter(account=survivor.pk).order_by("-pk").values_list("expires_at", "available_at", "issuer_id")
    )
    assert list(came[:1]) == lots
    assert Transaction.objects.filter(account=survivor.pk, kind="earn").count() == 2
    posted = add("5", phone=TWIN)
    assert (posted.customer, posted.balance) == (survivor.code, 135)


def test_the_same_merge_again_is_the_first_one(both, merge):
    assert merge().pk == merge().pk
    assert Entry.objects.filter(transaction__key_endpoint="points.merge").count() == 4


def test_what_cannot_be_merged_is_refused(both, actor, now, business):
    survivor, duplicate = both
    call = {"choose": {}, "actor": actor, "now": now}
    with pytest.raises(InvalidInput):
        merge_customers(survivor_id=survivor.pk, duplicate_id=survivor.pk, **call)
    with pytest.raises(NotFound):
        merge_customers(survivor_id=survivor.pk, duplicate_id=10**9, **call)
    with pytest.raises(InvalidInput):
        merge_customers(survivor_id=survivor.pk, duplicate_id=duplicate.pk, **{**call, "choose": {"shoe": "survivor"}})
    merge_customers(survivor_id=survivor.pk, duplicate_id=duplicate.pk, **call)
    with pytest.raises(AlreadyMerged):
        merge_customers(survivor_id=duplicate.pk, duplicate_id=survivor.pk, **call)
    limited = type(actor)(kind="user", id="1", label="x", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        preview_merge(survivor_id=survivor.pk, duplicate_id=duplicate.pk, **{**call, "actor": limited})


def test_a_refund_of_the_duplicates_sale_takes_its_own_points(both, merge, actor, now):
    survivor, _duplicate = both
    merge()
    refund_order(order=Order.objects.get(reference="T1").code, everything=True, actor=actor, now=now)
    assert has(survivor) == (100, 0, 0, 0)
    assert Lot.objects.filter(account=survivor.pk, remaining__gt=0).get().transaction.order.reference == "A1"


def test_debt_of_one_is_paid_by_points_of_the_other(both, merge, redeem, actor, now):
    survivor, duplicate = both
    redeem(30, phone=TWIN)
    refund_order(order=Order.objects.get(reference="T1").code, everything=True, actor=actor, now=now)
    assert has(duplicate) == (0, 0, 0, 30)
    found = merge()
    assert has(survivor) == (70, 0, 0, 0)
    undo_merge(code=found.code, actor=actor, now=now)
    assert (has(survivor), has(duplicate)) == ((70, 0, 0, 0), (0, 0, 0, 0))


def test_a_claim_goes_on_with_its_code(both, merge, actor, now, business):
    survivor, _duplicate = both
    held = points.hold_points(business=business.pk, points=20, reason="Cake", phone=TWIN, key="h", actor=actor, now=now)
    merge()
    assert has(survivor) == (110, 20, 0, 0)
    points.capture_hold(hold=held.transaction, key="c", actor=actor, now=now)
    assert (has(survivor), Hold.objects.get().account_id) == ((110, 0, 0, 0), survivor.pk)


def test_what_was_spent_is_undone_for_the_survivor(both, merge, redeem, undo):
    spent = redeem(10, phone=TWIN)
    merge()
    undo(spent)
    assert has(both[0]) == (130, 0, 0, 0)


def test_a_repeated_key_of_the_duplicate_answers_as_before(both, merge, redeem):
    first = redeem(10, phone=TWIN)
    merge()
    again = redeem(10, phone=TWIN)
    assert (again.transaction, again.is_replayed) == (first.transaction, True)


def test_the_transfer_of_a_merge_is_not_undone_by_itself(both, merge, actor, now):
    merge()
    code = Transaction.objects.filter(key_endpoint="points.merge").first().code
    with pytest.raises(Exception, match="cannot be undone"):
        points.reverse_transaction(transaction=code, key="x", actor=actor, now=now)


def test_undo_gives_back_exactly_what_moved(both, merge, actor, now):
    survivor, duplicate = both
    before = Customer.objects.filter(pk__in=[survivor.pk, duplicate.pk]).order_by("pk").values()
    were = [{k: v for k, v in row.items() if k != "updated_at"} for row in before]
    kept = lots()
    orders = list(Order.objects.order_by("pk").values("pk", "customer_id"))
    found = merge({"phone": "duplicate"})
    assert Customer.objects.get(pk=survivor.pk).phone == TWIN
    undo_merge(code=found.code, actor=actor, now=now)
    undo_merge(code=found.code, actor=actor, now=now)
    again = Customer.objects.filter(pk__in=[survivor.pk, duplicate.pk]).order_by("pk").values()
    assert [{k: v for k, v in row.items() if k != "updated_at"} for row in again] == were
    assert lots() == kept
    assert list(Order.objects.order_by("pk").values("pk", "customer_id")) == orders
    assert Identifier.objects.get(value=TWIN).customer_id == duplicate.pk
    assert Account.objects.get(pk=survivor.pk).lifetime == 100
    assert Event.objects.filter(name="customers.customer.unmerged").count() == 1


def test_undo_gives_back_what_is_still_there(both, merge, add, redeem, actor, now):
    survivor, duplicate = both
    found = merge()
    redeem(110, phone=ANNA)
    add("7", phone=TWIN)
    undo_merge(code=found.code, actor=actor, now=now)
    assert (has(survivor), has(duplicate)) == ((7, 0, 0, 0), (20, 0, 0, 0))


def test_undo_is_refused_after_thirty_days_and_in_the_middle_of_a_chain(both, merge, add, actor, now):
    survivor, _duplicate = both
    found = merge()
    with pytest.raises(MergeNotUndoable):
        undo_merge(code=found.code, actor=actor, now=now + timedelta(days=31))
    add("1", phone="+447700900003")
    third = person("+447700900003")
    second = merge_customers(survivor_id=third.pk, duplicate_id=survivor.pk, choose={}, actor=actor, now=now)
    assert balance_of(third.pk, now=now).points == 131
    with pytest.raises(MergeNotUndoable):
        undo_merge(code=found.code, actor=actor, now=now)
    undo_merge(code=second.code, actor=actor, now=now)
    undo_merge(code=found.code, actor=actor, now=now)
    assert (has(survivor), has(third)) == ((100, 0, 0, 0), (1, 0, 0, 0))


def test_points_that_wait_go_on_waiting(add, actor, now):
    change_point_settings(settings=PointSettings(point_value=Decimal("0.01"), pending_days=14), actor=actor, now=now)
    add("40", phone=ANNA)
    add("60", phone=TWIN)
    merge_customers(survivor_id=person(ANNA).pk, duplicate_id=person(TWIN).pk, choose={}, actor=actor, now=now)
    assert has(person(ANNA)) == (0, 0, 100, 0)
    add("1", phone=ANNA, now=now + timedelta(days=20))
    assert has(person(ANNA))[0] == 100


@pytest.fixture
def card(programme, actor, now):
    return create_card(values=CardValues(name="Coffee", gives="A coffee", stamps=3), actor=actor, now=now)


def stamps_of(customer):
    return list(StampBook.objects.filter(account=customer.pk).values_list("total", "completed", "stamps"))


def test_stamps_add_up_to_full_cards_and_part_again(card, add, actor, now):
    for number in range(2):
        add("5", phone=ANNA, reference=f"a{number}")
        add("5", phone=TWIN, reference=f"t{number}")
    survivor, duplicate = person(ANNA), person(TWIN)
    give_stamps(card=card.code, customer_id=duplicate.pk, stamps=2, key="s", actor=actor, now=now)
    (full,) = StampReward.objects.all()
    found = merge_customers(survivor_id=survivor.pk, duplicate_id=duplicate.pk, choose={}, actor=actor, now=now)
    assert (stamps_of(survivor), stamps_of(duplicate)) == ([(6, 2, 0)], [(0, 0, 0)])
    assert (
        sorted(StampReward.objects.filter(state="ready").values_list("book__account", flat=True)) == [survivor.pk] * 2
    )
    assert StampReward.objects.get(pk=full.pk).book.account_id == survivor.pk
    refund_order(order=Order.objects.get(reference="t0").code, everything=True, actor=actor, now=now)
    assert stamps_of(survivor) == [(5, 1, 2)]
    undo_merge(code=found.code, actor=actor, now=now)
    assert (stamps_of(survivor), stamps_of(duplicate)) == ([(2, 0, 2)], [(3, 1, 0)])


@pytest.mark.parametrize("by_hand", [False, True])
def test_the_better_tier_counts_and_goes_back(by_hand, add, actor, now):
    tiers = [
        create_tier(values=TierValues(name=f"T{at}", threshold=Decimal(at)), actor=actor, now=now) for at in (50, 500)
    ]
    add("60", phone=ANNA)
    add("5" if by_hand else "600", phone=TWIN)
    survivor, duplicate = person(ANNA), person(TWIN)
    if by_hand:
        set_tier(customer_id=duplicate.pk, tier=tiers[1].code, until=None, reason="Friend", actor=actor, now=now)
    found = merge_customers(survivor_id=survivor.pk, duplicate_id=duplicate.pk, choose={}, actor=actor, now=now)
    assert Account.objects.get(pk=survivor.pk).tier == tiers[1]
    assert Account.objects.get(pk=duplicate.pk).tier is None
    undo_merge(code=found.code, actor=actor, now=now)
    assert Account.objects.get(pk=survivor.pk).tier == tiers[0]
    assert Account.objects.get(pk=duplicate.pk).tier == tiers[1]


def test_codes_tags_and_notes_of_both_lead_to_the_survivor(both, merge, actor, now):
    survivor, duplicate = both
    codes = [code_of(one.pk) for one in both]
    for one, names in zip(both, (["Vegan", "Early"], ["Vegan", "Loud"]), strict=True):
        tag_customer(customer_id=one.pk, names=names, actor=actor, now=now)
    found = merge()
    assert [referrer_of(code=code).pk for code in codes] == [survivor.pk] * 2
    assert sorted(survivor.customer_tags.values_list("tag__name", flat=True)) == ["Early", "Loud", "Vegan"]
    undo_merge(code=found.code, actor=actor, now=now)
    assert [referrer_of(code=code).pk for code in codes] == [survivor.pk, duplicate.pk]
    assert sorted(survivor.customer_tags.values_list("tag__name", flat=True)) == ["Early", "Vegan"]
    assert sorted(duplicate.customer_tags.values_list("tag__name", flat=True)) == ["Loud", "Vegan"]
