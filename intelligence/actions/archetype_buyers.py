"""What archetypes are found in: everybody who bought, as their features say today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from core.clock import local_day
from customers.actions.archetype_members import customers_not_active
from customers.actions.rollups import programme_zone
from intelligence.actions.features import rebuild_features, refresh_stale_features
from intelligence.engine.profiles import HABITS
from intelligence.engine.scaling import FEATURES
from intelligence.features.arrays import stored_matrix
from intelligence.models import FeatureRun

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Buyers:
    """Every active customer who bought: ids in order, customers × FEATURES, and habits."""

    customers: Integers
    matrix: NDArray[np.float64]
    habits: Mapping[str, NDArray[np.float64]]


def read_buyers(now: datetime) -> Buyers:
    if FeatureRun.objects.exists():
        due = refresh_stale_features(now=now)
        while due is not None and due <= now:
            due = refresh_stale_features(now=now)
    else:
        rebuild_features(now=now)
    customers, columns = stored_matrix(local_today(now), (*FEATURES, *HABITS))
    active = ~np.isin(customers, customers_not_active())
    customers, columns = customers[active], columns[active]
    matrix = columns[:, : len(FEATURES)]
    # Who came on one day only has no gap yet: it is at least as long as they have been a customer.
    gap, tenure = matrix[:, FEATURES.index("mean_gap_days")], matrix[:, FEATURES.index("tenure_days")]
    np.copyto(gap, tenure, where=np.isnan(gap))
    columns = np.nan_to_num(columns, nan=0.0)
    habits = {name: columns[:, len(FEATURES) + place] for place, name in enumerate(HABITS)}
    return Buyers(customers, np.ascontiguousarray(columns[:, : len(FEATURES)]), habits)


def local_today(now: datetime) -> date:
    return local_day(now, ZoneInfo(programme_zone()))
