"""What an analysis finds, as it is kept: counts, sums and names of products; nothing about one person.

Amounts are numbers in the programme's currency, rounded to the hundredth; shares are 0 to 1. What was kept in another
shape than this is not read (`read_findings`).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Compared(msgspec.Struct, Generic[T], frozen=True):
    """The newest 90 days, the 90 before and the same a year ago; None where sales do not go back so far."""

    now: T
    before: T | None
    year: T | None

    @property
    def base(self) -> T | None:
        """What to compare with: a year ago, which has the same season, or else the days before."""
        return self.year if self.year is not None else self.before

    @property
    def is_of_year(self) -> bool:
        return self.year is not None


class Sold(msgspec.Struct, frozen=True):
    """`revenue` is net; `average` of an order and its `variance` are before refunds; `weekly_new` are first-time buyers
    of the newest twelve whole weeks, oldest first."""

    revenue: float
    gross: float
    refunds: float
    orders: int
    buyers: int
    new: int
    average: float
    variance: float
    discounted: int  # orders
    discount: float
    weekly_new: list[int]

    @property
    def repeat_rate(self) -> float | None:
        return (self.buyers - self.new) / self.buyers if self.buyers else None

    @property
    def refund_share(self) -> float | None:
        return self.refunds / self.gross if self.gross else None

    @property
    def discount_share(self) -> float | None:
        """Of the price before discount."""
        return self.discount / (self.gross + self.discount) if self.gross + self.discount else None


class Hour(msgspec.Struct, frozen=True):
    weekday: int  # 1 to 7, from Monday
    hour: int
    orders: int
    revenue: float


class Weekday(msgspec.Struct, frozen=True):
    weekday: int
    orders: list[int]  # of each such day, oldest first


class Hours(msgspec.Struct, frozen=True):
    cells: list[Hour]
    weekdays: list[Weekday]  # those on which anything was sold


class Month(msgspec.Struct, frozen=True):
    month: date  # its first day
    revenue: float
    orders: int


class MonthIndex(msgspec.Struct, frozen=True):
    """Revenue of a day of this month against a usual day of its year: mean, least and most of so many years."""

    month: int
    index: float
    low: float
    high: float
    years: int


class Season(msgspec.Struct, frozen=True):
    months: list[Month]  # whole ones, oldest first
    index: list[MonthIndex]  # empty below two years


class Again(msgspec.Struct, frozen=True):
    """Of `people` who first bought in 90 days, `came` bought on another day within so many days."""

    people: int
    came: int

    @property
    def share(self) -> float:
        return self.came / self.people if self.people else 0.0


class Horizon(msgspec.Struct, frozen=True):
    days: int
    people: Compared[Again]


class Second(msgspec.Struct, frozen=True):
    """The second purchase. `quartiles` are days until it, of those who came within `followed` days."""

    horizons: list[Horizon]
    days: list[int]  # of the curves
    newer: list[float]  # share who had come again by each of `days`; empty: too few people
    older: list[float]
    older_is_of_year: bool
    quartiles: list[int]  # three, or none
    waiting: int  # bought once, and are now between the first and the third quartile
    waiting_from: date | None
    waiting_to: date | None
    waiting_spent: float  # by one of them so far


class Share(msgspec.Struct, frozen=True):
    name: str
    share: float


class Pair(msgspec.Struct, frozen=True):
    product: str
    product_code: str
    other: str
    other_code: str
    together: int
    orders: int
    other_orders: int
    baskets: int
    other_price: float  # what one of the other came to on average

    @property
    def lift(self) -> float:
        return self.together * self.baskets / (self.orders * self.other_orders)


class Basket(msgspec.Struct, frozen=True):
    """Means of an order with named products; `pairs` are of the newest 365 days, strongest first."""

    units: float | None
    products: float | None
    categories: list[Share]
    pairs: list[Pair]


class Concentration(msgspec.Struct, frozen=True):
    """Who or what holds the revenue of 365 days. A share is None where a percent of them is nobody."""

    count: int
    total: float
    top_1: float | None
    top_10: float | None
    top_20: float | None
    ten: float  # share of the ten largest
    gini: float
    curve: list[float]  # share of the largest 0, 5, 10 … 100 percent


class Product(msgspec.Struct, frozen=True):
    name: str
    code: str
    share: float  # of the revenue of goods in 365 days
    revenue: float


class Held(msgspec.Struct, frozen=True):
    customers: Concentration | None
    products: Concentration | None
    largest: Product | None


class AtRisk(msgspec.Struct, frozen=True):
    band: str
    customers: int
    value_12: float
    value_at_risk: float
    valued: int  # of them, who spent at least `Risk.valued_from`
    valued_at_risk: float
    basket: float  # the usual order of those


class Risk(msgspec.Struct, frozen=True):
    horizon_days: int
    valued_from: float  # the best fifth of all buyers spent so much or more
    bands: list[AtRisk]


class DiscountBuyers(msgspec.Struct, frozen=True):
    """Of `regulars` with three orders or more in 365 days, `only` had a discount on each; by chance, `expected`."""

    regulars: int
    only: int
    expected: float
    share: float  # of their orders with a discount
    discount: float  # what those who only buy so were given in the newest 90 days


class Returned(msgspec.Struct, frozen=True):
    """`refunds` that name the product, beside the `orders` with it: one large order that comes back counts once."""

    name: str
    code: str
    orders: int
    refunds: int
    revenue: float
    orders_before: int
    refunds_before: int


class Returns(msgspec.Struct, frozen=True):
    tested: int  # products sold often enough in both periods
    products: list[Returned]  # with most refunds


class Expiring(msgspec.Struct, frozen=True):
    points: int
    members: int
    days: int


class Findings(msgspec.Struct, frozen=True):
    as_of: date
    first_day: date
    first_sale: date
    sales: Compared[Sold]
    hours: Hours
    season: Season
    second: Second
    basket: Basket
    held: Held
    risk: Risk | None
    discounts: DiscountBuyers | None
    returns: Returns
    expiring: Expiring


def kept_findings(found: Findings) -> dict[str, Any]:
    """JSON-safe."""
    kept: dict[str, Any] = msgspec.to_builtins(found)
    return kept


def read_findings(kept: dict[str, Any]) -> Findings | None:
    """None for what another release kept in another shape."""
    try:
        return msgspec.convert(kept, Findings)
    except msgspec.ValidationError:
        return None
