"""The customer list: who may see it, what it finds, and what a broken link does to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.actions.facts import write_facts
from customers.actions.people_counts import count_people
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer, Identifier, Tag
from customers.tests.queries import own_queries
from customers.tests.test_actions_facts import refund, sale
from programs.models import Programme, User
from workspace.models import Business

LIST = "/customers/"
PART = {"HX-Request": "true", "HX-Target": "customers-rows"}


def person(first: str, last: str = "", **fields: object) -> Customer:
    """A customer as the actions make them: with identifiers."""
    customer = Customer.objects.create(first_name=first, last_name=last, **fields)
    for kind, value in (("phone", customer.phone), ("email", customer.email), ("external", customer.external_id)):
        if value:
            Identifier.objects.create(kind=kind, value=value, customer=customer)
    return customer


def names(response: object) -> list[str]:
    """The names of the rows, in order."""
    content = response.content.decode()  # type: ignore[attr-defined]
    return re.findall(r'<span class="block truncate font-medium text-ink">([^<]+)</span>', content)


@pytest.fixture
def crowd(business: Business, other_business: Business) -> dict[str, Customer]:
    now = timezone.now()
    people = {
        "Priya": person("Priya", "Nair", phone="+447700900142", email="priya@example.com", country="GB"),
        "Elif": person("Elif", "Demir", phone="+447700900187", external_id="12346", country="DE"),
        "Tom": person("Tom", "Aldridge", country="GB"),
        "Gone": person("Gone", "Away", state="archived"),
    }
    sale(business, people["Priya"], "p1", "40.00", placed_at=now - timedelta(days=2))
    sale(business, people["Priya"], "p2", "10.00", placed_at=now - timedelta(days=50))
    sale(other_business, people["Elif"], "e1", "120.00", placed_at=now - timedelta(days=100))
    sale(business, people["Elif"], "e2", "5.00", placed_at=now - timedelta(days=120))
    rebuild_rollups(now=now)
    write_facts(["is_member", "balance", "rfm_group"], [(people["Priya"].pk, True, 46, "champions")])
    return people


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.MARKETER, Role.ANALYST])
def test_everybody_but_cashiers_may_look(
    role: Role, make_member: Callable[..., User], client_of: Callable[..., Client]
) -> None:
    assert client_of(make_member(f"{role}@example.com", role)).get(LIST).status_code == 200


@pytest.mark.parametrize("path", [LIST, "/orders/", "/products/", "/customers/abc/", "/intelligence/rfm/"])
def test_cashiers_strangers_and_outsiders_may_not(
    path: str, client_of: Callable[..., Client], cashier: User, outsider: User
) -> None:
    assert client_of(cashier).get(path).status_code == 403
    assert client_of(outsider).get(path).status_code == 403
    assert client_of(None).get(path).status_code == 302


def test_the_list_is_sorted_by_spend_and_leaves_archived_people_out(
    browser: Client, crowd: dict[str, Customer]
) -> None:
    response = browser.get(LIST)
    assert names(response) == ["Elif Demir", "Priya Nair", "Tom Aldridge"]
    assert "£125.00" in response.content.decode()


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Tom Aldridge", "Elif Demir", "Priya Nair"]),
        ("-name", ["Priya Nair", "Elif Demir", "Tom Aldridge"]),
        ("-last", ["Priya Nair", "Elif Demir", "Tom Aldridge"]),
        ("last", ["Tom Aldridge", "Elif Demir", "Priya Nair"]),
        ("-points", ["Priya Nair", "Tom Aldridge", "Elif Demir"]),
        ("nonsense", ["Elif Demir", "Priya Nair", "Tom Aldridge"]),
        ("-spent'; DROP TABLE", ["Elif Demir", "Priya Nair", "Tom Aldridge"]),
    ],
)
def test_sorting(browser: Client, crowd: dict[str, Customer], sort: str, expected: list[str]) -> None:
    assert names(browser.get(LIST, {"sort": sort})) == expected


def test_tiers_are_shown_and_filtered_by(
    browser: Client, crowd: dict[str, Customer], business: Business, other_business: Business
) -> None:
    assert 'name="tier"' not in browser.get(LIST).content.decode()
    tiers = {"Priya": ("Gold", 2), "Elif": ("Bronze & Co", 1), "Gone": ("Gold", 2)}
    write_facts(["tier", "tier_rank"], [(crowd[name].pk, *tier) for name, tier in tiers.items()])
    response = browser.get(LIST)
    html = response.content.decode()
    assert len(re.findall(r'class="badge"[^<]*<svg.*?</svg>(Gold|Bronze &amp; Co)</span>', html, re.DOTALL)) == 2
    assert response.context["form"].fields["tier"].choices == [
        ("", "Any"), ("Bronze & Co", "Bronze & Co"), ("Gold", "Gold"),
    ]  # fmt: skip
    gold = browser.get(LIST, {"tier": "Gold"})
    assert names(gold) == ["Priya Nair"]
    assert [(chip.label, chip.value) for chip in gold.context["chips"]] == [("Tier", "Gold")]
    assert names(browser.get(LIST, {"tier": "Bronze & Co", "business": other_business.code})) == ["Elif Demir"]
    assert names(browser.get(LIST, {"tier": "Gold", "business": other_business.code})) == []
    assert names(browser.get(LIST, {"tier": "nothing"})) == [], "never everybody"


def test_who_is_limited_to_a_business_filters_its_own_people_by_tier(
    client_of: Callable[..., Client], make_member: Callable[..., User], crowd: dict[str, Customer], business: Business
) -> None:
    write_facts(["tier", "tier_rank"], [(crowd[name].pk, "Gold", 2) for name in ("Priya", "Elif", "Tom")])
    bound = client_of(make_member("ines@example.com", Role.ANALYST, business=business))
    assert names(bound.get(LIST, {"tier": "Gold"})) == ["Priya Nair", "Elif Demir"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("priya", ["Priya Nair"]),
        ("nair pri", ["Priya Nair"]),
        ("07700 900142", ["Priya Nair"]),
        ("+44 (7700) 900-142", ["Priya Nair"]),
        ("0044 7700 900142", ["Priya Nair"]),
        ("PRIYA@example.com", ["Priya Nair"]),
        ("12346", ["Elif Demir"]),
        ("Priyah", ["Priya Nair"]),  # a slip
        ("07700 900143", []),
        ("%", []),
        ("_", []),
        ("zzzzzz", []),
        ("\x00", ["Elif Demir", "Priya Nair", "Tom Aldridge"]),
    ],
)
def test_search_in_any_spelling(browser: Client, crowd: dict[str, Customer], typed: str, expected: list[str]) -> None:
    assert names(browser.get(LIST, {"q": typed})) == expected


def test_a_whole_id_finds_its_owner_alone_and_a_word_everybody(browser: Client, programme: Programme) -> None:
    person("Ada", external_id="1234")
    person("Ben", email="ben1234@example.com")
    person("Cleo", external_id="ben")
    rebuild_rollups(now=timezone.now())
    assert names(browser.get(LIST, {"q": "1234"})) == ["Ada"]
    assert names(browser.get(LIST, {"q": "123"})) == ["Ben", "Ada"]
    assert sorted(names(browser.get(LIST, {"q": "ben"}))) == ["Ben", "Cleo"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("member=yes", ["Priya Nair"]),
        ("member=no", ["Elif Demir", "Tom Aldridge"]),
        ("group=champions", ["Priya Nair"]),
        ("last=within-30", ["Priya Nair"]),
        ("last=over-90", ["Elif Demir"]),
        ("last=never", ["Tom Aldridge"]),
        ("min=60", ["Elif Demir"]),
        ("max=60", ["Priya Nair", "Tom Aldridge"]),
        ("country=DE", ["Elif Demir"]),
        ("country=XX", []),
        ("tier=Gold", []),
        ("new=7&member=no", ["Elif Demir", "Tom Aldridge"]),
        # What is not valid is left out, never an error.
        ("member=perhaps&group=nobody&last=within-1&min=abc&max=NaN&country=%00&r=9&new=-1&business=none", None),
        ("min=1e400&max=9" + "9" * 40, None),
    ],
)
def test_filters(browser: Client, crowd: dict[str, Customer], query: str, expected: list[str] | None) -> None:
    everybody = ["Elif Demir", "Priya Nair", "Tom Aldridge"]
    response = browser.get(f"{LIST}?{query}")
    assert response.status_code == 200
    assert names(response) == (everybody if expected is None else expected)


def test_narrowed_to_a_shop_the_figures_are_that_shops(
    browser: Client, crowd: dict[str, Customer], business: Business
) -> None:
    response = browser.get(LIST, {"business": business.code})
    assert names(response) == ["Priya Nair", "Elif Demir"]
    assert "£125.00" not in response.content.decode()


def test_countries_to_choose_from_are_those_that_somebody_has(browser: Client, crowd: dict[str, Customer]) -> None:
    Customer.objects.filter(pk=crowd["Gone"].pk).update(country="FR")
    person("Ada", country="AT")
    choices = browser.get(LIST).context["form"].fields["country"].choices
    assert [code for code, _name in choices] == ["", "AT", "DE", "GB"], "not the country of who is archived"


def test_people_of_one_business_see_its_customers_and_figures_only(
    make_member: Callable[..., User],
    client_of: Callable[..., Client],
    crowd: dict[str, Customer],
    business: Business,
    other_business: Business,
) -> None:
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    response = bound.get(LIST)
    assert names(response) == ["Elif Demir"]
    assert "£120.00" in response.content.decode()
    assert names(bound.get(LIST, {"business": business.code})) == ["Elif Demir"], "another shop's code is no filter"
    count_people(now=timezone.now(), zone="UTC")
    assert [code for code, _name in bound.get(LIST).context["form"].fields["country"].choices] == ["", "DE"]
    assert bound.get(f"/customers/{crowd['Priya'].code}/").status_code == 404
    profile = bound.get(f"/customers/{crowd['Elif'].code}/").content.decode()
    assert "£120.00" in profile
    assert "£125.00" not in profile


def test_people_of_one_business_can_open_everybody_on_their_list(
    make_member: Callable[..., User],
    client_of: Callable[..., Client],
    crowd: dict[str, Customer],
    other_business: Business,
) -> None:
    """Also who only gave something back there, of an order from before our history."""
    refund(other_business, crowd["Tom"], "r", "3.00", refunded_at=timezone.now())
    rebuild_rollups(now=timezone.now())
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    assert names(bound.get(LIST)) == ["Elif Demir", "Tom Aldridge"]
    assert bound.get(f"/customers/{crowd['Tom'].code}/").status_code == 200
    assert bound.get(f"/customers/{crowd['Priya'].code}/").status_code == 404


def test_another_programme_shows_nothing_of_this_one(
    crowd: dict[str, Customer], other_programme: Programme, outsider: User, client_of: Callable[..., Client]
) -> None:
    with tenant_context(other_programme):
        twin = Customer.objects.create(pk=crowd["Priya"].pk, first_name="Same", last_name="Key")
        rebuild_rollups(now=timezone.now())
    theirs = client_of(outsider, on=other_programme)
    assert names(theirs.get(LIST)) == ["Same Key"]
    assert theirs.get(f"/customers/{crowd['Priya'].code}/").status_code == 404
    assert theirs.get(f"/customers/{twin.code}/").status_code == 200


def test_htmx_gets_the_rows_and_what_they_change_only(browser: Client, crowd: dict[str, Customer]) -> None:
    part = browser.get(f"{LIST}?q=priya", headers=PART).content.decode()
    assert part.lstrip().startswith('<div id="customers-rows">')
    assert "<html" not in part
    assert 'id="customer-chips"' in part
    assert 'hx-swap-oob="true"' in part
    full = browser.get(f"{LIST}?q=priya").content.decode()
    assert "<html" in full
    assert "hx-swap-oob" not in full


@pytest.mark.parametrize(
    ("url", "rows", "swapped"),
    [(LIST, "customers-rows", 4), ("/orders/", "orders-rows", 3), ("/products/", "products-rows", 3)],
)
def test_what_comes_along_with_rows_has_its_place(
    browser: Client, crowd: dict[str, Customer], url: str, rows: str, swapped: int
) -> None:
    """Else a filter that is chosen after a search forgets what was searched for."""
    Tag.objects.create(name="VIP")
    part = browser.get(f"{url}?q=priya", headers={"HX-Request": "true", "HX-Target": rows}).text
    ids = re.findall(r'<\w+ id="([\w-]+)"[^>]*hx-swap-oob', part)
    full = browser.get(url).text
    assert (len(ids), [full.count(f'id="{one}"') for one in ids]) == (swapped, [1] * swapped)
    every = re.findall(r' id="([^"]+)"', full)
    assert sorted(every) == sorted(set(every))


def test_empty_and_nothing_found(browser: Client, crowd: dict[str, Customer]) -> None:
    assert "Nobody found for" in browser.get(LIST, {"q": "zzzzzz"}).content.decode()
    Customer.objects.update(state="archived")
    assert "No customers yet" in browser.get(LIST).content.decode()


def test_pages_are_walked_without_gap(browser: Client, business: Business) -> None:
    many = [person(f"c{number:02}", "Same") for number in range(60)]
    write_facts(["total_spent"], [(customer.pk, Decimal(number // 3)) for number, customer in enumerate(many)])
    seen, url = [], LIST
    for _page in range(3):
        response = browser.get(url)
        seen += names(response)
        url = LIST + response.context["links"]["next_url"]
    assert len(seen) == len(set(seen)) == 60
    assert response.context["links"]["next_url"] == ""
    assert browser.get(LIST, {"cursor": "garbage"}).status_code == 200


def test_queries_do_not_grow_with_rows(browser: Client, business: Business) -> None:
    def queries(path: str, **headers: str) -> int:
        browser.get(path, headers=headers)  # what is cached is cached
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path, headers=headers).status_code == 200
        return own_queries(captured)

    def grow(count: int) -> None:
        for _number in range(count):
            customer = person("Ann", "Lee")
            order = sale(business, customer, f"o{customer.pk}", "5.00", placed_at=timezone.now())
            refund(business, customer, f"r{customer.pk}", "1.00", order=order, refunded_at=timezone.now())
        rebuild_rollups(now=timezone.now())

    grow(2)
    paths = [LIST, f"{LIST}?business={business.code}", f"{LIST}?q=ann", "/orders/", "/products/"]
    before = {path: queries(path) for path in paths}
    grow(20)
    assert {path: queries(path) for path in paths} == before
    assert before[LIST] <= 19
    assert queries(LIST, **PART) <= 12
