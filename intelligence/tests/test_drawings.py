"""Where things are drawn: everybody inside the map, and bands that fill the bars they join."""

from __future__ import annotations

from collections import defaultdict

import pytest

from intelligence.drawings import FLOW_HEIGHT, MAP_HEIGHT, MAP_WIDTH, NEW, flow, people_map

AXES = [{"high": "spend much", "low": "spend little", "share": 0.4}, {"high": "new", "low": "old", "share": 0.2}]


def test_everybody_is_on_the_map_and_an_outlier_squeezes_nobody() -> None:
    points = [[x / 200, x / 200, 1] for x in range(200)] + [[50.0, -50.0, 1]]
    found = people_map({"points": points, "centroids": [[0.5, 0.5]], "axes": AXES}, [1])
    assert found is not None
    assert all(0 <= dot.x <= MAP_WIDTH and 0 <= dot.y <= MAP_HEIGHT for dot in found.dots)
    spread = [dot.x for dot in found.dots[:200]]
    assert max(spread) - min(spread) > 0.9 * MAP_WIDTH
    assert found.dots[0].y > found.dots[150].y, "up is up"
    assert found.shown == pytest.approx(0.6)
    assert people_map({}, []) is None


def test_one_place_for_all_is_drawn_too() -> None:
    found = people_map({"points": [[1.0, 1.0, 1]], "centroids": [], "axes": AXES}, [1])
    assert found is not None
    assert (found.dots[0].x, found.dots[0].y) == (MAP_WIDTH / 2, MAP_HEIGHT / 2)


def test_bands_fill_the_bars_that_they_join() -> None:
    moves = [(1, 1, 60), (1, 2, 20), (2, 2, 100), (7, 2, 15), (NEW, 1, 5)]
    drawn = flow(moves, [1, 2])
    assert drawn is not None
    assert [bar.archetype for bar in drawn.before] == [1, 2, 7, NEW]
    assert [(bar.archetype, bar.customers) for bar in drawn.after] == [(1, 65), (2, 135)]
    assert drawn.before[-1].y + drawn.before[-1].height <= FLOW_HEIGHT + 2
    thick: dict[int, float] = defaultdict(float)
    for band in drawn.bands:
        thick[band.before] += band.thickness
    for bar in drawn.before:
        assert thick[bar.archetype] == pytest.approx(bar.height, abs=2)
    assert [band.stayed for band in drawn.bands] == [True, True, False, False, False], "who moved is drawn on top"
    assert flow([], [1]) is None
