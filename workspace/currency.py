"""Whether the programme's currency is fixed: it is while somebody keeps amounts in it.

Nothing is stored about it: a sale writes no flag, and the settings ask when they are opened and saved. Apps with
amounts register in their `tasks.py`, which the workspace loads.
"""

from __future__ import annotations

from collections.abc import Callable

Keeper = Callable[[], bool]
KEEPERS: list[Keeper] = []


def keeps_amounts(has_amounts: Keeper) -> Keeper:
    """Register a cheap look whether the active programme has amounts in its currency."""
    KEEPERS.append(has_amounts)
    return has_amounts


def is_currency_fixed() -> bool:
    """One EXISTS for each keeper, up to the first that has amounts."""
    return any(has_amounts() for has_amounts in KEEPERS)
