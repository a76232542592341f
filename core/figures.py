"""Small figures as plain geometry: sparklines, interval bars, stacked bars, deltas. No query, no HTML.

Widths and places are percentages that templates write into SVG attributes, so they hold under a CSP without
inline styles.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from core.presentation import format_signed

Number = Decimal | int | float

SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 100.0, 36.0, 3.0


@dataclass(frozen=True, slots=True)
class Delta:
    """A change with its arrow and its judgement; colour is never the only sign."""

    text: str
    direction: str  # up, down, flat
    tone: str  # good, bad, flat


def make_delta(
    now: Number | None,
    before: Number | None,
    *,
    good: str = "up",
    unit: str = "percent",
) -> Delta | None:
    """The change from `before` to `now`; None when either is unknown.

    `good` says which direction is welcome: up, down or none. `unit` is percent (of `before`), points (both values are
    percentages) or number. From zero to something has no percentage and is called new.
    """
    if now is None or before is None:
        return None
    change = float(now) - float(before)
    if unit == "percent":
        if not before:
            if not now:
                return Delta(text="0.0%", direction="flat", tone="flat")
            return Delta(text=_("new"), direction="up", tone="good" if good == "up" else "flat")
        change = change / abs(float(before)) * 100
        rounded, text = round(change, 1), f"{format_signed(round(change, 1), 1)}%"
    elif unit == "points":
        rounded = round(change, 1)
        text = _("%(change)s pts") % {"change": format_signed(rounded, 1)}
    else:
        rounded, text = round(change), format_signed(round(change))
    if not rounded:
        return Delta(text=text.lstrip("+\u2212"), direction="flat", tone="flat")
    direction = "up" if rounded > 0 else "down"
    tone = "flat" if good == "none" else "good" if direction == good else "bad"
    return Delta(text=text, direction=direction, tone=tone)


@dataclass(frozen=True, slots=True)
class Sparkline:
    line: str
    area: str


def make_sparkline(values: Sequence[Number]) -> Sparkline | None:
    """A smooth line through `values` in a 100 by 36 box that never overshoots a value; None below two values."""
    if len(values) < 2:
        return None
    numbers = [float(value) for value in values]
    low, high = min(numbers), max(numbers)
    step = SPARK_WIDTH / (len(numbers) - 1)
    drawn = SPARK_HEIGHT - 2 * SPARK_MARGIN
    points = [
        (
            index * step,
            SPARK_HEIGHT / 2 if high == low else SPARK_MARGIN + drawn * (high - number) / (high - low),
        )
        for index, number in enumerate(numbers)
    ]
    slopes = _monotone_slopes([y for _x, y in points], step)
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for index, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points)):
        third = step / 3
        path.append(
            f"C{x0 + third:.1f} {y0 + slopes[index] * third:.1f} "
            f"{x1 - third:.1f} {y1 - slopes[index + 1] * third:.1f} {x1:.1f} {y1:.1f}"
        )
    line = "".join(path)
    return Sparkline(
        line=line,
        area=f"{line}L{SPARK_WIDTH:.0f} {SPARK_HEIGHT:.0f}L0 {SPARK_HEIGHT:.0f}Z",
    )


def _monotone_slopes(ys: Sequence[float], step: float) -> list[float]:
    """Tangents of a monotone cubic through equally spaced points. Source: Fritsch and Carlson 1980."""
    secants = [(after - before) / step for before, after in itertools.pairwise(ys)]
    slopes = [
        secants[0],
        *((a + b) / 2 if a * b > 0 else 0.0 for a, b in itertools.pairwise(secants)),
    ]
    slopes.append(secants[-1])
    for index, secant in enumerate(secants):
        if secant == 0:
            slopes[index] = slopes[index + 1] = 0.0
            continue
        size = (slopes[index] / secant) ** 2 + (slopes[index + 1] / secant) ** 2
        if size > 9:
            scale = 3 / size**0.5
            slopes[index] *= scale
            slopes[index + 1] *= scale
    return slopes


@dataclass(frozen=True, slots=True)
class IntervalBar:
    """Places in percent of the bar: the 8-in-10 band, the expected tick, the measured dot."""

    left: float
    width: float
    tick: float | None
    dot: float | None


def make_interval_bar(
    low: Number,
    high: Number,
    *,
    expected: Number | None,
    measured: Number | None,
    maximum: Number,
) -> IntervalBar:
    """Raises ValueError when `maximum` is not above zero. Values outside 0 to `maximum` stay at the edge."""
    if maximum <= 0:
        raise ValueError("an interval bar needs a scale above zero")

    def place(value: Number) -> float:
        return round(min(max(float(value) / float(maximum) * 100, 0.0), 100.0), 2)

    return IntervalBar(
        left=place(low),
        width=round(place(high) - place(low), 2),
        tick=None if expected is None else place(expected),
        dot=None if measured is None else place(measured),
    )


@dataclass(frozen=True, slots=True)
class Slice:
    label: str
    share: float  # percent of the whole
    left: float
    width: float
    tone: str  # "1" to "7", or "muted"


def make_slices(parts: Iterable[tuple[str, Number, str]], *, gap: float = 0.3) -> list[Slice]:
    """Parts of a whole as (label, value, tone), laid side by side with a hairline `gap`; empty parts are left out."""
    known = [(label, float(value), tone) for label, value, tone in parts if value > 0]
    total = sum(value for _label, value, _tone in known)
    slices: list[Slice] = []
    left = 0.0
    for label, value, tone in known:
        share = value / total * 100
        width = max(share - gap, 0.1)
        slices.append(Slice(label, round(share, 1), round(left, 2), round(width, 2), tone))
        left += share
    return slices
