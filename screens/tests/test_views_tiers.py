"""The pages of tiers: who may, what they show and refuse, and that counting writes nothing."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.permissions import Role
from loyalty.actions import points
from loyalty.actions.tiers import APPLY_TIERS
from loyalty.models import Account, LoyaltySettings, Reward, Tier
from loyalty.tasks import apply_tiers
from programs.actions.due_work import handed_out_until
from programs.models import DueWork
from screens.reports_tiers import friendly, rules_text, suggested_tiers
from workspace.models import AuditEntry

ROLES = ("owner", "manager", "marketer", "analyst", "cashier", "outsider")
EVERYBODY, EDITORS = {"owner", "manager", "marketer", "analyst"}, {"owner", "manager"}
RULES = {
    "tier_basis": "points", "tier_window_months": "12", "tier_keep_months": "12", "tier_grace_days": "30",
    "tier_drops_to": "earned",
}  # fmt: skip
GOLD = {"name": "Gold", "threshold": "30", "factor": "1,5", "benefits": "A free refill"}
PART = {"hx-request": "true", "hx-target": "tier-reach"}


@pytest.fixture
def silver(programme):
    return Tier.objects.create(name="Silver", rank=1, threshold=20)


@pytest.fixture
def bound_manager(make_member, business):
    return make_member("ines@example.com", Role.MANAGER, business=business)


@pytest.fixture
def members(business, actor):
    """Ten members with 0 to 90 points."""
    for number in range(10):
        points.add_points(
            business=business.pk, phone=f"07700 9001{number:02d}", amount=Decimal(max(number * 10, 1)),
            key=f"k{number}", actor=actor, now=timezone.now(),
        )  # fmt: skip


def main_of(response):
    return response.content.decode().split("<main")[1].split("</main>")[0]


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def counts():
    return [model.objects.count() for model in (Tier, LoyaltySettings, AuditEntry, DueWork)]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/loyalty/tiers/", EVERYBODY),
        ("post", "/loyalty/tiers/rules/", EDITORS),
        ("post", "/loyalty/tiers/rules/preview/", EDITORS),
        ("post", "/loyalty/tiers/start/", EDITORS),
        ("post", "/loyalty/tiers/start/preview/", EDITORS),
        ("get", "/loyalty/tiers/new/", EDITORS),
        ("post", "/loyalty/tiers/new/", EDITORS),
        ("post", "/loyalty/tiers/new/preview/", EDITORS),
        ("get", "/loyalty/tiers/{tier}/", EDITORS),
        ("post", "/loyalty/tiers/{tier}/", EDITORS),
        ("post", "/loyalty/tiers/{tier}/preview/", EDITORS),
        ("post", "/loyalty/tiers/{tier}/remove/", EDITORS),
        ("post", "/loyalty/tiers/{tier}/restore/", EDITORS),
    ],
)
def test_each_page_is_for_its_roles(method, path, allowed, client_of, request, business, silver):
    refused = {
        role
        for role in ROLES
        if getattr(client_of(request.getfixturevalue(role)), method)(path.format(tier=silver.code)).status_code == 403
    }
    assert refused == set(ROLES) - allowed
    assert getattr(client_of(None), method)(path.format(tier=silver.code)).status_code == 302


# -- the ladder -------------------------------------------------------------------------------------------------------


def test_the_ladder_shows_what_tiers_ask_and_give_and_who_has_them(client_of, owner, analyst, members, silver):
    Tier.objects.filter(pk=silver.pk).update(factor=Decimal("1.5"), benefits="A free refill")
    Reward.objects.create(name="Tasting", points=5, tier=silver)
    apply_tiers(timezone.now())
    text = words(client_of(owner).get("/loyalty/tiers/"))
    for part in ("Silver", "1.5 times the points", "From 20 points", "A free refill", "Tasting", "8 members"):
        assert part in text, part
    assert re.search(r"No tier yet\s+2\b", text)
    assert "A tier is kept for 12 months. After that there are 30 days of grace to reach it again." in re.sub(
        r"(?<=\.)\s+", " ", text
    )
    html = main_of(client_of(analyst).get("/loyalty/tiers/"))
    assert 'method="post"' not in html
    assert "Silver" in html


def test_who_is_limited_to_a_business_reads_and_does_not_count_everybody(client_of, bound_manager, members, silver):
    browser = client_of(bound_manager)
    response = browser.get("/loyalty/tiers/")
    assert "From 20 points" in words(response)
    assert "Members now" not in words(response)
    assert "members" not in words(response).split("From 20 points")[1].split("How tiers work")[0]
    assert 'method="post"' not in main_of(response)
    before = counts()
    for path in ("new/", f"{silver.code}/"):
        assert browser.get(f"/loyalty/tiers/{path}").status_code == 403
    for path in ("new/", f"{silver.code}/", f"{silver.code}/preview/", f"{silver.code}/remove/", "new/preview/"):
        assert browser.post(f"/loyalty/tiers/{path}", GOLD).status_code == 403
    for path in ("rules/", "rules/preview/"):
        assert browser.post(f"/loyalty/tiers/{path}", {**RULES, "tier_grace_days": "1"}).status_code == 403
    start = {"name_1": "A", "threshold_1": "5"}
    assert browser.post("/loyalty/tiers/start/", start).status_code == 403
    assert browser.post("/loyalty/tiers/start/preview/", start).status_code == 403
    assert counts() == before


def test_the_ladder_has_no_query_for_each_tier(client_of, owner, silver):
    browser, numbers = client_of(owner), []
    browser.get("/loyalty/tiers/")
    for first in (2, 5):
        made = [Tier(name=f"T{rank}", rank=rank, threshold=rank * 100) for rank in range(first, first + 3)]
        for tier in Tier.objects.bulk_create(made):
            Reward.objects.create(name=f"R{tier.rank}", points=5, tier=tier)
        with CaptureQueriesContext(connection) as counted:
            browser.get("/loyalty/tiers/")
        numbers.append(len(counted))
    assert numbers[0] == numbers[1]


# -- a start ----------------------------------------------------------------------------------------------------------


def test_three_tiers_are_suggested_by_what_members_collected_and_made_as_shown(client_of, owner, members):
    browser = client_of(owner)
    response = browser.get("/loyalty/tiers/")
    shown = response.context["starter"].data
    assert shown == {
        "name_1": "Regular", "threshold_1": "50", "name_2": "Friend", "threshold_2": "80",
        "name_3": "Best friend", "threshold_3": "100",
    }  # fmt: skip
    assert [part.members for part in response.context["reach"]["parts"]] == [5, 3, 2, 0]
    assert not Tier.objects.exists()
    made = browser.post("/loyalty/tiers/start/", {**shown, "name_2": "Pal", "threshold_3": ""} | {"name_3": ""})
    assert (made.status_code, made.headers["Location"]) == (303, "/loyalty/tiers/")
    assert list(Tier.objects.values_list("name", "threshold", "rank")) == [("Regular", 50, 1), ("Pal", 80, 2)]
    page = browser.get("/loyalty/tiers/")
    assert "Members are being sorted in the background." in words(page)
    assert handed_out_until(kind=APPLY_TIERS) is not None


@pytest.mark.parametrize(
    ("basis", "numbers"),
    [("points", ["100", "300", "1000"]), ("spend", ["100", "300", "1000"]), ("visits", ["5", "15", "40"])],
)
def test_without_members_the_start_has_plain_numbers(basis, numbers, programme):
    given = suggested_tiers(LoyaltySettings(tier_basis=basis), now=timezone.now())
    assert [given[f"threshold_{step}"] for step in (1, 2, 3)] == numbers


@pytest.mark.parametrize(
    ("figure", "number"),
    [("0.3", 1), ("1", 1), ("7", 6), ("11", 10), ("13", 12), ("137", 150), ("990", 1000), ("1240", 1200), ("43.7", 40)],
)
def test_numbers_that_people_remember(figure, number):
    assert friendly(Decimal(figure)) == number


def test_equal_members_still_get_rising_numbers(business, actor, programme):
    for number in range(5):
        points.add_points(
            business=business.pk, phone=f"07700 9001{number:02d}", amount=Decimal(100), key=f"k{number}", actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    given = suggested_tiers(LoyaltySettings(), now=timezone.now())
    assert [given[f"threshold_{step}"] for step in (1, 2, 3)] == ["100", "120", "150"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name_1": "", "threshold_1": "", "name_2": "", "threshold_2": ""}, "__all__"),
        ({"threshold_1": ""}, "threshold_1"),
        ({"threshold_1": "x"}, "threshold_1"),
        ({"name_1": ""}, "name_1"),
        ({"threshold_2": "5"}, "__all__"),
        ({"name_2": "a"}, "__all__"),
    ],
)
def test_a_start_that_cannot_be_makes_none(typed, field, client_of, owner, programme):
    given = {"name_1": "A", "threshold_1": "5", "name_2": "B", "threshold_2": "9", **typed}
    response = client_of(owner).post("/loyalty/tiers/start/", given)
    assert response.status_code == 422
    assert list(response.context["starter"].errors) == [field]
    assert not Tier.objects.exists()


def test_a_start_is_counted_while_it_is_typed(client_of, owner, members):
    given = {"name_1": "A", "threshold_1": "40", "name_2": "B", "threshold_2": "90"}
    before = counts()
    response = client_of(owner).post("/loyalty/tiers/start/preview/", given, headers=PART)
    assert re.search(r"No tier yet\s+4\b.*A\s+40 points\s+5\b.*B\s+90 points\s+1\b", words(response))
    assert "<html" not in response.content.decode()
    whole = client_of(owner).post("/loyalty/tiers/start/preview/", given)
    assert re.search(r"A\s+40 points\s+5\b", words(whole))
    assert "<html" in whole.content.decode()
    assert counts() == before


# -- one tier ---------------------------------------------------------------------------------------------------------


def test_a_tier_is_made_and_changed(client_of, owner, silver):
    browser = client_of(owner)
    assert browser.post("/loyalty/tiers/new/", GOLD).status_code == 303
    gold = Tier.objects.get(name="Gold")
    assert (gold.threshold, gold.factor, gold.benefits, gold.rank) == (30, Decimal("1.5"), "A free refill", 2)
    shown = browser.get(f"/loyalty/tiers/{gold.code}/").context["form"].initial
    assert shown == {"name": "Gold", "threshold": "30", "factor": "1.5", "benefits": "A free refill"}
    assert browser.post(f"/loyalty/tiers/{gold.code}/", {**shown, "threshold": "1,000"}).status_code == 303
    gold.refresh_from_db()
    assert gold.threshold == 1000


def test_money_is_typed_as_money(client_of, owner, silver):
    LoyaltySettings.objects.create(tier_basis="spend")
    assert client_of(owner).post("/loyalty/tiers/new/", {**GOLD, "threshold": "1.000,50"}).status_code == 303
    assert Tier.objects.get(name="Gold").threshold == Decimal("1000.5")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "silver"}, "name"),
        ({"threshold": ""}, "threshold"),
        ({"threshold": "20"}, "threshold"),
        ({"threshold": "0"}, "threshold"),
        ({"threshold": "1.5"}, "threshold"),
        ({"factor": "0.5"}, "factor"),
        ({"factor": "x"}, "factor"),
    ],
)
def test_errors_stand_at_their_field(typed, field, client_of, owner, silver):
    response = client_of(owner).post("/loyalty/tiers/new/", {**GOLD, **typed})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert Tier.objects.count() == 1


def test_members_are_counted_while_a_number_is_typed(client_of, owner, members, silver):
    before = counts()
    response = client_of(owner).post("/loyalty/tiers/new/preview/", GOLD, headers=PART)
    assert response.status_code == 200
    assert re.search(r"No tier yet\s+2\b.*Silver\s+20 points\s+1\b.*Gold\s+30 points\s+7\b", words(response))
    lower = client_of(owner).post(f"/loyalty/tiers/{silver.code}/preview/", {**GOLD, "threshold": "80"}, headers=PART)
    assert re.search(r"No tier yet\s+8\b.*Gold\s+80 points\s+2\b", words(lower))
    assert "Silver" not in words(lower)
    missing = client_of(owner).post("/loyalty/tiers/new/preview/", {**GOLD, "threshold": "x"}, headers=PART)
    assert (missing.status_code, "Say what the tier asks for." in words(missing)) == (200, True)
    assert client_of(owner).post("/loyalty/tiers/new/preview/", {**GOLD, "threshold": "x"}).status_code == 422
    assert "<html" in client_of(owner).post("/loyalty/tiers/new/preview/", GOLD).content.decode()
    assert counts() == before


def test_a_tier_that_nobody_had_is_deleted_and_another_ends_and_comes_back(client_of, owner, members, silver):
    browser = client_of(owner)
    browser.post("/loyalty/tiers/new/", GOLD)
    gold = Tier.objects.get(name="Gold")
    assert "Delete the tier" in words(browser.get(f"/loyalty/tiers/{gold.code}/"))
    assert browser.post(f"/loyalty/tiers/{gold.code}/remove/").status_code == 303
    assert Tier.objects.get() == silver
    apply_tiers(timezone.now())
    assert "End the tier" in words(browser.get(f"/loyalty/tiers/{silver.code}/"))
    browser.post(f"/loyalty/tiers/{silver.code}/remove/")
    silver.refresh_from_db()
    assert silver.is_active is False
    assert Account.objects.filter(tier=silver).count() == 8
    apply_tiers(timezone.now())
    assert not Account.objects.filter(tier=silver).exists()
    assert "This tier has ended" in words(browser.get(f"/loyalty/tiers/{silver.code}/"))
    browser.post(f"/loyalty/tiers/{silver.code}/restore/")
    apply_tiers(timezone.now())
    assert Account.objects.filter(tier=silver).count() == 8


# -- what counts ------------------------------------------------------------------------------------------------------


def test_rules_are_saved_and_said_in_words(client_of, owner, silver):
    typed = {
        "tier_basis": "visits", "tier_window_months": "6", "tier_keep_months": "", "tier_grace_days": "0",
        "tier_drops_to": "next",
    }  # fmt: skip
    browser = client_of(owner)
    assert browser.post("/loyalty/tiers/rules/", typed).status_code == 303
    kept = LoyaltySettings.objects.get()
    assert [getattr(kept, name) for name in typed] == ["visits", 6, None, 0, "next"]
    text = words(browser.get("/loyalty/tiers/"))
    assert "Visits within the last 6 months count: each day with a purchase at a business is one." in text
    assert "A tier is kept for good." in text
    assert "From 20 visits" in text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"tier_basis": "hats"}, "tier_basis"),
        ({"tier_window_months": "61"}, "tier_window_months"),
        ({"tier_keep_months": "0"}, "tier_keep_months"),
        ({"tier_grace_days": ""}, "tier_grace_days"),
        ({"tier_drops_to": ""}, "tier_drops_to"),
    ],
)
def test_rules_that_cannot_be_stand_at_their_field(typed, field, client_of, owner, silver):
    response = client_of(owner).post("/loyalty/tiers/rules/", {**RULES, **typed})
    assert response.status_code == 422
    assert list(response.context["rules_form"].errors) == [field]
    assert not LoyaltySettings.objects.exists()


def test_a_basis_that_a_tier_does_not_fit_is_refused_at_its_field(client_of, owner, silver):
    LoyaltySettings.objects.create(tier_basis="spend")
    Tier.objects.update(threshold=Decimal("9.5"))
    response = client_of(owner).post("/loyalty/tiers/rules/", {**RULES, "tier_basis": "visits"})
    assert response.status_code == 422
    assert list(response.context["rules_form"].errors) == ["tier_basis"]


def test_members_are_counted_under_the_rules_that_are_typed(client_of, owner, members, silver):
    before = counts()
    typed = {**RULES, "tier_basis": "visits"}
    response = client_of(owner).post("/loyalty/tiers/rules/preview/", typed, headers=PART)
    assert re.search(r"No tier yet\s+10\b.*Silver\s+20 visits\s+0\b", words(response))
    assert "Visits within the last 12 months count" in words(response)
    missing = client_of(owner).post("/loyalty/tiers/rules/preview/", {**RULES, "tier_basis": ""}, headers=PART)
    assert (missing.status_code, "Complete the rules to see it." in words(missing)) == (200, True)
    whole = client_of(owner).post("/loyalty/tiers/rules/preview/", typed)
    assert re.search(r"Silver\s+20 visits\s+0\b", words(whole))
    assert client_of(owner).post("/loyalty/tiers/rules/preview/", {**RULES, "tier_basis": ""}).status_code == 422
    assert counts() == before


@pytest.mark.parametrize("basis", ["points", "spend", "visits"])
@pytest.mark.parametrize("months", [None, 1, 12])
@pytest.mark.parametrize(("keep", "drops_to"), [(None, "earned"), (1, "earned"), (12, "next")])
def test_every_setting_has_its_sentences(basis, months, keep, drops_to):
    settings = LoyaltySettings(
        tier_basis=basis, tier_window_months=months, tier_keep_months=keep, tier_grace_days=1, tier_drops_to=drops_to
    )
    text = " ".join(rules_text(settings))
    assert "%(" not in text
    assert ("ever" in text.split(".")[0]) == (months is None)
    assert ("for good" in text) == (keep is None)
    assert ("one tier lower" in text) == (drops_to == "next" and keep is not None)


def test_a_tier_of_another_programme_is_not_there(client_of, outsider, other_programme, silver):
    browser = client_of(outsider, on=other_programme)
    assert browser.get(f"/loyalty/tiers/{silver.code}/").status_code == 404
    assert "Silver" not in words(browser.get("/loyalty/tiers/"))


def test_the_audit_log_tells_what_was_done_to_tiers(client_of, owner, silver):
    browser = client_of(owner)
    browser.post(f"/loyalty/tiers/{silver.code}/", {**GOLD, "name": "Silver", "threshold": "25"})
    browser.post("/loyalty/tiers/rules/", {**RULES, "tier_basis": "visits"})
    text = words(browser.get("/settings/audit/"))
    for part in ("changed the tier Silver", "changed how members reach and keep tiers"):
        assert part in text, part
    entries = {entry.action: entry.data for entry in AuditEntry.objects.filter(action__startswith="loyalty.tier")}
    assert entries["loyalty.tier.changed"]["changes"]["threshold"] == {"before": "20", "after": "25"}
    for part in ("Asks for", "Times the points", "Members collect", "Points earned", "Visits"):
        assert part in text, part
    browser.post(f"/loyalty/tiers/{silver.code}/remove/")
    assert "deleted the tier" in words(browser.get("/settings/audit/"))
