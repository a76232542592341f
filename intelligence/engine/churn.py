"""The risk that somebody stays away, in bands and in money.

Churn is the chance of no purchase within the shop's horizon (`intelligence.engine.rhythm`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from intelligence.engine.accuracy import Values


class Band(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    LOST = "lost"


BANDS: Sequence[Band] = tuple(Band)
EDGES = (0.3, 0.6, 0.9)  # of churn: from here on the next band


def band_of(churn: Values) -> NDArray[np.intp]:
    """The place of each customer's band in BANDS."""
    return np.searchsorted(EDGES, churn, side="right")


def value_at_risk(chance: Values, spend_of_year: Values) -> Values:
    """What is expected of the next year, times the chance of staying away: most where much may still be lost.

    Who is gone already puts little at risk, for little is expected; who is sure to come, too.
    """
    return np.asarray((1 - chance) * spend_of_year)
