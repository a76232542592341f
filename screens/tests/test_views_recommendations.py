"""Recommendations on the points page, at the till, on the profile and on the pages of staff."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.permissions import Role
from customers.models import Customer, Order
from loyalty.actions.co_visits import learn_co_visits
from loyalty.actions.points import add_points
from loyalty.actions.recommender_settings import RuleValues, change_rule, rules_now, set_cross_promotion
from loyalty.models import CrossPromotion, Recommendation, Reward
from programs.models import DueWork
from screens.tests.test_views_portal_rewards import signed_in
from screens.tests.test_views_till_rewards import text_of
from workspace.models import Business

LIST = "/loyalty/recommendations/"
NEAR = f"{LIST}kind/near_reward/"
OTHERS = f"{LIST}other-businesses/"


@pytest.fixture
def told(actor):
    """told("inactive", hold_back=10): only these rules speak."""

    def call(*names, hold_back=0, **parameters):
        for name in rules_now():
            values = RuleValues(is_active=name in names, hold_back=hold_back, parameters=parameters)
            change_rule(name=name, values=values if name in names else RuleValues(is_active=False), actor=actor)

    return call


@pytest.fixture
def member(customer, business, actor, told):
    """4 points, 3 short of a cake."""
    told("near_reward")
    add_points(
        business=business.pk, customer_id=customer.pk, amount=Decimal(4), key="m", actor=actor, now=timezone.now()
    )
    Reward.objects.create(name="Free cake", points=7)
    return customer


@pytest.fixture
def boss(client_of, owner):
    return client_of(owner)


@pytest.fixture
def staff(client_of, make_member):
    def call(role, business=None):
        return client_of(make_member(f"{role}@example.com", role, business=business))

    return call


# -- members and cashiers ---------------------------------------------------------------------------------------------


def test_the_points_page_says_what_is_near_and_why(member, client_of):
    page = text_of(signed_in(client_of(None), member).get("/p/"))
    assert "Just 3 points to go: Free cake" in page
    assert "You have 4 of 7 points." in page
    row = Recommendation.objects.get()
    assert (row.channel, row.rule, row.till_business) == ("points_page", "near_reward", None)


def test_who_is_left_out_sees_nothing(member, client_of):
    browser = signed_in(client_of(None), member)
    browser.get("/p/")
    Recommendation.objects.update(is_held=True)
    page = text_of(browser.get("/p/"))
    assert "Free cake" in page  # among the rewards, as ever
    assert "Just 3 points to go" not in page


def test_the_till_tells_the_cashier(member, till, business):
    page = text_of(till.get(f"/till/customers/{member.code}/"))
    assert "3 points short of Free cake" in page
    assert "They have 4 of 7 points." in page
    row = Recommendation.objects.get()
    assert (row.channel, row.till_business) == ("till", business)
    assert row.counts_from - row.made_at == timedelta(hours=3)


def test_the_profile_shows_it_without_telling_anybody(member, boss):
    page = text_of(boss.get(f"/customers/{member.code}/"))
    assert "3 points short of Free cake" in page
    assert not Recommendation.objects.exists()


# -- staff ------------------------------------------------------------------------------------------------------------


def judged(rule, *, held, back, number, business=None):
    """So many members whose days are over, some of whom came back on the third day."""
    since = timezone.now() - timedelta(days=60)
    for place in range(number):
        Recommendation.objects.create(
            customer=Customer.objects.create(first_name=f"{rule} {held} {place}"), rule=rule, is_held=held,
            channel="api", at_target=False, made_at=since, counts_from=since, ends_at=since + timedelta(days=30),
            is_open=False, came_back_at=since + timedelta(days=2, hours=1) if place < back else None,
            business=business,
            evidence={"days": 50, "last_visit_on": "2026-01-01", "business_id": "x", "business": "Café", "visits": 3},
        )  # fmt: skip


def test_the_list_says_what_each_rule_did(boss, programme):
    judged("inactive", held=False, back=60, number=100)
    judged("inactive", held=True, back=10, number=50)
    judged("co_visits", held=False, back=3, number=10)
    page = text_of(boss.get(LIST))
    assert "Away for a while" in page
    assert "Brings people back" in page
    assert "60%" in page
    assert "10 of 50 members" in page
    assert "+40.0 of 100 (+23.7 to +52.6)" in page
    assert "Of 100 members, 40.0 more come back when they are told." in page
    assert "Too early to say" in page
    assert "Nobody told yet" in page


def test_a_figure_opens_its_rows(boss, programme):
    judged("inactive", held=False, back=2, number=3)
    judged("inactive", held=True, back=1, number=2)
    url = f"{LIST}kind/inactive/"
    listed = boss.get(LIST).content.decode()
    assert f'href="{url}?group=told&amp;outcome=back"' in listed
    rows = boss.get(f"{url}?group=told&outcome=back").content.decode()
    assert [name in rows for name in ("inactive False 0", "inactive False 2", "inactive True 0")] == [
        True,
        False,
        False,
    ]
    assert "Came back on day 3" in rows
    assert "Likes Café best, with 3 visits." in rows
    assert "Nobody fits" in boss.get(f"{url}?group=left_out&outcome=running").content.decode()


def test_a_rule_is_changed_and_wrong_input_stays_on_the_form(boss, programme):
    wrong = boss.post(f"{NEAR}settings/", {"is_active": "on", "within": "0", "hold_back": "60", "outcome_days": "x"})
    assert wrong.status_code == 422
    assert 'value="60"' in wrong.content.decode()
    assert rules_now()["near_reward"].parameters == {"within": 50}
    saved = boss.post(f"{NEAR}settings/", {"within": "75", "hold_back": "20", "outcome_days": "14"})
    assert saved.status_code == 303
    assert rules_now()["near_reward"] == RuleValues(
        is_active=False, parameters={"within": 75}, hold_back=20, outcome_days=14
    )
    assert "75" in text_of(boss.get(LIST))


def test_a_value_that_only_the_action_refuses_is_told_at_its_field(boss, programme):
    wrong = boss.post(f"{NEAR}settings/", {"within": "0", "hold_back": "10", "outcome_days": "30"})
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert re.search(r'id="id_within-error"[^>]*>[^<]*(<[^>]+>)*[^<]*Enter a whole number from 1 to 1000000', page)


def test_an_unknown_rule_is_not_there(boss, programme):
    assert boss.get(f"{LIST}kind/tarot/").status_code == 404
    assert boss.post(f"{LIST}kind/tarot/settings/", {}).status_code == 404


@pytest.mark.parametrize(("role", "may"), [(Role.MANAGER, True), (Role.ANALYST, False)])
def test_who_may_change(staff, programme, role, may):
    person = staff(role)
    assert ("How it is used" in person.get(NEAR).content.decode()) is may
    body = {"within": "75", "hold_back": "20", "outcome_days": "14"}
    assert person.post(f"{NEAR}settings/", body).status_code == (303 if may else 403)


def test_people_of_one_business_see_what_is_theirs_and_change_nothing(staff, business, other_business):
    judged("inactive", held=False, back=1, number=2, business=business)
    judged("inactive", held=False, back=5, number=7, business=other_business)
    manager = staff(Role.MANAGER, business=business)
    assert "1 of 2 members" in text_of(manager.get(LIST))
    assert "How it is used" not in manager.get(NEAR).content.decode()
    assert manager.post(f"{NEAR}settings/", {"within": "9", "hold_back": "5", "outcome_days": "14"}).status_code == 403
    body = {"verdict": "always", "other": other_business.code}
    assert manager.post(f"{OTHERS}set/", body).status_code == 403
    assert manager.post(f"{OTHERS}learn/").status_code == 403
    assert not CrossPromotion.objects.exists()


def test_members_who_never_bought_there_have_no_name_for_people_of_one_business(staff, business, other_business):
    judged("inactive", held=False, back=1, number=2, business=business)
    known = Customer.objects.order_by("pk").first()
    Order.objects.create(
        business=business, source="t", reference="1", customer=known, total=5, placed_at=timezone.now()
    )
    shown = staff(Role.MANAGER, business=business).get(f"{LIST}kind/inactive/").content.decode()
    unknown = Customer.objects.exclude(pk=known.pk).get()
    assert (known.first_name in shown, known.code in shown) == (True, True)
    assert (unknown.first_name in shown, unknown.code in shown) == (False, False)
    assert "A member who has not bought here" in shown
    assert unknown.first_name in staff(Role.OWNER).get(f"{LIST}kind/inactive/").content.decode()


def test_people_of_one_business_read_the_words_about_it_only(staff, business, other_business, actor):
    third = Business.objects.create(name="Florist")
    for other, text in ((business, "Ours"), (third, "Theirs")):
        set_cross_promotion(
            business=other_business.code, other=other.code, verdict="always", text=text, actor=actor, now=timezone.now()
        )
    page = text_of(staff(Role.MANAGER, business=business).get(OTHERS))
    assert "Ours" in page
    assert "Theirs" not in page


def test_which_business_goes_with_which(boss, business, other_business):
    for number in range(4):
        somebody = Customer.objects.create(first_name=str(number))
        for shop in (business, other_business)[: 1 + number % 2]:
            Order.objects.create(
                business=shop, source="t", reference=str(number), customer=somebody, total=5, placed_at=timezone.now()
            )
    assert "Nothing counted yet" in text_of(boss.get(OTHERS))
    learn_co_visits(now=timezone.now())
    page = text_of(boss.get(OTHERS))
    assert "2 of 4" in page
    assert "2 of 2" in page


def test_the_owners_word_is_set_and_taken_back(boss, business, other_business):
    body = {"verdict": "always", "other": other_business.code, "business": business.code, "text": "Try their bread"}
    assert boss.post(f"{OTHERS}set/", body).status_code == 303
    assert boss.post(f"{OTHERS}set/", body).status_code == 303  # a double click
    promotion = CrossPromotion.objects.get()
    assert "Try their bread" in text_of(boss.get(OTHERS))
    same = boss.post(f"{OTHERS}set/", {**body, "other": business.code})
    assert (same.status_code, "Choose another business than the first." in same.content.decode()) == (422, True)
    assert boss.post(f"{OTHERS}{promotion.code}/delete/").status_code == 303
    assert boss.post(f"{OTHERS}{promotion.code}/delete/").status_code == 404
    assert not CrossPromotion.objects.exists()


def test_counting_anew_is_the_backgrounds_work(boss, business):
    DueWork.objects.all().delete()
    assert boss.post(f"{OTHERS}learn/").status_code == 303
    assert DueWork.objects.get(kind="loyalty.recommendations.learn").next_due_at <= timezone.now()


def test_alone_there_is_no_other(boss, business):
    assert "There is one business" in text_of(boss.get(OTHERS))
    assert OTHERS not in boss.get(LIST).content.decode()
