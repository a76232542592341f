"""How often people come to this shop: what counts as staying away, and when somebody is expected next."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from intelligence.engine.accuracy import Values
from intelligence.engine.purchase_days import DAYS_OF_WEEK, Purchases

# A shop is asked about one of these periods, so that its figures can be held against those of the weeks before.
HORIZONS = (28, 56, 91, 182)
USUAL_HORIZON = 91
GAPS = 3  # of the usual length without a purchase: somebody may have left
LEAST_REPEATERS = 30
NEXT_WITHIN = (7, 14, 28, 56, 91, 182, 364)  # days
HALF = 0.5
LEAST = 1e-12


def horizon_of(known: Purchases) -> int:
    """The days within which a customer of this shop is expected again: three times the median gap, to the nearest of
    HORIZONS. A customer's gap is the mean time between days of purchase; USUAL_HORIZON where few came back."""
    came_back = known.frequency > 0
    if int(came_back.sum()) < LEAST_REPEATERS:
        return USUAL_HORIZON
    gap = float(np.median(known.recency[came_back] / known.frequency[came_back])) * DAYS_OF_WEEK
    return min(HORIZONS, key=lambda days: abs(np.log(days / (GAPS * gap))))


def bent(chances: Mapping[int, Values], horizon: int, chance: Values) -> dict[int, Values]:
    """The same growth of `chances` with the days (ascending), through `chance` at `horizon`, which is one of them.

    Who is likelier to come within the horizon than those chances say has a power of their luck at any time,
    1 − (1 − p)^s, as with the season of `intelligence.engine.season`.
    """
    power = _unlikeliness(chance) / np.maximum(_unlikeliness(chances[horizon]), LEAST)
    found = {days: -np.expm1(-power * _unlikeliness(one)) for days, one in chances.items()}
    return {**found, horizon: chance}


def _unlikeliness(chance: Values) -> Values:
    """−log(1 − p)."""
    return np.asarray(-np.log1p(-np.clip(chance, 0, 1 - LEAST)))


def days_until_next(chances: Mapping[int, Values]) -> Values:
    """When it is as likely as not that somebody has come again: days from now, NaN where not within the longest.

    `chances` maps each of NEXT_WITHIN (or other days, ascending) to the chance of a purchase within it. Between two of
    them the chance that nobody has come yet falls as if purchases came at an even rate.
    """
    days = np.array([0, *chances], dtype=np.float64)
    away = -_unlikeliness(np.vstack([np.zeros(len(next(iter(chances.values())))), *chances.values()]))
    wanted = np.log(1 - HALF)
    found = np.full(away.shape[1], np.nan)
    for earlier in range(len(days) - 1):
        start, end = away[earlier], away[earlier + 1]
        inside = np.isnan(found) & (end <= wanted)
        share = (start - wanted) / np.maximum(start - end, LEAST)
        found = np.where(inside, days[earlier] + share * (days[earlier + 1] - days[earlier]), found)
    return found
