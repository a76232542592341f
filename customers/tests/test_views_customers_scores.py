"""Churn and value in the customer list, its file and the API."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import Archetype, Customer, CustomerArchetype, CustomerScores
from customers.tests.test_actions_facts import sale
from customers.tests.test_views_customers import LIST, names, person
from programs.models import User
from workspace.models import Business

API = "/api/v1/customers/"
COLUMNS = ('sort=-churn"', 'sort=-value"')


def score(customer: Customer, churn: float, band: str, value: str) -> None:
    amounts = dict.fromkeys(("value_3", "value_6", "value_12_low", "value_12_high", "value_at_risk"), 0)
    CustomerScores.objects.create(
        customer=customer, churn=churn, horizon_days=91, band=band, value_12=Decimal(value), **amounts,
        computed_on=date(2026, 6, 16),
    )  # fmt: skip


@pytest.fixture
def crowd(business: Business) -> dict[str, Customer]:
    """Ann spends most, Bo is worth most, Cleo has left, Dan never bought."""
    people = {name: person(name, "Lee") for name in ("Ann", "Bo", "Cleo", "Dan")}
    for name, spent in (("Ann", "90.00"), ("Bo", "40.00"), ("Cleo", "60.00")):
        sale(business, people[name], name, spent, placed_at=timezone.now() - timedelta(days=2))
    rebuild_rollups(now=timezone.now())
    kinds = [
        Archetype.objects.create(code=f"kind{place}aaaaaaaaaaa", found_name=name, place=place, found_at=timezone.now())
        for place, name in enumerate(("Loyal regulars", "Drifted away"), 1)
    ]
    for name, now, before in (("Ann", 0, 0), ("Bo", 0, 1), ("Cleo", 1, 1)):
        CustomerArchetype.objects.create(
            customer=people[name], archetype=kinds[now], confidence=0.9, earlier=kinds[before], since=date(2026, 6, 1)
        )
    score(people["Ann"], 0.456, "medium", "120.80")
    score(people["Bo"], 0.1, "low", "480.00")
    score(people["Cleo"], 0.97, "lost", "3.10")
    return people


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Ann Lee", "Cleo Lee", "Bo Lee", "Dan Lee"]),
        ("sort=-churn", ["Cleo Lee", "Ann Lee", "Bo Lee"]),
        ("sort=churn", ["Bo Lee", "Ann Lee", "Cleo Lee"]),
        ("sort=-value", ["Bo Lee", "Ann Lee", "Cleo Lee"]),
        ("sort=value", ["Cleo Lee", "Ann Lee", "Bo Lee"]),
        ("churn=medium", ["Ann Lee"]),
        ("churn=high", []),
        ("churn=nonsense", ["Ann Lee", "Cleo Lee", "Bo Lee", "Dan Lee"]),
        ("churn=low&sort=-value", ["Bo Lee"]),
        ("archetype=kind1aaaaaaaaaaa", ["Ann Lee", "Bo Lee"]),
        ("archetype=kind1aaaaaaaaaaa&archetype_before=kind2aaaaaaaaaaa", ["Bo Lee"]),
        ("archetype=nonsense", ["Ann Lee", "Cleo Lee", "Bo Lee", "Dan Lee"]),
    ],
)
def test_sorted_and_narrowed(browser: Client, query: str, expected: list[str]) -> None:
    assert names(browser.get(f"{LIST}?{query}")) == expected


@pytest.mark.usefixtures("crowd")
def test_the_columns_say_band_percent_and_value(browser: Client) -> None:
    content = browser.get(LIST).content.decode()
    assert all(column in content for column in COLUMNS)
    assert "Loyal regulars" in content
    for text in ("Medium</span> 46%", "Low</span> 10%", "Lost</span> 97%", "£121", "£480", "£3"):
        assert text in content
    assert "Who never bought has no forecast" not in content
    assert "Who never bought has no forecast" in browser.get(f"{LIST}?sort=-value").content.decode()
    chips = browser.get(f"{LIST}?churn=lost").context["chips"]
    assert [(chip.label, chip.value) for chip in chips] == [("Churn", "Lost")]


@pytest.mark.usefixtures("crowd")
def test_pages_go_on_where_they_ended(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.keyset.keyset_page.__kwdefaults__", {"cursor": "", "size": 2})
    first = browser.get(f"{LIST}?sort=-value")
    assert names(first) == ["Bo Lee", "Ann Lee"]
    with CaptureQueriesContext(connection) as captured:
        second = browser.get(LIST + first.context["links"]["next_url"])
    # The edge is compared with the columns of the index `scores_by_value`, not with equal ones of other tables.
    edge = '("customers_customerscores"."value_12", "customers_customerscores"."customer_id") < ('
    assert sum(edge in query["sql"].replace("((", "(") for query in captured.captured_queries) == 1
    assert names(second) == ["Cleo Lee"]
    assert names(browser.get(LIST + second.context["links"]["previous_url"])) == ["Bo Lee", "Ann Lee"]


def test_no_columns_before_the_first_forecast(browser: Client, business: Business) -> None:
    person("Ann", "Lee")
    rebuild_rollups(now=timezone.now())
    assert not any(column in browser.get(LIST).content.decode() for column in COLUMNS)


def test_people_of_one_business_learn_nothing_of_the_whole_programme(
    crowd: dict[str, Customer],
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    api: Callable[..., Client],
    business: Business,
) -> None:
    bound, limited = (
        client_of(make_member("bo@example.com", Role.MANAGER, business=business)),
        api("read", business=business),
    )
    content = bound.get(LIST).content.decode()
    assert not any(column in content for column in COLUMNS)
    assert 'name="churn"' not in content
    assert names(bound.get(f"{LIST}?sort=-value")) == ["Ann Lee", "Cleo Lee", "Bo Lee"], "by what they spent there"
    asked = bound.get(f"{LIST}?churn=lost")
    assert names(asked) == ["Ann Lee", "Cleo Lee", "Bo Lee"]
    assert "is left out" in asked.content.decode()
    assert bound.post("/customers/bulk/?act=export&all=1&churn=lost").status_code == 409
    assert "Loyal regulars" not in bound.post("/customers/bulk/?act=export&all=1").getvalue().decode()
    assert "Churn" not in bound.post("/customers/bulk/?act=export&all=1").getvalue().decode()
    one = limited.get(f"{API}{crowd['Ann'].code}").json()
    assert (one["churn_risk"], one["churn_band"], one["ltv"]) == (None, None, None)
    assert 'name="archetype"' not in content
    assert "Loyal regulars" not in content
    for query in ("churn_band=lost", "archetype=kind1aaaaaaaaaaa", "ordering=-value", "ordering=churn"):
        assert limited.get(f"{API}?{query}").status_code == 403


@pytest.mark.usefixtures("crowd")
def test_the_file_has_them(browser: Client) -> None:
    body = browser.post("/customers/bulk/?act=export&all=1").getvalue().decode().removeprefix("\ufeff")
    rows = {row["First name"]: row for row in csv.DictReader(io.StringIO(body))}
    assert [rows["Ann"][name] for name in ("Churn, %", "Churn", "Worth in 12 months")] == [
        "45.6",
        "Medium risk",
        "120.80",
    ]
    assert [rows[name]["Archetype"] for name in ("Ann", "Cleo", "Dan")] == ["Loyal regulars", "Drifted away", ""]
    assert [rows["Dan"][name] for name in ("Churn, %", "Churn", "Worth in 12 months")] == ["", "", ""]


@pytest.mark.usefixtures("crowd")
def test_the_api_has_them_in_order(api: Callable[..., Client]) -> None:
    listed = api("read").get(f"{API}?ordering=-value").json()["data"]
    assert [(one["first_name"], one["churn_risk"], one["churn_band"], one["ltv"]) for one in listed] == [
        ("Bo", 0.1, "low", "480.00"),
        ("Ann", 0.456, "medium", "120.80"),
        ("Cleo", 0.97, "lost", "3.10"),
    ]
    found = api("read").get(f"{API}?churn_band=lost").json()["data"]
    assert [one["first_name"] for one in found] == ["Cleo"]
    in_first = api("read").get(f"{API}?archetype=kind1aaaaaaaaaaa").json()["data"]
    assert {one["archetype"] for one in in_first} == {"kind1aaaaaaaaaaa"}
    assert len(in_first) == 2
    assert api("read").get(f"{API}?churn_band=nonsense").status_code == 422


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", {"Customer", "Spent"}),
        ("sort=-value", {"Customer", "Next 12 months"}),
        ("sort=-churn", {"Customer", "Churn"}),
        ("sort=-orders", {"Customer", "Orders"}),
        ("churn=low", {"Customer", "Spent", "Churn"}),
    ],
)
def test_a_phone_shows_what_the_list_is_sorted_by(
    query: str, seen: set[str], browser: Client, crowd: dict[str, Customer]
) -> None:
    page = browser.get(f"{LIST}?{query}").content.decode()
    heads = re.findall(r'<th scope="col"([^>]*)>(.*?)</th>', page, re.DOTALL)
    shown = {re.sub(r"<[^>]+>", "", text).strip() for attributes, text in heads if ":hidden" not in attributes}
    assert shown - {"Select all on this page"} == seen
    cells = re.findall(r"<td([^>]*)>", page.split("<tbody>")[1].split("</tr>")[0])
    assert len([one for one in cells if ":hidden" not in one]) == len(seen) + 1  # and the box to choose
