"""Points of a period: issued, taken back, redeemed, expired, owed; who took part; the members with the most points.

Days that are over come from the roll-up, the rest from the ledger (`loyalty.point_flows`). What each figure means is in
docs/how-to/reports.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from core.actor import Actor
from core.clock import Period, day_start
from customers.models import Customer
from loyalty import rules
from loyalty.balances import settings_now
from loyalty.breakage import HORIZON, Age, Breakage, estimate, total_of
from loyalty.models import Account, PointAge, PointCount, PointDay, Transaction
from loyalty.point_flows import FLOWS
from loyalty.querysets import FLOW_RULES
from workspace.models import Business

FIRST_DAY = date(2000, 1, 1)  # before every ledger
MAX_TOP = 100
Flow = PointDay.Flow


@dataclass(frozen=True, slots=True)
class PointFigures:
    """Points of a period, none of them negative in the ordinary case, and what was owed when it ended.

    `liability` is `outstanding` at the value of a point today.
    """

    issued: int = 0
    taken_back: int = 0
    redeemed: int = 0
    expired: int = 0
    outstanding: int = 0
    liability: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class BusinessFigures:
    """One business, or the programme itself (None)."""

    business: Business | None
    figures: PointFigures
    before: PointFigures


@dataclass(frozen=True, slots=True)
class PointReport:
    """A period, the equally long one before it, and the same of each business that the reader may see."""

    total: PointFigures
    before: PointFigures
    businesses: Sequence[BusinessFigures]


@dataclass(frozen=True, slots=True)
class DayPoints:
    issued: int = 0
    taken_back: int = 0
    redeemed: int = 0
    expired: int = 0


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """`unique`: different members with anything that a person did to their points. `active`: with a sale or a
    redemption that was not undone. `members` and `new_members` are of the whole programme, None for one business.
    """

    unique: int
    active: int
    members: int | None
    new_members: int | None


@dataclass(frozen=True, slots=True)
class TopMember:
    """`points` were issued in the period, less what was taken back; `spent` is what sales that gave points came to."""

    customer: Customer
    points: int
    points_before: int
    redeemed: int
    sales: int
    spent: Decimal


@dataclass(frozen=True, slots=True)
class BreakageReport:
    """`ages` are those of `counted_on`, the last day; `worth` is what `breakage.points` come to. None: not known."""

    breakage: Breakage | None
    ages: Sequence[Age]
    outstanding: int
    worth: Decimal
    counted_on: date | None


def narrowed(actor: Actor | None, business_id: int | None) -> int | None:
    """The business that a report is about: the one asked for, or the one that the reader is limited to."""
    return actor.business_id if actor is not None and actor.business_id is not None else business_id


# -- points -----------------------------------------------------------------------------------------------------------


def point_report(period: Period, *, actor: Actor | None, business_id: int | None = None) -> PointReport:
    """Figures of a period against the one before. Four queries, whatever the size.

    Issued, taken back and redeemed are those at a business; expired and owed are of the points that it issued.
    `actor` limited to a business gets that one; None sees everything.
    """
    only = narrowed(actor, business_id)
    before = period.before()
    value = settings_now().point_value
    sums: dict[tuple[str, int | None], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for span, issuer, place, flow, points, debt in _rows(period, before):
        happened, owed = sums[span, place], sums[span, issuer]
        if flow == Flow.EXPIRED:
            owed["expired"] -= points
        elif flow == Flow.ISSUED:
            happened["issued"] += points + debt
        elif flow == Flow.TAKEN:
            happened["taken_back"] -= points + debt
        elif flow == Flow.REDEEMED:
            happened["redeemed"] -= points + debt
        if flow != Flow.SPENT:
            owed["owed"] += points

    def figures(span: str, parties: Sequence[int | None]) -> PointFigures:
        spans = ("past", "before") if span == "before" else ("past", "before", "now")
        outstanding = sum(sums[one, party]["owed"] for one in spans for party in parties)

        def moved(name: str) -> int:
            return sum(sums[span, party][name] for party in parties)

        return PointFigures(
            issued=moved("issued"),
            taken_back=moved("taken_back"),
            redeemed=moved("redeemed"),
            expired=moved("expired"),
            outstanding=outstanding,
            liability=rules.worth(outstanding, value),
        )

    shops: dict[int | None, Business] = {
        shop.pk: shop for shop in Business.objects.order_by("name") if only is None or shop.pk == only
    }
    touched = {party for _span, party in list(sums)}
    parties = [party for party, shop in shops.items() if party in touched or shop.is_active]
    nobody: list[int | None] = [None] if only is None and None in touched else []
    everybody = [*parties, *nobody]
    return PointReport(
        total=figures("now", everybody),
        before=figures("before", everybody),
        businesses=[
            BusinessFigures(
                shops[party] if party is not None else None, figures("now", [party]), figures("before", [party])
            )
            for party in everybody
        ],
    )


def _rows(period: Period, before: Period) -> list[tuple[str, int | None, int | None, str, int, int]]:
    """(past, before or now, issuer, business, flow, points, debt) of everything up to the end of the period."""
    sums = (
        "SELECT CASE WHEN day >= %(of_now)s THEN 'now' WHEN day >= %(of_before)s THEN 'before' ELSE 'past' END AS span,"
        " issuer_id, business_id, flow, sum(points)::bigint, sum(debt)::bigint"
        " FROM ({flows}) AS flows GROUP BY 1, 2, 3, 4"
    )
    given = {"of_now": period.first_day, "of_before": before.first_day}
    return read_flows(sums, Period(FIRST_DAY, period.last_day, period.zone), given)


def read_flows(query: str, period: Period, values: Mapping[str, Any] | None = None) -> list[Any]:
    """Rows of `query`, where `{flows}` stands for the flows of the period. Two queries."""
    state = PointCount.objects.filter(pk=1, zone=period.zone.key, last_day__isnull=False).first()
    counted = state.last_day if state else None
    fresh = period.start if counted is None else day_start(counted + timedelta(days=1), period.zone)
    with connection.cursor() as cursor:
        cursor.execute(
            query.format(flows=FLOWS),
            {
                "zone": period.zone.key,
                "first_day": period.first_day,
                "last_day": period.last_day,
                "counted": counted,
                "seen": state.last_transaction if state else 0,
                "start": period.start,
                "end": period.end,
                "fresh": max(fresh, period.start),
                **(values or {}),
            },
        )
        rows: list[Any] = cursor.fetchall()
    return rows


def days_of_points(period: Period, *, actor: Actor | None, business_id: int | None = None) -> Mapping[date, DayPoints]:
    """The days of a period on which anything moved. Two queries."""
    only = narrowed(actor, business_id)
    query = """
        SELECT day,
               coalesce(sum(points + debt) FILTER (WHERE flow = 'issued' AND {here}), 0)::bigint,
               coalesce(-sum(points + debt) FILTER (WHERE flow = 'taken' AND {here}), 0)::bigint,
               coalesce(-sum(points + debt) FILTER (WHERE flow = 'redeemed' AND {here}), 0)::bigint,
               coalesce(-sum(points) FILTER (WHERE flow = 'expired' AND {of_it}), 0)::bigint
        FROM ({flows}) AS flows GROUP BY day
    """
    here, of_it = (
        ("true", "true") if only is None else ("business_id = %(only)s::bigint", "issuer_id = %(only)s::bigint")
    )
    found = read_flows(query.format(here=here, of_it=of_it, flows="{flows}"), period, {"only": only})
    return {row[0]: DayPoints(*row[1:]) for row in found}


# -- people -----------------------------------------------------------------------------------------------------------

PEOPLE = """
    SELECT count(*) FILTER (WHERE in_now), count(*) FILTER (WHERE active_now),
           count(*) FILTER (WHERE in_before), count(*) FILTER (WHERE active_before)
    FROM (
        SELECT t.account_id, bool_or(t.at >= %(start)s) AS in_now, bool_or(t.at < %(start)s) AS in_before,
               bool_or(t.at >= %(start)s AND {is_active}) AS active_now,
               bool_or(t.at < %(start)s AND {is_active}) AS active_before
        FROM loyalty_transaction t
        WHERE t.status = 'done' AND t.kind NOT IN ('expire', 'mature', 'void', 'reverse')
          AND t.at >= %(before)s AND t.at < %(end)s AND {of_business}
        GROUP BY t.account_id
    ) AS person
"""
IS_ACTIVE = "t.kind IN ('earn', 'redeem') AND (t.reversed_at IS NULL OR ledger_net_of(t.id) <> 0)"


def member_figures(
    period: Period, *, actor: Actor | None, business_id: int | None = None
) -> tuple[MemberFigures, MemberFigures]:
    """Who took part in the period, and in the one before. At most two queries."""
    only = narrowed(actor, business_id)
    before = period.before()
    of_business = "true" if only is None else "t.business_id = %(business)s::bigint"
    with connection.cursor() as cursor:
        cursor.execute(
            PEOPLE.format(is_active=IS_ACTIVE, of_business=of_business),
            {"start": period.start, "before": before.start, "end": period.end, "business": only},
        )
        unique, active, unique_before, active_before = cursor.fetchone()
    if only is not None:
        return MemberFigures(unique, active, None, None), MemberFigures(unique_before, active_before, None, None)
    moments = (period.end, period.start, before.start)
    everybody = _joined_by(Account.objects.all(), moments)
    duplicates = _joined_by(Account.objects.filter(customer__merged_into__isnull=False), moments)  # few: an index
    members, members_before, earlier = (one - other for one, other in zip(everybody, duplicates, strict=True))
    return (
        MemberFigures(unique, active, members, members - members_before),
        MemberFigures(unique_before, active_before, members_before, members_before - earlier),
    )


def _joined_by(accounts: QuerySet[Account], moments: Sequence[datetime]) -> list[int]:
    counts = {f"by_{place}": Count("pk", filter=Q(joined_at__lt=at)) for place, at in enumerate(moments)}
    return list(accounts.aggregate(**counts).values())


def top_members(
    period: Period, *, actor: Actor | None, business_id: int | None = None, most: int = 10
) -> list[TopMember]:
    """The members who were given the most points in the period, less what was taken back. Three queries."""
    only = narrowed(actor, business_id)
    earned = FLOW_RULES["issued"] | FLOW_RULES["taken"]
    sale = Q(kind="earn", reversed_at__isnull=True)
    found = Transaction.objects.done()
    if only is not None:
        found = found.filter(business_id=only)
    rows = list(
        found.within(period)
        .values("account_id")
        .annotate(
            given=Sum("points", filter=earned, default=0),
            redeemed=-Sum("points", filter=FLOW_RULES["redeemed"], default=0),
            sales=Count("pk", filter=sale),
            spent=Sum("order__total", filter=sale, default=Decimal(0)),
        )
        .filter(given__gt=0)
        .order_by(F("given").desc(), "account_id")[: min(most, MAX_TOP)]
    )
    ids = [row["account_id"] for row in rows]
    earlier = found.within(period.before()).filter(account_id__in=ids).values_list("account_id")
    before = dict(earlier.annotate(given=Sum("points", filter=earned, default=0)))
    people = Customer.objects.in_bulk(ids)
    return [
        TopMember(
            customer=people[row["account_id"]],
            points=row["given"],
            points_before=before.get(row["account_id"], 0),
            redeemed=row["redeemed"],
            sales=row["sales"],
            spent=row["spent"],
        )
        for row in rows
    ]


# -- breakage ---------------------------------------------------------------------------------------------------------


def breakage_report(*, actor: Actor | None, business_id: int | None = None) -> BreakageReport:
    """How many of the outstanding points will never be redeemed, as of the last night. Three queries."""
    only = narrowed(actor, business_id)
    found = PointAge.objects.all() if only is None else PointAge.objects.filter(issuer_id=only)
    names = ("age", "outstanding", "at_risk", "redeemed", "expired")
    ages = total_of(Age(*row) for row in found.values_list(*names))
    state = PointCount.objects.filter(pk=1, counted_at__isnull=False).first()
    breakage = estimate(ages)
    return BreakageReport(
        breakage=breakage,
        ages=ages[: breakage.observed if breakage else HORIZON],
        outstanding=sum(age.outstanding for age in ages),
        worth=rules.worth(breakage.points if breakage else 0, settings_now().point_value),
        counted_on=state.last_day if state else None,
    )
