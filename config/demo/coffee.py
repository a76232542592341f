"""The programme *coffee*: three shops on one street, made through the product's own actions.

Every sale is posted by `post_batch`, a day of the street at a time and with the clock of that evening, as tills do that
were offline all day. Each has a key of its own: a load that was killed goes on where it stopped, and a finished one
repeats without effect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django_tenants.utils import tenant_context

from config.demo import stamps
from config.demo.coffee_plan import (
    DAYS,
    LANE,
    MENU,
    QUAY,
    REWARDS,
    ROASTERY,
    SHOPS,
    Plan,
    PlannedRedemption,
    PlannedSale,
    make_plan,
)
from config.demo.fictional import FictionalPerson, fictional_people
from config.demo.partners import bring_people
from config.demo.recommendations import make_recommendations
from config.demo.rewards import DemoReward, make_rewards
from config.demo.stock import stock_shelves
from config.demo.tiers import DemoTier, make_tiers
from core.actor import SYSTEM, Actor
from core.clock import local_day
from core.errors import DomainError
from customers.actions.consent import record_consent
from customers.actions.imports import AlreadyImported, receive_rows, start_import
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer
from intelligence.actions.analysis import analyse_sales
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.archetypes import find_archetypes
from intelligence.actions.features import rebuild_features
from intelligence.actions.forecasts import forecast_customers
from intelligence.actions.requests import request_run
from intelligence.actions.rfm import score_customers
from intelligence.reports_backtest import BACKTEST
from loyalty.actions.points import post_batch
from loyalty.actions.settings import set_earning_rate
from loyalty.operations import AddPoints, Operation, RedeemPoints, SaleLine
from loyalty.tasks import refresh_facts
from programs.models import Programme, User
from screens.actions.onboarding import open_shop
from workspace.actions.businesses import open_business
from workspace.actions.jobs import run_job
from workspace.models import Business

SLUG = "coffee"
ZONE = ZoneInfo("Europe/London")
PEOPLE_SEED = 7
CLOSING_MINUTE = 20 * 60
SYSTEM_TILL = Actor(kind="till", id="demo", label="Till")
# The plan's three, which guests have taken for months, and what they may save for.
CATALOGUE = (
    DemoReward(REWARDS[LANE][1], REWARDS[LANE][0], "croissant", "Any bun of the day, warm if you like.", LANE),
    DemoReward(REWARDS[QUAY][1], REWARDS[QUAY][0], "coffee", "Any coffee or tea, in any size.", QUAY),
    DemoReward("Cake for two", 650, "cake-slice", "Two slices of whatever is under the glass."),
    DemoReward(REWARDS[ROASTERY][1], REWARDS[ROASTERY][0], "shopping-bag", "250 g, whole or ground for you.", ROASTERY),
    DemoReward("Harbour Street mug", 1_400, "gift", "Made by the potter next door.", stock=4, member_limit=1),
    DemoReward("Tasting evening", 2_500, "ticket-percent", "An evening at the roastery, for one.", ROASTERY, 12, 1),
)
SHELF = {
    "Ethiopia Guji, 250 g": "GUJI-250",
    "Colombia Huila, 250 g": "HUILA-250",
    "House espresso, 1 kg": "HOUSE-1000",
    "Filter papers": "PAPERS-100",
}
WEEKS_WITH_LINES = 12  # enough for a forecast of stock, and quick to load
TIERS = (
    DemoTier("Regular", benefits="Your usual, before you ask."),
    DemoTier("Friend", "1.25", "A free refill of filter coffee."),
    DemoTier("Harbour Mate", "1.5", "A free refill, and the first cup of each new roast."),
)

Report = Callable[[str, int, int], None]  # phase, done, total


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where the plan's first Monday lies: so that the plan's last Sunday is last week's."""

    first_monday: date

    @classmethod
    def ending_before(cls, now: datetime) -> Calendar:
        today = local_day(now, ZONE)
        this_monday = today - timedelta(days=today.weekday())
        return cls(this_monday - timedelta(days=DAYS))

    def moment(self, day: int, minute: int) -> datetime:
        return datetime.combine(self.first_monday + timedelta(days=day), time(minute // 60, minute % 60), tzinfo=ZONE)


def load_coffee(report: Report, *, owner: User, now: datetime) -> Programme:
    """Make the programme, or finish one that a killed load left behind. About 40,000 sales.

    The calendar is kept in `programme.onboarding["demo"]`, so that a later load of the same programme goes on with
    the same dates. Raises RuntimeError when the plan and the books differ at the end.
    """
    programme = Programme.objects.filter(slug=SLUG).first() or _open(owner, now)
    demo = programme.onboarding["demo"]
    if demo.get("is_loaded"):
        return programme
    calendar = Calendar(date.fromisoformat(demo["first_monday"]))
    plan = make_plan(calendar.first_monday.month)
    people = fictional_people(len(plan.members), seed=PEOPLE_SEED)
    with tenant_context(programme):
        shops = _businesses(calendar)
        codes = make_rewards(CATALOGUE, shops, SYSTEM_TILL)
        _post(plan, people, shops, codes, calendar, report)
        _introduce(plan, people, shops[SHOPS[0].key], now)
        _ask_for_consent(plan, people, calendar, report)
        with transaction.atomic():
            bring_people(SYSTEM_TILL, now=now)
        make_tiers(TIERS, SYSTEM_TILL, now=now)
        make_recommendations(SYSTEM_TILL, now=now)
        refresh_facts(list(Customer.objects.values_list("pk", flat=True)))
        rebuild_rollups(now=now)
        score_customers(now=now)
        rebuild_features(now=now)
        find_archetypes(now=now)
        forecast_customers(now=now)
        count_archetypes()
        analyse_sales(now=now)
        with transaction.atomic():
            request_run(BACKTEST, actor=SYSTEM, now=now)  # a minute, which nobody waits for
        with transaction.atomic():
            stock_shelves(shops[ROASTERY], SYSTEM_TILL, now=now, delivered=1)
        _check(plan)
    demo["is_loaded"] = True
    programme.save(update_fields=["onboarding"])
    return programme


def _open(owner: User, now: datetime) -> Programme:
    first = SHOPS[0]
    first_monday = Calendar.ending_before(now).first_monday
    with transaction.atomic():
        programme = open_shop(
            name="Harbour Street",
            slug=SLUG,
            currency="GBP",
            country="GB",
            time_zone=ZONE.key,
            owner=owner,
            business_name=first.name,
            category=first.category,
            points_per_unit=first.points_per_unit,
            now=now,
            is_demo=True,
        )
        programme.onboarding = {
            **programme.onboarding,
            "demo": {
                "first_monday": first_monday.isoformat(),
                "last_day": (first_monday + timedelta(days=DAYS - 1)).isoformat(),
            },
        }
        programme.save(update_fields=["onboarding"])
    return programme


def _businesses(calendar: Calendar) -> dict[str, int]:
    """The ids of the three shops by their key in the plan; the ones that are missing are opened."""
    ids = {}
    for shop in SHOPS:
        business = Business.objects.filter(name=shop.name).first()
        if business is None:
            opened_at = calendar.moment(0, 0)
            business = open_business(name=shop.name, category=shop.category, actor=SYSTEM_TILL, now=opened_at)
            set_earning_rate(business_id=business.pk, points_per_unit=shop.points_per_unit, actor=SYSTEM_TILL)
        ids[shop.key] = business.pk
    return ids


def _post(
    plan: Plan,
    people: list[FictionalPerson],
    shops: dict[str, int],
    rewards: Mapping[str, str],
    calendar: Calendar,
    report: Report,
) -> None:
    taken = {redemption.after_sale: redemption for redemption in plan.redemptions}
    done = 0
    for day, sales in groupby(enumerate(plan.sales), key=lambda row: row[1].day):
        operations = list(_operations(sales, taken, people, shops, rewards, calendar))
        now = calendar.moment(day, CLOSING_MINUTE)
        if day >= DAYS - 7 * stamps.WEEKS:
            stamps.make_card(shops[SHOPS[0].key], SYSTEM_TILL, now=calendar.moment(day, 0))
            stamps.use_full_cards(shops[SHOPS[0].key], SYSTEM_TILL, now=now)
        outcomes = post_batch(operations=operations, owner="demo", source="till", actor=SYSTEM_TILL, now=now)
        refused = next((outcome for outcome in outcomes if isinstance(outcome, DomainError)), None)
        if refused is not None:
            raise refused
        done += sum(isinstance(operation, AddPoints) for operation in operations)
        report("coffee: sales", done, len(plan.sales))


def _operations(
    sales: Iterator[tuple[int, PlannedSale]],
    taken: dict[int, PlannedRedemption],
    people: list[FictionalPerson],
    shops: dict[str, int],
    rewards: Mapping[str, str],
    calendar: Calendar,
) -> Iterator[Operation]:
    for index, sale in sales:
        phone = people[sale.member].phone
        yield AddPoints(
            business=shops[sale.shop],
            amount=Decimal(sale.pence) / 100,
            phone=phone,
            placed_at=calendar.moment(sale.day, sale.minute),
            lines=_lines(sale),
            key=f"sale-{index}",
        )
        redemption = taken.get(index)
        if redemption is not None:
            yield RedeemPoints(
                business=shops[sale.shop],
                reward=rewards[redemption.what],
                phone=phone,
                key=f"reward-{index}",
            )


def _lines(sale: PlannedSale) -> list[SaleLine]:
    """What the roastery's till tells of its last weeks: bags and papers have stock codes, a brew at the bar none."""
    if sale.shop != ROASTERY or sale.day < DAYS - 7 * WEEKS_WITH_LINES:
        return []
    return [
        SaleLine(amount=Decimal(price * pieces) / 100, quantity=Decimal(pieces), title=title, sku=SHELF.get(title, ""))
        for (title, price, _), pieces in Counter(MENU[ROASTERY][place] for place in sale.basket).items()
    ]


def _introduce(plan: Plan, people: list[FictionalPerson], business_id: int, now: datetime) -> None:
    """Two of three members left a name and an address, which arrive as a file does: by an import."""
    named = [
        {"phone": person.phone, "first_name": person.first_name, "last_name": person.last_name, "email": person.email}
        for member, person in zip(plan.members, people, strict=True)
        if member.index % 3
    ]
    business = Business.objects.get(pk=business_id)
    run = receive_rows(rows=named, kind="customers", business=business, actor=SYSTEM_TILL, now=now)
    try:
        run_job(start_import(run=run, actor=SYSTEM_TILL, now=now).pk)
    except AlreadyImported:  # an earlier load got this far
        run.delete()


def _ask_for_consent(plan: Plan, people: list[FictionalPerson], calendar: Calendar, report: Report) -> None:
    """Those who want texts said so at the till when they joined."""
    agreeing = [(member, person) for member, person in zip(plan.members, people, strict=True) if member.agrees_to_texts]
    customers = {customer.phone: customer for customer in Customer.objects.all()}
    with transaction.atomic():
        for done, (member, person) in enumerate(agreeing, start=1):
            record_consent(
                customer=customers[person.phone],
                channel="sms",
                purpose="service",
                is_granted=True,
                source="till",
                wording="till-service-1",
                actor=SYSTEM_TILL,
                now=calendar.moment(member.joined_day, 12 * 60),
            )
            report("coffee: consent to texts", done, len(agreeing))


def _check(plan: Plan) -> None:
    """The books say what the plan says, or the load has failed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM customers_order), (SELECT sum(total) FROM customers_order),"
            " (SELECT count(*) FROM loyalty_account),"
            " (SELECT count(*) FROM loyalty_transaction WHERE kind = 'redeem' AND status = 'done')"
        )
        found = cursor.fetchone()
    planned = (
        len(plan.sales),
        Decimal(sum(sale.pence for sale in plan.sales)) / 100,
        len(plan.members),
        len(plan.redemptions),
    )
    if found != planned:
        raise RuntimeError(f"the coffee demo came to {found}, planned were {planned}")
