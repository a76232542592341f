"""What a backtest needs before it says anything. Imports nothing: pages ask too."""

from __future__ import annotations

LEAST_HISTORY = 91  # days before a day that is asked about
LEAST_BUYERS = 30  # known on that day


def weeks_lacking(days: int, horizon: int) -> int:
    """Whole weeks until a shop that has sold for `days` can be asked about a period of `horizon` days that is over."""
    return max(0, -(-(LEAST_HISTORY + horizon - days) // 7))
