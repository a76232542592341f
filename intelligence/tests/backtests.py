"""A backtest as a run keeps it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from intelligence.models import BacktestRun


def scores(day: str, **changes: Any) -> dict[str, Any]:
    usual = {
        "day": day,
        "customers": 2_300,
        **dict.fromkeys(("area_under_curve", "rank", "gini"), 0.81),
        "brier": 0.15,
        "calibration_error": 0.031,
        **dict.fromkeys(("purchases_bias", "spend_bias"), -0.02),
        "spend_error": 30.0,
        "spend_deviance": 40.0,
        "top_fifth": 0.767,
        "covered": 0.87,
        "said_active": 411.6,
        "came_active": 398,
        "said_spend": 52_300.4,
        "came_spend": 50_100.0,
    }
    return {**usual, **changes}


def a_backtest() -> BacktestRun:
    """Of two days, the newer one 18 March 2026; who comes is said by one model, what they spend by another."""
    days = ("2026-02-11", "2026-03-18")
    mean = [scores(day, brier=0.2, spend_deviance=80.0, area_under_curve=0.5, covered=None) for day in days]
    return BacktestRun.objects.create(
        started_at=timezone.now(),
        finished_at=timezone.now(),
        as_of=date(2026, 6, 17),
        customers=2_300,
        judged=2_300,
        horizon_days=91,
        for_chances="mbg-season",
        for_money="bg",
        scores={
            "mbg-season": [scores(days[0], came_active=0), scores(days[1])],
            "bg": [scores(day, brier=0.16, spend_deviance=38.0) for day in days],
            "mean": mean,
        },
        calibration=[[1_300, 0.05, 0.06], [1_000, 0.35, 0.32]],
        deciles=[[1_150, 40.2, 38.0], [1_150, 5.3, 5.5]],
        gain=[[0, 0], [0.2, 0.767], [1, 1]],
    )
