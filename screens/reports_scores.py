"""What models expect of one customer, in words: churn with its reasons, and the value of the next year."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.presentation import format_money
from customers.actions.rollups import programme_zone
from customers.models import Customer, CustomerScores
from intelligence.engine.reasons import Days, Reason, ReasonCode, reasons

TONES: Mapping[str, str] = {"low": "success", "medium": "warning", "high": "danger", "lost": "danger"}
MOST_DAYS = 1_000  # of purchase that reasons look at: the newest

DAYS = """
    SELECT day, sum(spent)::float8, sum(back)::float8 FROM (
        SELECT (placed_at AT TIME ZONE %(zone)s)::date AS day, total AS spent, refunded_total AS back
        FROM customers_order WHERE customer_id = %(customer)s AND status <> 'cancelled'
    ) AS bought WHERE day <= %(day)s GROUP BY day ORDER BY day DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Why:
    words: str
    is_risk: bool


@dataclass(frozen=True, slots=True)
class ChurnCard:
    """`percent`: the chance of no purchase in the next `horizon_days`; `next_on` is empty where none is expected."""

    percent: int
    band: str
    tone: str
    horizon_days: int
    next_on: str
    whys: Sequence[Why]
    computed_on: str


@dataclass(frozen=True, slots=True)
class Worth:
    value: str
    low: str
    high: str


def scores_of(customer: Customer, actor: Actor) -> CustomerScores | None:
    """None for somebody who never bought, before the first run, and for people limited to one business: the figures
    are of the whole programme."""
    return getattr(customer, "scores", None) if actor.business_id is None else None


def worth_of(scores: CustomerScores, currency: str) -> Worth:
    amounts = (scores.value_12, scores.value_12_low, scores.value_12_high)
    return Worth(*(format_money(amount, currency, whole=True) for amount in amounts))


def churn_card(customer: Customer, scores: CustomerScores) -> ChurnCard:
    """One query, for the reasons."""
    return ChurnCard(
        percent=round(scores.churn * 100),
        band=scores.get_band_display(),
        tone=TONES[scores.band],
        horizon_days=scores.horizon_days,
        next_on=date_format(scores.next_purchase_on, "j F Y") if scores.next_purchase_on else "",
        whys=[Why(words_of(reason), reason.is_risk) for reason in _reasons(customer, scores)],
        computed_on=date_format(scores.computed_on, "j F Y"),
    )


def _reasons(customer: Customer, scores: CustomerScores) -> list[Reason]:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "zone": programme_zone(),
            "customer": customer.pk,
            "day": scores.computed_on,
            "most": MOST_DAYS,
        }
        cursor.execute(DAYS, values)
        rows = cursor.fetchall()[::-1]
    if not rows:  # taken back or cancelled since
        return []
    known = Days(
        [day.toordinal() for day, _s, _b in rows], [spent for _d, spent, _b in rows], sum(row[2] for row in rows)
    )
    return reasons(known, today=scores.computed_on.toordinal(), horizon=scores.horizon_days)


def words_of(reason: Reason) -> str:
    return WORDS[reason.code](*reason.figures)


def _days(count: float) -> str:
    return ngettext("%(count)d day", "%(count)d days", int(count)) % {"count": count}


def _visits(count: float) -> str:
    return ngettext("%(count)d visit", "%(count)d visits", int(count)) % {"count": count}


WORDS: Mapping[ReasonCode, Callable[..., str]] = {
    ReasonCode.OVERDUE: lambda away, gap: (
        _("Away for %(away)s, usually back after %(gap)s") % {"away": _days(away), "gap": _days(gap)}
    ),
    ReasonCode.ONCE: lambda away: _("Bought once, %(away)s ago") % {"away": _days(away)},
    ReasonCode.SLOWER: lambda last, before: (
        _("%(last)s in the last half-year, %(before)s in the one before")
        % {"last": _visits(last), "before": _visits(before)}
    ),
    ReasonCode.CHEAPER: lambda last, usual: _("The last purchase was smaller than usual"),
    ReasonCode.RETURNS: lambda percent: _("Gave back %(percent)d %% of what they bought") % {"percent": percent},
    ReasonCode.ON_TIME: lambda away, gap: (
        _("Last here %(away)s ago, usually back after %(gap)s") % {"away": _days(away), "gap": _days(gap)}
    ),
    ReasonCode.NEW: lambda away: _("Bought for the first time %(away)s ago") % {"away": _days(away)},
}
