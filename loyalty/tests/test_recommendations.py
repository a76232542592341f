"""What is suggested to whom and why; who is left out by chance; who came back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.errors import InvalidInput, PermissionRefused
from customers.actions.customers import find_or_create_by_phone
from customers.models import Event, Order
from loyalty.actions import points
from loyalty.actions.co_visits import learn_co_visits
from loyalty.actions.recommendations import (
    forget_recommendations,
    look_at,
    note_returns,
    recommend,
    sweep_recommendations,
)
from loyalty.actions.recommender_settings import (
    RuleValues,
    change_rule,
    delete_cross_promotion,
    rules_now,
    set_cross_promotion,
)
from loyalty.errors import UnknownBusiness, UnknownCrossPromotion, UnknownRecommender
from loyalty.models import Account, CoVisit, CrossPromotion, Recommendation, Reward, Tier
from loyalty.recommenders import RECOMMENDERS
from loyalty.tasks import follow_recommended, learn_recommendations
from loyalty.tests.given import PHONE
from programs.models import Programme
from workspace.models import AuditEntry, Business

RULES = tuple(RECOMMENDERS)


@pytest.fixture
def cafe(business):
    return business


@pytest.fixture
def bakery(other_business):
    return other_business


@pytest.fixture
def florist(programme):
    return Business.objects.create(name="Florist")


@pytest.fixture
def use(actor):
    """use("inactive", days=30) switches every other rule off and leaves nobody out, unless said."""

    def call(*names, is_active=True, hold_back=0, outcome_days=30, **parameters):
        for name in RULES:
            values = RuleValues(
                is_active=is_active and name in names,
                parameters=parameters if name in names else {},
                hold_back=hold_back,
                outcome_days=outcome_days,
            )
            change_rule(name=name, values=values, actor=actor)

    return call


@pytest.fixture
def person(programme, actor, now):
    numbers = iter(range(100, 1000))

    def call():
        phone = f"+447700901{next(numbers)}"
        return find_or_create_by_phone(phone=phone, source="till", actor=actor, region="GB", now=now).customer

    return call


@pytest.fixture
def bought(now):
    """bought(customer, business, days_ago=3)"""
    numbers = iter(range(10_000))

    def call(customer, business, days_ago=1.0, **changes):
        given = {"reference": f"S{next(numbers)}", "placed_at": now - timedelta(days=days_ago), "total": 5, **changes}
        return Order.objects.create(business=business, source="test", customer=customer, **given)

    return call


def said(told, customer):
    return [(one.rule.name, dict(one.evidence)) for one in told.get(customer.pk, ())]


def ask(customer, now, **changes):
    return recommend([customer.pk], now=now, **{"channel": "points_page", **changes})


# -- near a reward ----------------------------------------------------------------------------------------------------


@pytest.fixture
def member(add, use):
    """Has 100 points; only "near a reward" speaks, within 30 points."""
    use("near_reward", within=30)
    add("100")
    return Account.objects.get().customer


def test_a_reward_that_is_near_is_suggested_with_its_figures(member, now):
    reward = Reward.objects.create(name="Free cake", points=120)
    Reward.objects.create(name="Far away", points=131)
    Reward.objects.create(name="To be had", points=90)
    expected = {"missing": 20, "balance": 100, "cost": 120, "reward_id": reward.code, "reward": "Free cake"}
    told = ask(member, now)
    assert said(told, member) == [("near_reward", expected)]
    (one,) = told[member.pk]
    assert one.to_member.text == "Just 20 points to go: Free cake"
    assert one.to_member.reason == "You have 100 of 120 points."
    assert one.to_staff.text == "20 points short of Free cake"


@pytest.mark.parametrize("points_missing", [1, 30])
def test_both_ends_of_near(member, now, points_missing):
    Reward.objects.create(name="Cake", points=100 + points_missing)
    assert len(ask(member, now)[member.pk]) == 1


def test_what_lacks_more_than_points_is_not_suggested(member, now):
    gold = Tier.objects.create(name="Gold", rank=1, threshold=1000)
    Reward.objects.create(name="For gold", points=110, tier=gold)
    Reward.objects.create(name="None left", points=110, stock=0)
    Reward.objects.create(name="Over", points=110, ends_at=now - timedelta(days=1))
    Reward.objects.create(name="Away", points=110, is_active=False)
    taken = Reward.objects.create(name="Once only", points=10, member_limit=1)
    points.redeem_points(
        business=Business.objects.first().pk, reward=taken.code, customer_id=member.pk, key="t",
        actor=SYSTEM, now=now,
    )  # fmt: skip
    taken.points = 110
    taken.save()
    assert ask(member, now) == {}


def test_the_nearest_reward_comes_first(member, now):
    Reward.objects.create(name="Farther", points=125)
    Reward.objects.create(name="Nearer", points=110)
    assert said(ask(member, now), member)[0][1]["reward"] == "Nearer"


def test_points_that_have_run_out_untouched_do_not_count(member, now, actor):
    Reward.objects.create(name="Cake", points=120)
    Account.objects.update(expires_next_at=now - timedelta(hours=1))
    assert said(ask(member, now), member)[0][1]["balance"] == 100  # judged by its lots, which still live


# -- away for a while -------------------------------------------------------------------------------------------------


def test_who_stayed_away_is_reminded_of_the_business_they_love(use, person, bought, cafe, bakery, now):
    use("inactive", days=45)
    somebody = person()
    for days_ago in (300, 200, 100):
        bought(somebody, bakery, days_ago)
    bought(somebody, cafe, 50)
    (rule, evidence), *_more = said(ask(somebody, now), somebody)
    assert rule == "inactive"
    assert evidence == {
        "days": 50,
        "last_visit_on": (now - timedelta(days=50)).date().isoformat(),
        "business_id": bakery.code,
        "business": bakery.name,
        "visits": 3,
    }


@pytest.mark.parametrize(("days_ago", "is_told"), [(44, False), (45, True)])
def test_how_long_is_away(use, person, bought, cafe, now, days_ago, is_told):
    use("inactive", days=45)
    somebody = person()
    bought(somebody, cafe, days_ago)
    assert bool(ask(somebody, now)) is is_told


def test_of_two_loved_alike_the_later_and_never_a_closed_one(use, person, bought, cafe, bakery, florist, now):
    use("inactive", days=45)
    somebody = person()
    bought(somebody, cafe, 90)
    bought(somebody, bakery, 60)
    for days_ago in (70, 71, 72):
        bought(somebody, florist, days_ago)
    Business.objects.filter(pk=florist.pk).update(is_active=False)
    assert said(ask(somebody, now), somebody)[0][1]["business"] == bakery.name


def test_who_never_bought_or_only_cancelled_is_not_reminded(use, person, bought, cafe, now):
    use("inactive", days=45)
    newcomer, cancelled = person(), person()
    bought(cancelled, cafe, 60, status="cancelled")
    assert recommend([newcomer.pk, cancelled.pk], channel="api", now=now) == {}


# -- other businesses -------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(person, bought, cafe, bakery, florist):
    """20 buy at the café: 12 of them at the bakery, too, 6 at the florist."""
    for number in range(20):
        one = person()
        bought(one, cafe, 10)
        if number < 12:
            bought(one, bakery, 9)
        if number < 6:
            bought(one, florist, 8)


def test_co_visits_are_counted_by_person(crowd, cafe, bakery, florist, person, bought, now):
    twice = person()
    bought(twice, cafe, 3)
    bought(twice, cafe, 2)
    bought(person(), bakery, 2, status="cancelled")
    bought(person(), bakery, 181)
    assert learn_co_visits(now=now) == 6
    pair = CoVisit.objects.get(business=cafe, other=bakery)
    assert (pair.both, pair.here, pair.there, pair.everybody) == (12, 21, 12, 21)
    assert pair.percent == 57
    assert pair.low == pytest.approx(0.3655, abs=5e-4)  # Wilson, 12 of 21
    assert CoVisit.objects.get(business=florist, other=bakery).both == 6


def test_who_buys_here_is_told_where_the_others_buy_too(use, crowd, person, bought, cafe, bakery, florist, now):
    use("co_visits", least_both=5, least_percent=10)
    learn_co_visits(now=now)
    somebody = person()
    bought(somebody, cafe)
    rule, evidence = said(ask(somebody, now), somebody)[0]
    assert (rule, evidence["business"], evidence["because_business"]) == ("co_visits", bakery.name, cafe.name)
    assert (evidence["both"], evidence["here"], evidence["percent"]) == (12, 20, 60)
    reason = RECOMMENDERS["co_visits"].to_member(evidence).reason
    assert reason == f"60 of 100 customers of {cafe.name} buy there, too."


def test_a_business_that_the_member_knows_is_not_suggested(use, crowd, person, bought, cafe, bakery, florist, now):
    use("co_visits", least_both=5, unknown_days=100)
    learn_co_visits(now=now)
    somebody = person()
    bought(somebody, cafe)
    bought(somebody, bakery, 99)
    assert said(ask(somebody, now), somebody)[0][1]["business"] == florist.name


@pytest.mark.parametrize("parameters", [{"least_both": 13, "least_percent": 1}, {"least_both": 5, "least_percent": 39}])
def test_few_people_and_low_shares_prove_nothing(use, crowd, person, bought, cafe, now, parameters):
    """12 of 20 are surely more than 38 of 100 (Wilson), not 39."""
    use("co_visits", **parameters)
    learn_co_visits(now=now)
    somebody = person()
    bought(somebody, cafe)
    assert ask(somebody, now) == {}


def test_the_owners_word_goes_first_either_way(use, crowd, person, bought, cafe, bakery, florist, actor, now):
    use("co_visits", least_both=5)
    learn_co_visits(now=now)
    somebody, newcomer = person(), person()
    bought(somebody, cafe)
    set_cross_promotion(business=cafe.code, other=bakery.code, verdict="never", actor=actor, now=now)
    assert said(look(somebody, now), somebody)[0][1]["business"] == florist.name
    word = set_cross_promotion(
        business="", other=bakery.code, verdict="always", text="10 % off with this page", actor=actor, now=now
    )
    (_rule, evidence) = said(look(somebody, now), somebody)[0]
    assert (evidence["chosen_by"], evidence["business"]) == ("owner", bakery.name)
    assert RECOMMENDERS["co_visits"].to_member(evidence).reason == "10 % off with this page"
    assert said(look(newcomer, now), newcomer)[0][1]["business"] == bakery.name  # anywhere is also nowhere yet
    delete_cross_promotion(code=word.code, actor=actor)
    assert said(look(newcomer, now), newcomer) == []


def look(customer, now):
    return {customer.pk: look_at(customer.pk, now=now)}


def test_one_business_has_nobody_to_share_with(use, person, bought, business, now):
    use("co_visits", least_both=5, least_percent=1)
    somebody = person()
    bought(somebody, business)
    assert learn_co_visits(now=now) == 0
    assert ask(somebody, now) == {}


def test_a_word_said_again_is_the_new_one(cafe, bakery, actor, now):
    first = set_cross_promotion(business="", other=bakery.code, verdict="always", text="Try it", actor=actor, now=now)
    again = set_cross_promotion(business="", other=bakery.code, verdict="never", text="Try it", actor=actor, now=now)
    assert (CrossPromotion.objects.count(), again.code, again.verdict, again.text) == (1, first.code, "never", "")


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"other": "CAFE"}, "other"), ({"verdict": "maybe"}, "verdict"), ({"text": "x" * 141}, "text")],
)
def test_words_that_make_no_sense(cafe, bakery, actor, now, changes, field):
    given = {"business": cafe.code, "other": bakery.code, "verdict": "always", "text": "", **changes}
    given["other"] = cafe.code if given["other"] == "CAFE" else given["other"]
    with pytest.raises(InvalidInput) as refused:
        set_cross_promotion(**given, actor=actor, now=now)
    assert refused.value.field == field
    assert not CrossPromotion.objects.exists()


def test_a_word_can_be_changed_when_there_are_as_many_as_can_be(cafe, bakery, florist, actor, now, monkeypatch):
    monkeypatch.setattr("loyalty.actions.recommender_settings.MOST_PROMOTIONS", 1)
    given = {"business": "", "other": bakery.code, "actor": actor, "now": now}
    set_cross_promotion(verdict="always", **given)
    assert set_cross_promotion(verdict="never", **given).verdict == "never"
    with pytest.raises(InvalidInput):
        set_cross_promotion(verdict="never", **{**given, "other": florist.code})


def test_unknown_businesses_and_words(cafe, actor, now):
    with pytest.raises(UnknownBusiness):
        set_cross_promotion(business="", other="nobody", verdict="always", actor=actor, now=now)
    with pytest.raises(UnknownCrossPromotion):
        delete_cross_promotion(code="nobody\0", actor=actor)


# -- who is told ------------------------------------------------------------------------------------------------------


def test_chance_leaves_out_about_as_many_as_the_owner_says(use, person, bought, cafe, now):
    use("inactive", days=7, hold_back=50)
    people = [person() for _number in range(200)]
    for one in people:
        bought(one, cafe, 20)
    told = recommend([one.pk for one in people], channel="api", now=now)
    held = Recommendation.objects.filter(is_held=True).count()
    assert 55 <= held <= 145  # six standard deviations of 200 fair coins
    assert len(told) == 200 - held == Recommendation.objects.filter(is_held=False).count()


def test_asked_again_the_same_people_are_told_and_nobody_is_drawn_twice(use, person, bought, cafe, now):
    use("inactive", days=7, hold_back=50)
    people = [person() for _number in range(40)]
    for one in people:
        bought(one, cafe, 20)
    pks = [one.pk for one in people]
    first = recommend(pks, channel="api", now=now)
    again = recommend(pks, channel="points_page", now=now + timedelta(days=29))
    assert set(first) == set(again)
    assert Recommendation.objects.count() == 40


def test_when_its_days_are_over_chance_is_asked_anew(use, person, bought, cafe, now):
    use("inactive", days=7, outcome_days=30)
    somebody = person()
    bought(somebody, cafe, 20)
    ask(somebody, now)
    ask(somebody, now + timedelta(days=30))
    rows = Recommendation.objects.order_by("pk")
    assert [(row.is_open, row.made_at) for row in rows] == [(False, now), (True, now + timedelta(days=30))]


def test_a_suggested_business_stays_the_suggested_one(use, crowd, person, bought, cafe, bakery, florist, actor, now):
    use("co_visits", least_both=5)
    learn_co_visits(now=now)
    somebody = person()
    bought(somebody, cafe)
    ask(somebody, now)
    set_cross_promotion(business="", other=florist.code, verdict="always", actor=actor, now=now)
    assert said(ask(somebody, now), somebody)[0][1]["business"] == bakery.name
    bought(somebody, bakery, -1)
    assert ask(somebody, now + timedelta(days=2)) == {}  # they went there; nothing new until its days are over
    later = ask(somebody, now + timedelta(days=31))
    assert said(later, somebody)[0][1]["business"] == florist.name


@pytest.fixture
def somebody_away(committed_database, now):
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    shop = Business.objects.create(name="Quayside")
    made = {"source": "test", "placed_at": now - timedelta(days=60), "total": 5}
    customer = find_or_create_by_phone(phone=PHONE, source="till", actor=SYSTEM, region="GB", now=now).customer
    Order.objects.create(business=shop, reference="1", customer=customer, **made)
    change_rule(name="inactive", values=RuleValues(hold_back=50), actor=SYSTEM)
    return customer.pk


def test_many_at_once_draw_once(somebody_away, in_threads, now):
    answers = in_threads([lambda: recommend([somebody_away], channel="points_page", now=now)] * 8)
    assert len({bool(answer) for answer in answers}) == 1
    assert Recommendation.objects.count() == 1


def test_looking_notes_nothing_and_shows_who_is_left_out(use, person, bought, cafe, now):
    use("inactive", days=7)
    somebody = person()
    bought(somebody, cafe, 20)
    assert [(one.code, one.is_held) for one in look_at(somebody.pk, now=now)] == [("", False)]
    assert not Recommendation.objects.exists()
    ask(somebody, now)
    Recommendation.objects.update(is_held=True)
    assert ask(somebody, now) == {}
    assert [one.is_held for one in look_at(somebody.pk, now=now)] == [True]
    look_at(somebody.pk, now=now + timedelta(days=31))
    assert Recommendation.objects.get().is_open  # its days are over, and looking does not close it


def test_a_rule_that_is_off_says_nothing(use, person, bought, cafe, now):
    use(is_active=False)
    somebody = person()
    bought(somebody, cafe, 60)
    assert ask(somebody, now) == {}
    assert look_at(somebody.pk, now=now) == []


def test_many_members_cost_no_more_queries_than_one(
    use, crowd, person, bought, cafe, now, actor, django_assert_max_num_queries
):
    learn_co_visits(now=now)
    people = [person() for _number in range(30)]
    for one in people:
        bought(one, cafe, 60)
        points.add_points(
            business=cafe.pk, amount=Decimal(10), customer_id=one.pk, key=str(one.pk), actor=actor, now=now
        )
    Reward.objects.create(name="Cake", points=20, member_limit=1)
    with django_assert_max_num_queries(16):
        recommend([one.pk for one in people], channel="api", now=now)


# -- who came back ----------------------------------------------------------------------------------------------------


@pytest.fixture
def reminded(use, person, bought, cafe, now):
    use("inactive", days=7, outcome_days=30)
    somebody = person()
    bought(somebody, cafe, 20)
    ask(somebody, now)
    return somebody


def came_back(now, days=40):
    note_returns(now=now + timedelta(days=days))
    return Recommendation.objects.get().came_back_at


def test_the_first_purchase_in_time_is_coming_back(reminded, bought, cafe, bakery, now):
    bought(reminded, bakery, -6)
    bought(reminded, cafe, -5)
    assert came_back(now, 7) == now + timedelta(days=5)
    assert Recommendation.objects.get().is_open


@pytest.mark.parametrize(("days", "counts"), [(0, True), (29.99, True), (30, False)])
def test_the_days_that_count(reminded, bought, cafe, now, days, counts):
    bought(reminded, cafe, -days)
    assert (came_back(now, 31) is not None) is counts
    assert not Recommendation.objects.get().is_open


def test_a_cancelled_purchase_was_none(reminded, bought, cafe, now):
    order = bought(reminded, cafe, -5)
    assert came_back(now, 6) is not None
    order.status = "cancelled"
    order.save()
    bought(reminded, cafe, -8)
    assert came_back(now, 9) == now + timedelta(days=8)


def test_orders_that_come_late_count_for_a_week(reminded, bought, cafe, now):
    bought(reminded, cafe, -5)
    note_returns(now=now + timedelta(days=37, seconds=1))
    assert Recommendation.objects.get().came_back_at is None


def test_what_is_said_at_the_till_is_not_followed_by_that_same_sale(use, person, bought, cafe, now):
    use("inactive", days=7)
    somebody = person()
    bought(somebody, cafe, 20)
    ask(somebody, now, channel="till", till_business_id=cafe.pk)
    bought(somebody, cafe, -2 / 24)
    assert came_back(now, 1) is None
    bought(somebody, cafe, -4 / 24)
    assert came_back(now, 1) == now + timedelta(hours=4)


def test_only_the_suggested_business_counts_for_another_business(use, crowd, person, bought, cafe, bakery, now):
    use("co_visits", least_both=5)
    learn_co_visits(now=now)
    somebody = person()
    bought(somebody, cafe)
    ask(somebody, now, channel="till", till_business_id=cafe.pk)
    bought(somebody, cafe, -1)
    assert came_back(now, 2) is None
    bought(somebody, bakery, -1 / 24)  # next door, at once
    assert came_back(now, 2) == now + timedelta(hours=1)


def test_the_stream_tells_who_came_back(use, person, bought, cafe, actor):
    use("inactive", days=7)
    somebody, now = person(), timezone.now()
    bought(somebody, cafe, placed_at=now - timedelta(days=20))
    ask(somebody, now)
    points.add_points(business=cafe.pk, amount=Decimal(5), customer_id=somebody.pk, key="b", actor=actor, now=now)
    follow_recommended(list(Event.objects.order_by("pk")))
    assert Recommendation.objects.get().came_back_at == now


def test_the_nightly_work_learns_and_comes_again(crowd, now, programme):
    later = learn_recommendations(now)
    assert CoVisit.objects.count() == 6
    assert timedelta(0) < later - now <= timedelta(days=2)
    assert later.astimezone(programme.zone).hour == 3


def test_old_rows_go_and_an_erased_persons_at_once(reminded, now):
    assert sweep_recommendations(now=now + timedelta(days=700)) == 0
    assert sweep_recommendations(now=now + timedelta(days=800)) == 1
    ask(reminded, now)
    forget_recommendations(customer_id=reminded.pk)
    assert not Recommendation.objects.exists()


# -- what the owner decides -------------------------------------------------------------------------------------------


def test_a_change_is_kept_and_told_to_the_audit_log(actor):
    change_rule(name="inactive", values=RuleValues(parameters={"days": 60}, hold_back=20), actor=actor)
    kept = rules_now()["inactive"]
    assert (kept.parameters, kept.hold_back, kept.outcome_days, kept.is_active) == ({"days": 60}, 20, 30, True)
    entry = AuditEntry.objects.get(action="loyalty.recommender.changed")
    assert entry.data["changes"] == {"days": {"before": 45, "after": 60}, "hold_back": {"before": 10, "after": 20}}
    change_rule(name="inactive", values=kept, actor=actor)
    assert AuditEntry.objects.filter(action="loyalty.recommender.changed").count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (RuleValues(parameters={"days": 6}), "days"),
        (RuleValues(parameters={"days": 721}), "days"),
        (RuleValues(parameters={"weeks": 3}), "weeks"),
        (RuleValues(hold_back=51), "hold_back"),
        (RuleValues(hold_back=-1), "hold_back"),
        (RuleValues(outcome_days=6), "outcome_days"),
        (RuleValues(outcome_days=91), "outcome_days"),
    ],
)
def test_values_out_of_range(programme, actor, values, field):
    with pytest.raises(InvalidInput) as refused:
        change_rule(name="inactive", values=values, actor=actor)
    assert refused.value.field == field
    assert rules_now()["inactive"].parameters == {"days": 45}


def test_only_who_sees_all_decides(programme, business, other_business, actor, now):
    limited = Actor(kind="user", id="9", label="Nia", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        change_rule(name="inactive", values=RuleValues(), actor=limited)
    with pytest.raises(PermissionRefused):
        set_cross_promotion(business="", other=business.code, verdict="always", actor=limited, now=now)
    with pytest.raises(UnknownRecommender):
        change_rule(name="crystal_ball", values=RuleValues(), actor=actor)


def test_another_programme_learns_and_suggests_for_itself(reminded, crowd, now, other_programme):
    learn_co_visits(now=now)
    with tenant_context(other_programme):
        assert not CoVisit.objects.exists()
        assert not Recommendation.objects.exists()
        assert learn_co_visits(now=now) == 0
        assert recommend([reminded.pk], channel="api", now=now) == {}
    assert connection.schema_name != other_programme.schema_name
