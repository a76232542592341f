"""Why one customer is seen as they are, as a page and on the profile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from core.clock import local_day
from core.permissions import Role
from customers.models import Customer, CustomerArchetype, Order
from customers.tests.test_actions_facts import sale
from intelligence.actions.archetypes import find_archetypes
from intelligence.actions.features import rebuild_features
from intelligence.actions.forecasts import forecast_customers
from programs.models import Programme, User
from workspace.models import Business

Clients = Callable[..., Client]


@pytest.fixture
def regular(business: Business) -> Customer:
    """One of 30 who come each week; 30 others came once."""
    now, orders, people = timezone.now(), [], []
    for number in range(60):
        people.append(Customer.objects.create(first_name=f"Guest {number:02}"))
        for visit in range(8 if number < 30 else 1):
            at = now - timedelta(days=(3 if number < 30 else 90) + number % 5 + 7 * visit)
            orders.append(
                Order(business=business, customer=people[-1], source="api", reference=f"{number}-{visit}",
                      placed_at=at, total=20 + number % 7)
            )  # fmt: skip
    Order.objects.bulk_create(orders)
    return people[3]


def test_kind_comparison_and_forecast_are_explained(client_of: Clients, owner: User, regular: Customer) -> None:
    url, profile = f"/customers/{regular.code}/why/", f"/customers/{regular.code}/"
    browser = client_of(owner)
    assert "Nothing to explain yet" in browser.get(url).content.decode()
    assert "Kind of customer" not in browser.get(profile).content.decode()
    find_archetypes(now=timezone.now())
    forecast_customers(now=timezone.now())
    member = CustomerArchetype.objects.select_related("archetype").get(customer=regular)
    page = browser.get(url).content.decode()
    for words in (member.archetype.name, f"{round(member.confidence * 100)}%", "Beside the typical one", "12 months",
                  "Churn risk", "It has not been tried on your own past yet."):  # fmt: skip
        assert words in page
    assert url in browser.get(profile).content.decode()
    assert browser.get("/customers/nothere12345/why/").status_code == 404


def test_figures_on_the_page_are_of_the_day_of_the_forecast(
    client_of: Clients, owner: User, regular: Customer, business: Business, programme: Programme
) -> None:
    def page() -> tuple[dict[str, str], str]:
        answer = client_of(owner).get(f"/customers/{regular.code}/why/")
        return {row.feature.key: row.own for row in answer.context["rows"]}, " ".join(answer.content.decode().split())

    now = timezone.now()
    today = local_day(now, programme.zone)
    yesterday = today - timedelta(days=1)
    last = local_day(Order.objects.filter(customer=regular).latest("placed_at").placed_at, programme.zone)
    find_archetypes(now=now)
    forecast_customers(now=now)
    away = (yesterday - last).days
    figures, text = page()
    assert figures["recency_days"] == str(away)
    assert f"Last here {away} days ago" in text
    assert text.count(f"s known on {date_format(yesterday, 'j F Y')}") == 3
    assert "They bought since" not in text
    sale(business, regular, "today", "20.00", placed_at=now)
    rebuild_features(now=now)
    figures, text = page()
    assert (figures["recency_days"], figures["order_days"]) == ("0", "9")
    assert f"Last here {away} days ago" in text  # what the forecast knew
    assert text.count("They bought since; the next forecast knows of it.") == 1
    assert text.count(f"as known on {date_format(today, 'j F Y')}") == 1
    assert text.count(f"As known on {date_format(yesterday, 'j F Y')}") == 2


def test_people_of_one_business_learn_nothing(
    client_of: Clients, make_member: Callable[..., User], regular: Customer, business: Business
) -> None:
    find_archetypes(now=timezone.now())
    limited = client_of(make_member("l@example.com", Role.MANAGER, business=business))
    assert limited.get(f"/customers/{regular.code}/why/").status_code == 403
    assert "Kind of customer" not in limited.get(f"/customers/{regular.code}/").content.decode()
