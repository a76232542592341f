"""The shape of trees: what is read, what is refused and where, and which days a window holds."""

from __future__ import annotations

from datetime import date

import pytest

from segments.rules import (
    Calendar,
    Dates,
    Last,
    Next,
    Over,
    Refused,
    Window,
    pruned,
    read,
    span,
    written,
)

TODAY = date(2026, 11, 22)  # a Sunday
EVERYONE = {"type": "everyone"}
ORDERS = {"type": "condition", "field": "orders", "op": "at_least", "value": 2}


def tree(match: object, **more: object) -> dict[str, object]:
    return {"version": 1, "match": match, **more}


def codes(document: object) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        read(document)
    return [(problem.at, problem.code) for problem in refused.value.problems]


def test_a_tree_is_written_as_it_was_read():
    document = tree(
        {"type": "all", "of": [{**ORDERS, "window": {"type": "last", "count": 90, "unit": "day"}}, EVERYONE]},
        leave_out=[{**ORDERS, "where": [{"property": "channel", "op": "is_one_of", "value": ["online"]}]}],
    )
    assert read(written(read(document))) == read(document)
    assert "window" not in str(written(read(tree(ORDERS))))  # what says nothing is not written


@pytest.mark.parametrize(
    ("document", "at"),
    [
        ([], ""),
        ({"version": 2, "match": EVERYONE}, "version"),
        (tree({"type": "xor", "of": []}), "match.type"),
        (tree({"type": "all", "of": [{**ORDERS, "field": 5}]}), "match.of.0.field"),
        (tree({**ORDERS, "window": {"type": "last", "count": "ten"}}), "match.window.count"),
        (tree({**ORDERS, "surprise": 1}), "match"),
        (tree({**ORDERS, "window": {"type": "dates", "first": "2026-02-30"}}), "match.window.first"),
    ],
)
def test_another_shape_is_refused_at_its_place(document, at):
    assert codes(document) == [(at, "wrong_shape")]


@pytest.mark.parametrize(
    "window",
    [
        {"type": "last", "count": 0},
        {"type": "last", "count": 36_501},
        {"type": "over", "count": 101, "unit": "year"},
        {"type": "dates", "first": "1066-10-14"},
        {"type": "dates", "first": "2026-03-02", "last": "2026-03-01"},
        {"type": "calendar", "unit": "year", "offset": -101},
    ],
)
def test_windows_end_before_the_calendar_does(window):
    assert [code for _at, code in codes(tree({**ORDERS, "window": window}))] == ["out_of_range"]


def test_deep_and_long_trees_are_refused():
    deep: dict[str, object] = ORDERS
    for _ in range(7):
        deep = {"type": "all", "of": [deep]}
    assert codes(tree(deep)) == [("match", "too_deep")]
    assert codes(tree({"type": "any", "of": [ORDERS] * 101})) == [("match", "too_many")]
    endless: dict[str, object] = EVERYONE
    for _ in range(5_000):
        endless = {"type": "not", "of": endless}
    assert codes(tree(endless)) == [("", "wrong_shape")]


@pytest.mark.parametrize(
    "match",
    [
        {"type": "not", "of": ORDERS},
        {"type": "all", "of": [{"type": "not", "of": ORDERS}, {"type": "any", "of": []}]},
        {"type": "any", "of": [{"type": "not", "of": ORDERS}, {"type": "all", "of": [{"type": "not", "of": ORDERS}]}]},
    ],
)
def test_negations_alone_are_refused(match):
    assert codes(tree(match)) == [("match", "only_negations")]
    read(tree({"type": "all", "of": [EVERYONE, match]}))


def test_groups_without_conditions_are_not_there():
    empty = {"type": "all", "of": [{"type": "any", "of": []}]}
    assert pruned(read(tree(empty)).match) is None
    assert (
        pruned(read(tree({"type": "all", "of": [empty, ORDERS]})).match)
        == read(tree({"type": "all", "of": [ORDERS]})).match
    )


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        (Last(1), date(2026, 11, 22), date(2026, 11, 22)),
        (Last(7), date(2026, 11, 16), date(2026, 11, 22)),
        (Last(2, "week"), date(2026, 11, 9), date(2026, 11, 22)),
        (Last(1, "month"), date(2026, 10, 23), date(2026, 11, 22)),
        (Over(21), None, date(2026, 10, 31)),
        (Over(1, "year"), None, date(2025, 11, 21)),
        (Next(1), date(2026, 11, 23), date(2026, 11, 23)),
        (Next(1, "month"), date(2026, 11, 23), date(2026, 12, 22)),
        (Dates(first=date(2026, 3, 1)), date(2026, 3, 1), None),
        (Calendar("week"), date(2026, 11, 16), date(2026, 11, 22)),
        (Calendar("week", 1), date(2026, 11, 23), date(2026, 11, 29)),
        (Calendar("month", -9), date(2026, 2, 1), date(2026, 2, 28)),
        (Calendar("year", -2), date(2024, 1, 1), date(2024, 12, 31)),
        (Calendar("day", -1), date(2026, 11, 21), date(2026, 11, 21)),
    ],
)
def test_days_of_a_window(window: Window, first: date | None, last: date | None):
    assert span(window, TODAY) == (first, last)


def test_a_month_before_a_day_that_is_not_there():
    assert span(Last(1, "month"), date(2026, 3, 31)) == (date(2026, 3, 1), date(2026, 3, 31))
    assert span(Last(1, "month"), date(2024, 3, 31)) == (date(2024, 3, 1), date(2024, 3, 31))
    assert span(Last(1, "year"), date(2024, 2, 29))[0] == date(2023, 3, 1)
