"""The ways of forecasting that a programme's backtest chooses among, by the code that a choice is kept under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from intelligence.engine import naive
from intelligence.engine.backtest import STEP_DAYS, Forecaster, Remembered
from intelligence.engine.beta_geometric import BG_NBD, MBG_NBD
from intelligence.engine.enough import LEAST_HISTORY
from intelligence.engine.learned import LEAST_CUSTOMERS, LEAST_PERIODS, Learned
from intelligence.engine.lifetime import Lifetime
from intelligence.engine.pareto import PARETO_NBD
from intelligence.engine.purchases import PurchaseModel
from intelligence.engine.season import YEAR_DAYS, Seasonal

MODELS: Mapping[str, PurchaseModel] = {"bg": BG_NBD, "mbg": MBG_NBD, "pareto": PARETO_NBD}
# Customers, for what takes minutes with a million: the Pareto/NBD has a hypergeometric function for each history, and
# what trees look at is computed anew for everybody and each earlier period.
MOST_FOR_HEAVY = 200_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of MODELS with Gamma-Gamma; with trees, with the season of the year before, or with both on it."""

    model: str
    with_trees: bool = False
    with_season: bool = False

    @property
    def is_heavy(self) -> bool:
        return self.with_trees or self.model == "pareto"

    def lifetime(self) -> Lifetime:
        return Lifetime(MODELS[self.model])

    def over(self, ask: Forecaster) -> Forecaster:
        """The forecaster; `ask` is a `Lifetime` of the model."""
        taught = Learned(ask) if self.with_trees else ask
        return Seasonal(taught) if self.with_season else taught

    def is_open_to(self, customers: int, days: int, horizon: int) -> bool:
        """Whether it can be asked of so many customers, and has what it learns from at the newest origin.

        `days` are those of the history.
        """
        before = days - horizon
        if self.with_season and before < YEAR_DAYS + LEAST_HISTORY:
            return False
        lessons = (before - horizon - LEAST_HISTORY) // STEP_DAYS + 1
        if self.with_trees and (customers < LEAST_CUSTOMERS or lessons < LEAST_PERIODS):
            return False
        return not self.is_heavy or customers <= MOST_FOR_HEAVY


# The first of equals is chosen, and the first of all is what a programme has before its first backtest.
CANDIDATES: Mapping[str, Candidate] = {
    "mbg-season": Candidate("mbg", with_season=True),
    "mbg": Candidate("mbg"),
    "bg-season": Candidate("bg", with_season=True),
    "bg": Candidate("bg"),
    "pareto-season": Candidate("pareto", with_season=True),
    "pareto": Candidate("pareto"),
    "trees-season": Candidate("mbg", with_trees=True, with_season=True),
    "trees": Candidate("mbg", with_trees=True),
}
USUAL = next(iter(CANDIDATES))
NAIVE: Mapping[str, Forecaster] = {
    "mean": naive.mean,
    "last-period": naive.as_before,
    "as-before": naive.at_their_rate,
}


def open_to(customers: int, days: int, horizon: int) -> dict[str, Forecaster]:
    """Every candidate that can be asked; what several of them ask is computed once."""

    @cache
    def asked(model: str, *, with_trees: bool) -> Forecaster:
        return Remembered(Learned(asked(model, with_trees=False)) if with_trees else Lifetime(MODELS[model]))

    def forecaster(one: Candidate) -> Forecaster:
        ask = asked(one.model, with_trees=one.with_trees)
        return Seasonal(ask) if one.with_season else ask

    return {code: forecaster(one) for code, one in CANDIDATES.items() if one.is_open_to(customers, days, horizon)}


def chosen(code: str, customers: int) -> Candidate:
    """The candidate that was chosen, as long as there are not too many customers for it by now."""
    found = CANDIDATES.get(code, CANDIDATES[USUAL])
    return CANDIDATES[USUAL] if found.is_heavy and customers > MOST_FOR_HEAVY else found
