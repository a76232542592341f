"""Features as pages and the API show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.money import quantise
from core.presentation import format_money, format_number
from intelligence.features.families import FAMILIES, Family
from intelligence.features.registry import FEATURES, Feature, Kind, reading_sql
from intelligence.models import CustomerFeatures, FeatureRun

Value = int | float | Decimal | date | str | None


@dataclass(frozen=True, slots=True)
class Usual:
    """How many customers have a feature and, of a number, what a tenth, half and nine tenths of them have at most."""

    feature: Feature
    customers: int | None  # None: not counted yet, or about more than the reader may see
    low: float | None = None
    median: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Every feature by family; figures are those of the newest run."""

    counted_at: datetime | None
    customers: int | None
    families: Sequence[tuple[Family, Sequence[Usual]]]

    @property
    def features(self) -> list[Usual]:
        return [usual for _family, found in self.families for usual in found]


def feature_dictionary(*, business_id: int | None) -> Dictionary:
    """What each feature means and what is usual; people of one business learn no figures. One query."""
    run = FeatureRun.objects.order_by("-finished_at").first() if business_id is None else None
    figures: Mapping[str, list[Any]] = run.figures if run else {}
    return Dictionary(
        counted_at=run.finished_at if run else None,
        customers=run.customers if run else None,
        families=[
            (family, [Usual(one, *figures.get(one.key, [None])) for one in FEATURES.values() if one.family is family])
            for family in FAMILIES
        ],
    )


def features_of(customer_id: int, *, today: date) -> dict[str, Value] | None:
    """Every feature of one customer by its key, about the whole programme; None for who never bought. One query.

    The windows are those of the last counting, at night at the latest.
    """
    query = reading_sql(list(FEATURES), CustomerFeatures._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"{query} WHERE own.customer_id = %(customer)s", {"today": today, "customer": customer_id})
        row = cursor.fetchone()
    return dict(zip(FEATURES, row[1:], strict=True)) if row else None


def say(feature: Feature, value: Value, currency: str) -> str:
    """A value as people read it; "–" for none."""
    if value is None:
        return "–"
    if feature.kind is Kind.TEXT:
        return str(value)
    if feature.kind is Kind.DATE:
        return date_format(value, "j M Y")  # type: ignore[arg-type]
    assert isinstance(value, int | float | Decimal)
    if feature.kind is Kind.MONEY:
        return format_money(value, currency)
    if feature.kind is Kind.SHARE:
        return _("%(percent)s%%") % {"percent": format_number(float(value) * 100)}
    return format_number(value, 0 if feature.kind is Kind.COUNT else 1)


def plain(feature: Feature, value: Value, currency: str) -> int | float | str | None:
    """A value as JSON says it: amounts as text in the currency's digits, days as ISO 8601."""
    if value is None or feature.kind is Kind.TEXT:
        return value if value is None else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if feature.kind is Kind.MONEY:
        return str(quantise(Decimal(str(value)), currency))
    return int(value) if feature.kind is Kind.COUNT else round(float(value), 4)
