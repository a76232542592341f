"""The view-model of a chart: what `components/_figure_chart.html` draws, tells in words and shows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from core.presentation import format_money, format_number

Tone = Literal["1", "2", "3", "4", "5", "6", "7", "muted"]
Shape = Literal["line", "area", "dashed", "bar"]
Unit = Literal["number", "money", "percent"]
Value = Decimal | int | float | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars.

    `panel` 1 puts it under the main panel, on a scale of its own: never two y axes on one panel.
    """

    label: str
    values: Sequence[Value]
    tone: Tone = "1"
    shape: Shape = "line"
    unit: Unit = "number"
    panel: Literal[0, 1] = 0
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure. `finding` says in words what there is to see; `id` is unique on the page."""

    id: str
    title: str
    finding: str
    labels: Sequence[str]
    series: Sequence[Series] = field(default_factory=list)
    currency: str = ""
    axis_title: str = ""  # head of the table's first column, such as "Day"

    @property
    def data_id(self) -> str:
        """Id of the script element that carries `spec`."""
        return f"{self.id}-data"

    @property
    def spec(self) -> dict[str, Any]:
        """What the script draws; read from the page with json_script."""
        return {
            "labels": list(self.labels),
            "currency": self.currency,
            "series": [
                {
                    "label": series.label,
                    "values": [None if value is None else float(value) for value in series.values],
                    "tone": series.tone,
                    "shape": series.shape,
                    "unit": series.unit,
                    "panel": series.panel,
                    "stacked": series.stacked,
                }
                for series in self.series
            ],
        }

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The same values for the table view: (label, one formatted cell for each series)."""
        return [
            (label, [self._cell(series, index) for series in self.series]) for index, label in enumerate(self.labels)
        ]

    def _cell(self, series: Series, index: int) -> str:
        value = series.values[index] if index < len(series.values) else None
        if value is None:
            return ""
        if series.unit == "money":
            return format_money(value, self.currency)
        if series.unit == "percent":
            return f"{format_number(value, 1)}%"
        return format_number(value)
