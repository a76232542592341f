"""What the builder shows: a tree of groups and rows, each row with its inputs. Plain values; templates draw them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from segments.builder_words import MOVES, Words
from segments.edits import NONE, NOT_ALL
from segments.offering import Offer

OPENS = ("field", "values", "moves")  # what a row has a list of


@dataclass(frozen=True, slots=True)
class Opened:
    """The one list that stands in a row, without scripts: which of OPENS, in which row, and searched for what."""

    what: str = ""
    path: str = ""
    words: str = ""


CLOSED = Opened()


@dataclass(frozen=True, slots=True)
class Value:
    """What a row compares with: `kind` is number, pair, text, choices or yes_no; `texts` are codes of choices."""

    kind: str
    texts: Sequence[str]
    prefix: str = ""
    suffix: Words = ""
    choices: str = ""  # whose they are
    named: Sequence[str] = ()  # the first of them in words
    offer: Offer | None = None  # where the list is open
    problem: Words = ""

    @property
    def summary(self) -> str:
        return ", ".join(self.named)

    @property
    def more(self) -> int:
        """How many the summary does not name."""
        return len(self.texts) - len(self.named)

    @property
    def lines(self) -> str:
        return "\n".join(self.texts)


@dataclass(frozen=True, slots=True)
class Window:
    """When: `types` is empty where the comparison says it already."""

    type: str
    types: Sequence[tuple[str, Words]]
    count: str = ""
    unit: str = ""
    units: Sequence[tuple[str, Words]] = ()
    suffix: Words = ""
    period: str = ""
    periods: Sequence[tuple[str, Words]] = ()
    first: str = ""
    last: str = ""
    problems: Mapping[str, Words] = dataclass_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One property of the orders, lines or events that count."""

    path: str
    name: str
    properties: Sequence[tuple[str, Words]]
    label: Words = ""
    op: str = ""
    operators: Sequence[tuple[str, Words]] = ()
    value: Value | None = None
    is_focus: bool = False

    @property
    def id(self) -> str:
        return self.path.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Move:
    """One of MOVES."""

    verb: str

    @property
    def label(self) -> Words:
        return MOVES[self.verb][0]

    @property
    def icon(self) -> str:
        return MOVES[self.verb][1]


@dataclass(frozen=True, slots=True)
class Row:
    path: str
    label: Words
    field: str
    op: str = ""
    operators: Sequence[tuple[str, Words]] = ()
    value: Value | None = None
    window: Window | None = None
    where: Sequence[Narrowing] = ()
    can_narrow: bool = False
    kept: str = ""
    count: int | None = None  # how many match it alone, where that is known
    is_waiting: bool = False  # unfinished: not counted yet
    wrong: Mapping[str, Words] = dataclass_field(default_factory=dict)  # by place in the row
    joiner: Words = ""
    moves: Sequence[Move] = ()
    opened: str = ""  # which of its lists stands in it: field or moves
    is_focus: bool = False
    is_group = False

    @property
    def id(self) -> str:
        return self.path.replace(".", "-")

    @property
    def problems(self) -> Sequence[Words]:
        return list(dict.fromkeys(map(str, self.wrong.values())))


@dataclass(frozen=True, slots=True)
class Group:
    path: str
    kind: str
    kinds: Sequence[tuple[str, Words]]
    hidden: Sequence[tuple[str, str]]
    nodes: Sequence[Row | Group]
    list_path: str  # where something that is dragged here goes; empty: there is no room
    can_group: bool
    joiner: Words = ""
    moves: Sequence[Move] = ()
    opened: str = ""  # moves
    is_focus: bool = False
    is_group = True

    @property
    def id(self) -> str:
        return self.path.replace(".", "-")

    @property
    def is_root(self) -> bool:
        return self.path == "match"

    @property
    def is_negation(self) -> bool:
        return self.kind in (NONE, NOT_ALL)


@dataclass(frozen=True, slots=True)
class Tree:
    match: Group
    left_out: Sequence[Row | Group]
    whole: Sequence[str]

    @property
    def rows(self) -> list[Row]:
        """Every row, from top to bottom."""
        return list(_all_rows([self.match, *self.left_out]))


def _all_rows(nodes: Sequence[Row | Group]) -> Iterator[Row]:
    for node in nodes:
        if isinstance(node, Group):
            yield from _all_rows(node.nodes)
        else:
            yield node
