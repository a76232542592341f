"""The programme *retail*: two years of a real web shop's sales, brought in by the product's own import.

The data are Online Retail II (see `retail_data/README.md`): real customers, orders and cancellations without names.
Their dates are moved by whole weeks so that the last one lies in the last complete week. Members' names, telephone
numbers and e-mail addresses are invented (`config.demo.fictional`) and can never reach anybody.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django_tenants.utils import tenant_context

from config.demo import retail_source
from config.demo.fictional import fictional_people
from config.demo.rewards import DemoReward, make_rewards
from config.demo.stock import stock_shelves
from config.demo.tiers import DemoTier, make_tiers
from core.actor import SYSTEM, Actor
from core.clock import day_start, local_day
from core.errors import DomainError
from customers.actions.imports import AlreadyImported, claim_content, configure_import, receive_file, receive_rows
from customers.actions.rollups import count_members_again
from customers.imports.options import ImportOptions
from customers.imports.run import run_import
from customers.models import Customer, ImportRun, Order
from intelligence.actions.analysis import analyse_sales
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.archetypes import find_archetypes
from intelligence.actions.features import rebuild_features
from intelligence.actions.forecasts import forecast_customers
from intelligence.actions.requests import request_run
from intelligence.actions.rfm import score_customers
from intelligence.reports_backtest import BACKTEST
from loyalty.actions.points import MAX_BATCH, post_batch
from loyalty.operations import AddPoints, AdjustPoints, Operation
from loyalty.tasks import refresh_facts
from programs.models import Programme, User
from screens.actions.onboarding import open_shop
from workspace.models import Business

SLUG = "retail"
NAME = "Wrenfield Gifts"
ZONE = ZoneInfo(retail_source.TIME_ZONE)
FILE_NAME = "online_retail_ii.csv"
ACTOR = Actor(kind="system", id="demo", label="Demo")
MEMBER_SEED = 11
MEMBER_SHARE = Decimal("0.4")  # of the buyers in the United Kingdom: 2,140 of 5,350
MEMBER_MONTHS = 12  # the points programme started so long ago; older orders earned nothing
WELCOME_POINTS = 50
CATALOGUE = (
    DemoReward("Gift wrapping", 150, "gift", "We wrap one order and write the card for you."),
    DemoReward("Postage on us", 300, "shopping-bag", "For one parcel within the United Kingdom."),
    DemoReward("Tin of tea lights", 600, "gift", "Two dozen, unscented.", stock=40),
    DemoReward("Apron with pockets", 1_500, "shirt", stock=5, member_limit=1),
    DemoReward("Voucher for £25", 2_500, "ticket-percent", "Off any order, once a member.", member_limit=1),
)
TIERS = (
    DemoTier("Bronze", benefits="The new catalogue a week before the others."),
    DemoTier("Silver", "1.25", "The new catalogue a week before the others, and free gift wrapping."),
    DemoTier("Gold", "1.5", "Free gift wrapping and free postage."),
)
CLOSING = time(20)
# Lines of the data that are no goods: postage, fees, corrections, samples, tests. They belong to the totals.
SERVICE_SKUS = (
    "POST", "DOT", "M", "m", "C2", "C3", "D", "S", "B", "BANK CHARGES", "ADJUST", "ADJUST2", "AMAZONFEE", "CRUK",
    "TEST001", "TEST002",
)  # fmt: skip

Report = Callable[[str, int, int], None]  # phase, done, total


class DemoDiffers(RuntimeError):
    """What was loaded is not what the data's own description says."""


def load_retail(report: Report, *, owner: User, now: datetime) -> Programme:
    """Make the programme, or finish one that a killed load left behind. Safe to repeat.

    The shift is kept in `programme.onboarding["demo"]`, so that a later load goes on with the same dates, and for the
    pages that say where the data come from. Raises DemoDiffers when the totals are not those of the data's README.
    """
    programme = Programme.objects.filter(slug=SLUG).first() or _open(owner, now)
    demo = programme.onboarding["demo"]
    if demo.get("is_loaded"):
        return programme
    with tenant_context(programme):
        business = Business.objects.order_by("pk").first()
        assert business is not None
        _import_sales(business, weeks=demo["shifted_weeks"], report=report, now=now)
        check_totals()
        members = _introduce_members(business, report=report, now=now)
        _post_points(business, members, report=report, now=now)
        make_rewards(CATALOGUE, {}, ACTOR)
        make_tiers(TIERS, ACTOR, now=now)
        refresh_facts(members)
        count_members_again()
        score_customers(now=now)
        rebuild_features(now=now)
        find_archetypes(now=now)
        forecast_customers(now=now)
        count_archetypes()
        analyse_sales(now=now)
        with transaction.atomic():
            request_run(BACKTEST, actor=SYSTEM, now=now)  # a minute, which nobody waits for
        stock_shelves(business.pk, ACTOR, now=now)
    demo["is_loaded"] = True
    programme.save(update_fields=["onboarding"])
    return programme


def _open(owner: User, now: datetime) -> Programme:
    weeks = retail_source.weeks_to_end_before(local_day(now, ZONE))
    with transaction.atomic():
        programme = open_shop(
            name=NAME,
            slug=SLUG,
            currency="GBP",
            country="GB",
            time_zone=ZONE.key,
            owner=owner,
            business_name=NAME,
            category=Business.Category.ONLINE,
            points_per_unit=Decimal(1),
            now=now,
            is_demo=True,
        )
        programme.onboarding = {
            **programme.onboarding,
            "demo": {
                "shifted_weeks": weeks,
                "first_day": (retail_source.FIRST_DAY + timedelta(weeks=weeks)).isoformat(),
                "last_day": (retail_source.LAST_DAY + timedelta(weeks=weeks)).isoformat(),
                "original_first_day": retail_source.FIRST_DAY.isoformat(),
                "original_last_day": retail_source.LAST_DAY.isoformat(),
                "source": "Chen, D. (2012). Online Retail II. UCI Machine Learning Repository.",
                "source_url": "https://doi.org/10.24432/C5CG6D",
                "licence": "CC BY 4.0",
                "licence_url": "https://creativecommons.org/licenses/by/4.0/",
            },
        }
        programme.save(update_fields=["onboarding"])
    return programme


def _import_sales(business: Business, *, weeks: int, report: Report, now: datetime) -> None:
    run = ImportRun.objects.filter(kind=ImportRun.Kind.LINES, file_name=FILE_NAME).order_by("pk").first()
    if run is None:
        report("retail: unpacking", 0, retail_source.ROW_COUNT)
        with tempfile.TemporaryFile() as file:
            file.writelines(retail_source.csv_chunks(weeks=weeks))
            run = receive_file(
                file=file, name=FILE_NAME, kind=ImportRun.Kind.LINES, business=business, actor=ACTOR, now=now
            )
    if run.phase == ImportRun.Phase.UPLOADED:
        options = ImportOptions(
            date_order="ymd", refund_prefix="C", ignored_prefix="A", service_skus=list(SERVICE_SKUS)
        )
        configure_import(run=run, kind=run.kind, mapping=run.mapping, options=options)
        claim_content(run)
    run_import(run, report=lambda done, total, _what: report("retail: sales lines", done, total), now=now)
    if default_storage.exists(run.path):
        default_storage.delete(run.path)  # 90 MB that the product ships packed


def check_totals() -> None:
    """Compare the active programme with the published totals. Raises DemoDiffers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT customer_id), count(*), sum(total),"
            " count(DISTINCT (customer_id, (placed_at AT TIME ZONE %s)::date))"
            " FROM customers_order WHERE customer_id IS NOT NULL",
            [ZONE.key],
        )
        buyers, orders, gross, customer_days = cursor.fetchone()
        cursor.execute("SELECT count(*), sum(total) FROM customers_refund WHERE customer_id IS NOT NULL")
        refunds, cancelled = cursor.fetchone()
    found = (buyers, orders, gross, customer_days, refunds, cancelled)
    if found != EXPECTED:
        raise DemoDiffers(f"the retail demo came to {found}, published are {EXPECTED}")


# Paying customers, orders, gross, customer-days, cancellations and their value: rows with a customer.
EXPECTED = (5_878, 36_969, Decimal("17431533.178"), 33_107, 7_901, Decimal("1087882.140"))


def _introduce_members(business: Business, *, report: Report, now: datetime) -> list[int]:
    """Names, numbers and addresses for 40 % of the UK's buyers, by an import; the ids of those customers."""
    buyers = Customer.objects.filter(country="United Kingdom", orders__isnull=False).distinct()
    numbers = sorted(buyers.values_list("external_id", flat=True))
    chosen = random.Random(MEMBER_SEED).sample(numbers, int(len(numbers) * MEMBER_SHARE))  # noqa: S311 (no secret)
    people = fictional_people(len(chosen), seed=MEMBER_SEED)
    rows = [
        {
            "customer_external_id": number,
            "phone": person.phone,
            "email": person.email,
            "first_name": person.first_name,
            "last_name": person.last_name,
        }
        for number, person in zip(chosen, people, strict=True)
    ]
    run = receive_rows(rows=rows, kind=ImportRun.Kind.CUSTOMERS, business=business, actor=ACTOR, now=now)
    try:
        claim_content(run)
    except AlreadyImported as earlier:  # a load that was killed got this far
        run.delete()
        run = ImportRun.objects.get(code=earlier.data["import"])
    run_import(run, report=lambda done, total, _what: report("retail: members", done, total), now=now)
    return list(Customer.objects.filter(external_id__in=chosen).values_list("pk", flat=True))


def _post_points(business: Business, members: list[int], *, report: Report, now: datetime) -> None:
    """A welcome gift and the points of the last year's orders, evening by evening as the shop would have posted them.

    Orders of which money came back earn nothing here. Every operation has a key or an order's number: doing it again
    changes nothing.
    """
    today = local_day(now, ZONE)
    start = day_start(today - timedelta(days=round(MEMBER_MONTHS * 365.25 / 12)), ZONE)
    orders = [
        order
        for order in Order.objects.filter(
            customer_id__in=members, placed_at__gte=start, status=Order.Status.PAID, total__gt=0
        )
        .order_by("placed_at", "pk")
        .only("pk", "reference", "customer_id", "placed_at", "total")
        if order.total == order.total.quantize(Decimal("0.01"))  # a tenth of a penny is no amount to pay
    ]
    done = 0
    for day, operations in _evenings(orders, members, business.pk, start):
        evening = min(datetime.combine(day, CLOSING, tzinfo=ZONE).astimezone(UTC), now)
        for first in range(0, len(operations), MAX_BATCH):
            batch = operations[first : first + MAX_BATCH]
            outcomes = post_batch(operations=batch, owner="demo", source="import", actor=ACTOR, now=evening)
            refused = next((outcome for outcome in outcomes if isinstance(outcome, DomainError)), None)
            if refused is not None:
                raise refused
        done += sum(isinstance(operation, AddPoints) for operation in operations)
        report("retail: points", done, len(orders))


def _evenings(
    orders: list[Order], members: list[int], business_id: int, start: datetime
) -> Iterator[tuple[date, list[Operation]]]:
    """For each day what is posted that evening: members join with their first order, the rest at the start."""
    joined = {order.customer_id for order in orders}
    yield local_day(start, ZONE), [_welcome(member, business_id) for member in members if member not in joined]
    welcomed: set[int | None] = set()
    for day, placed in groupby(orders, key=lambda order: local_day(order.placed_at, ZONE)):
        operations: list[Operation] = []
        for order in placed:
            assert order.customer_id is not None
            if order.customer_id not in welcomed:
                welcomed.add(order.customer_id)
                operations.append(_welcome(order.customer_id, business_id))
            operations.append(
                AddPoints(
                    business=business_id,
                    amount=order.total.quantize(Decimal("0.01")),
                    customer_id=order.customer_id,
                    reference=order.reference,
                )
            )
        yield day, operations


def _welcome(customer_id: int, business_id: int) -> AdjustPoints:
    return AdjustPoints(
        business=business_id,
        points=WELCOME_POINTS,
        reason="Welcome",
        customer_id=customer_id,
        key=f"welcome-{customer_id}",
    )
