"""The retail demo on a part of its data; the whole is checked by the load itself against the published totals."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from config.demo import retail, retail_source
from core.clock import Period
from core.phones import parse_phone
from customers.models import Customer, CustomerFacts, ImportRun, Order, OrderLine, Refund, RefundLine
from customers.reports.people import people_of
from customers.reports.product_figures import top_products
from customers.reports.sales_split import sales_by_business, sales_by_channel, sales_by_hour, total_sold
from loyalty.models import Account
from programs.models import Programme, User

LINES = 20_000


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def part(monkeypatch):
    """The first lines of the data as if they were all, the last of them a fortnight ago."""

    def chunks(*, weeks=0):
        for chunk in whole(weeks=weeks + 100):  # inside the last year, so that points are earned
            lines = chunk.splitlines(keepends=True)
            yield b"".join(lines[:LINES])
            return

    whole = retail_source.csv_chunks
    monkeypatch.setattr(retail_source, "csv_chunks", chunks)
    monkeypatch.setattr(retail_source, "_ROWS_PER_CHUNK", LINES)
    sales = {}
    for row in retail_source.rows():
        sales.setdefault("rows", []).append(row)
        if len(sales["rows"]) == LINES - 1:
            break
    rows = sales["rows"]
    bought = [row for row in rows if row.is_sale]
    returned = [row for row in rows if row.is_refund]
    expected = (
        len({row.customer_id for row in bought}),
        len({row.invoice for row in bought}),
        sum(row.amount for row in bought),
        len({(row.customer_id, row.invoiced_at.date()) for row in bought}),
        len({row.invoice for row in returned}),
        -sum(row.amount for row in returned),
    )
    monkeypatch.setattr(retail, "EXPECTED", expected)
    return expected


def assert_analytics_tell_the_data(last, programme, buyers, days):
    """Every split of the analytics pages comes to what the data set comes to."""
    whole = Period(last - timedelta(days=1000), last, programme.zone)
    people = people_of(whole, business_id=None)
    assert (people.buyers, people.new, people.visits) == (buyers, buyers, days)
    sold = sum(Order.objects.values_list("total", flat=True))
    back = sum(Refund.objects.values_list("total", flat=True))
    for split in (sales_by_hour, sales_by_channel, sales_by_business):
        found = total_sold(list(split(whole, business_id=None).values()))
        assert (found.orders, found.revenue, found.refunds) == (Order.objects.count(), sold, back)
    lines = OrderLine.objects.filter(product__kind="goods").values_list("total", flat=True)
    returned = RefundLine.objects.filter(product__kind="goods").values_list("total", flat=True)
    assert top_products(whole, None, business_id=None).net == sum(lines) - sum(returned)


def test_the_demo_is_the_data_and_is_loaded_once(committed_database, part, monkeypatch):
    owner = User.objects.create_user("owner@example.com", None)
    now = timezone.now()
    said = []

    class KilledError(Exception):
        pass

    def kill(phase, done, total):
        said.append(phase)
        if phase == "retail: members":
            raise KilledError

    with pytest.raises(KilledError):
        retail.load_retail(kill, owner=owner, now=now)
    programme = retail.load_retail(lambda *_: None, owner=owner, now=now)
    assert said[0] == "retail: unpacking"
    demo = Programme.objects.get(slug="retail").onboarding["demo"]
    assert demo["is_loaded"]
    assert demo["licence"] == "CC BY 4.0"
    last = date.fromisoformat(demo["last_day"])
    assert last.strftime("%A") == "Friday"
    assert timedelta(days=3) <= now.date() - last <= timedelta(days=9)
    with tenant_context(programme):
        buyers, orders, gross, days, refunds, cancelled = part
        with_customer = Order.objects.filter(customer__isnull=False)
        assert (with_customer.count(), sum(with_customer.values_list("total", flat=True))) == (orders, gross)
        assert Refund.objects.filter(customer__isnull=False).count() == refunds
        assert_analytics_tell_the_data(last, programme, buyers, days)
        members = Customer.objects.exclude(phone="")
        uk = Customer.objects.filter(country="United Kingdom", orders__isnull=False).distinct().count()
        assert members.count() == Account.objects.count() == int(uk * Decimal("0.4"))
        assert all(parse_phone(phone, "GB") == phone for phone in members.values_list("phone", flat=True))
        assert all(email.endswith("@example.com") for email in members.values_list("email", flat=True))
        points = sum(Account.objects.values_list("available", flat=True))
        earned = sum(
            int(total)
            for total in Order.objects.filter(customer__in=members, status="paid").values_list("total", flat=True)
            if total == round(total, 2)
        )
        assert points == 50 * members.count() + earned
        assert CustomerFacts.objects.filter(is_member=True).count() == members.count()
        assert ImportRun.objects.filter(phase="done").count() == 2
        before = Order.objects.count()
        retail.load_retail(lambda *_: pytest.fail("loaded twice"), owner=owner, now=now)
        assert Order.objects.count() == before
    assert buyers
    assert cancelled
