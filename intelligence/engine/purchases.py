"""What every model of repeat purchases can say; `beta_geometric` and `pareto` are such models.

All of them: while active, a customer buys at random at a rate of their own (gamma over the customers); at some moment,
which nobody sees, a customer leaves for good. They differ in when one can leave.

Horizons are in weeks and above 0. Answers have one value for each row of `data`; `data.expand` gives them back for each
customer. docs/algorithms/purchases.md is the specification.
"""

from __future__ import annotations

from typing import Protocol

from intelligence.engine.estimation import Fitted, Prior
from intelligence.engine.histories import FloatArray, Histories

Params = tuple[float, ...]


def check_horizon(weeks: float) -> None:
    """Raises ValueError."""
    if not weeks > 0:
        raise ValueError("The horizon must be above 0 weeks.")


class PurchaseModel(Protocol):
    """`names` of the parameters, in their order; `usual` is what shops have, for programmes with little history."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def usual(self) -> Prior: ...

    def log_likelihood(self, params: Params, data: Histories) -> float:
        """Of all customers."""

    def fit(self, data: Histories, *, start: Params | None = None, prior: Prior | None = None) -> Fitted:
        """The most likely parameters; with `prior` the most probable. `start`: search from yesterday's only.

        Raises TooFewRepeaters without a prior.
        """

    def probability_alive(self, params: Params, data: Histories) -> FloatArray:
        """That the customer has not left yet. Not a measure of churn: somebody alive may still never buy."""

    def probability_of_purchase(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        """Of at least one purchase within `horizon` weeks."""

    def expected_purchases(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        """The mean number of purchases within `horizon` weeks."""

    def variance_of_purchases(self, params: Params, data: Histories, horizon: float) -> FloatArray:
        """The variance of that number for one customer, the parameters taken for known."""

    def distribution(self, params: Params, data: Histories, horizon: float, upto: int) -> FloatArray:
        """The chances of 0, 1, …, `upto` purchases: shape (rows, upto + 1); what lacks to 1 is the chance of more."""
