"""What the people of each archetype are like, in figures, and what sets them apart from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from intelligence.engine.archetypes import Archetypes
from intelligence.engine.scaling import FEATURES, Floats, checked

REMARKABLE = 0.4  # standard deviations from the mean customer; most people return nothing, so that is never
# A mean gap and a number of products say something about habits only of people who came again.
OF_RETURNING = ("mean_gap_days", "distinct_products")
RETURNING_FROM = 2  # order days of the typical customer
# Archetypes are not made by these, so that a difference in them is rarer and worth more than its size says.
HABITS = ("weekend_share", "evening_share")
HABIT_FROM, HABIT_TIMES = 0.15, 1.3  # a share so much above everybody's, and so many times as large


@dataclass(frozen=True, slots=True)
class Trait:
    """`code` is a feature or habit with + or −; `strength` in standard deviations."""

    code: str
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """One archetype: median and mean of each feature in its own unit, mean of each habit, strongest traits first.

    There is no median of the gap where half of the people came once: they have none.
    """

    people: int
    medians: Mapping[str, float]
    means: Mapping[str, float]
    habits: Mapping[str, float] = field(default_factory=dict)
    traits: tuple[Trait, ...] = ()


def profiles(
    archetypes: Archetypes,
    matrix: Floats,
    labels: NDArray[np.integer],
    habits: Mapping[str, Floats] | None = None,
) -> tuple[Profile, ...]:
    """One for each archetype, from customers × features and their labels.

    `habits` may hold, per customer, those of HABITS (of orders, 0 to 1). Nobody in an archetype: figures are 0.
    """
    matrix = checked(matrix)
    habits = habits or {}
    usual = {name: float(np.mean(values)) if len(values) else 0.0 for name, values in habits.items()}
    found = []
    for row in range(archetypes.k):
        chosen = labels == row
        people = int(chosen.sum())
        medians = _figures(np.median(matrix[chosen], axis=0) if people else np.zeros(len(FEATURES)))
        means = _figures(matrix[chosen].mean(axis=0) if people else np.zeros(len(FEATURES)))
        own = {name: float(values[chosen].mean()) if people else 0.0 for name, values in habits.items()}
        traits = [] if archetypes.is_rules else _traits(archetypes, row)
        if medians["order_days"] < RETURNING_FROM:
            del medians["mean_gap_days"]
            traits = [trait for trait in traits if trait.code[:-1] not in OF_RETURNING]
        found.append(Profile(people, medians, means, own, (*_habits(own, usual), *traits)))
    return tuple(found)


def _figures(values: Floats) -> dict[str, float]:
    return dict(zip(FEATURES, values.tolist(), strict=True))


def _traits(archetypes: Archetypes, row: int) -> list[Trait]:
    spread = np.where(archetypes.spread > 0, archetypes.spread, 1.0)
    away = (archetypes.centroids[row] - archetypes.middle) / spread
    found = [
        Trait(name + ("+" if value > 0 else "−"), round(abs(float(value)), 3))
        for name, value in zip(FEATURES, away, strict=True)
        if abs(value) >= REMARKABLE and (name, value > 0) != ("returned_share", False)
    ]
    return sorted(found, key=lambda trait: -trait.strength)


def _habits(own: Mapping[str, float], usual: Mapping[str, float]) -> list[Trait]:
    found = []
    for name in HABITS:
        more = own.get(name, 0.0) - usual.get(name, 0.0)
        if more >= HABIT_FROM and own[name] >= HABIT_TIMES * usual[name]:
            found.append(Trait(name + "+", round(more, 3)))
    return found
