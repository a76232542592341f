"""What must not matter to anything that is said of customers: the order of rows, twins, the currency, the time zone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction

from customers.models import Customer, CustomerArchetype, CustomerScores, Order
from intelligence.actions.archetypes import find_archetypes
from intelligence.actions.features import rebuild_features
from intelligence.actions.forecasts import forecast_customers
from programs.models import Programme
from workspace.models import Business

NOW = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)
LONDON = "Europe/London"


@dataclass(frozen=True)
class Sale:
    customer: str
    at: datetime
    total: Decimal


@dataclass(frozen=True)
class Said:
    """Of one customer, without what a database numbers."""

    archetype: str
    place: int
    confidence: float
    churn: float
    band: str
    value: Decimal
    low: Decimal
    high: Decimal
    next_in_days: int | None


def _history() -> list[Sale]:
    """150 customers of several rhythms over a year, in random but fixed order."""
    random, sales = Random(5), []
    for number in range(150):
        gap, baskets = (7, 12) if number < 50 else (30, 40) if number < 100 else (120, 90)
        day = random.uniform(0, 200)
        while day < 365 and random.random() > 0.04:
            at = NOW - timedelta(days=366 - day, hours=random.uniform(-3, 3))
            sales.append(Sale(f"c{number:03}", at, Decimal(round(random.gammavariate(4, baskets / 4), 2)) + 1))
            day += random.expovariate(1 / gap)
    return sales


def _twins(sales: Sequence[Sale]) -> list[Sale]:
    return [*sales, *(replace(one, customer=f"{one.customer} twin") for one in sales)]


def _shuffled(sales: Sequence[Sale]) -> list[Sale]:
    again = list(sales)
    Random(7).shuffle(again)
    return again


def _in_pence(sales: Sequence[Sale]) -> list[Sale]:
    return [replace(one, total=one.total * 100) for one in sales]


@pytest.fixture
def say(programme: Programme, business: Business, one_thread: None) -> Callable[..., dict[str, Said]]:
    """What the whole chain says of a history, from rows of orders to what is written; nothing stays."""

    def all_of(sales: Sequence[Sale], *, zone: str = LONDON, now: datetime = NOW) -> dict[str, Said]:
        with transaction.atomic():
            Programme.objects.filter(pk=programme.pk).update(time_zone=zone)
            people = {
                name: Customer.objects.create(first_name=name) for name in dict.fromkeys(s.customer for s in sales)
            }
            Order.objects.bulk_create(
                Order(business=business, customer=people[one.customer], source="api", reference=str(number),
                      placed_at=one.at, total=one.total)
                for number, one in enumerate(sales)
            )  # fmt: skip
            rebuild_features(now=now)
            # Of twice as many customers more archetypes would be looked for: the range is the same for all here.
            find_archetypes(now=now, asked={"max_k": 4})
            forecast_customers(now=now)
            members = CustomerArchetype.objects.select_related("archetype").in_bulk()
            found = {}
            for scores in CustomerScores.objects.select_related("customer"):
                member = members[scores.customer_id]
                found[scores.customer.first_name] = Said(
                    archetype=member.archetype.found_name,
                    place=member.archetype.place,
                    confidence=member.confidence,
                    churn=scores.churn,
                    band=scores.band,
                    value=scores.value_12,
                    low=scores.value_12_low,
                    high=scores.value_12_high,
                    next_in_days=(scores.next_purchase_on - scores.computed_on).days
                    if scores.next_purchase_on
                    else None,
                )
            transaction.set_rollback(True)
        return found

    return all_of


def _same(mine: dict[str, Said], other: dict[str, Said]) -> None:
    """But for the last hundredth of an amount: sums of floats may differ by a bit."""
    assert mine.keys() == other.keys()
    for name, said in mine.items():
        found = other[name]
        assert replace(found, value=said.value, low=said.low, high=said.high, churn=said.churn) == said
        assert found.churn == pytest.approx(said.churn, abs=2e-4)
        for one, two in ((said.value, found.value), (said.low, found.low), (said.high, found.high)):
            assert abs(one - two) <= Decimal("0.02")


def test_the_order_of_rows_does_not_matter(say: Callable[..., dict[str, Said]]) -> None:
    sales = _history()
    _same(say(_shuffled(sales)), say(sales))


def test_a_twin_is_told_the_same_and_twins_of_all_change_nothing(say: Callable[..., dict[str, Said]]) -> None:
    sales = _history()
    alone, together = say(sales), say(_twins(sales))
    assert len(together) == 2 * len(alone)
    for name, said in alone.items():
        assert together[f"{name} twin"] == together[name]
        # Learning from twice as many leans less on what is supposed of shops in general: a little may change.
        assert together[name].archetype == said.archetype
        assert together[name].churn == pytest.approx(said.churn, abs=0.05)


def test_another_currency_changes_amounts_alone(say: Callable[..., dict[str, Said]]) -> None:
    sales = _history()
    pounds, pence = say(sales), say(_in_pence(sales))
    for name, said in pounds.items():
        other = pence[name]
        assert replace(other, value=said.value, low=said.low, high=said.high) == said
        for mine, theirs in ((said.value, other.value), (said.low, other.low), (said.high, other.high)):
            assert float(theirs) == pytest.approx(100 * float(mine), abs=1.0, rel=1e-4)


def test_another_time_zone_with_the_same_clock_changes_nothing(say: Callable[..., dict[str, Said]]) -> None:
    """The same wall clock at the other end of the world; without daylight saving in between the days are the same."""
    sales = _history()
    ahead = timedelta(hours=12)
    noon = say(sales, zone="UTC")
    there = [replace(one, at=one.at - ahead) for one in sales]
    _same(say(there, zone="Etc/GMT-12", now=NOW - ahead), noon)
    with pytest.raises(AssertionError):  # days are days of the zone
        _same(say(there, zone="UTC", now=NOW - ahead), noon)
