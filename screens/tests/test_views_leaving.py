"""The pages of a business that leaves: preview, asking, deciding, calling off, the final statement and its files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone

from core.clock import local_day
from core.permissions import Role
from loyalty.actions import points
from loyalty.actions.leaving import leave_what_is_due
from loyalty.models import FinalStatement, Leaving, Reward
from workspace.models import Business

PHONE = "07700 900123"


@pytest.fixture
def today(programme):
    return local_day(timezone.now(), programme.zone)


@pytest.fixture
def mia(make_member, business):
    return make_member("mia@example.com", Role.MANAGER, business=business)


@pytest.fixture
def lived(business, other_business, actor):
    """100 points of Quayside, 30 of them spent at Mill Lane."""
    call = {"phone": PHONE, "actor": actor, "now": timezone.now()}
    points.add_points(business=business.pk, amount=Decimal(100), key="e", **call)
    points.redeem_points(business=other_business.pk, points=30, reason="Mug", key="r", **call)
    Reward.objects.create(name="Own", points=10, business=business)


def path_of(business, act=""):
    return f"/settings/businesses/{business.code}/leaving/{act}"


@pytest.fixture
def left(lived, business, today, client_of, owner):
    """Quayside has left since, and pays for its points."""
    Business.objects.filter(pk=business.pk).update(email="shop@quayside.example")
    client_of(owner).post(path_of(business, "decide/"), {"last_day": today, "way": "paid"})
    leave_what_is_due(now=timezone.now() + timedelta(days=1))
    return FinalStatement.objects.get()


def test_the_preview_says_what_would_happen(client_of, owner, lived, business):
    page = client_of(owner).get(path_of(business)).content.decode()
    assert "Mill Lane" in page
    assert "Quayside pays £0.30." in page
    assert "worth £0.70" in page
    assert "1 reward is archived." in page
    assert "claim" not in page  # there is none
    assert "Let it leave" in page
    assert path_of(business) in client_of(owner).get(f"/settings/businesses/{business.code}/").content.decode()


def test_an_owner_decides_changes_and_calls_off(client_of, owner, lived, business, today):
    browser = client_of(owner)
    assert browser.post(path_of(business, "decide/"), {"last_day": today, "way": "paid"}).status_code == 303
    page = browser.get(path_of(business)).content.decode()
    assert "It leaves at the end of" in page
    later = today + timedelta(days=3)
    browser.post(path_of(business, "decide/"), {"last_day": later, "way": "taken_over"})
    stored = Leaving.objects.get()
    assert (stored.last_day, stored.way) == (later, "taken_over")
    assert browser.post(path_of(business, "call-off/")).status_code == 303
    assert "It leaves at the end of" not in browser.get(path_of(business)).content.decode()
    assert browser.post(path_of(business, "call-off/")).status_code == 409


@pytest.mark.parametrize(
    ("given", "field"),
    [({"last_day": "2020-01-01"}, "last_day"), ({"last_day": "soon"}, "last_day"), ({"way": "gift"}, "way")],
)
def test_what_is_wrong_is_said_at_its_field(client_of, owner, lived, business, today, given, field):
    response = client_of(owner).post(path_of(business, "decide/"), {"last_day": today, "way": "paid", **given})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Leaving.objects.exists()


def test_its_manager_asks_and_the_owner_hears_of_it_at_home(client_of, owner, mia, lived, business, today):
    theirs = client_of(mia)
    assert "Ask to leave" in theirs.get(path_of(business)).content.decode()
    assert theirs.post(path_of(business, "decide/"), {"last_day": today, "way": "paid"}).status_code == 403
    response = theirs.post(path_of(business, "ask/"), {"last_day": today, "reason": "Moving away"})
    assert response.status_code == 303
    assert "asks to leave" not in theirs.get("/").content.decode()
    assert "Quayside asks to leave the programme." in client_of(owner).get("/").content.decode()
    page = client_of(owner).get(path_of(business)).content.decode()
    assert "Moving away" in page
    assert "Decline: it stays" in page
    assert theirs.post(path_of(business, "call-off/")).status_code == 303
    assert Leaving.objects.get().state == "cancelled"


def test_people_of_another_business_see_none_of_it(client_of, make_member, other_business, business, lived, today):
    jo = client_of(make_member("jo@example.com", Role.MANAGER, business=other_business))
    assert jo.get(path_of(business)).status_code == 404
    for act in ("ask/", "call-off/"):
        assert jo.post(path_of(business, act), {"last_day": today}).status_code == 404


def test_an_analyst_and_the_other_programme_get_nowhere(
    client_of, analyst, outsider, other_programme, business, other_business
):
    assert client_of(analyst).get(path_of(business)).status_code == 403
    assert client_of(outsider, on=other_programme).get(path_of(business)).status_code == 404


def test_the_only_business_is_told_why_not(client_of, owner, business, today):
    browser = client_of(owner)
    page = browser.get(path_of(business)).content.decode()
    assert "it cannot leave" in page
    assert "Let it leave" not in page
    assert browser.post(path_of(business, "decide/"), {"last_day": today, "way": "paid"}).status_code == 409


def test_the_final_statement_as_a_page_and_files(client_of, owner, left, business):
    browser, base = client_of(owner), f"/loyalty/settlement/final/{business.code}/"
    page = browser.get(base).content.decode()
    assert "Quayside pays £1.00." in page
    assert "Quayside to Mill Lane" in page
    assert "Quayside to Harbour, own account" in page
    assert left.digest in page
    assert "Quayside" in browser.get("/loyalty/settlement/").content.decode()
    assert "Open the final statement" in browser.get(path_of(business)).content.decode()
    assert browser.get(f"{base}print/").status_code == 200
    rows = list(csv.reader(io.StringIO(browser.get(f"{base}statement.csv").content.decode("utf-8-sig"))))
    assert [row[2:4] for row in rows[1:]] == [["30", "0.30"], ["70", "0.70"]]
    journal = list(csv.DictReader(io.StringIO(browser.get(f"{base}journal.csv").content.decode("utf-8-sig"))))
    debit, credit = (sum(Decimal(row[side] or "0") for row in journal) for side in ("Debit", "Credit"))
    assert debit == credit == Decimal("2.00")  # 0.30 and 0.70 in two books each
    paper = browser.get(f"{base}statement.pdf")
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")


def test_a_final_statement_is_read_by_its_own_people_and_owners(
    client_of, mia, left, business, make_member, other_business, outsider, other_programme
):
    base = f"/loyalty/settlement/final/{business.code}/"
    theirs = client_of(mia)  # an analyst of Quayside now
    assert theirs.get(base).status_code == 200
    books = {row["Books of"] for row in csv.DictReader(
        io.StringIO(theirs.get(f"{base}journal.csv").content.decode("utf-8-sig"))
    )}  # fmt: skip
    assert books == {"Quayside"}
    jo = client_of(make_member("jo@example.com", Role.MANAGER, business=other_business))
    for file in ("", "print/", "statement.csv", "statement.pdf", "journal.csv"):
        assert jo.get(base + file).status_code == (200 if file == "journal.csv" else 404)
        assert client_of(outsider, on=other_programme).get(base + file).status_code == 404


def test_a_partner_reads_what_is_settled_with_it_and_no_more(client_of, make_member, left, business, other_business):
    third = Business.objects.create(name="Old Wharf")
    jo = client_of(make_member("jo@example.com", Role.MANAGER, business=other_business))
    page = jo.get("/loyalty/settlement/").content.decode()
    assert "Quayside to Mill Lane" in page
    assert "£0.30" in page
    journal = jo.get(f"/loyalty/settlement/final/{business.code}/journal.csv").content.decode("utf-8-sig")
    books = list(csv.DictReader(io.StringIO(journal)))
    assert [(row["Books of"], row["Partner"], row["Debit"], row["Credit"]) for row in books] == [
        ("Mill Lane", "Quayside", "0.30", "0"), ("Mill Lane", "Quayside", "0", "0.30"),
    ]  # fmt: skip
    kim = client_of(make_member("kim@example.com", Role.MANAGER, business=third))
    assert "Quayside" not in kim.get("/loyalty/settlement/").content.decode()
    assert kim.get(f"/loyalty/settlement/final/{business.code}/journal.csv").status_code == 404


def test_a_business_that_left_is_marked_and_offers_no_way_back(client_of, owner, left, business):
    browser = client_of(owner)
    assert "Left" in browser.get("/settings/businesses/").content.decode()
    page = browser.get(f"/settings/businesses/{business.code}/").content.decode()
    assert "Open again" not in page
    assert "Final statement" in page
    assert browser.post(f"/settings/businesses/{business.code}/reopen/").status_code == 409
    assert Business.objects.get(pk=business.pk).is_active is False


def test_a_manager_of_all_businesses_decides_nothing(client_of, owner, manager, lived, business, today):
    client_of(owner).post(path_of(business, "decide/"), {"last_day": today, "way": "paid"})
    theirs = client_of(manager)
    assert "Let it leave" not in theirs.get(path_of(business)).content.decode()
    for act in ("decide/", "ask/", "call-off/"):
        assert theirs.post(path_of(business, act), {"last_day": today, "way": "paid"}).status_code == 403
    assert Leaving.objects.get().state == "scheduled"


def test_owners_and_the_business_are_told_of_the_statement(client_of, owner, left, run_queue, programme):
    run_queue()
    assert [message.to for message in mail.outbox] == [[owner.email], ["shop@quayside.example"]]
    assert "/loyalty/settlement/final/" in mail.outbox[0].body


# -- API --------------------------------------------------------------------------------------------------------------


def test_leaving_by_api(api, lived, business, other_business, today):
    client, path = api("admin"), f"/api/v1/businesses/{business.code}/leaving"
    seen = client.get(path).json()
    assert (seen["state"], seen["preview"]["live_points"], seen["preview"]["live_points_value"]) == (None, 70, "0.7000")
    (debt,) = seen["preview"]["debts"]
    assert (debt["partner_id"], debt["our_points_there"], debt["we_owe"]) == (other_business.code, 30, "0.3000")
    sent = {"last_day": today.isoformat(), "way": "taken_over"}
    decided = client.post(path, sent, content_type="application/json").json()
    assert (decided["state"], decided["way"]) == ("scheduled", "taken_over")
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 409
    assert client.get(path).json()["state"] is None
    wrong = client.post(path, {**sent, "last_day": "2020-01-01"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "last_day")


def test_a_key_of_the_business_asks_and_others_find_nothing(api, lived, business, other_business, manager, today):
    path, sent = f"/api/v1/businesses/{business.code}/leaving", {"last_day": today.isoformat()}
    assert api(user=manager).post(path, sent, content_type="application/json").status_code == 403
    assert api("admin", business=other_business).get(path).status_code == 404
    own = api("admin", business=business)
    assert own.post(path, sent, content_type="application/json").json()["state"] == "asked"
    again = own.post(path, sent, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "loyalty.already_leaving")
    assert own.delete(path).status_code == 204


def test_the_final_statement_by_api(api, left, business, other_business):
    path = f"/api/v1/businesses/{business.code}/final-statement"
    body = api("read").get(path).json()
    assert (body["balance"], body["live_points"], body["way"]) == ("-1.0000", 70, "paid")
    assert [(debt["partner"], debt["we_owe"]) for debt in body["debts"]] == [("Mill Lane", "0.3000")]
    assert api("read", business=other_business).get(path).status_code == 404
    assert api("read").get(f"/api/v1/businesses/{other_business.code}/final-statement").status_code == 404
