"""Home: whose it is, what its figures count, and that they cost the same for any number of sales."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actor import Actor
from core.clock import last_days
from core.figures import make_delta
from core.permissions import Role
from customers.actions.facts import write_facts
from customers.actions.rollups import rebuild_rollups
from customers.models import Archetype, Customer, Event
from customers.reports.people import people_of
from customers.reports.sales import sales_by_day, total_of
from customers.tests.queries import own_queries
from customers.tests.test_actions_facts import refund, sale
from intelligence.actions.rfm import score_customers
from intelligence.models import ArchetypeRun
from loyalty.actions.points import post_batch
from loyalty.operations import AdjustPoints
from programs.models import Programme, User
from screens.reports_home import home_figures
from workspace.models import Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)  # half past eleven in London
MIDNIGHT = datetime(2026, 6, 16, 23, 0, tzinfo=UTC)  # of 17 June in London


def kpis(programme: Programme, actor: Actor, days: int = 7, business: Business | None = None) -> dict[str, str]:
    figures = home_figures(
        programme=programme, actor=actor, business_id=business.pk if business else None, days=days, now=NOW
    )
    return {kpi.label: kpi.value for kpi in figures.kpis}


def test_periods_begin_and_end_at_midnight_of_the_programme(business: Business, programme: Programme) -> None:
    period = last_days(7, now=NOW, zone=programme.zone)
    moments = [
        MIDNIGHT - timedelta(days=6, microseconds=1),
        MIDNIGHT - timedelta(days=6),
        NOW,
        MIDNIGHT + timedelta(days=1),
    ]
    for number, at in enumerate(moments):
        sale(business, None, str(number), f"{10**number}.00", placed_at=at)
    rebuild_rollups(now=NOW)
    days = sales_by_day(period, business_id=None, now=NOW)
    assert total_of(days, period).revenue == Decimal(110)
    assert total_of(sales_by_day(period.before(), business_id=None, now=NOW), period.before()).revenue == Decimal(1)


def test_today_is_read_live_and_equals_its_roll_up(business: Business, programme: Programme) -> None:
    customer = Customer.objects.create(first_name="Ann")
    rebuild_rollups(now=NOW)
    sale(business, customer, "1", "10.00", placed_at=NOW)
    sale(business, None, "2", "5.00", placed_at=NOW)
    sale(business, Customer.objects.create(first_name="No facts yet"), "3", "1.00", placed_at=NOW)
    refund(business, customer, "r", "2.00", refunded_at=NOW)
    period = last_days(1, now=NOW, zone=programme.zone)
    live = sales_by_day(period, business_id=business.pk, now=NOW)
    rebuild_rollups(now=NOW)
    stored = sales_by_day(period, business_id=business.pk, now=NOW + timedelta(days=1))
    assert live == stored
    assert (live[period.last_day].net, live[period.last_day].new_customers) == (Decimal(14), 2)


def test_a_refund_counts_on_its_own_date(business: Business, programme: Programme, actor: Actor) -> None:
    order = sale(business, None, "1", "100.00", placed_at=NOW - timedelta(days=20))
    refund(business, None, "r", "30.00", order=order, refunded_at=NOW - timedelta(days=2))
    rebuild_rollups(now=NOW)
    assert kpis(programme, actor, 7)["Revenue"] == "−£30"
    assert kpis(programme, actor, 30)["Revenue"] == "£70"


def test_buyers_are_people_not_visits(business: Business, programme: Programme) -> None:
    ann, ben = (Customer.objects.create(first_name=name) for name in ("Ann", "Ben"))
    for number in range(3):
        sale(business, ann, f"a{number}", "5.00", placed_at=NOW - timedelta(days=number))
    sale(business, ann, "old", "5.00", placed_at=NOW - timedelta(days=9))
    sale(business, ben, "b", "5.00", placed_at=NOW - timedelta(days=1))
    sale(business, None, "anonymous", "5.00", placed_at=NOW)
    write_facts(["member_since"], [(ann.pk, NOW - timedelta(days=3))])
    rebuild_rollups(now=NOW)
    period = last_days(7, now=NOW, zone=programme.zone)
    now, before = (people_of(one, business_id=None) for one in (period, period.before()))
    assert (now.buyers, now.members, now.returning, now.repeat_rate) == (2, 1, 1, 50.0)
    assert (before.buyers, before.members, before.returning) == (1, 0, 0)


def test_one_business_and_people_limited_to_it(
    business: Business,
    other_business: Business,
    programme: Programme,
    actor: Actor,
    make_member: Callable[..., User],
    client_of: Callable[..., Client],
) -> None:
    with time_machine.travel(NOW, tick=False):
        sale(business, None, "1", "10.00", placed_at=NOW)
        sale(other_business, None, "2", "777.00", placed_at=NOW)
        rebuild_rollups(now=NOW)
        assert kpis(programme, actor)["Revenue"] == "£787"
        assert kpis(programme, actor, business=business)["Revenue"] == "£10"
        bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
        for path in ("/", f"/?business={other_business.code}"):
            content = bound.get(path).content.decode()
            assert not re.search(r"\b777\b", content)
            assert other_business.name not in content


@pytest.fixture
def demo(programme: Programme) -> Programme:
    """A demo whose data end on 5 June, twelve days ago."""
    programme.is_demo = True
    programme.onboarding = {"demo": {"last_day": "2026-06-05", "shifted_weeks": 700, "source": "A paper"}}
    programme.save()
    return programme


def test_a_demo_shows_the_days_up_to_the_last_one_with_sales(
    business: Business, demo: Programme, client_of: Callable[..., Client], owner: User
) -> None:
    ann = Customer.objects.create(first_name="Ann")
    # 5 June, and the borders of seven days and of the seven before.
    for number, days in enumerate((12, 13, 18, 19, 25, 26)):
        sale(business, ann, str(number), f"{10**number}.00", placed_at=NOW - timedelta(days=days))
    rebuild_rollups(now=NOW)
    with time_machine.travel(NOW, tick=False):
        response = client_of(owner).get("/?days=7")
    content = response.content.decode()
    assert "moved by 700 whole weeks" in content
    assert "The figures end on Friday 5 June 2026, the last day with sales." in content
    revenue, _orders, members, *_others = response.context["figures"].kpis
    assert (revenue.value, revenue.before) == ("£111", "from £11,000")
    assert revenue.href == members.href == "/orders/?from=2026-05-30&to=2026-06-05"
    assert response.context["figures"].chart.labels[-1] == "5 Jun"


def test_a_sale_in_a_demo_moves_the_days_on(business: Business, demo: Programme, actor: Actor) -> None:
    sale(business, None, "1", "5.00", placed_at=NOW - timedelta(days=12))
    sale(business, None, "2", "7.00", placed_at=NOW - timedelta(days=2))
    rebuild_rollups(now=NOW)
    assert kpis(demo, actor, 7)["Revenue"] == "£7"
    sale(business, None, "3", "9.00", placed_at=NOW)
    figures = home_figures(programme=demo, actor=actor, business_id=None, days=7, now=NOW)
    assert (figures.kpis[0].value, figures.ended) == ("£16", "")


def test_points_are_counted_back_from_today(business: Business, demo: Programme, actor: Actor) -> None:
    """What happened after the last day shown is not a change of these days."""
    context = {"owner": "t", "source": "till", "actor": actor}
    sale(business, None, "1", "5.00", placed_at=NOW - timedelta(days=12))
    rebuild_rollups(now=NOW)
    for key, points, days in (("a", 100, 30), ("b", 20, 14), ("c", -30, 1)):
        given = AdjustPoints(business=business.pk, points=points, reason="x", phone="07700 900123", key=key)
        post_batch(operations=[given], now=NOW - timedelta(days=days), **context)  # type: ignore[arg-type]
    figures = home_figures(programme=demo, actor=actor, business_id=None, days=7, now=NOW)
    points_kpi = figures.kpis[-1]
    assert points_kpi.value == "90"
    assert points_kpi.change == make_delta(90, 100, good="none")


def test_the_share_of_known_buyers_has_no_hole_on_days_without_sales(
    business: Business, programme: Programme, actor: Actor
) -> None:
    ann, ben = (Customer.objects.create(first_name=name) for name in ("Ann", "Ben"))
    for number, (customer, days) in enumerate([(ann, 20), (ann, 5), (ann, 3), (ben, 3)]):
        sale(business, customer, str(number), "5.00", placed_at=NOW - timedelta(days=days))
    rebuild_rollups(now=NOW)

    def spark(days: int) -> list[float]:
        figures = home_figures(programme=programme, actor=actor, business_id=None, days=days, now=NOW)
        return next(list(kpi.spark) for kpi in figures.kpis if kpi.label == "Had bought before")

    assert spark(7) == [100.0, 100.0, 100.0, 50.0, 50.0, 50.0, 50.0]
    assert len(spark(30)) == 14
    assert set(spark(30)) == {0.0, 100.0, 50.0}, "Ann was new twenty days ago"


def test_cashiers_land_on_the_till(client_of: Callable[..., Client], cashier: User) -> None:
    response = client_of(cashier).get("/")
    assert (response.status_code, response["Location"]) == (302, "/till/")


@pytest.mark.parametrize("query", ["", "?days=7", "?days=90", "?days=12345", "?days=x&business=none", "?days=-1"])
def test_an_empty_programme_and_odd_links(client_of: Callable[..., Client], owner: User, query: str) -> None:
    response = client_of(owner).get(f"/{query}")
    content = response.content.decode()
    assert response.status_code == 200
    assert "Getting started" in content
    assert "Nobody has a score yet" in content


def test_activity_alone_is_a_part(client_of: Callable[..., Client], owner: User) -> None:
    part = client_of(owner).get("/", headers={"HX-Request": "true", "HX-Target": "home-activity"})
    assert part.content.decode().lstrip().startswith('<section id="home-activity"')


def test_people_of_one_business_are_told_of_no_customer_of_others(
    client_of: Callable[..., Client], make_member: Callable[..., User], business: Business, other_business: Business
) -> None:
    own, stranger = (Customer.objects.create(first_name=name) for name in ("Ann", "Ben"))
    sale(business, own, "1", "5.00", placed_at=NOW)
    sale(other_business, stranger, "2", "5.00", placed_at=NOW)
    told = {"occurred_at": NOW, "actor": "system"}  # of no business
    for person in (own, stranger):
        changed = {"tier": "Friend", "before": "", "cause": "points"}
        Event.objects.create(name="loyalty.tier.changed", customer=person, data=changed, **told)
    for someone in (own, stranger, None):
        Event.objects.create(name="customers.event.tracked", customer=someone, tracked="Seen", **told)
    browser = client_of(make_member("bo@example.com", Role.MARKETER, business=business))
    for url in ("/", "/customers/events/"):
        page = browser.get(url).content.decode()
        assert "Ann" in page
        assert "Ben" not in page
    actor = Actor(kind="user", id="1", label="Bo", business_id=business.pk)
    assert Event.objects.visible_to(actor).filter(tracked="Seen").count() == 2


def test_another_programmes_sales_are_not_here(
    client_of: Callable[..., Client], outsider: User, other_programme: Programme, business: Business
) -> None:
    sale(business, None, "1", "777.00", placed_at=NOW)
    rebuild_rollups(now=NOW)
    with time_machine.travel(NOW, tick=False):
        content = client_of(outsider, on=other_programme).get("/").content.decode()
    assert not re.search(r"\b777\b", content)
    assert "£" not in content


def test_queries_do_not_grow(client_of: Callable[..., Client], owner: User, business: Business) -> None:
    browser = client_of(owner)

    def queries() -> int:
        browser.get("/")
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/").status_code == 200
        return own_queries(captured)

    def grow(count: int) -> None:
        for number in range(count):
            customer = Customer.objects.create(first_name="Ann")
            sale(business, customer, f"{customer.pk}", "5.00", placed_at=NOW - timedelta(days=number))
        rebuild_rollups(now=NOW)
        score_customers(now=NOW)

    with time_machine.travel(NOW, tick=False):
        grow(3)
        before = queries()
        grow(20)
        assert queries() == before
    assert before <= 37


def test_archetypes_stand_where_there_are_some_for_who_sees_every_shop(
    client_of: Callable[..., Client], owner: User, make_member: Callable[..., User], business: Business
) -> None:
    now = timezone.now()
    regulars, lost = (
        Archetype.objects.create(
            found_name=name, place=place, found_at=now, tier=tier, customers=60, spent=Decimal(600 // place)
        )
        for place, (name, tier) in enumerate(
            (
                ("Loyal regulars", Archetype.objects.create(level=1, found_name="High value", place=1, found_at=now)),
                ("Drifted away", Archetype.objects.create(level=1, found_name="Low value", place=3, found_at=now)),
            ),
            1,
        )
    )
    ArchetypeRun.objects.create(
        kind="weekly", started_at=now, finished_at=now, searched_at=now - timedelta(days=9), customers=120,
        looked_at=120, k=2,
        because="kept", moves=[[regulars.pk, regulars.pk, 60], [regulars.pk, lost.pk, 12], [lost.pk, lost.pk, 48]],
        moves_since=now.date() - timedelta(days=7), next_moves_since=now.date() - timedelta(days=7),
    )  # fmt: skip
    home = client_of(owner).get("/").content.decode()
    assert "Loyal regulars" in home
    assert "66.7%" in home
    assert "12 customers fell from “Loyal regulars” to “Drifted away”" in home
    limited = client_of(make_member("l@example.com", Role.MANAGER, business=business)).get("/").content.decode()
    assert "Loyal regulars" not in limited
