"""Somebody is erased or merged, or the import that brought them undone, while a run writes about everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM
from customers.actions.merging import merge_customers
from customers.actions.undo_imports import rehearse_undo, undo_import
from customers.models import Archetype, Customer, CustomerArchetype, CustomerFacts, CustomerScores
from customers.tests.imports_fixtures import csv_of, import_csv
from customers.tests.test_actions_facts import sale
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.archetypes import find_archetypes
from intelligence.actions.features import rebuild_features, refresh_features
from intelligence.actions.forecasts import forecast_customers
from intelligence.actions.rfm import score_customers
from intelligence.models import CustomerFeatures
from loyalty.tests.given import interleaved
from programs.models import Programme
from screens.actions.privacy import erase_customer
from workspace.models import Business

NOW = timezone.now()
FAR = NOW + timedelta(days=1)
Run = Callable[[], object]


def everybodys_features() -> object:
    return rebuild_features(now=FAR)


def their_features() -> object:
    return refresh_features(list(Customer.objects.values_list("pk", flat=True)), now=FAR)


def forecasts() -> object:
    return forecast_customers(now=FAR)


def archetypes() -> object:
    return find_archetypes(now=FAR)


def scores() -> object:
    return score_customers(now=FAR)


RUNS: tuple[Run, ...] = (everybodys_features, their_features, forecasts, archetypes, scores)


@pytest.fixture
def shop(committed_database: str) -> Business:
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    return Business.objects.create(name="Quayside")


def buyer(shop: Business, name: str) -> Customer:
    customer = Customer.objects.create(first_name=name)
    for visit in range(3):
        at = NOW - timedelta(days=10 + 7 * visit)
        sale(shop, customer, f"{name}-{visit}", "10.00", placed_at=at)
    return customer


def known_of(customer: int) -> list[str]:
    tables = (CustomerFeatures, CustomerScores, CustomerArchetype)
    found = [table.__name__ for table in tables if table.objects.filter(pk=customer).exists()]
    return found + list(
        CustomerFacts.objects.filter(pk=customer).exclude(rfm_group="").values_list("rfm_group", flat=True)
    )


def test_nobody_comes_back_by_a_run_that_was_writing(shop: Business) -> None:
    buyer(shop, "Stays")
    for run in RUNS:
        before, after = (buyer(shop, f"{run.__name__} {turn}") for turn in ("before", "after"))

        def erase(customer: Customer) -> Run:
            return lambda: erase_customer(customer_id=customer.pk, actor=SYSTEM, now=NOW)

        outcomes = [interleaved(run, erase(before)), interleaved(erase(after), run)]
        assert not [one for one in outcomes if isinstance(one, Exception)], run.__name__
        assert [known_of(before.pk), known_of(after.pk)] == [[], []], run.__name__


def test_undoing_an_import_takes_its_customers_while_a_run_writes(shop: Business) -> None:
    buyer(shop, "Stays")
    for number, run in enumerate(RUNS):
        made = []
        for turn in (0, 1):
            line = f"90{number}{turn},85123A,Lantern,6,2026-01-05 08:26:00,2.55,1785{number}{turn},United Kingdom"
            made.append(import_csv(csv_of(line), shop))
        assert interleaved(run, partial(rehearse_undo, made[0], now=NOW)) is None, "does not wait"
        people = [Customer.objects.get(external_id=f"1785{number}{turn}").pk for turn in (0, 1)]

        def undo(place: int, made: list = made) -> Run:
            return lambda: undo_import(made[place], report=lambda done, total, part: None, now=NOW)

        outcomes = [interleaved(run, undo(1)), interleaved(undo(0), run)]
        assert not [one for one in outcomes if isinstance(one, Exception)], run.__name__
        assert not Customer.objects.filter(pk__in=people).exists(), run.__name__


def test_two_are_merged_while_a_run_writes(shop: Business) -> None:
    buyer(shop, "Stays")
    for run in RUNS:
        pairs = [[buyer(shop, f"{run.__name__} {turn} {one}") for one in "ab"] for turn in "xy"]

        def merge(pair: list[Customer]) -> Run:
            one, other = (customer.pk for customer in pair)
            return lambda: merge_customers(survivor_id=one, duplicate_id=other, choose={}, actor=SYSTEM, now=NOW)

        outcomes = [interleaved(run, merge(pairs[0])), interleaved(merge(pairs[1]), run)]
        assert not [one for one in outcomes if isinstance(one, Exception)], run.__name__


def test_figures_are_of_the_people_that_a_run_is_writing(shop: Business) -> None:
    buyer(shop, "Stays")
    archetypes()
    buyer(shop, "Comes")
    everybodys_features()
    interleaved(archetypes, count_archetypes)
    assert CustomerArchetype.objects.count() == 2
    assert sum(Archetype.objects.filter(level=Archetype.Level.KIND).values_list("customers", flat=True)) == 2
