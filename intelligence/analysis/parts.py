"""All parts of an analysis in the order in which they are measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from intelligence.analysis.findings import Findings, Held
from intelligence.analysis.goods import basket_of, held_by_products, returns_of
from intelligence.analysis.people import at_risk, discount_buyers, expiring_points, held_by_customers, second_purchases
from intelligence.analysis.sales import compared_sales, hours_of, rows, season_of
from intelligence.analysis.window import Window

# Some parts sort a row of each customer; the default 4 MB would spill them to disk.
WORK_MEMORY = "64MB"

Measure = Callable[[Window, datetime], object]


def _held(window: Window, now: datetime) -> Held:
    products, largest = held_by_products(window)
    return Held(held_by_customers(), products, largest)


# Name of the field of `Findings` → what people read while it is measured, and what measures it.
PARTS: dict[str, tuple[str | Promise, Measure]] = {
    "sales": (_("Sales"), lambda window, now: compared_sales(window)),
    "hours": (_("Hours"), lambda window, now: hours_of(window)),
    "season": (_("Seasons"), lambda window, now: season_of(window)),
    "second": (_("Second purchases"), lambda window, now: second_purchases(window)),
    "basket": (_("Baskets"), lambda window, now: basket_of(window)),
    "held": (_("Who and what brings the revenue"), _held),
    "risk": (_("Who stays away"), lambda window, now: at_risk()),
    "discounts": (_("Discounts"), lambda window, now: discount_buyers(window)),
    "returns": (_("What comes back"), lambda window, now: returns_of(window)),
    "expiring": (_("Points that expire"), lambda window, now: expiring_points(now)),
}


def measure(
    window: Window, *, now: datetime, report: Callable[[int, int, str], None] = lambda done, total, part: None
) -> Findings:
    """Everything, part by part. `report(done, total, part)` may raise to stop; nothing is written here."""
    found = {}
    for done, (name, (title, _part)) in enumerate(PARTS.items()):
        report(done, len(PARTS), str(title))
        found[name] = measure_part(name, window, now)
    report(len(PARTS), len(PARTS), "")
    first_day = max(window.now.first_day, window.first_sale)
    return Findings(as_of=window.as_of, first_day=first_day, first_sale=window.first_sale, **found)


def measure_part(name: str, window: Window, now: datetime) -> Any:
    """What one part finds: the value of that field of `Findings`."""
    with transaction.atomic():
        rows("SELECT set_config('work_mem', %(memory)s, true)", memory=WORK_MEMORY)
        return PARTS[name][1](window, now)
