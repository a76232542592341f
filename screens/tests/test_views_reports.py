"""Loyalty → Reports: who may, what it shows for a period and a business, its files, and the rows behind figures."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.permissions import Role
from loyalty.actions import points
from loyalty.actions.point_days import count_points

ROLES = ("owner", "manager", "marketer", "analyst", "cashier", "outsider")
READERS = {"owner", "manager", "marketer", "analyst"}
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
PAGE = "/loyalty/reports/"
PHONE = "07700 900123"


@pytest.fixture(autouse=True)
def june():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def life(business, other_business, actor):
    call = {"phone": PHONE, "actor": actor, "now": NOW}
    points.add_points(business=business.pk, amount=Decimal(100), key="a", **{**call, "now": NOW - timedelta(days=40)})
    points.add_points(business=business.pk, amount=Decimal(300), key="b", **call)
    points.redeem_points(business=other_business.pk, points=50, reason="Mug", key="c", **call)


@pytest.fixture
def bound(make_member, other_business):
    return make_member("ines@example.com", Role.MANAGER, business=other_business)


def words(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def table(response):
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (PAGE, READERS),
        *((f"{PAGE}{name}.csv", READERS) for name in ("days", "businesses", "people", "breakage")),
        (f"{PAGE}top.csv", READERS - {"analyst"}),
    ],
)
def test_who_may(path, allowed, client_of, request):
    for role in ROLES:
        answer = client_of(request.getfixturevalue(role)).get(path)
        good = {200} if role in allowed else {403} if role != "outsider" else {302, 403, 404}
        assert answer.status_code in good, (role, path, answer.status_code)


def test_figures_of_thirty_days_against_those_before(client_of, analyst):
    text = words(client_of(analyst).get(PAGE))
    assert "Points issued 300" in text
    assert "from 100" in text
    assert "Points redeemed 50" in text
    assert "Points not yet spent 350" in text
    assert "worth £3.50" in text
    assert "300 points were issued and 50 redeemed in 30 days." in text
    assert "Top" not in text
    assert "Members CSV" not in text, "analysts export nobody"


def test_a_period_and_a_business_of_ones_own(client_of, owner, business, other_business):
    browser = client_of(owner)
    may = words(browser.get(PAGE, {"start": "2026-05-01", "end": "2026-05-31"}))
    assert "Points issued 100" in may
    assert "Points redeemed 0" in may
    there = words(browser.get(PAGE, {"business": other_business.code}))
    assert "Points issued 0" in there
    assert "Points redeemed 50" in there
    for nonsense in ({"days": "9"}, {"start": "x"}, {"start": "2026-06-30", "end": "2026-06-01"}, {"business": "x"}):
        assert "Points issued 300" in words(browser.get(PAGE, nonsense)), nonsense
    assert browser.get(PAGE, {"start": "1900-01-01", "end": "2026-06-20"}).status_code == 200


def test_every_figure_opens_its_rows(client_of, owner):
    browser = client_of(owner)
    links = re.findall(r'href="(/loyalty/transactions/\?flow=(\w+)[^"]*)"', browser.get(PAGE).content.decode())
    found = {flow: words(browser.get(html.unescape(url))) for url, flow in links}
    assert set(found) == {"issued", "taken", "redeemed", "expired"}
    assert "+300" in found["issued"]
    assert "50" not in found["issued"].split("When")[1].split("+300")[0]
    assert "−50" in found["redeemed"]
    assert "Nothing matches these filters" in found["taken"]


def test_people_of_one_business_see_that_one(client_of, bound, business):
    browser = client_of(bound)
    page = browser.get(PAGE, {"business": business.code})
    text = words(page)
    assert "Points issued 0" in text
    assert "Points redeemed 50" in text
    assert business.name not in text.split("By business")[1]
    assert "flow=expired" not in page.content.decode()
    rows = table(browser.get(f"{PAGE}businesses.csv", {"business": business.code}))
    assert {row["Business"] for row in rows} == {"Mill Lane"}


def test_files_say_what_the_page_says(client_of, owner, business):
    browser = client_of(owner)
    days = table(browser.get(f"{PAGE}days.csv"))
    assert len(days) == 30
    assert days[-1] == {"Day": "2026-06-20", "Issued": "300", "Taken back": "0", "Redeemed": "50", "Expired": "0"}
    first = table(browser.get(f"{PAGE}businesses.csv"))
    mine = [row for row in first if row["Business"] == business.name]
    assert [(row["Issued"], row["Not yet spent"], row["Worth"]) for row in mine] == [
        ("300", "350", "3.50"),
        ("100", "100", "1.00"),
    ]
    people = table(browser.get(f"{PAGE}people.csv"))
    assert [row["Took part"] for row in people] == ["1", "1"]
    (top,) = table(browser.get(f"{PAGE}top.csv"))
    assert (top["Points"], top["Points before"], top["Redeemed"]) == ("300", "100", "50")
    assert browser.get(f"{PAGE}other.csv").status_code == 404


def test_breakage_is_told_with_its_method(client_of, owner):
    browser = client_of(owner)
    assert "too early to say" in words(browser.get(PAGE))
    count_points(now=NOW)
    text = words(browser.get(PAGE))
    assert "This follows the points by age" in text
    assert "As of 19 June 2026." in text
    assert "over 1 of 24 periods of 30 days that were seen so far. That is little yet" in text
    ages = table(browser.get(f"{PAGE}breakage.csv"))
    assert [row["At risk"] for row in ages] == ["100"]


def test_the_page_asks_as_much_for_many_members_as_for_few(client_of, owner, business, actor):
    browser = client_of(owner)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(PAGE).status_code == 200
        return len(queries)

    asked()
    before = asked()
    for number in range(6):
        call = {"phone": f"07700 90020{number}", "key": f"m{number}", "actor": actor, "now": NOW}
        points.add_points(business=business.pk, amount=Decimal(9), **call)
    assert asked() == before
