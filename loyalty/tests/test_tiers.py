"""Tiers: reached, kept, renewed, in grace, dropped, undone, ended, given by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import InvalidInput, PermissionRefused
from customers.models import Customer, CustomerFacts, Event, Order
from loyalty import rules
from loyalty.actions import points
from loyalty.actions.refunds import refund_order
from loyalty.actions.tiers import (
    TierSettings,
    TierValues,
    change_tier,
    change_tier_settings,
    create_tier,
    set_tier,
    switch_tier,
    values_of,
)
from loyalty.errors import UnknownMember, UnknownTier
from loyalty.models import Account, Tier, TierChange, Transaction
from loyalty.tasks import apply_tiers, follow_orders, judge_due_tiers, refresh_facts
from loyalty.tests.given import PHONE

LONDON = ZoneInfo("Europe/London")
START = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def now():
    return START


@pytest.fixture
def tiers(programme, actor, now):
    """tiers(Silver=100, Gold=300, keep_months=6) → the tiers by name, judged with these settings."""

    def call(window_months=12, keep_months=12, grace_days=30, basis="points", drops_to="earned", **thresholds):
        settings = TierSettings(
            tier_basis=basis,
            tier_window_months=window_months,
            tier_keep_months=keep_months,
            tier_grace_days=grace_days,
            tier_drops_to=drops_to,
        )
        change_tier_settings(settings=settings, actor=actor, now=now)
        for name, threshold in thresholds.items():
            create_tier(values=TierValues(name=name, threshold=Decimal(threshold)), actor=actor, now=now)
        return {tier.name: tier for tier in Tier.objects.all()}

    return call


def mine():
    account = Account.objects.select_related("tier").get()
    return account.tier.name if account.tier else None


def judged_at(moment):
    judge_due_tiers(moment)
    return mine()


def causes():
    return list(TierChange.objects.order_by("pk").values_list("cause", "tier__name"))


def end_of(start, months):
    return rules.expires_at(start, months, LONDON)


# -- reaching ---------------------------------------------------------------------------------------------------------


def test_a_sale_reaches_a_tier_and_counts_with_the_one_before(tiers, add, actor):
    tiers(Silver=100, Gold=300)
    change_tier(
        code=Tier.objects.get(name="Silver").code,
        values=TierValues(name="Silver", threshold=Decimal(100), factor=Decimal(2)),
        actor=actor,
        now=START,
    )
    assert add("99").points == 99
    assert mine() is None
    assert add("1").points == 1
    assert mine() == "Silver"
    assert add("10").points == 20
    account = Account.objects.get()
    assert (account.tier_since, account.tier_kept_until) == (START, end_of(START, 12))
    change = TierChange.objects.get()
    assert (change.cause, change.figure, change.threshold, change.before) == ("reached", 100, 100, None)


def test_a_sale_can_reach_the_highest_at_once(tiers, add):
    tiers(Silver=100, Gold=300)
    add("500")
    assert mine() == "Gold"
    assert causes() == [("reached", "Gold")]


def test_spending_points_never_lowers_progress(tiers, add, redeem):
    """Open Loyalty judged by the balance: who redeemed fell (DivanteLtd/open-loyalty issue 131)."""
    tiers(Silver=100)
    add("80")
    redeem(80)
    add("20")
    assert mine() == "Silver"


def test_bonuses_and_gifts_are_not_earned(tiers, add, actor):
    tiers(Silver=100)
    add("50")
    points.adjust_points(points=500, reason="Sorry", phone=PHONE, key="gift", actor=actor, now=START)
    add("1")
    assert mine() is None


def test_only_the_window_counts(tiers, add):
    tiers(window_months=3, Silver=100)
    add("60")
    first_day_out = START.replace(month=6, day=11)
    add("60", now=first_day_out)
    assert mine() is None
    add("40", now=first_day_out)
    assert mine() == "Silver"


def test_a_window_begins_with_a_day_of_the_programme():
    """Noon on the day that DST begins: three months before is winter, where midnight is at 0 UTC."""
    noon = datetime(2026, 6, 10, 11, 0, tzinfo=UTC)
    assert rules.window_start(noon, 3, LONDON) == datetime(2026, 3, 10, tzinfo=UTC)
    assert rules.window_start(noon, 1, LONDON) == datetime(2026, 5, 9, 23, tzinfo=UTC)
    assert rules.window_start(datetime(2028, 2, 29, 12, tzinfo=UTC), 12, LONDON) == datetime(2027, 2, 28, tzinfo=UTC)
    assert rules.window_start(noon, None, LONDON) is None


def test_money_counts_net_of_what_was_given_back(tiers, add, actor):
    tiers(basis="spend", Silver=100)
    posted = add("99.99")
    assert mine() is None
    add("0.01")
    assert mine() == "Silver"
    refund_order(order=posted.order, amount=Decimal(10), reference="X", actor=actor, now=START)
    follow_orders(Event.objects.all())
    assert judged_at(timezone.now()) is None
    assert causes() == [("reached", "Silver"), ("undone", None)]


def test_visits_are_days_at_a_business(tiers, add, business, other_business):
    tiers(basis="visits", Silver=3)
    add("5")
    add("5")
    add("5", business=other_business.pk)
    assert mine() is None
    add("5", now=START + timedelta(days=1))
    assert mine() == "Silver"


def test_midnight_of_a_visit_is_the_programmes(tiers, add):
    """23:30 and 00:30 UTC in summer are one day in London; 22:30 UTC is the day before's 23:30."""
    tiers(basis="visits", Silver=3)
    summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    add("5", now=summer)
    add("5", now=summer + timedelta(hours=1))
    add("5", now=summer - timedelta(hours=1))
    assert mine() is None
    assert Order.objects.count() == 3


# -- keeping ----------------------------------------------------------------------------------------------------------


def test_kept_until_its_date_then_grace_then_dropped(tiers, add):
    tiers(window_months=12, keep_months=6, grace_days=30, Silver=100)
    add("100")
    until = end_of(START, 6)
    assert judged_at(until - timedelta(seconds=1)) == "Silver"
    add("1", now=until - timedelta(seconds=1))
    # Within twelve months it still counts: kept for another period.
    assert judged_at(until) == "Silver"
    assert causes() == [("reached", "Silver"), ("renewed", "Silver")]
    again = end_of(until, 6)
    assert Account.objects.get().tier_kept_until == again
    assert judged_at(again) == "Silver"  # in grace: the first sale is out of the window by now
    assert Account.objects.get().tier_since == START
    over = rules.available_at(again, 30, LONDON)
    assert Account.objects.get().tier_due_at == over
    assert judged_at(over - timedelta(seconds=1)) == "Silver"
    assert judged_at(over) is None
    assert causes()[2:] == [("dropped", None)]
    assert Account.objects.get().tier_due_at is None


def test_reached_again_in_grace_is_renewed(tiers, add):
    tiers(window_months=3, keep_months=3, grace_days=30, Silver=100)
    add("100")
    until = end_of(START, 3)
    assert judged_at(until + timedelta(days=10)) == "Silver"
    late = until + timedelta(days=20)
    add("100", now=late)
    assert causes() == [("reached", "Silver"), ("renewed", "Silver")]
    assert Account.objects.get().tier_kept_until == end_of(late, 3)


def test_without_grace_it_ends_with_the_day(tiers, add):
    tiers(window_months=1, keep_months=1, grace_days=0, Silver=100)
    add("100")
    assert judged_at(end_of(START, 1) - timedelta(seconds=1)) == "Silver"
    assert judged_at(end_of(START, 1)) is None


def test_one_tier_lower_where_the_programme_says_so(tiers, add):
    tiers(window_months=3, keep_months=3, grace_days=0, drops_to="next", Bronze=50, Silver=100, Gold=300)
    add("300")
    for tier, months in (("Silver", 3), ("Bronze", 6), (None, 9)):
        moment = START + timedelta(days=31 * months)
        assert judged_at(moment) == tier
    assert causes()[1:] == [("dropped", "Silver"), ("dropped", "Bronze"), ("dropped", None)]


def test_kept_for_good(tiers, add):
    tiers(window_months=None, keep_months=None, Silver=100)
    add("100")
    assert Account.objects.get().tier_due_at is None
    assert judged_at(START + timedelta(days=4000)) == "Silver"


def test_a_higher_tier_that_ends_leaves_the_lower_one_that_is_kept(tiers, add):
    tiers(window_months=3, keep_months=3, grace_days=0, Silver=100, Gold=300)
    add("300")
    add("100", now=START + timedelta(days=80))
    assert judged_at(end_of(START, 3)) == "Silver"
    assert causes()[-1] == ("dropped", "Silver")


# -- given back -------------------------------------------------------------------------------------------------------


def test_a_tier_goes_with_the_purchase_that_reached_it(tiers, add, undo):
    tiers(Silver=100, Gold=300)
    add("100")
    big = add("250", now=START + timedelta(days=1))
    assert mine() == "Gold"
    undo(big, now=START + timedelta(days=2))
    assert mine() == "Silver"
    account = Account.objects.get()
    assert (account.tier_since, account.tier_kept_until) == (START, end_of(START, 12))
    assert causes() == [("reached", "Silver"), ("reached", "Gold"), ("undone", "Silver")]


def test_what_was_reached_again_meanwhile_stays(tiers, add, undo):
    tiers(window_months=3, keep_months=12, Silver=100)
    add("100")
    extra = add("30", now=START + timedelta(days=100))
    undo(extra, now=START + timedelta(days=101))
    assert mine() == "Silver"  # the window is empty, and yet nothing that reached it was given back


def test_what_is_reached_by_later_sales_is_not_lost_with_the_first(tiers, add, undo):
    """Neither at once nor when the window moves on: what came after reaches it, too."""
    tiers(window_months=1, keep_months=3, grace_days=0, Silver=100)
    first = add("100")
    add("100", now=START + timedelta(days=20))
    undo(first, now=START + timedelta(days=21))
    renewed = end_of(START + timedelta(days=21), 3)
    assert (mine(), Account.objects.get().tier_kept_until) == ("Silver", renewed)
    undo(add("30", now=START + timedelta(days=70)), key="other", now=START + timedelta(days=71))
    assert (mine(), Account.objects.get().tier_kept_until) == ("Silver", renewed)
    assert causes() == [("reached", "Silver"), ("renewed", "Silver")]


def test_a_reversal_that_is_undone_brings_the_tier_back(tiers, add, undo):
    tiers(Silver=100)
    sale = add("100")
    taken = undo(sale)
    assert mine() is None
    undo(taken, key="again")
    assert mine() == "Silver"
    assert Account.objects.get().tier_kept_until == end_of(START, 12)


def test_a_refund_by_parts_ends_like_one_at_once(tiers, add, actor):
    tiers(Silver=100)
    posted = add("120")
    for number in range(3):
        refund_order(order=posted.order, amount=Decimal(7), reference=f"R{number}", actor=actor, now=START)
    assert mine() is None
    assert Transaction.objects.filter(kind="reverse").count() == 3


# -- changes of the programme -----------------------------------------------------------------------------------------


def test_members_of_before_get_their_tier_when_it_is_made(tiers, add):
    add("150")
    tiers(Silver=100)
    assert mine() is None
    apply_tiers(START)
    assert mine() == "Silver"


def test_a_higher_threshold_takes_a_tier_from_nobody_before_their_date(tiers, add, actor):
    made = tiers(keep_months=6, grace_days=0, Silver=100)
    add("150")
    change_tier(
        code=made["Silver"].code, values=TierValues(name="Silver", threshold=Decimal(200)), actor=actor, now=START
    )
    apply_tiers(START)
    assert mine() == "Silver"
    add("1", now=START + timedelta(days=1))
    assert mine() == "Silver"
    assert judged_at(end_of(START, 6)) is None


def test_another_basis_takes_a_tier_from_nobody_before_their_date(tiers, add, actor):
    tiers(keep_months=6, grace_days=0, Silver=100)
    add("150")
    change_tier_settings(
        settings=TierSettings(tier_basis="visits", tier_keep_months=6, tier_grace_days=0), actor=actor, now=START
    )
    apply_tiers(START)
    assert mine() == "Silver"
    assert judged_at(end_of(START, 6)) is None


def test_an_ended_tier_moves_its_members_to_the_next(tiers, add, actor):
    made = tiers(Silver=100, Gold=300)
    add("100")
    add("250", now=START + timedelta(days=1))
    switch_tier(code=made["Gold"].code, is_active=False, actor=actor, now=START)
    apply_tiers(START + timedelta(days=2))
    assert mine() == "Silver"
    assert causes()[-1] == ("retired", "Silver")
    switch_tier(code=made["Gold"].code, is_active=True, actor=actor, now=START)
    apply_tiers(START + timedelta(days=3))
    assert mine() == "Gold"


def test_ranks_follow_what_tiers_ask_for(tiers, actor):
    made = tiers(Silver=100, Gold=300, Bronze=50)
    assert list(Tier.objects.order_by("rank").values_list("name", flat=True)) == ["Bronze", "Silver", "Gold"]
    values = TierValues(name="Bronze", threshold=Decimal(500))
    change_tier(code=made["Bronze"].code, values=values, actor=actor, now=START)
    assert list(Tier.objects.order_by("rank").values_list("name", flat=True)) == ["Silver", "Gold", "Bronze"]
    switch_tier(code=made["Silver"].code, is_active=False, actor=actor, now=START)
    assert list(Tier.objects.order_by("rank").values_list("name", flat=True)) == ["Gold", "Bronze", "Silver"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (TierValues(name=" ", threshold=Decimal(1)), "name"),
        (TierValues(name="x" * 41, threshold=Decimal(1)), "name"),
        (TierValues(name="silver", threshold=Decimal(1)), "name"),
        (TierValues(name="Gold", threshold=Decimal(100)), "threshold"),
        (TierValues(name="Gold", threshold=Decimal(0)), "threshold"),
        (TierValues(name="Gold", threshold=Decimal("1.5")), "threshold"),
        (TierValues(name="Gold", threshold=Decimal("NaN")), "threshold"),
        (TierValues(name="Gold", threshold=Decimal(1), factor=Decimal("0.5")), "factor"),
        (TierValues(name="Gold", threshold=Decimal(1), factor=Decimal("1.234")), "factor"),
        (TierValues(name="Gold", threshold=Decimal(1), benefits="x" * 201), "benefits"),
    ],
)
def test_bad_values_are_refused_at_their_field(tiers, actor, values, field):
    tiers(Silver=100)
    with pytest.raises(InvalidInput) as refused:
        create_tier(values=values, actor=actor, now=START)
    assert refused.value.field == field
    assert Tier.objects.count() == 1


def test_a_basis_that_a_threshold_does_not_fit_is_refused(tiers, actor):
    tiers(basis="spend", Silver="99.50")
    with pytest.raises(InvalidInput) as refused:
        change_tier_settings(settings=TierSettings(tier_basis="visits"), actor=actor, now=START)
    assert refused.value.field == "tier_basis"


def test_people_of_one_business_change_no_tiers(tiers, business):
    made = tiers(Silver=100)["Silver"]
    cashier = Actor(kind="user", id="9", label="Sam", business_id=business.pk)
    for act in (
        lambda: create_tier(values=TierValues(name="Gold", threshold=Decimal(300)), actor=cashier, now=START),
        lambda: change_tier(code=made.code, values=values_of(made), actor=cashier, now=START),
        lambda: switch_tier(code=made.code, is_active=False, actor=cashier, now=START),
        lambda: change_tier_settings(settings=TierSettings(), actor=cashier, now=START),
        lambda: set_tier(customer_id=1, tier=made.code, until=None, reason="", actor=cashier, now=START),
    ):
        with pytest.raises(PermissionRefused):
            act()


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_a_tier_by_hand_is_kept_and_then_judged(tiers, add, actor):
    made = tiers(grace_days=0, Silver=100, Gold=300)
    add("10")
    member = Account.objects.get().pk
    set_tier(
        customer_id=member, tier=made["Gold"].code, until=date(2026, 5, 1), reason="A friend", actor=actor, now=START
    )
    assert mine() == "Gold"
    add("100", now=START + timedelta(days=1))
    assert mine() == "Gold"
    end = datetime(2026, 5, 1, 23, tzinfo=UTC)  # midnight in London
    assert judged_at(end - timedelta(seconds=1)) == "Gold"
    assert judged_at(end) == "Silver"
    assert causes() == [("set", "Gold"), ("dropped", "Silver")]


def test_by_hand_lower_than_reached_changes_nothing_that_is_reached_now(tiers, add, actor):
    made = tiers(Silver=100, Gold=300)
    add("300")
    account = set_tier(
        customer_id=Account.objects.get().pk, tier=made["Silver"].code, until=None, reason="", actor=actor, now=START
    )
    assert account.tier == made["Gold"]


def test_taking_a_gift_back_leaves_what_is_reached(tiers, add, actor):
    made = tiers(Silver=100, Gold=300)
    add("100")
    member = Account.objects.get().pk
    set_tier(customer_id=member, tier=made["Gold"].code, until=None, reason="", actor=actor, now=START)
    set_tier(customer_id=member, tier="", until=None, reason="By mistake", actor=actor, now=START)
    assert mine() == "Silver"


def test_by_hand_refuses_what_is_not_there(tiers, add, actor):
    made = tiers(Silver=100)
    add("10")
    member = Account.objects.get().pk
    stranger = Customer.objects.create()
    with pytest.raises(UnknownTier):
        set_tier(customer_id=member, tier="nope", until=None, reason="", actor=actor, now=START)
    with pytest.raises(UnknownMember):
        set_tier(customer_id=stranger.pk, tier=made["Silver"].code, until=None, reason="", actor=actor, now=START)
    for until in (date(2026, 3, 9), date(2201, 1, 1), date.max):
        with pytest.raises(InvalidInput) as refused:
            set_tier(customer_id=member, tier=made["Silver"].code, until=until, reason="", actor=actor, now=START)
        assert refused.value.field == "until"
    assert TierChange.objects.count() == 0


# -- what follows -----------------------------------------------------------------------------------------------------


def test_lists_know_the_tier(tiers, add, actor):
    made = tiers(Silver=100)
    add("100")
    member = Account.objects.get().pk
    refresh_facts([member])
    assert CustomerFacts.objects.filter(pk=member).values_list("tier", "tier_rank").get() == ("Silver", 1)
    change_tier(
        code=made["Silver"].code, values=TierValues(name="Mate", threshold=Decimal(100)), actor=actor, now=START
    )
    apply_tiers(START)
    assert CustomerFacts.objects.get(pk=member).tier == "Mate"


def test_a_change_is_an_event_and_a_renewal_is_none(tiers, add):
    tiers(window_months=12, keep_months=1, Silver=100)
    add("100")
    judge_due_tiers(end_of(START, 1))
    told = Event.objects.filter(name="loyalty.tier.changed")
    assert [event.data["cause"] for event in told] == ["reached"]
    assert causes()[-1] == ("renewed", "Silver")


def test_orders_that_came_some_other_way_count(tiers, add, business):
    today = timezone.now()
    tiers(basis="spend", Silver=100)
    add("10", now=today)
    customer = Customer.objects.get()
    order = Order.objects.create(
        business=business, customer=customer, source="import", reference="I1", total=90, placed_at=today
    )
    follow_orders([Event(name="customers.order.placed", customer_id=customer.pk, data={"order": order.code})])
    assert judged_at(timezone.now()) == "Silver"
    Order.objects.filter(pk=order.pk).update(status="cancelled")
    follow_orders([Event(name="customers.order.cancelled", customer_id=customer.pk, data={"order": order.code})])
    assert judged_at(timezone.now()) is None


def test_a_sale_of_the_ledger_is_judged_once(tiers, add):
    tiers(Silver=100)
    add("10")
    follow_orders(Event.objects.all())
    assert Account.objects.get().tier_due_at is None


def test_another_programme_has_tiers_of_its_own(tiers, add, other_programme):
    tiers(Silver=100)
    add("100")
    with tenant_context(other_programme):
        assert not Tier.objects.exists()
        assert not TierChange.objects.exists()
        assert judge_due_tiers(START + timedelta(days=900)) is not None
    assert mine() == "Silver"
