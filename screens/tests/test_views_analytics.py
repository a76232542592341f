"""Measure → Analytics: who may, what each page and file shows, the rows behind figures, and the API with the same."""

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
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.actions.people_counts import count_people
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, DailySales, OrderLine, PeopleGroup, Product
from customers.reports.people import PeopleFigures
from customers.reports.sales import DayFigures
from customers.tests.queries import own_queries
from customers.tests.test_actions_facts import refund, sale
from intelligence.actions.products import count_products
from screens.api_metrics import FiguresOutput
from screens.reports_analytics import SalesTotals
from workspace.models import Business

ROLES = ("owner", "manager", "marketer", "analyst", "cashier", "outsider")
READERS = {"owner", "manager", "marketer", "analyst"}
NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)  # a Saturday, one o'clock in London
BASE = "/analytics/"
PAGES = ["", "products/", "customers/", "cohorts/", "hours/", "bought-together/"]
FILES = [
    "parts.csv", "businesses.csv", "channels.csv", "products/file.csv", "customers/waits.csv",
    "customers/frequency.csv", "customers/countries.csv", "customers/regions.csv", "cohorts/file.csv",
    "hours/file.csv", "bought-together/file.csv",
]  # fmt: skip
METRICS = ["dashboard", "top-products", "cohorts", "rfm", "hours", "bought-together"]


@pytest.fixture(autouse=True)
def june():
    with time_machine.travel(NOW, tick=False):
        yield


def sold(shop, customer, number, at, *products, **other):
    """A sale of one piece of each product at ten pounds."""
    order = sale(shop, customer, number, str(10 * max(len(products), 1)), placed_at=at, **other)
    OrderLine.objects.bulk_create(
        OrderLine(order=order, position=place, product=one, quantity=1, unit_price=10, total=10)
        for place, one in enumerate(products)
    )
    return order


def count_all():
    rebuild_rollups(now=NOW)
    count_people(now=NOW, zone="Europe/London")
    count_products(now=NOW)


@pytest.fixture
def goods(programme):
    return [Product.objects.create(sku=sku, title=title) for sku, title in (("B", "Bowl"), ("C", "Cup"), ("D", "Dish"))]


@pytest.fixture
def life(business, other_business, goods):
    """Ann buys in April, May and June, Ben in June only, somebody without a name next door."""
    bowl, cup, dish = goods
    ann = Customer.objects.create(first_name="Ann", country="GB", region="Kent")
    ben = Customer.objects.create(first_name="Ben", country="DE")
    noon = NOW - timedelta(hours=2)
    for number, days in enumerate((70, 40, 10)):
        sold(business, ann, f"a{number}", noon - timedelta(days=days), bowl, cup, channel="online")
    sold(business, ben, "b", noon - timedelta(days=3), bowl, cup, dish)
    sold(other_business, None, "x", noon - timedelta(days=3), dish)
    refund(business, ben, "r", "5.00", refunded_at=noon)
    count_all()
    return ann, ben


@pytest.fixture
def bound(make_member, other_business):
    return make_member("ines@example.com", Role.MANAGER, business=other_business)


def words(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def table(response):
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_who_may(life, client_of, request, goods):
    pages = [*(BASE + page for page in [*PAGES, *FILES]), f"{BASE}products/{goods[0].code}/"]
    for role in ROLES:
        browser = client_of(request.getfixturevalue(role))
        good = {200} if role in READERS else {403} if role != "outsider" else {302, 403, 404}
        assert {browser.get(page).status_code for page in pages} <= good, role


def test_the_overview_against_the_days_before(life, client_of, analyst):
    text = words(client_of(analyst).get(BASE))
    assert "Revenue £55 " in text, "Ann 20, Ben 30, somebody 10, less 5"
    assert "Before refunds £60 " in text
    assert "from £20 " in text, "Ann in May"
    assert "Orders 3" in text
    assert "In the shop" in text, "the channel, in words"
    assert "Average order £20.00" in text
    assert "Units an order 2.0" in text
    assert "Had bought before 50.0%" in text
    assert "3 orders came to £55.00 after refunds; the most was £40.00, 17 Jun." in text
    a_year = words(client_of(analyst).get(f"{BASE}?compare=year"))
    assert "Against" not in a_year
    nothing = words(client_of(analyst).get(f"{BASE}?from=2025-01-01&to=2025-01-02"))
    assert "Nothing was sold in these days" in nothing


def test_files_add_up_to_the_page(life, client_of, analyst, business, other_business):
    browser = client_of(analyst)
    for name in ("parts", "businesses", "channels"):
        rows = table(browser.get(f"{BASE}{name}.csv"))
        assert sum(Decimal(row["Revenue"]) for row in rows) == Decimal(55), name
    hours = table(browser.get(f"{BASE}hours/file.csv"))
    assert sum(Decimal(row["Revenue"]) for row in hours) == Decimal(55)
    products = table(browser.get(f"{BASE}products/file.csv"))
    assert [(row["Name"], row["Revenue"], row["Buyers"]) for row in products] == [
        ("Bowl", "20.00", "2"),
        ("Cup", "20.00", "2"),
        ("Dish", "20.00", "1"),
    ]
    cohorts = table(browser.get(f"{BASE}cohorts/file.csv"))
    assert [(row["First order in"], row["Month"], row["Bought"], row["Revenue"]) for row in cohorts] == [
        ("2026-04", "2026-04", "1", "20.00"),
        ("2026-04", "2026-05", "1", "20.00"),
        ("2026-04", "2026-06", "1", "20.00"),
        ("2026-06", "2026-06", "1", "25.00"),
    ]
    pairs = table(browser.get(f"{BASE}bought-together/file.csv"))
    assert pairs == [
        {
            "Product": "Bowl", "Bought with": "Cup", "Orders with both": "4", "Support in percent": "80.0",
            "Confidence in percent": "100.0", "Lift": "1.25",
        }
    ]  # fmt: skip


def test_cells_open_the_rows_behind_them(life, client_of, owner, programme):
    browser = client_of(owner)
    links = re.findall(r'href="(/customers/\?[^"]*active=[^"]*)"', browser.get(f"{BASE}cohorts/").content.decode())
    assert links, "cells with people"
    for link in links:
        assert browser.get(html.unescape(link)).context["listed"].count.value == 1
    assert browser.get("/customers/?cohort=2026-04&active=2026-03").context["listed"].count.value == 0
    hours = re.findall(r'href="(/orders/\?[^"]*hour=[^"]*)"', browser.get(f"{BASE}hours/").content.decode())
    assert [browser.get(html.unescape(link)).context["count"].value for link in hours] == [3], "all on Wednesdays"
    people = browser.get(f"{BASE}customers/").content.decode()
    for link, expected in (("orders=3", "Ann"), ("orders=1", "Ben"), ("country=GB", "Ann"), ("region=Kent", "Ann")):
        assert link in people
        rows = browser.get(f"/customers/?{link}").context["listed"].page.rows
        assert [row.name for row in rows] == [expected], link


def listed(browser, url):
    return sorted(row.name for row in browser.get(html.unescape(url)).context["listed"].page.rows)


def test_figures_of_people_open_exactly_those_people(life, client_of, owner, business):
    """Cy bought in May and after it, Dot before and after but not in it."""
    cy, dot = (Customer.objects.create(first_name=name) for name in ("Cy", "Dot"))
    for number, (who, days) in enumerate(((cy, 45), (cy, 5), (dot, 75), (dot, 4))):
        sold(business, who, f"l{number}", NOW - timedelta(days=days))
    count_all()
    browser = client_of(owner)
    june = {"Buyers": ["Ann", "Ben", "Cy", "Dot"], "New buyers": ["Ben"], "Had bought before": ["Ann", "Cy", "Dot"]}
    may = {"Buyers": ["Ann", "Cy"], "New buyers": ["Cy"], "Had bought before": ["Ann"]}
    for query, expected in (("", june), ("?from=2026-05-01&to=2026-05-31", may)):
        for page in ("", "customers/"):
            kpis = {kpi.label: kpi for kpi in browser.get(f"{BASE}{page}{query}").context["kpis"]}
            assert {label: listed(browser, kpis[label].href) for label in expected} == expected, (page, query)
            assert (kpis["Buyers"].value, kpis["New buyers"].value) == (str(len(expected["Buyers"])), "1")
    refunds = {kpi.label: kpi for kpi in browser.get(BASE).context["kpis"]}["Refunds"].href
    assert browser.get(refunds).context["count"].value == 1
    assert browser.get(refunds.replace("2026-06-20", "2026-06-19")).context["count"].value == 0


def test_an_hour_that_the_clock_repeats_or_skips(business, client_of, owner):
    """London repeats 1 o'clock on Sunday 25 October 2026, and skips it on 29 March."""
    for number, at in enumerate(("2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z")):
        sale(business, None, str(number), "1.00", placed_at=datetime.fromisoformat(at.replace("Z", "+00:00")))
    rebuild_rollups(now=NOW)
    days = "from=2026-03-01&to=2026-10-31&weekday=7"
    counts = [client_of(owner).get(f"/orders/?{days}&hour={hour}").context["count"].value for hour in (0, 1, 2)]
    assert counts == [0, 2, 1]
    other_days = days.replace("weekday=7", "weekday=1")
    assert [client_of(owner).get(f"/orders/?{query}").context["count"].value for query in (days, other_days)] == [3, 0]


def test_people_of_one_business_see_its_figures_only(life, client_of, bound, business, api, other_business):
    browser = client_of(bound)
    for page in ("", f"?business={business.code}"):
        text = words(browser.get(BASE + page))
        assert "Revenue £10 " in text
        assert "Quayside" not in text
    for page in PAGES[1:]:
        assert not re.search(r"\b(Ann|Kent|Bowl)\b", words(browser.get(BASE + page))), page
    key = api("read", business=other_business)
    assert key.get("/api/v1/metrics/dashboard").json()["figures"]["net"] == "10.00"
    assert key.get(f"/api/v1/metrics/dashboard?business={business.code}").status_code == 404
    assert key.get(f"/api/v1/metrics/customers/{life[0].code}").status_code == 404


def test_roll_ups_of_another_programme_stay_there(life, other_programme, client_of, owner):
    with tenant_context(other_programme):
        theirs = Business.objects.create(name="Elsewhere")
        sold(theirs, Customer.objects.create(first_name="Zoe"), "z", NOW, Product.objects.create(sku="Z", title="Zinc"))
        count_all()
    for page in PAGES:
        assert not re.search("Elsewhere|Zoe|Zinc", words(client_of(owner).get(BASE + page)))
    assert "Revenue £55 " in words(client_of(owner).get(BASE))


def test_pages_cost_the_same_for_more_rows(life, client_of, owner, business, goods):
    browser = client_of(owner)
    pages = [*PAGES, f"products/{goods[0].code}/", "?days=365"]

    def queries():
        counts = []
        for page in pages:
            browser.get(BASE + page)
            with CaptureQueriesContext(connection) as captured:
                browser.get(BASE + page)
            counts.append(own_queries(captured))
        return counts

    few = queries()
    more = [Product.objects.create(sku=f"m{number}", title=f"More {number}") for number in range(4)]
    for number in range(12):
        at = NOW - timedelta(days=number * 9, hours=number)
        sold(business, Customer.objects.create(first_name=f"C{number}"), f"m{number}", at, *more)
    count_all()
    assert queries() == few


def test_the_api_tells_what_the_pages_tell(life, api, goods):
    client = api("read")
    told = {name: client.get(f"/api/v1/metrics/{name}").json() for name in METRICS}
    figures = told["dashboard"]["figures"]
    assert (figures["net"], figures["orders"], figures["buyers"], figures["new_buyers"]) == ("55.00", 3, 2, 1)
    assert told["dashboard"]["before"]["net"] == "20.00"
    assert (told["dashboard"]["compared_from"], told["dashboard"]["from"]) == ("2026-04-22", "2026-05-22")
    assert sum(Decimal(part["net"]) for part in told["dashboard"]["parts"]) == Decimal(55)
    assert sum(Decimal(hour["net"]) for hour in told["hours"]["hours"]) == Decimal(55)
    assert told["top-products"]["net"] == "60.00"
    assert [row["sku"] for row in told["top-products"]["rows"]] == ["B", "C", "D"]
    assert [len(cohort["months"]) for cohort in told["cohorts"]["cohorts"]] == [3, 1]
    assert told["bought-together"]["pairs"][0]["lift"] == 1.25
    assert told["rfm"]["groups"] == []
    product = client.get(f"/api/v1/metrics/products/{goods[0].code}?compare=none").json()
    assert (product["figures"]["orders"], product["buyers"], product["before"]) == (2, 2, None)
    customer = client.get(f"/api/v1/metrics/customers/{life[0].code}").json()
    assert (customer["orders"], customer["spent"], customer["days_between"]) == (3, "60.00", 30.0)
    assert (customer["orders_in_period"], customer["net_before"]) == (1, "20.00")


def test_a_file_of_countries_has_all_and_the_page_the_first(programme, client_of, owner):
    for number in range(12):
        PeopleGroup.objects.create(kind="country", key=f"C{number}", customers=20 - number, orders=1, revenue=1)
    browser = client_of(owner)
    sold_there = [row["Group"] for row in table(browser.get(f"{BASE}customers/countries.csv"))]
    assert sold_there == [f"C{number}" for number in range(12)]
    assert "C11" not in words(browser.get(f"{BASE}customers/"))


def test_an_average_is_rounded_to_the_currency():
    totals = SalesTotals(DayFigures(orders=3, revenue=Decimal(65)), PeopleFigures(), (0, 0))
    assert FiguresOutput(totals, context={"currency": "GBP"}).data["average_order"] == "21.67"


def test_orders_without_lines_have_no_units_each():
    def units_each(units):
        return SalesTotals(DayFigures(orders=20, units=Decimal(units)), PeopleFigures(), (0, 0)).units_each

    assert [units_each(units) for units in (0, 3, 20, 30)] == [None, None, 1, Decimal("1.5")]


def test_in_a_demo_the_api_ends_where_the_pages_do(life, api, programme):
    newest = DailySales.objects.latest("day").day
    DailySales.objects.filter(day=newest).delete()
    before = DailySales.objects.latest("day").day
    programme.is_demo = True
    programme.save()
    assert api("read").get("/api/v1/metrics/dashboard").json()["to"] == before.isoformat()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("from=2026-06-02&to=2026-06-01", 422),
        ("from=2020-01-01&to=2026-01-01", 422),
        ("from=0001-01-01&to=0001-01-02", 422),
        ("compare=never", 422),
        ("business=abcdefghjk", 404),
        ("unknown=1", 422),
    ],
)
def test_what_the_api_refuses(programme, api, query, status):
    assert api("read").get(f"/api/v1/metrics/dashboard?{query}").status_code == status


def test_what_a_link_may_say(programme, client_of, owner):
    browser = client_of(owner)
    for query in (
        "days=8", "from=x&to=y", "from=2026-06-02&to=2026-06-01", "from=1900-01-01&to=2026-01-01", "compare=x",
        "business=%00", "from=0001-01-02", "to=9999-12-31", "by=x&sort=y&show=z&months=5",
    ):  # fmt: skip
        assert {browser.get(f"{BASE}{page}?{query}").status_code for page in PAGES} == {200}, query
    assert browser.get(f"{BASE}products/abcdefghjk/").status_code == 404
    assert browser.get(f"{BASE}nonsense.csv").status_code == 404
    assert browser.get(f"{BASE}customers/nonsense.csv").status_code == 404


@pytest.mark.parametrize(("is_bound", "count"), [(False, 11), (True, 9)])
def test_tabs_lead_to_every_page_that_one_may_open(client_of, make_member, business, is_bound, count):
    browser = client_of(make_member("an@example.com", Role.ANALYST, business=business if is_bound else None))
    groups = browser.get(BASE).context["tabs"].groups
    assert [group["label"] for group in groups] == ["Sales", "People", "Intelligence"]
    found = []
    for group in groups:
        for page in browser.get(group["url"]).context["tabs"].pages:
            shown = browser.get(page["url"]).content.decode()
            assert f'<a href="{group["url"]}" aria-current="true">' in shown
            assert re.search(rf'<a href="{page["url"]}" class="chip chip-on" aria-current="page">', shown)
            found.append(page["url"])
    assert len(set(found)) == count
