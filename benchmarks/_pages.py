"""The pages that show many rows, as a browser with the rights of owner, till and customer at once asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actor import SYSTEM
from core.codes import digest
from customers.models import Customer, CustomerFacts
from customers.tests.queries import own_queries
from loyalty.actions.points import add_points
from messaging.models import CustomerSession
from programs.models import Programme, User
from screens import portal_session, till_device
from workspace.actions.tills import register_till
from workspace.models import Business

MIDDLE = 4_000
VISITS = 30  # of the customer who looks at the points page
SESSION_TOKEN = "the busiest customer's browser"
# The busiest customer has the longest profile, and looks at the points page.
PAGES: Mapping[str, str] = {
    "home": "/",
    "home_90": "/?days=90",
    "customers": "/customers/",
    "customers_business": "/customers/?business={business}",
    "customers_search": "/customers/?q={last_name}",
    "customers_name": "/customers/?q={first_name} {last_name}",
    "customers_slip": "/customers/?q={first_name} {slip}",
    "customers_phone": "/customers/?q={phone}",
    "customers_email": "/customers/?q={email}",
    "customers_id": "/customers/?q={external_id}",
    "customers_nobody": "/customers/?q=07700 999999",
    "customers_filtered": "/customers/?last=within-90&min=50&sort=-last",
    "customers_by_name": "/customers/?sort=name",
    "customers_second": "/customers/?group=champions&sort=-created",
    "customers_country": "/customers/?country={country}&orders=3",
    "profile": "/customers/{customer}/",
    "orders": "/orders/",
    "products": "/products/",
    "rfm": "/intelligence/rfm/",
    "events": "/customers/events/",
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
    known = _somebody()
    words = {
        "customer": busiest.customer.code,
        "business": business.code,
        "first_name": known.first_name,
        "last_name": known.last_name,
        "slip": f"{known.last_name[:3]}h{known.last_name[3:]}",
        "phone": known.phone,
        "email": known.email,
        "external_id": known.external_id,
        "country": known.country,
    }
    quoted = {name: quote(word) for name, word in words.items()}
    return browser, {name: path.format(**quoted) for name, path in PAGES.items()}


def _somebody() -> Customer:
    """In the middle of those who can be found in every way."""
    found = Customer.objects.exclude(phone="").exclude(email="").exclude(last_name="").order_by("pk")
    return found[min(found[:MIDDLE].count() - 1, MIDDLE)]


# Names of static files as they are: nothing collects them for a benchmark.
PLAIN_STATIC = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
