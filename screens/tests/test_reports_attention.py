"""Home, "Needs your attention": what is in it, for whom, and that it costs the same for any number of things."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.permissions import Perm, Role
from customers.models import Customer, DuplicatePair, ImportRun, Product, StockLevel, StockLocation
from intelligence.models import AnalysisRun
from intelligence.tests.findings import changed, keep
from intelligence.tests.test_insights import BUSY
from messaging.models_webhooks import WebhookEndpoint
from screens.reports_attention import attention
from workspace.models import Business, Job

TITLE = "Needs your attention"


def shelf(business, name="Shelf"):
    return StockLocation.objects.create(business=business, name=name)


def low(product, place):
    return StockLevel.objects.create(product=product, location=place, quantity=1, low_at=2, counted_at=timezone.now())


def imported(business, state, *, days=0):
    job = Job.objects.create(
        kind="customers.import", key=str(Job.objects.count()), state=state, lease_until=timezone.now()
    )
    return ImportRun.objects.create(
        kind="orders", business=business, file_name="a.csv", path="a", digest="0" * 64, delimiter=",", job=job,
        created_at=timezone.now() - timedelta(days=days),
    )  # fmt: skip


def endpoint(business, off):
    return WebhookEndpoint.objects.create(
        url="https://example.org/", secret="-", business=business, is_active=False, off_because=off,
        off_at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def trouble(business, other_business):
    """Two products low at one shop, one of them at two places, and one next door; the rest of each kind."""
    goods = [Product.objects.create(sku=sku, title=sku) for sku in "ABC"]
    here, back = shelf(business), shelf(business, "Back")
    for product, place in ((goods[0], here), (goods[0], back), (goods[1], here), (goods[2], shelf(other_business))):
        low(product, place)
    Product.objects.filter(pk=goods[2].pk).update(title="Next door")
    for state, days in (("failed", 0), ("failed", 8), ("done", 0)):
        imported(business, state, days=days)
    for off in ("failing", "gone", "paused"):
        endpoint(business, off)
    ann, bea = (Customer.objects.create(first_name=name) for name in ("Ann", "Bea"))
    DuplicatePair.objects.create(first=ann, second=bea, score=9, reasons=[])


def lines_of(programme, actor=SYSTEM, permissions=tuple(Perm)):
    found = attention(programme=programme, actor=actor, permissions=permissions, now=timezone.now())
    return {line.text: line.href for line in found}


def test_each_kind_leads_to_its_page(programme, trouble):
    assert lines_of(programme) == {
        "2 webhooks were switched off because nothing arrived.": "/settings/webhooks/",
        "1 import failed.": "/customers/imports/",
        "3 products run low.": "/stock/?state=low",
        "1 pair of customers may be one person.": "/customers/duplicates/",
    }


def test_only_those_who_may_act_are_asked(programme, trouble):
    assert list(lines_of(programme, permissions={Perm.ORDERS_VIEW})) == ["3 products run low."]
    assert lines_of(programme, permissions=set()) == {}


def test_people_of_one_business_see_their_own(trouble, other_business, make_member, client_of, owner):
    bound = client_of(make_member("ines@example.com", Role.MANAGER, business=other_business))
    text = html.unescape(bound.get("/").content.decode())
    assert "1 product runs low." in text
    assert "import failed" not in text
    assert "may be one person" not in text
    assert "3 products run low." in client_of(owner).get("/").content.decode()


def test_the_card_is_hidden_when_nothing_waits(business, client_of, owner, trouble, programme, other_programme):
    browser = client_of(owner)
    assert TITLE in browser.get("/").content.decode()
    StockLevel.objects.update(quantity=5)
    for model in (ImportRun, WebhookEndpoint, DuplicatePair):
        model.objects.all().delete()
    assert TITLE not in browser.get("/").content.decode()
    with tenant_context(other_programme):
        place = shelf(Business.objects.create(name="Theirs"))
        low(Product.objects.create(sku="A", title="A"), place)
        assert list(lines_of(other_programme)) == ["1 product runs low."]
    assert lines_of(programme) == {}


def test_more_of_everything_costs_the_same(programme, business, trouble):
    with CaptureQueriesContext(
        connection,
    ) as few:
        lines_of(programme)
    for number in range(10):
        low(Product.objects.create(sku=f"n{number}", title="n"), shelf(business, f"n{number}"))
        imported(business, "failed")
        endpoint(business, "gone")
    with CaptureQueriesContext(connection) as many:
        found = lines_of(programme)
    assert "13 products run low." in found
    assert len(many) == len(few) <= 11


def test_the_insight_with_most_money_is_told_while_it_is_news(programme, other_programme, business):
    keep(changed("second", waiting=75), finished_at=timezone.now())
    told = {"75 people bought once and may come again now: about £225.": "/intelligence/analysis/"}
    assert lines_of(programme) == told
    assert lines_of(programme, permissions=set(Perm) - {Perm.INTELLIGENCE_VIEW}) == {}
    assert lines_of(programme, actor=replace(SYSTEM, business_id=business.pk)) == {}
    with tenant_context(other_programme):
        assert lines_of(other_programme) == {}
    keep(changed("hours", cells=BUSY), finished_at=timezone.now() + timedelta(seconds=1))  # worth no money
    assert lines_of(programme) == {}
    keep(changed("second", waiting=75), finished_at=timezone.now() - timedelta(days=8))
    AnalysisRun.objects.exclude(finished_at__lt=timezone.now() - timedelta(days=7)).delete()
    assert lines_of(programme) == {}
