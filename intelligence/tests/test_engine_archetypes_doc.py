"""What docs/algorithms/archetypes.md says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from intelligence.engine.archetypes import Archetypes, Candidate, _chosen, _ranks
from intelligence.engine.assignment import assign
from intelligence.engine.matching import match_people
from intelligence.engine.naming import name_archetypes
from intelligence.engine.profiles import Profile, Trait
from intelligence.engine.scaling import FEATURES, Scaler

PAGE = Path(__file__).parents[2] / "docs/algorithms/archetypes.md"


def table(marker: str) -> list[list[str]]:
    lines = PAGE.read_text().split(f"<!-- {marker} -->")[1].lstrip().splitlines()
    end = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in lines[2:end]]


def numbers(cell: str) -> list[float]:
    return [float(word.replace("−", "-")) for word in cell.split()]


@pytest.mark.parametrize("row", table("scale"), ids=lambda row: row[0])
def test_scale(row: list[str]) -> None:
    matrix = np.zeros((7, len(FEATURES)))
    matrix[:, FEATURES.index("net_spend")] = numbers(row[0])
    scaled = Scaler.fit(matrix).transform(matrix)[:, FEATURES.index("net_spend")]
    assert np.round(scaled, 2).tolist() == numbers(row[1])


@pytest.mark.parametrize("row", table("choice"), ids=lambda row: row[6])
def test_choice(row: list[str]) -> None:
    ks, silhouettes, agreements, shares = map(numbers, row[:4])
    ranks = (_ranks(silhouettes) + _ranks(agreements)) / 2
    assert ranks.tolist() == numbers(row[5])
    candidates = zip(map(int, ks), silhouettes, agreements, shares, ranks.tolist(), strict=True)
    chosen, because = _chosen(
        tuple(Candidate(*values) for values in candidates), None if row[4] == "–" else int(row[4])
    )
    assert f"{chosen.k} {because}" == row[6]


@pytest.mark.parametrize("row", table("confidence"), ids=lambda row: row[0])
def test_confidence(row: list[str]) -> None:
    (place,), along, (variance,) = map(numbers, row[:3])
    centroids = np.zeros((len(along), len(FEATURES)))
    centroids[:, 0] = along
    every = (1.0,) * len(FEATURES)
    scaler = Scaler(every, (0.0,) * len(FEATURES), every)
    none = np.zeros(len(FEATURES))
    archetypes = Archetypes(centroids, np.ones(len(along)), variance, none, none, scaler, 0, "best_rank")
    matrix = np.zeros((1, len(FEATURES)))
    matrix[0, 0] = np.expm1(place)
    found = assign(archetypes, matrix)
    assert [f"{found.labels[0] + 1}", f"{found.confidence[0]:.2f}", f"{found.second[0] + 1}"] == row[3:]


@pytest.mark.parametrize("row", table("ids"), ids=lambda row: row[0])
def test_ids(row: list[str]) -> None:
    moves = [tuple(map(int, re.findall(r"\d+", move))) for move in row[0].split(", ")]
    before, after = (np.repeat([move[side] - 1 for move in moves], [move[2] for move in moves]) for side in (0, 1))
    ids = [int(word) for word in row[1].split()]
    found = match_people(before, after, ids=ids, k=max(move[1] for move in moves), next_id=8)
    assert [" ".join(map(str, values)) for values in (found.ids, found.came_from, found.ended)] == row[2:]


@pytest.mark.parametrize("row", table("names"), ids=lambda row: row[1])
def test_names(row: list[str]) -> None:
    figures = dict.fromkeys(FEATURES, 1.0)
    traits = [trait.split() for trait in row[0].split(", ") if trait]
    profile = Profile(1, figures, figures, {}, tuple(Trait(code, float(strength)) for code, strength in traits))
    assert name_archetypes([profile])[0].name == row[1]
