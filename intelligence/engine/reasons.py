"""What speaks for and against somebody staying away, read from their own days of purchase.

Reasons explain; they are not what the chance is computed from. Plain Python: pages show them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

OVERDUE = 1.5  # times the usual gap
SLOWER = 0.6  # of the visits of the half-year before
CHEAPER = 0.6  # of the usual spend
GAVE_BACK = 0.3  # of all spend
HALF_YEAR = 182  # days
REASONS = 3


class ReasonCode(StrEnum):
    OVERDUE = "overdue"  # days away; usual gap
    ONCE = "once"  # days since the only purchase
    SLOWER = "slower"  # visits of the last half-year; of the one before
    CHEAPER = "cheaper"  # last spend; usual spend
    RETURNS = "returns"  # percent of spend given back
    ON_TIME = "on_time"  # days away; usual gap
    NEW = "new"  # days since the first purchase


@dataclass(frozen=True, slots=True)
class Reason:
    """`is_risk`: it speaks for staying away; `figures` as the code says, rounded to be read."""

    code: ReasonCode
    is_risk: bool
    figures: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """One customer's days of purchase, oldest first, with what was spent on each, and all that was given back."""

    days: Sequence[int]
    spend: Sequence[float]
    given_back: float = 0.0


def reasons(known: Days, *, today: int, horizon: int) -> list[Reason]:
    """What speaks for or against staying away, the strongest first, at most REASONS.

    Raises ValueError without a day.
    """
    if not known.days:
        raise ValueError("Who never bought has no reasons.")
    found = sorted(_weighed(known, today=today, horizon=horizon), key=lambda one: -one[0])
    return [reason for _weight, reason in found[:REASONS]]


def _weighed(known: Days, *, today: int, horizon: int) -> Iterator[tuple[float, Reason]]:
    """Each reason with how far the customer is from what is usual: 1 is just so far that it is said."""
    away = today - known.days[-1]
    if len(known.days) == 1:
        code = ReasonCode.NEW if away <= horizon / 2 else ReasonCode.ONCE
        yield max(1.0, away / horizon), Reason(code, code is ReasonCode.ONCE, (away,))
    else:
        gap = (known.days[-1] - known.days[0]) / (len(known.days) - 1)
        late = away / max(gap, 1)
        code = ReasonCode.OVERDUE if late >= OVERDUE else ReasonCode.ON_TIME
        yield max(1.0, late / OVERDUE), Reason(code, code is ReasonCode.OVERDUE, (away, round(gap)))
        yield from _trend(known, today)
    spent = sum(known.spend)
    if spent > 0 and known.given_back / spent >= GAVE_BACK:
        share = known.given_back / spent
        yield share / GAVE_BACK, Reason(ReasonCode.RETURNS, True, (round(share * 100),))


def _trend(known: Days, today: int) -> Iterator[tuple[float, Reason]]:
    last = sum(today - HALF_YEAR < day <= today for day in known.days)
    before = sum(today - 2 * HALF_YEAR < day <= today - HALF_YEAR for day in known.days)
    if last and last <= before * SLOWER:
        yield before * SLOWER / last, Reason(ReasonCode.SLOWER, True, (last, before))
    usual = median(known.spend[:-1])
    if len(known.spend) > REASONS and 0 < known.spend[-1] <= usual * CHEAPER:
        cheaper = (round(known.spend[-1], 2), round(usual, 2))
        yield usual * CHEAPER / known.spend[-1], Reason(ReasonCode.CHEAPER, True, cheaper)
