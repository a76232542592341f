"""How wrong lifetime value and churn are, on two years of a real shop: `python -m benchmarks.run value`.

At seven days five weeks apart, the newest 2011-08-11, each forecaster is asked about the 91 days after it with data of
before only. Writes the tables of docs/algorithms/value.md; the limits are what the figures must not fall below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import fmean

from threadpoolctl import threadpool_limits

from benchmarks.harness import limit
from config.demo import retail_source
from intelligence.engine import backtest, naive
from intelligence.engine.backtest import Forecaster, Scores
from intelligence.engine.beta_geometric import BG_NBD, MBG_NBD
from intelligence.engine.learned import Learned
from intelligence.engine.lifetime import Lifetime
from intelligence.engine.purchase_days import PurchaseDays
from intelligence.engine.season import Seasonal

NEWEST = date(2011, 8, 11)
LAST = date(2011, 9, 9)  # its 91 days end with the data: looked at when everything was built, and never a limit
ORIGINS = 7
HORIZON = 91
DOC = Path(__file__).parent.parent / "docs" / "algorithms" / "value.md"
NAIVE = ("as before", "mean", "at their rate")


def main() -> None:
    history = shop()
    days = backtest.origins(history, horizon=HORIZON, count=ORIGINS, until=NEWEST.toordinal() + HORIZON)
    with threadpool_limits(1):
        results = backtest.run(forecasters(), history, days, horizon=HORIZON)
        last = backtest.run(forecasters(), history, [LAST.toordinal()], horizon=HORIZON)
    _write_tables(results, last)
    ours = results["MBG/NBD, season"]
    _hold("value.area_under_curve", fmean(one.area_under_curve for one in ours), at_least=0.8)
    _hold("value.brier", fmean(one.brier for one in ours), at_most=0.18)
    _hold("value.top_fifth", fmean(one.top_fifth for one in ours), at_least=0.745)
    _hold("value.purchases_bias_of_two", max(abs(one.purchases_bias) for one in ours[-2:]), at_most=0.05)
    _hold("value.spend_bias_of_two", max(abs(one.spend_bias) for one in ours[-2:]), at_most=0.1)
    _hold("value.covered", fmean(one.covered or 0 for one in ours), at_least=0.75)
    _hold(
        "value.rank_above_naive", _mean(ours, "rank") - max(_mean(results[name], "rank") for name in NAIVE), at_least=0
    )
    wrong = {name: fmean(abs(one.spend_bias) for one in scores) for name, scores in results.items()}
    _hold("value.total_against_naive", wrong["MBG/NBD, season"] / min(wrong[name] for name in NAIVE), at_most=1)


def forecasters() -> Mapping[str, Forecaster]:
    model = backtest.Remembered(Lifetime(MBG_NBD))
    return {
        "as before": naive.as_before,
        "mean": naive.mean,
        "at their rate": naive.at_their_rate,
        "BG/NBD": Lifetime(BG_NBD),
        "MBG/NBD": model,
        "MBG/NBD, season": Seasonal(model),
        "with trees, season": Seasonal(Learned(model)),
    }


def shop() -> PurchaseDays:
    """Days of purchase and of refunds of the known customers, as published and never shifted."""
    bought: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    back: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row in retail_source.rows():
        if row.is_sale:
            bought[int(row.customer_id), row.invoiced_at.toordinal()] += row.amount
        elif row.is_refund:
            back[int(row.customer_id), row.invoiced_at.toordinal()] -= row.amount
    return PurchaseDays(*_columns(bought), back=_columns(back))


def _columns(rows: Mapping[tuple[int, int], Decimal]) -> tuple[list[int], list[int], list[float]]:
    return [who for who, _day in rows], [day for _who, day in rows], [float(amount) for amount in rows.values()]


def _mean(scores: Sequence[Scores], name: str) -> float:
    return fmean(getattr(one, name) for one in scores)


def _hold(name: str, found: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    limit(name, value=lambda: found, unit="", at_least=at_least, at_most=at_most, runs=1, warm_up=False)


def _write_tables(results: Mapping[str, Sequence[Scores]], last: Mapping[str, Sequence[Scores]]) -> None:
    text = DOC.read_text(encoding="utf-8")
    tables = {
        "backtest": _of_all(results),
        "by day": _by_day(results["MBG/NBD, season"]),
        "last days": _of_all(last),
        "last of ours": _by_day(last["MBG/NBD, season"]),
    }
    for name, lines in tables.items():
        print("\n".join(lines))
        before, _start, rest = text.partition(f"<!-- {name} -->\n")
        _old, _end, after = rest.partition(f"<!-- end of {name} -->")
        text = "\n".join([f"{before}<!-- {name} -->", *lines, f"<!-- end of {name} -->{after}"])
    DOC.write_text(text, encoding="utf-8")


def _of_all(results: Mapping[str, Sequence[Scores]]) -> list[str]:
    lines = [
        "| Forecast | AUC | Brier | ECE | rank | Gini | top fifth | deviance | spend off by | days off by | in range |",
        "|---" * 11 + "|",
    ]
    for name, scores in results.items():
        cells = [name]
        cells += [f"{_mean(scores, key):.3f}" for key in ("area_under_curve", "brier", "calibration_error")]
        cells += [f"{_mean(scores, key):.3f}" for key in ("rank", "gini")]
        cells += [f"{_mean(scores, 'top_fifth'):.1%}", f"{_mean(scores, 'spend_deviance'):,.1f}"]
        cells += [f"{fmean(abs(getattr(one, key)) for one in scores):.1%}" for key in ("spend_bias", "purchases_bias")]
        cells += ["" if scores[0].covered is None else f"{_mean(scores, 'covered'):.1%}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _by_day(scores: Sequence[Scores]) -> list[str]:
    lines = [
        "| Asked at the end of | customers | said to come | came | spend off by | days off by |",
        "|---" * 6 + "|",
    ]
    for one in scores:
        people = f"{one.customers:,} | {one.said_active:,.0f} | {one.came_active:,}"
        lines.append(f"| {date.fromordinal(one.day)} | {people} | {one.spend_bias:+.1%} | {one.purchases_bias:+.1%} |")
    return lines
