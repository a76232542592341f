"""People by the month of their first order: how many of them came again in each month after, and what they spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet

from customers.models import CohortMonth, CountedAt


@dataclass(frozen=True, slots=True)
class CohortCell:
    """One cohort in one month: `customers` bought, `revenue` is net."""

    month: date
    customers: int = 0
    orders: int = 0
    revenue: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Cohort:
    """`cells` start with the month of the first order and end with the newest month, without a gap."""

    month: date
    size: int
    cells: Sequence[CohortCell] = field(default_factory=list)

    def share(self, cell: CohortCell) -> float:
        """Percent of the cohort who bought."""
        return cell.customers / self.size * 100 if self.size else 0.0

    def revenue_each(self, cell: CohortCell) -> Decimal:
        """Net revenue of the month for each person of the cohort, whether they bought or not."""
        return cell.revenue / self.size if self.size else Decimal(0)


@dataclass(frozen=True, slots=True)
class CohortTable:
    cohorts: Sequence[Cohort]  # newest last
    counted_at: datetime | None

    def retention(self, offset: int) -> float | None:
        """Percent who bought `offset` months after their first, of all cohorts that old; None when none is.

        The newest month is not over, so cohorts that reach it count up to the month before.
        """
        whole = [cohort for cohort in self.cohorts if len(cohort.cells) > offset + 1]
        people = sum(cohort.size for cohort in whole)
        came = sum(cohort.cells[offset].customers for cohort in whole)
        return came / people * 100 if people else None


def cohort_table(first: date, last: date, *, business_id: int | None) -> CohortTable:
    """Cohorts from the month of `first` to the month of `last`, followed to that month. Two queries."""
    start, end = first.replace(day=1), last.replace(day=1)
    rows = _rows(business_id).filter(cohort__gte=start, cohort__lte=end, month__lte=end)
    found: dict[date, dict[date, CohortCell]] = {}
    for cohort, month, customers, orders, revenue in rows.values_list(
        "cohort", "month", "customers", "orders", "revenue"
    ):
        found.setdefault(cohort, {})[month] = CohortCell(month, customers, orders, revenue)
    counted = CountedAt.objects.filter(kind=CountedAt.Kind.PEOPLE).values_list("at", flat=True).first()
    return CohortTable([_cohort(month, found[month], end) for month in sorted(found)], counted)


def months_between(first: date, last: date) -> list[date]:
    """First days of the months from one to the other, both included."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    months = [divmod(first.month - 1 + number, 12) for number in range(count)]
    return [date(first.year + years, month + 1, 1) for years, month in months]


def _cohort(month: date, cells: dict[date, CohortCell], end: date) -> Cohort:
    followed = [cells.get(one) or CohortCell(one) for one in months_between(month, end)]
    return Cohort(month, followed[0].customers, followed)


def _rows(business_id: int | None) -> QuerySet[CohortMonth]:
    if business_id is None:
        return CohortMonth.objects.filter(business__isnull=True)
    return CohortMonth.objects.filter(business_id=business_id)
