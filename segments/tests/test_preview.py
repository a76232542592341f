"""What is shown of rules before they are saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import PermissionRefused
from customers.actions.rollups import rebuild_rollups
from customers.models import ConsentRecord, Customer, CustomerScores, Identifier, Order, Refund
from segments import asking
from segments.asking import TakesLonger, ask
from segments.fields.registry import FIELDS
from segments.reports import preview as module
from segments.reports.preview import Figures, Preview, preview
from segments.rules import read
from segments.statement import Moment, Query
from segments.tests.people import NOW, TODAY, ZONE
from segments.tests.test_living_laws import MAYA

MOMENT = Moment(NOW, ZONE)
BUYERS = {"type": "condition", "field": "orders", "op": "at_least", "value": 1}
LEEDS = {"type": "condition", "field": "city", "op": "is", "value": "Leeds"}


@pytest.fixture
def people(business) -> list[Customer]:
    """Eight buyers, half of them in Leeds, two of whom can be written to; and one who never bought."""
    found = []
    for number in range(9):
        one = Customer.objects.create(first_name=f"P{number}", city="Leeds" if number % 2 else "York")
        found.append(one)
        if number == 8:
            continue
        Order.objects.create(
            business=business, customer=one, source="api", reference=str(number), total=10,
            placed_at=NOW - timedelta(days=number),
        )  # fmt: skip
        CustomerScores.objects.create(
            customer=one, churn=0.25, horizon_days=90, band="low", value_3=1, value_6=1, value_12=1, value_12_low=0,
            value_12_high=1, value_at_risk=1, computed_on=TODAY,
        )  # fmt: skip
    Refund.objects.create(
        business=business, customer=found[1], source="api", reference="r", refunded_at=NOW - timedelta(days=1), total=4
    )
    Order.objects.create(
        business=business,
        customer=found[1],
        source="api",
        reference="old",
        placed_at=NOW - timedelta(days=91),
        total=99,
    )
    for one, channel, kind in ((found[1], "email", "email"), (found[3], "sms", "phone")):
        Identifier.objects.create(customer=one, kind=kind, value=f"{one.pk}@example.com")
        ConsentRecord.objects.create(
            customer=one,
            channel=channel,
            purpose="marketing",
            is_granted=True,
            source="till",
            wording="1",
            actor="user:1",
        )
    rebuild_rollups(now=NOW)
    return found


def seen(match: object, *left_out: object, actor: Actor = MAYA, seed: str = "") -> Preview:
    rules = read({"version": 1, "match": match, "leave_out": left_out})
    return preview(rules, FIELDS, MOMENT, actor=actor, seed=seed)


def test_how_many_match_and_what_is_known_of_them(people):
    shown = seen(
        {"type": "all", "of": [BUYERS, LEEDS]}, {"type": "condition", "field": "first_name", "op": "is", "value": "P5"}
    )
    assert (shown.everyone, shown.total, shown.is_slow) == (9, 3, False)
    assert shown.counts == {"match.of.0": 8, "match.of.1": 4, "leave_out.0": 1}
    assert shown.figures == Figures(sms=1, email=1, spent=Decimal(26), churn=0.25, likely_back=(1, 3))
    assert sorted(one.first_name for one in shown.sample) == ["P1", "P3", "P7"]
    assert {one.facts.total_spent for one in shown.sample} == {Decimal(105), Decimal(10)}


def test_nobody_matches(people):
    shown = seen({"type": "condition", "field": "city", "op": "is", "value": "Rome"})
    assert replace(shown, counts={}) == Preview(9, 0, {}, Figures(0, 0, Decimal(0), None, None), [])


def test_another_seed_shows_other_people(people):
    names = {tuple(one.first_name for one in seen(BUYERS, seed=str(number)).sample) for number in range(5)}
    assert len(names) > 1
    assert all(len(set(five)) == 5 for five in names)
    assert len({tuple(one.pk for one in seen(BUYERS, seed="x").sample) for _again in range(3)}) == 1


def test_the_number_of_queries_does_not_grow(people, django_assert_num_queries):
    seen(BUYERS)
    # Everyone, five people; two statements, each with its settings in a savepoint that is undone, path and all.
    with django_assert_num_queries(2 + 2 * 6):
        seen(BUYERS)
    with django_assert_num_queries(2 + 2 * 6):
        seen({"type": "all", "of": [LEEDS, BUYERS, {"type": "any", "of": [BUYERS, LEEDS]}]})


def test_what_takes_longer_is_said_to(people, monkeypatch):
    def only(part: str) -> None:
        def ask_some(query: Query, **more: int) -> list[tuple[object, ...]]:
            if part in query.sql:
                return ask(query, **more)
            raise TakesLonger

        monkeypatch.setattr(module, "ask", ask_some)

    only("nothing")
    assert seen(BUYERS) == Preview(9)
    assert seen(BUYERS).is_slow
    only("WITH found")
    shown = seen(BUYERS)
    assert (shown.total, shown.counts, shown.is_slow) == (8, None, False)


def test_a_statement_ends_when_patience_does(programme):
    with pytest.raises(TakesLonger):
        ask(Query("SELECT pg_sleep(5)", {}), patience=20)
    assert ask(Query("SELECT current_setting('work_mem')", {})) == [("64MB",)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('work_mem')")
        assert cursor.fetchone() == ("0", "4MB")
    assert asking.PATIENCE == 5_000


def test_people_of_one_business_are_refused_and_another_programme_has_nobody(people, business, other_programme):
    with pytest.raises(PermissionRefused):
        seen(BUYERS, actor=replace(MAYA, business_id=business.pk))
    with tenant_context(other_programme):
        assert seen({"type": "everyone"}).total == 0
