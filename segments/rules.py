"""What a segment asks of a person: a tree of typed conditions, as it is stored and as the API takes it. Pure.

    {"version": 1,
     "match": {"type": "all", "of": [
        {"type": "condition", "field": "orders", "op": "at_least", "value": 2,
         "window": {"type": "last", "count": 90, "unit": "day"}},
        {"type": "not", "of": {"type": "condition", "field": "country", "op": "is_one_of", "value": ["GB"]}}]},
     "leave_out": []}

Which fields there are, and which operators and values each takes, says the registry (`segments.fields`); here is what
holds for all of them. Every condition is true or false of a person, never unknown: what is missing is not equal to
anything, zero is a number of times, and `not` turns each answer round. So "P" and "not P" are everyone together.

A tree without conditions means nobody; everyone is a node of its own. A group without conditions inside another one is
as if it were not there. A tree of negations alone is refused: who wants everybody except some says so.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

import msgspec

from core.errors import DomainError

Unit = Literal["minute", "hour", "day", "week", "month", "year"]
Day = Literal["day", "week", "month", "year"]  # units of whole days

VERSION = 1
MAX_DEPTH = 6  # groups and negations in each other
MAX_CONDITIONS = 100
_DAYS: Mapping[Unit, int] = {"day": 1, "week": 7}
YEARS = range(1900, 2201)  # of days that are named
MAX_CHOICES = 500  # values of one condition
# The longest window of each unit.
MOST: Mapping[Unit, int] = {
    "minute": 10_080, "hour": 8_760, "day": 36_500, "week": 5_200, "month": 1_200, "year": 100
}  # fmt: skip
CLOCK: Mapping[Unit, timedelta] = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | list[Scalar] | None


class Last(msgspec.Struct, tag="last", frozen=True, forbid_unknown_fields=True):
    """The days that end today: 1 day is today, 1 month begins on the day after the same day a month ago.

    Of minutes and hours: exactly so long until now.
    """

    count: int
    unit: Unit = "day"


class Over(msgspec.Struct, tag="over", frozen=True, forbid_unknown_fields=True):
    """More than so long ago: the days before the day that is so long ago."""

    count: int
    unit: Unit = "day"


class Next(msgspec.Struct, tag="next", frozen=True, forbid_unknown_fields=True):
    """The days after today: 1 day is tomorrow. Of minutes and hours: exactly so long from now on."""

    count: int
    unit: Unit = "day"


class Dates(msgspec.Struct, tag="dates", frozen=True, forbid_unknown_fields=True):
    """From one day to another, both included; without one of them it is open there."""

    first: date | None = None
    last: date | None = None


class Calendar(msgspec.Struct, tag="calendar", frozen=True, forbid_unknown_fields=True):
    """This day, week (from Monday), month or year, or one `offset` steps before (negative) or after."""

    unit: Day
    offset: int = 0


Window: TypeAlias = Last | Over | Next | Dates | Calendar


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the orders, lines or events count: what one of their properties is."""

    property: str
    op: str
    value: Value = None


class Condition(msgspec.Struct, tag="condition", frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    field: str
    op: str
    value: Value = None
    window: Window | None = None
    where: tuple[Filter, ...] = ()


class All(msgspec.Struct, tag="all", frozen=True, forbid_unknown_fields=True):
    of: tuple[Node, ...]


class Any(msgspec.Struct, tag="any", frozen=True, forbid_unknown_fields=True):
    of: tuple[Node, ...]


class Not(msgspec.Struct, tag="not", frozen=True, forbid_unknown_fields=True):
    of: Node


class Everyone(msgspec.Struct, tag="everyone", frozen=True, forbid_unknown_fields=True):
    pass


Group: TypeAlias = All | Any
Node: TypeAlias = All | Any | Not | Everyone | Condition


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who matches, less whom any of `leave_out` finds."""

    version: Literal[1]
    match: Node
    leave_out: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a tree, and where: `at` is the path of the node or value, as in `match.of.0.value`."""

    at: str
    code: str
    message: str


class Refused(DomainError):
    """A tree that cannot be used; `problems` says why."""

    code = "bad_rules"
    status = 422

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems), problems=list(map(asdict, problems)))
        self.problems = problems


def read(document: object) -> Rules:
    """The tree that a JSON document describes. Raises Refused for what has another shape, or is too large."""
    try:
        rules = msgspec.convert(document, Rules)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Refused(_shape(error)) from error
    if depth(rules.match) > MAX_DEPTH or any(depth(node) > MAX_DEPTH for node in rules.leave_out):
        raise Refused(Problem("match", "too_deep", f"Groups may be {MAX_DEPTH} deep."))
    found = list(conditions(rules))
    if len(found) > MAX_CONDITIONS:
        raise Refused(Problem("match", "too_many", f"A segment may have {MAX_CONDITIONS} conditions."))
    problems = [problem for path, condition in found if (problem := _window_problem(path, condition.window))]
    if _only_leaves_out(pruned(rules.match)):
        problems.append(Problem("match", "only_negations", "Say of whom: of everyone, or of who matches something."))
    if problems:
        raise Refused(*problems)
    return rules


def written(rules: Rules) -> dict[str, object]:
    """The JSON document of a tree: `read(written(rules)) == rules`."""
    document: dict[str, object] = msgspec.json.decode(msgspec.json.encode(rules))
    return document


def conditions(rules: Rules) -> Iterator[tuple[str, Condition]]:
    """(path, condition) of every condition, from top to bottom."""
    yield from _conditions(rules.match, "match")
    for place, node in enumerate(rules.leave_out):
        yield from _conditions(node, f"leave_out.{place}")


def depth(node: Node) -> int:
    """How many groups and negations are in each other; 0 for a condition."""
    match node:
        case All(of) | Any(of):
            return 1 + max((depth(inner) for inner in of), default=0)
        case Not(of):
            return 1 + depth(of)
    return 0


def pruned(node: Node) -> Node | None:
    """The node without groups that hold no condition; None where nothing is left."""
    match node:
        case All(of) | Any(of):
            kept = tuple(inner for inner in map(pruned, of) if inner is not None)
            return type(node)(kept) if kept else None
        case Not(of):
            inner = pruned(of)
            return None if inner is None else Not(inner)
    return node


def is_of_clock(window: Window) -> bool:
    """Whether it is counted in minutes or hours, so that `span` knows nothing of it."""
    return isinstance(window, Last | Over | Next) and window.unit in CLOCK


def span(window: Window, today: date) -> tuple[date | None, date | None]:
    """The first and the last day of a window of days; None where it is open."""
    match window:
        case Last(count, unit):
            return back(today, count, unit) + timedelta(days=1), today
        case Over(count, unit):
            return None, back(today, count, unit) - timedelta(days=1)
        case Next(count, unit):
            return today + timedelta(days=1), ahead(today, count, unit)
        case Dates(first, last):
            return first, last
        case Calendar(unit, offset):
            return _calendar(today, unit, offset)


def ahead(day: date, count: int, unit: Unit) -> date:
    """So many days, weeks, months or years later; the last day of a month that has no such day."""
    if unit in _DAYS:
        return day + timedelta(days=count * _DAYS[unit])
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def back(day: date, count: int, unit: Unit) -> date:
    return ahead(day, -count, unit)


def _calendar(today: date, unit: Day, offset: int) -> tuple[date, date]:
    starts: Mapping[Day, date] = {
        "day": today,
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }
    first = ahead(starts[unit], offset, unit)
    return first, ahead(first, 1, unit) - timedelta(days=1)


def _conditions(node: Node, path: str) -> Iterator[tuple[str, Condition]]:
    match node:
        case Condition():
            yield path, node
        case Not(of):
            yield from _conditions(of, f"{path}.of")
        case All(of) | Any(of):
            for place, inner in enumerate(of):
                yield from _conditions(inner, f"{path}.of.{place}")


def _only_leaves_out(node: Node | None) -> bool:
    """Whether nothing in it finds anybody by itself."""
    match node:
        case Not():
            return True
        case All(of):
            return all(map(_only_leaves_out, of))
        case Any(of):
            return any(map(_only_leaves_out, of))
    return False


def _window_problem(path: str, window: Window | None) -> Problem | None:
    match window:
        case Last(count, unit) | Over(count, unit) | Next(count, unit):
            if not 1 <= count <= MOST[unit]:
                return Problem(f"{path}.window.count", "out_of_range", f"From 1 to {MOST[unit]}.")
        case Calendar(unit, offset):
            if abs(offset) > MOST[unit]:
                return Problem(f"{path}.window.offset", "out_of_range", f"At most {MOST[unit]} from now.")
        case Dates(first, last):
            if first is None and last is None:
                return Problem(f"{path}.window", "required", "Give a first day, a last day, or both.")
            if any(day and day.year not in YEARS for day in (first, last)):
                return Problem(f"{path}.window", "out_of_range", f"Years {YEARS[0]} to {YEARS[-1]}.")
            if first and last and first > last:
                return Problem(f"{path}.window.last", "out_of_range", "The last day is before the first.")
    return None


def _shape(error: Exception) -> Problem:
    """msgspec says "Expected `int`, got `str` - at `$.match.of[0].window.count`"."""
    message, _, place = str(error).partition(" - at `$.")
    path = place.rstrip("`").replace("[", ".").replace("]", "")
    return Problem(path, "wrong_shape", message)
