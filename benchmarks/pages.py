"""Server time and queries of the pages that show many rows, at the size of the retail demo and at ten times that size.

Measured in process, middleware and templates included, without the network. The queries of a page are the same at both
sizes; the median stays below BAR_MS at the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from benchmarks._sales import make_programme
from benchmarks.harness import limit, seconds_of
from core.actor import SYSTEM
from core.codes import digest
from customers.actions.rollups import rebuild_rollups
from customers.models import CustomerFacts
from customers.tests.queries import own_queries
from intelligence.actions.rfm import score_customers
from loyalty.actions.points import add_points
from messaging.models import CustomerSession
from programs.models import Programme, User
from screens import portal_session, till_device
from workspace.actions.tills import register_till
from workspace.models import Business

BAR_MS = 100
SIZES = (1, 10)
VISITS = 30  # of the customer who looks at the points page
SESSION_TOKEN = "the busiest customer's browser"
# The busiest customer has the longest profile, and looks at the points page.
PAGES: Mapping[str, str] = {
    "home": "/",
    "home_90": "/?days=90",
    "customers": "/customers/",
    "customers_search": "/customers/?q=last41",
    "customers_phone": "/customers/?q=07700 000041",
    "customers_filtered": "/customers/?last=within-90&min=50&sort=-last",
    "profile": "/customers/{customer}/",
    "orders": "/orders/",
    "products": "/products/",
    "rfm": "/intelligence/rfm/",
    "analytics": "/analytics/",
    "analytics_365": "/analytics/?days=365",
    "analytics_products": "/analytics/products/",
    "analytics_customers": "/analytics/customers/?days=365",
    "analytics_cohorts": "/analytics/cohorts/",
    "analytics_hours": "/analytics/hours/?days=365",
    "analytics_pairs": "/analytics/bought-together/",
    "till": "/till/",
    "till_sale": "/till/customers/{customer}/",
    "points_page": "/p/",
    "points_history": "/p/history/",
}


def milliseconds(browser: Client, path: str) -> Callable[[], float]:
    """A measure of one request."""

    def measure() -> float:
        started = time.perf_counter()
        answer = browser.get(path)
        took = (time.perf_counter() - started) * 1000
        if answer.status_code != 200:  # a redirect would be the log-in page
            raise RuntimeError(f"{path} answered {answer.status_code}")
        return took

    return measure


def queries(browser: Client, path: str) -> int:
    browser.get(path)
    with CaptureQueriesContext(connection) as captured:
        browser.get(path)
    return own_queries(captured)


def look(programme: Programme, owner: User) -> tuple[Client, dict[str, str]]:
    """A browser of the programme's host, and the pages' paths there. It is the owner's, a till and a customer's."""
    connection.set_tenant(programme)
    busiest = CustomerFacts.objects.order_by("-orders_count").select_related("customer").first()
    assert busiest is not None
    now = timezone.now()
    business = Business.objects.get()
    for number in range(VISITS):
        reference, at = f"points-{number}", now - timedelta(days=number)
        add_points(
            business=business.pk,
            amount=Decimal("12.40"),
            customer_id=busiest.customer_id,
            reference=reference,
            actor=SYSTEM,
            now=at,
        )
    browser = Client(headers={"host": f"{programme.slug}.{settings.PUBLIC_HOST}"})
    browser.force_login(owner)
    _till, token = register_till(business=business, name="Bench", actor=SYSTEM, now=now)
    browser.cookies[till_device.COOKIE] = token
    CustomerSession.objects.create(
        token_digest=digest(SESSION_TOKEN),
        customer=busiest.customer,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=1),
    )
    browser.cookies[portal_session.SESSION_COOKIE] = SESSION_TOKEN
    return browser, {name: path.format(customer=busiest.customer.code) for name, path in PAGES.items()}


# Names of static files as they are: nothing collects them for a benchmark.
PLAIN_STATIC = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


@override_settings(DEBUG=False, STORAGES=PLAIN_STATIC)
def main() -> None:
    counted: dict[str, list[int]] = {name: [] for name in PAGES}
    for times in SIZES:
        programme, owner = make_programme(f"bench-{times}", times=times)
        browser, paths = look(programme, owner)
        for name, path in paths.items():
            counted[name].append(queries(browser, path))
            limit(
                f"pages.{name}.{times}x",
                value=milliseconds(browser, path),
                unit="ms",
                at_most=BAR_MS if times == 1 else None,
                details={"queries": counted[name][-1]},
            )
        now = timezone.now()
        limit(
            f"pages.rollups_rebuild.{times}x",
            value=seconds_of(lambda at=now: rebuild_rollups(now=at)),
            unit="s",
            runs=1,
        )  # type: ignore[misc]
        limit(
            f"pages.rfm_run.{times}x",
            value=seconds_of(lambda at=now: score_customers(now=at)),
            unit="s",
            runs=1,
            at_most=5 if times == 1 else None,
        )  # type: ignore[misc]
    for name, (small, large) in counted.items():
        limit(
            f"pages.{name}.more_queries_at_10x",
            value=lambda more=large - small: more,
            unit="queries",
            runs=1,
            at_most=0,
        )  # type: ignore[misc]
