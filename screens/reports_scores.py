"""What models expect of one customer, in words: churn with its reasons, and the value of the next year."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

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
DayOfPurchase = tuple[date, float, float]  # spent on it, and given back of that
MOST_DAYS = 1_000  # of purchase that reasons look at: the newest

DAYS = """
    SELECT day, sum(spent)::float8, sum(back)::float8 FROM (
        SELECT (placed_at AT TIME ZONE %(zone)s)::date AS day, total AS spent, refunded_total AS back
        FROM customers_order WHERE customer_id = %(customer)s AND status <> 'cancelled'
    ) AS bought GROUP BY day ORDER BY day DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Why:
    words: str
    is_risk: bool


@dataclass(frozen=True, slots=True)
class ChurnCard:
    """`percent`: the chance of no purchase in the next `horizon_days`; `next_on` is empty where none is expected.

    All of it is as known at the end of `computed_on`; `bought_since`: it does not know of a purchase after that.
    """

    percent: int
    band: str
    tone: str
    horizon_days: int
    next_on: str
    whys: Sequence[Why]
    computed_on: str
    bought_since: bool


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
    days = _days_of(customer)
    known = [row for row in days if row[0] <= scores.computed_on]
    return ChurnCard(
        percent=round(scores.churn * 100),
        band=scores.get_band_display(),
        tone=TONES[scores.band],
        horizon_days=scores.horizon_days,
        next_on=date_format(scores.next_purchase_on, "j F Y") if scores.next_purchase_on else "",
        whys=[Why(words_of(reason), reason.is_risk) for reason in _reasons(known, scores)],
        computed_on=date_format(scores.computed_on, "j F Y"),
        bought_since=len(known) < len(days),
    )


def _days_of(customer: Customer) -> list[DayOfPurchase]:
    """The oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(DAYS, {"zone": programme_zone(), "customer": customer.pk, "most": MOST_DAYS})
        return [(day, spent, back) for day, spent, back in cursor.fetchall()[::-1]]


def _reasons(days: Sequence[DayOfPurchase], scores: CustomerScores) -> list[Reason]:
    if not days:  # taken back or cancelled since
        return []
    known = Days(
        [day.toordinal() for day, _s, _b in days], [spent for _d, spent, _b in days], sum(row[2] for row in days)
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
