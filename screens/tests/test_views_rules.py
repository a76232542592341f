"""The pages of earning rules: who may, what they show and refuse, and that the example is never written."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from core.permissions import Role
from customers.models import Customer, Order
from loyalty.actions import points
from loyalty.models import Account, EarningRule, Tier
from screens.rule_starts import STARTS
from workspace.models import AuditEntry

ROLES = ("owner", "manager", "marketer", "analyst", "cashier", "outsider")
EVERYBODY, EDITORS = {"owner", "manager", "marketer", "analyst"}, {"owner", "manager"}
DOUBLE = {"name": "Double on coffee", "factor": "2", "categories": "Coffee, tea"}
BASKET = {
    "try-day": "2027-06-15", "try-at": "12:00", "try-category_1": "coffee", "try-amount_1": "8", "try-amount_2": "4",
}  # fmt: skip


@pytest.fixture
def rule(programme):
    return EarningRule.objects.create(name="Double on coffee", effect="multiply", factor=2, categories=["coffee"])


@pytest.fixture
def bound_manager(make_member, business):
    return make_member("ines@example.com", Role.MANAGER, business=business)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/loyalty/rules/", EVERYBODY),
        ("get", "/loyalty/rules/new/", EDITORS),
        ("get", "/loyalty/rules/new/day/", EDITORS),
        ("post", "/loyalty/rules/new/day/", EDITORS),
        ("post", "/loyalty/rules/new/day/preview/", EDITORS),
        ("get", "/loyalty/rules/{rule}/", EDITORS),
        ("post", "/loyalty/rules/{rule}/preview/", EDITORS),
        ("post", "/loyalty/rules/{rule}/switch/", EDITORS),
        ("post", "/loyalty/rules/{rule}/place/", EDITORS),
        ("post", "/loyalty/rules/{rule}/delete/", EDITORS),
    ],
)
def test_each_page_is_for_its_roles(method, path, allowed, client_of, request, business, rule):
    refused = {
        role
        for role in ROLES
        if getattr(client_of(request.getfixturevalue(role)), method)(path.format(rule=rule.code)).status_code == 403
    }
    assert refused == set(ROLES) - allowed
    assert getattr(client_of(None), method)(path.format(rule=rule.code)).status_code == 302


def main_of(response):
    return response.content.decode().split("<main")[1].split("</main>")[0]


def test_the_list_says_rules_as_sentences_and_analysts_see_no_forms(client_of, owner, analyst, rule):
    html = main_of(client_of(owner).get("/loyalty/rules/"))
    assert "Double points on coffee" in html
    assert 'method="post"' in html
    assert 'method="post"' not in main_of(client_of(analyst).get("/loyalty/rules/"))
    EarningRule.objects.all().delete()
    assert "No rules yet" in main_of(client_of(owner).get("/loyalty/rules/"))


@pytest.mark.parametrize("start", [start.slug for start in STARTS])
def test_every_starting_point_can_be_saved_as_it_is(start, client_of, owner, business):
    browser = client_of(owner)
    response = browser.get(f"/loyalty/rules/new/{start}/")
    assert response.status_code == 200
    initial = {name: value for name, value in response.context["form"].initial.items() if value is not False}
    if start == "product":
        initial["products"] = "CUP"
    saved = browser.post(f"/loyalty/rules/new/{start}/", initial)
    assert (saved.status_code, saved.headers["Location"]) == (303, "/loyalty/rules/")
    rule = EarningRule.objects.get()
    again = browser.get(f"/loyalty/rules/{rule.code}/")
    assert again.status_code == 200
    shown = {
        name: [str(one) for one in value] if isinstance(value, list) else value
        for name, value in again.context["form"].initial.items()
        if value not in (None, False, "", [])
    }
    shown = {name: value for name, value in shown.items() if name in again.context["form"].fields}
    for name in ("categories", "products"):
        if name in shown:
            shown[name] = ", ".join(shown[name])
    before = EarningRule.objects.values().get()
    assert browser.post(f"/loyalty/rules/{rule.code}/", shown).status_code == 303
    after = EarningRule.objects.values().get()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}


def test_a_sale_goes_by_what_was_saved(client_of, owner, business, actor, now):
    client_of(owner).post("/loyalty/rules/new/day/", {"name": "Wednesday", "factor": "2,5", "weekdays": ["3"]})
    posting = points.add_points(
        business=business.pk, phone="07700 900123", amount=Decimal(10), key="k", actor=actor, now=now
    )
    assert posting.points == 25


@pytest.mark.parametrize(
    ("start", "typed", "field"),
    [
        ("day", {"name": ""}, "name"),
        ("day", {"factor": "x"}, "factor"),
        ("day", {"factor": "1"}, "factor"),
        ("day", {"factor": "0.5", "min_spend": "10"}, "min_spend"),
        ("day", {"from_time": "10:00"}, "to_time"),
        ("day", {"starts_on": "2026-06-02", "ends_on": "2026-06-01"}, "ends_on"),
        ("day", {"weekdays": ["9"]}, "weekdays"),
        ("cap", {"points": "0"}, "points"),
        ("action", {"action": "two words"}, "action"),
        ("action", {"per_limit": "3", "per": ""}, "per"),
    ],
)
def test_errors_stand_at_their_field(start, typed, field, client_of, owner, business):
    given = {"name": "x", "factor": "2", "points": "5", "per": "day", "action": "review", "per_limit": "1", **typed}
    response = client_of(owner).post(f"/loyalty/rules/new/{start}/", given)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not EarningRule.objects.exists()


def counts():
    return [model.objects.count() for model in (EarningRule, Customer, Account, Order, AuditEntry)]


def trial(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_example_follows_what_is_typed_and_is_not_written(client_of, owner, business):
    browser = client_of(owner)
    basket = {**BASKET, "try-business": business.code}
    before = counts()
    headers = {"hx-request": "true", "hx-target": "rule-trial"}
    part = browser.post("/loyalty/rules/new/category/preview/", {**DOUBLE, **basket}, headers=headers)
    text = trial(part.content.decode())
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert "Double on coffee: ×2 on £8.00 +8" in text
    assert "Points in all 20" in text
    assert "This rule adds 8 here." in text
    tea = browser.post(
        "/loyalty/rules/new/category/preview/", {**DOUBLE, "categories": "tea", **basket}, headers=headers
    )
    assert "changes nothing here" in trial(tea.content.decode())
    whole = browser.post("/loyalty/rules/new/category/preview/", {**DOUBLE, **basket})
    assert "This rule adds 8 here." in trial(whole.content.decode())
    assert "<html" in whole.content.decode()
    assert counts() == before


def test_the_example_of_a_stored_rule_leaves_it_as_it_is(client_of, owner, business, rule):
    before = EarningRule.objects.values().get()
    response = client_of(owner).post(
        f"/loyalty/rules/{rule.code}/preview/", {**DOUBLE, "factor": "3", **BASKET, "try-business": business.code}
    )
    assert "This rule adds 16 here." in trial(response.content.decode())
    assert EarningRule.objects.values().get() == before


@pytest.mark.parametrize(
    "typed",
    [
        {"factor": "x"},
        {"factor": "1"},
        {"try-amount_1": "x"},
        {"try-day": ""},
        {"try-business": "nothing0"},
        {"name": ""},
    ],
)
def test_an_example_that_cannot_be_says_what_is_missing(typed, client_of, owner, business):
    given = {**DOUBLE, **BASKET, "try-business": business.code, **typed}
    headers = {"hx-request": "true", "hx-target": "rule-trial"}
    response = client_of(owner).post("/loyalty/rules/new/category/preview/", given, headers=headers)
    assert response.status_code == 200
    text = trial(response.content.decode())
    assert "Points in all" not in text
    assert len(text.strip()) > 20


@pytest.mark.parametrize("start", [one.slug for one in STARTS if one.shape.has_basket and one.slug != "product"])
def test_the_first_example_is_one_that_the_rule_meets(start, client_of, owner, business):
    Tier.objects.create(name="Silver", rank=1, threshold=100)
    response = client_of(owner).get(f"/loyalty/rules/new/{start}/")
    if start == "cap":
        assert response.context["card"] is not None
    else:
        assert response.context["card"].tone == "success"


def test_rules_are_switched_moved_and_deleted(client_of, owner, rule):
    other = EarningRule.objects.create(name="Other", effect="bonus", points=5, position=1)
    browser = client_of(owner)
    browser.post(f"/loyalty/rules/{rule.code}/switch/", {"on": "0"})
    rule.refresh_from_db()
    assert rule.is_active is False
    browser.post(f"/loyalty/rules/{rule.code}/switch/", {"on": "1"})
    browser.post(f"/loyalty/rules/{rule.code}/place/", {"place": "2"})
    assert list(EarningRule.objects.values_list("pk", "is_active")) == [(other.pk, True), (rule.pk, True)]
    assert browser.post(f"/loyalty/rules/{rule.code}/place/", {"place": "x"}).status_code == 422
    assert browser.post(f"/loyalty/rules/{rule.code}/delete/").status_code == 303
    assert EarningRule.objects.get() == other


def test_a_rule_that_gave_points_offers_no_deleting(client_of, owner, business, actor, now):
    rule = EarningRule.objects.create(name="Review", trigger="action", effect="bonus", action="review", points=5)
    points.award_bonus(action="review", phone="07700 900123", key="k", actor=actor, now=now)
    browser = client_of(owner)
    assert "delete-rule" not in browser.get(f"/loyalty/rules/{rule.code}/").content.decode()
    assert browser.post(f"/loyalty/rules/{rule.code}/delete/").status_code == 409


def test_a_bound_manager_makes_rules_for_the_own_business(client_of, bound_manager, business, other_business, rule):
    browser = client_of(bound_manager)
    theirs = EarningRule.objects.create(name="Elsewhere", effect="bonus", points=5, business=other_business)
    html = main_of(browser.get("/loyalty/rules/"))
    assert "Double on coffee" in html
    assert "Elsewhere" not in html
    assert browser.get(f"/loyalty/rules/{theirs.code}/").status_code == 404
    assert browser.get(f"/loyalty/rules/{rule.code}/").status_code == 403
    assert browser.get("/loyalty/rules/new/sign-up/").status_code == 403
    typed = {**DOUBLE, "name": "Mine"}
    assert browser.post("/loyalty/rules/new/category/", {**typed, "business": other_business.code}).status_code == 422
    assert browser.post("/loyalty/rules/new/category/", {**typed, "business": business.code}).status_code == 303
    assert EarningRule.objects.get(name="Mine").business == business


def test_a_rule_of_another_programme_is_not_there(client_of, outsider, other_programme, rule):
    assert client_of(outsider, on=other_programme).get(f"/loyalty/rules/{rule.code}/").status_code == 404
    assert client_of(outsider, on=other_programme).get("/loyalty/rules/new/nothing/").status_code == 404
