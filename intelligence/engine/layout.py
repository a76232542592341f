"""A map of people in two dimensions: those who behave alike lie near each other.

Source: K. Pearson, "On lines and planes of closest fit to systems of points in space" (1901): principal components.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intelligence.engine import words
from intelligence.engine.archetypes import Archetypes
from intelligence.engine.crowd import own_order
from intelligence.engine.scaling import FEATURES, Floats, checked

MOST_POINTS = 500
NAMED_BY = 2  # features in an axis' words


@dataclass(frozen=True, slots=True)
class Axis:
    """What lies at its high and low end, in words after "they"; `share` of all differences that it shows, 0 to 1."""

    high: str
    low: str
    share: float
    loadings: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Map:
    """`rows` are positions in the matrix of the people shown, `points` people × 2, `centroids` archetypes × 2."""

    rows: NDArray[np.intp]
    points: Floats
    centroids: Floats
    axes: tuple[Axis, Axis]


def map_of(archetypes: Archetypes, matrix: Floats, labels: NDArray[np.integer], *, most: int = MOST_POINTS) -> Map:
    """At most `most` people, of each archetype its share (and one at least), the same for any order of the rows."""
    scaled = archetypes.scaler.transform(checked(matrix))
    middle, directions, shares = _components(scaled)
    rows = _chosen(scaled, labels, archetypes.k, most)
    axes = [_axis(direction, share) for direction, share in zip(directions, shares, strict=True)]
    return Map(
        rows, (scaled[rows] - middle) @ directions.T, (archetypes.centroids - middle) @ directions.T, (axes[0], axes[1])
    )


def _components(scaled: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, the two directions of largest variance (largest loading positive), their shares of the variance."""
    middle = scaled.mean(axis=0) if len(scaled) else np.zeros(len(FEATURES))
    away = scaled - middle
    values, vectors = np.linalg.eigh(away.T @ away)
    directions = vectors.T[::-1][:2]
    largest = np.abs(directions).argmax(axis=1)
    directions = directions * np.sign(directions[np.arange(2), largest])[:, None]
    return middle, directions, np.maximum(values[::-1][:2], 0) / max(float(values.sum()), 1e-12)


def _chosen(scaled: Floats, labels: NDArray[np.integer], k: int, most: int) -> NDArray[np.intp]:
    """Evenly spaced in an order that only what people are like decides."""
    order = own_order(scaled)
    order = order[np.argsort(labels[order], kind="stable")]
    if len(order) <= most:
        return np.sort(order)
    found = []
    for people in np.split(order, np.searchsorted(labels[order], np.arange(1, k))):
        wanted = min(len(people), max(1, int(most * len(people) / len(order))))
        found.append(people[np.linspace(0, len(people) - 1, wanted).astype(np.intp)] if wanted else people)
    return np.sort(np.concatenate(found))


def _axis(direction: Floats, share: float) -> Axis:
    leading = np.argsort(-np.abs(direction), kind="stable")[:NAMED_BY]
    high = [FEATURES[column] + ("+" if direction[column] > 0 else "−") for column in leading]
    low = [FEATURES[column] + ("−" if direction[column] > 0 else "+") for column in leading]
    return Axis(_told(high), _told(low), float(share), tuple(direction.tolist()))


def _told(codes: list[str]) -> str:
    return words.BOTH.format(first=words.WORDS[codes[0]].phrase, second=words.WORDS[codes[1]].phrase)
