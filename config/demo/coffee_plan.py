"""The plan of the programme *coffee*: who comes when, where and for how much. Pure and seeded: the same every time.

Three businesses on one street share 2,500 members. Over 78 weeks (18 months) they make exactly 40,000 sales, which
show what such a street shows:

- habits: each kind of guest has its own hours, weekdays, favourite business and basket;
- seasons: December is busy, January and August are quiet, and the street grows through its first year;
- co-visits: a coffee at the quay is often followed by a bun in the lane within two hours;
- lapsing: a quarter of the members stop coming at some point and do not return;
- rewards: guests with enough points take something free now and then.

Days count from the plan's first Monday; the loader lays that Monday so that the plan ends with last week.
"""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

SEED = 20100
WEEKS = 78
DAYS = WEEKS * 7
MEMBERS = 2_500
SALES = 40_000
CO_VISIT_SHARE = 0.17  # of quay visits before three o'clock, followed by one to the bakery the same day
LAPSING_SHARE = 0.25

QUAY, LANE, ROASTERY = "quay", "lane", "roastery"


@dataclass(frozen=True, slots=True)
class Shop:
    key: str
    name: str
    category: str
    points_per_unit: Decimal  # points per pound


SHOPS = (
    Shop(QUAY, "Quayside Coffee", "cafe", Decimal(5)),
    Shop(LANE, "Mill Lane Bakery", "bakery", Decimal(4)),
    Shop(ROASTERY, "Pine Street Roasters", "grocery", Decimal(5)),
)

# What each shop sells: title, price in pence, weight.
MENU: dict[str, tuple[tuple[str, int, int], ...]] = {
    QUAY: (
        ("Flat white", 340, 30),
        ("Oat flat white", 380, 22),
        ("Batch filter", 290, 16),
        ("Cappuccino", 350, 18),
        ("Pot of tea", 280, 8),
        ("Cardamom bun", 320, 18),
        ("Sourdough toast", 420, 9),
        ("Ham and gruyère sandwich", 690, 10),
    ),
    LANE: (
        ("Croissant", 260, 26),
        ("Cinnamon bun", 310, 20),
        ("Country loaf", 480, 22),
        ("Baguette", 290, 16),
        ("Leek pie", 560, 12),
        ("Slice of almond cake", 390, 10),
    ),
    ROASTERY: (
        ("Ethiopia Guji, 250 g", 1150, 24),
        ("Colombia Huila, 250 g", 1050, 22),
        ("House espresso, 1 kg", 2950, 12),
        ("Filter papers", 450, 10),
        ("Hand brew at the bar", 420, 20),
    ),
}

# What a guest takes for points: cost and words.
REWARDS = {QUAY: (350, "Free coffee"), LANE: (300, "Free bun"), ROASTERY: (900, "Bag of beans")}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of guest. `rate` is visits a week while active; `hours` and `weekdays` are weights; `shops` too."""

    key: str
    share: float
    rate: float
    shops: Mapping[str, float]
    weekdays: tuple[float, ...]  # Monday first
    hours: Mapping[int, float]
    items: tuple[int, int]  # fewest and most things in a basket


WORKDAYS = (1.1, 1.1, 1.0, 1.0, 1.1, 0.25, 0.15)
WEEKEND = (0.1, 0.1, 0.15, 0.2, 0.5, 2.2, 1.7)
EVEN = (0.8, 0.9, 0.9, 1.0, 1.1, 1.3, 0.6)
MORNING = {7: 4, 8: 6, 9: 3, 10: 1}
LATE_MORNING = {9: 2, 10: 4, 11: 4, 12: 2, 13: 1}
LUNCH = {11: 1, 12: 5, 13: 5, 14: 1}
AFTERNOON = {10: 1, 11: 2, 13: 1, 14: 2, 15: 3, 16: 3, 17: 1}

KINDS = (
    Kind("morning", 0.20, 0.80, {QUAY: 8, LANE: 1, ROASTERY: 0.3}, WORKDAYS, MORNING, (1, 2)),
    Kind("weekend", 0.24, 0.21, {QUAY: 4, LANE: 5, ROASTERY: 0.6}, WEEKEND, LATE_MORNING, (2, 4)),
    Kind("beans", 0.12, 0.155, {QUAY: 1, LANE: 0.4, ROASTERY: 8}, EVEN, AFTERNOON, (1, 2)),
    Kind("lunch", 0.16, 0.30, {QUAY: 4, LANE: 5, ROASTERY: 0.1}, WORKDAYS, LUNCH, (1, 3)),
    Kind("passing", 0.28, 0.050, {QUAY: 5, LANE: 4, ROASTERY: 1}, EVEN, AFTERNOON, (1, 2)),
)

# January to December.
MONTH_FACTORS = (0.86, 0.92, 0.98, 1.0, 1.02, 1.0, 0.94, 0.88, 1.02, 1.06, 1.08, 1.24)


@dataclass(frozen=True, slots=True)
class PlannedMember:
    index: int
    kind: str
    joined_day: int
    lapses_day: int | None  # the first day on which this member does not come any more
    agrees_to_texts: bool


@dataclass(frozen=True, slots=True)
class PlannedSale:
    """One sale of a `basket`, places on the shop's menu; `minute` counts from midnight."""

    day: int
    minute: int
    member: int
    shop: str
    basket: tuple[int, ...]
    is_co_visit: bool

    @property
    def pence(self) -> int:
        return sum(MENU[self.shop][place][1] for place in self.basket)


@dataclass(frozen=True, slots=True)
class PlannedRedemption:
    """A free thing taken right after a sale: `after_sale` is that sale's index in the plan."""

    after_sale: int
    points: int
    what: str


@dataclass(frozen=True, slots=True)
class Plan:
    members: tuple[PlannedMember, ...]
    sales: tuple[PlannedSale, ...]  # in order of time
    redemptions: tuple[PlannedRedemption, ...]  # in the same order


@cache
def make_plan(first_month: int) -> Plan:
    """The plan, with `first_month` (1 to 12) the month of its first Monday, which places the seasons."""
    chance = random.Random(SEED)  # noqa: S311
    members = _members(chance)
    visits: list[tuple[int, int, int, str, bool]] = []
    for member in members:
        visits += _visits(member, chance, first_month)
    # Exactly SALES, everybody keeps the first visit: that is how they became members.
    visits.sort()
    first = {member: index for index, (_, _, member, _, _) in reversed(list(enumerate(visits)))}
    keep = set(first.values())
    spare = [index for index in range(len(visits)) if index not in keep]
    keep.update(chance.sample(spare, SALES - len(keep)))
    sales = tuple(
        PlannedSale(day, minute, member, shop, _basket(_kind(members[member].kind), shop, chance), is_co_visit)
        for index, (day, minute, member, shop, is_co_visit) in enumerate(visits)
        if index in keep
    )
    return Plan(tuple(members), sales, tuple(_redemptions(sales, chance)))


def _redemptions(sales: Sequence[PlannedSale], chance: random.Random) -> Iterator[PlannedRedemption]:
    """Guests who can afford it take something free at every sixth opportunity or so."""
    rates = {shop.key: shop.points_per_unit for shop in SHOPS}
    balances = [0] * MEMBERS
    for index, sale in enumerate(sales):
        balances[sale.member] += int(sale.pence * rates[sale.shop] / 100)
        points, what = REWARDS[sale.shop]
        if balances[sale.member] >= points and chance.random() < 0.16:
            balances[sale.member] -= points
            yield PlannedRedemption(index, points, what)


def _members(chance: random.Random) -> list[PlannedMember]:
    kinds = chance.choices(KINDS, weights=[kind.share for kind in KINDS], k=MEMBERS)
    members = []
    for index, kind in enumerate(kinds):
        # A third were guests from the start; the others found the programme in the course of the 18 months.
        joined = chance.randrange(14) if chance.random() < 0.33 else chance.randrange(DAYS)
        lapses = None
        if chance.random() < LAPSING_SHARE:
            lapses = min(DAYS, joined + 28 + int(chance.expovariate(1 / 170)))
        members.append(PlannedMember(index, kind.key, joined, lapses, chance.random() < 0.62))
    return members


def _visits(member: PlannedMember, chance: random.Random, first_month: int) -> list[tuple[int, int, int, str, bool]]:
    kind = _kind(member.kind)
    eagerness = chance.lognormvariate(0, 0.45)
    last = member.lapses_day if member.lapses_day is not None else DAYS
    found: list[tuple[int, int, int, str, bool]] = []
    busiest = sum(kind.weekdays)
    for day in range(member.joined_day, min(last, DAYS)):
        factor = MONTH_FACTORS[(first_month - 1 + int(day / 30.44)) % 12] * kind.weekdays[day % 7] * 7 / busiest
        comes = day == member.joined_day or chance.random() < min(0.95, kind.rate / 7 * eagerness * factor)
        if comes:
            found += _day_out(kind, member.index, day, chance)
    return found


def _day_out(kind: Kind, member: int, day: int, chance: random.Random) -> list[tuple[int, int, int, str, bool]]:
    """One visit, and sometimes a second one next door."""
    shop = chance.choices(list(kind.shops), weights=list(kind.shops.values()))[0]
    hour = chance.choices(list(kind.hours), weights=list(kind.hours.values()))[0]
    minute = hour * 60 + chance.randrange(60)
    visits: list[tuple[int, int, int, str, bool]] = []
    insort(visits, (day, minute, member, shop, False))
    if shop == QUAY and hour < 15 and chance.random() < CO_VISIT_SHARE:
        insort(visits, (day, minute + chance.randrange(8, 110), member, LANE, True))
    return visits


def _basket(kind: Kind, shop: str, chance: random.Random) -> tuple[int, ...]:
    menu = MENU[shop]
    number = chance.randint(*kind.items) if shop != ROASTERY else chance.choices((1, 2, 3), (6, 3, 1))[0]
    return tuple(chance.choices(range(len(menu)), weights=[weight for _, _, weight in menu], k=number))


def _kind(key: str) -> Kind:
    return next(kind for kind in KINDS if kind.key == key)


def co_visit_share(sales: Sequence[PlannedSale]) -> float:
    """Of the quay's sales before three o'clock, how many are followed by the bakery within two hours."""
    lane = {(sale.day, sale.member): sale.minute for sale in sales if sale.shop == LANE}
    quay = [sale for sale in sales if sale.shop == QUAY and sale.minute < 15 * 60]
    followed = sum(1 for sale in quay if 0 <= lane.get((sale.day, sale.member), -1) - sale.minute <= 120)
    return followed / len(quay)
