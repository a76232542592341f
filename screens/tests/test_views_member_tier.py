"""A member's tier on their profile, and giving one by hand."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.models import Customer
from loyalty.actions import points
from loyalty.actions.tiers import TierValues, create_tier
from loyalty.models import Account, Reward, TierChange
from loyalty.tasks import judge_due_tiers

ROLES = ("owner", "manager", "marketer", "analyst", "cashier", "outsider")


@pytest.fixture
def ladder(actor):
    made = [("Silver", 20, "1"), ("Gold", 100, "1.5")]
    return [
        create_tier(
            values=TierValues(name=name, threshold=Decimal(threshold), factor=Decimal(factor)), actor=actor,
            now=timezone.now(),
        )
        for name, threshold, factor in made
    ]  # fmt: skip


@pytest.fixture
def member(ladder, business, actor):
    """With 40 points: Silver, and 60 to go to Gold."""
    points.add_points(
        business=business.pk, phone="07700 900123", amount=Decimal(40), key="k", actor=actor, now=timezone.now()
    )
    return Customer.objects.get()


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def card(client, member):
    html = client.get(f"/customers/{member.code}/").content.decode()
    found = re.search(r'aria-labelledby="profile-tier".*?</section>', html, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group())) if found else ""


def test_the_card_says_what_they_have_how_long_and_what_is_next(client_of, owner, ladder, member):
    Reward.objects.create(name="Tasting", points=5, tier=ladder[1])
    text = card(client_of(owner), member)
    last = Account.objects.get().tier_kept_until - timedelta(hours=1)
    for part in (
        "Tier", "Silver", "On the way to Gold 40%", "40 points collected, 60 points to go", "1.5 times the points",
        "Reward: Tasting", f"{last.day} {last:%b} {last.year}.", "20 points more by then keep it for another period.",
        "Reached Silver",
    ):  # fmt: skip
        assert part in text, part
    header = client_of(owner).get(f"/customers/{member.code}/").content.decode().split("<h1")[1].split("</p>")[0]
    assert "Silver" in header


def test_in_grace_it_says_what_still_keeps_it(client_of, owner, member):
    late = Account.objects.get().tier_kept_until + timedelta(days=3)
    judge_due_tiers(late)
    with time_machine.travel(late, tick=False):
        text = card(client_of(owner), member)
    assert "In grace" in text
    assert re.search(r"Its time was over on \d+ \w+ \d{4}: 20 points more until \d+ \w+ \d{4} keep it\.", text)


def test_at_the_top_and_without_a_tier_and_without_tiers(client_of, owner, business, actor, member):
    now = timezone.now()
    points.add_points(business=business.pk, phone="07700 900123", amount=Decimal(80), key="l", actor=actor, now=now)
    assert "The highest tier, with 120 points collected." in card(client_of(owner), member)
    stranger = Customer.objects.create(first_name="Ann")
    text = card(client_of(owner), stranger)
    assert "No tier yet" in text
    assert "Set by hand" not in text


def test_without_tiers_there_is_no_card(client_of, owner, business, actor):
    points.add_points(
        business=business.pk, phone="07700 900123", amount=Decimal(40), key="k", actor=actor, now=timezone.now()
    )
    assert card(client_of(owner), Customer.objects.get()) == ""


def test_the_history_costs_no_query_for_each_line(client_of, owner, ladder, member):
    browser, counts = client_of(owner), []
    for _round in range(2):
        for tier in ladder:
            browser.post(f"/loyalty/customers/{member.code}/tier/", {"tier": tier.code, "until": "", "reason": "x"})
        browser.get(f"/customers/{member.code}/")
        with CaptureQueriesContext(connection) as counted:
            browser.get(f"/customers/{member.code}/")
        counts.append(len(counted))
    assert TierChange.objects.count() >= 5
    assert counts[0] == counts[1]


# -- by hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_by_hand_is_for_owners_and_managers(method, client_of, request, member):
    url = f"/loyalty/customers/{member.code}/tier/"
    refused = {
        role for role in ROLES if getattr(client_of(request.getfixturevalue(role)), method)(url).status_code == 403
    }
    assert refused == set(ROLES) - {"owner", "manager"}
    assert TierChange.objects.count() == 1


def test_a_tier_by_hand_is_given_and_taken_back(client_of, owner, ladder, member):
    browser, url = client_of(owner), f"/loyalty/customers/{member.code}/tier/"
    until = (timezone.now() + timedelta(days=60)).date()
    assert "set-tier" in browser.get(f"/customers/{member.code}/").content.decode()
    given = browser.post(url, {"tier": ladder[1].code, "until": until.isoformat(), "reason": "Helped us move"})
    assert (given.status_code, given.headers["Location"]) == (303, f"/customers/{member.code}/")
    text = card(browser, member)
    for part in ("Gold, given by hand", "Helped us move", f"until {until.day} {until:%b} {until.year}", str(owner)):
        assert part in text, part
    browser.post(url, {"tier": "", "until": "", "reason": "By mistake"})
    assert Account.objects.get().tier == ladder[0]
    assert "What was given by hand was taken back" in card(browser, member)


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"reason": ""}, "reason"), ({"tier": "nothing0"}, "tier"), ({"until": "2020-01-01"}, "until")],
)
def test_what_cannot_be_stands_at_its_field(typed, field, client_of, owner, ladder, member):
    given = {"tier": ladder[1].code, "until": "", "reason": "x", **typed}
    response = client_of(owner).post(f"/loyalty/customers/{member.code}/tier/", given)
    assert response.status_code == 422
    assert list(response.context["tier_form"].errors) == [field]
    assert TierChange.objects.count() == 1


def test_who_is_limited_to_a_business_sees_it_and_cannot_set_it(client_of, make_member, business, ladder, member):
    bound = client_of(make_member("ines@example.com", Role.MANAGER, business=business))
    assert "Silver" in card(bound, member)
    assert "Set by hand" not in card(bound, member)
    response = bound.post(f"/loyalty/customers/{member.code}/tier/", {"tier": ladder[1].code, "reason": "x"})
    assert response.status_code == 403
    assert TierChange.objects.count() == 1


def test_a_customer_without_points_or_of_another_programme_is_not_there(
    client_of, owner, outsider, other_programme, member
):
    stranger = Customer.objects.create(first_name="Ann")
    assert client_of(owner).get(f"/loyalty/customers/{stranger.code}/tier/").status_code == 404
    with tenant_context(other_programme):
        browser = client_of(outsider, on=other_programme)
        assert browser.get(f"/loyalty/customers/{member.code}/tier/").status_code == 404
