"""What is said of everybody for a period ahead, and the range that it may be off by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from intelligence.engine.accuracy import Values
from intelligence.engine.purchase_days import Integers

HELD = 0.8  # of customers have what they spend in the range
LEAST_CHANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Forecast:
    """One value for each of `customers` (sorted), of the period after a day.

    `chance` of at least one purchase, the mean number of `purchases` (days), and the mean `spend` less refunds.
    `variation` is the squared coefficient of variation of what somebody spends who comes at all; None where nothing is
    said of it.
    """

    customers: Integers
    chance: Values
    purchases: Values
    spend: Values
    variation: Values | None = None


def spend_range(forecast: Forecast, *, held: float = HELD) -> tuple[Values, Values]:
    """(low, high): with the chance `held`, the spend of each customer lies between them, both included.

    Nothing with the chance that nobody comes, else gamma with the mean and variation of the forecast. Between equal
    tails, or from nothing upwards where nothing itself is likelier than a tail: then all that is left out is above.
    Raises ValueError for a forecast without variation.
    """
    if forecast.variation is None:
        raise ValueError("The forecast says nothing of the variation of spend.")
    tail = (1 - held) / 2
    low = _quantile(forecast, forecast.variation, tail)
    equal, above = _quantile(forecast, forecast.variation, 1 - tail), _quantile(forecast, forecast.variation, held)
    return low, np.where(low > 0, equal, above)


def _quantile(forecast: Forecast, variation: Values, level: float) -> Values:
    chance = np.maximum(forecast.chance, LEAST_CHANCE)
    within = np.clip((level - (1 - chance)) / chance, 0, 1)  # among those who come
    shape = 1 / variation
    return np.asarray(gammaincinv(shape, within) / shape * forecast.spend / chance, dtype=np.float64)
