"""Random trees over the people of `people`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from segments.fields.base import Field
from segments.operators import NEEDS_WINDOW, NUMBERS, OPERATORS, PATTERNS, WITHOUT_VALUE, Kind
from segments.rules import All, Any, Calendar, Condition, Dates, Everyone, Filter, Last, Next, Node, Not, Over
from segments.tests.people import BIRTHDAYS, CITIES, COUNTRIES, EDGES, TODAY

NUMBERS_OF: Mapping[str, Sequence[float]] = {
    "points": (0, 499, 500, 501, -5),
    "orders": (0, 1, 2, 5),
    "orders_with": (0, 1, 2),
    "items": (0, 1, 2, 3.5),
    "churn": (0, 25, 60, 75, 100),
    "hour": (0, 9, 10, 23, 24),
    "lot": (0, 25, 50, 100),
}
MONEY = (0, 20, 49.99, 50, "50.01", -10)
TEXTS = ("Leeds", "leed", "%", "_", "\\", "'", "tea", "TEA", "Zoë", "ada", "@example.com", ");--")
DAYS = sorted({edge.date() for edge in EDGES} | {day for day in BIRTHDAYS if day} | {TODAY})


def windows(*, with_clock: bool) -> st.SearchStrategy[object]:
    days, counts = st.sampled_from(["day", "week", "month", "year"]), st.sampled_from([1, 2, 3, 10, 90])
    units = st.sampled_from(["hour", "minute", "day", "week", "month"]) if with_clock else days
    dates = st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).map(sorted)
    return st.one_of(
        st.builds(Last, counts, units),
        st.builds(Over, counts, units),
        st.builds(Next, counts, units),
        st.builds(Calendar, days, st.sampled_from([-1, 0, 1])),
        dates.map(lambda pair: Dates(pair[0], pair[1])),
        st.sampled_from(DAYS).map(lambda day: Dates(first=day)),
        st.sampled_from(DAYS).map(lambda day: Dates(last=day)),
    )


def trees(fields: Mapping[str, Field], codes: Mapping[str, Sequence[str]]) -> st.SearchStrategy[Node]:
    """Of these fields: conditions, groups of them, negations."""
    leaves = st.one_of(st.just(Everyone()), *(conditions(field, codes) for field in fields.values()))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(Any, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(Not, inner),
        ),
        max_leaves=6,
    )


def begins(window: object) -> bool:
    return not isinstance(window, Over) and not (isinstance(window, Dates) and window.first is None)


@st.composite
def conditions(draw: st.DrawFn, field: Field, codes: Mapping[str, Sequence[str]]) -> Condition:
    op = draw(st.sampled_from(field.operators))
    value = draw(values(field.kind, op, field.key, field.choices, codes))
    with_clock = field.source.takes_moments and op not in PATTERNS
    takes_window = op in NEEDS_WINDOW or (field.source.takes_window and draw(st.booleans()))
    where: list[Filter] = []
    if field.source.properties and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(field.source.properties)))
        own = field.source.properties[name]
        asked = draw(st.sampled_from(own.operators))
        where = [Filter(name, asked, draw(values(own.kind, asked, name, own.choices, codes)))]
    window = (
        draw(windows(with_clock=with_clock).filter(lambda one: op != "restarted" or begins(one)))
        if takes_window
        else None
    )
    return Condition(field.key, op, value, window, tuple(where))  # type: ignore[arg-type]


def values(
    kind: Kind, op: str, key: str, choices: str, codes: Mapping[str, Sequence[str]]
) -> st.SearchStrategy[object]:
    if op in WITHOUT_VALUE:
        return st.none()
    if op in PATTERNS:
        return st.sampled_from([1, 9, 80, 3_650])
    if kind in (Kind.CHOICE, Kind.CHOICES):
        known = {"countries": COUNTRIES, "churn_bands": ("low", "high"), "categories": ("Tea", "Coffee")}
        known |= {"channels": ("store", "online"), "weekdays": ("2", "6", "7"), **codes}
        offered = [code for code in known.get(choices, ()) if code] + ["nothing"]
        return st.lists(st.sampled_from(offered), min_size=1, max_size=2)
    if kind is Kind.TEXT:
        return st.sampled_from([*TEXTS, *(city for city in CITIES if city)])
    if kind is Kind.YES_NO:
        return st.booleans()
    numbers = st.sampled_from(NUMBERS_OF.get(key, MONEY))
    if op == "between":
        return st.tuples(numbers, numbers).map(lambda pair: sorted(pair, key=float))
    return numbers


assert set(NUMBERS) <= set(OPERATORS[Kind.NUMBER])
