"""From a draft to what the builder shows of it: which inputs a row has, what can be chosen, where it can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from core.presentation import SYMBOLS
from segments.builder_words import DAYS, JOINERS, KINDS, OPERATORS, PERIODS, TOLD, UNIT_WORDS, WINDOWS, Words
from segments.choices import labels
from segments.edits import NONE, NOT_ALL, inside, kind_of
from segments.fields.base import Field
from segments.form import DAY_UNITS, EVERYONE, GROUPS, LISTS, NUMERIC, STEPS, UNITS, Asked, Draft, kept_text, text_of
from segments.judging import Judged
from segments.offering import MOST_NAMED, lists_of, offer
from segments.operators import NEEDS_WINDOW, PATTERNS, WITH_WINDOW, WITHOUT_VALUE, Kind
from segments.rules import MAX_DEPTH, Problem
from segments.shown import CLOSED, Group, Move, Narrowing, Opened, Row, Tree, Value, Window


class Builder:
    """Makes the rows of one draft. `counts` are people by the row's path, `opened` is the list that stands in a row.

    One query for the labels of each kind of thing that is chosen, two for the list that is open; none without labels,
    where only the counts and problems of the rows are wanted.
    """

    def __init__(
        self,
        fields: Mapping[str, Field],
        judged: Judged,
        *,
        currency: str,
        focus: str = "",
        opened: Opened = CLOSED,
        counts: Mapping[str, int] | None = None,
        is_saving: bool = False,
        with_labels: bool = True,
    ) -> None:
        self.fields, self.judged, self.currency, self.counts = fields, judged, currency, counts or {}
        self.focus, self.opened, self.is_saving = focus, opened, is_saving
        self.with_labels = with_labels
        self._labels: Mapping[tuple[str, str], str] = {}

    def tree(self, draft: Draft) -> Tree:
        if self.with_labels:
            self._labels = labels(_named_codes(draft, self.fields))
        match = self._group(draft["match"], "match", depth=1, joiner="", moves=())
        return Tree(match, self._nodes(_places(draft.get("leave_out", ()), "leave_out"), _("or"), 0), self._whole())

    def _whole(self) -> list[str]:
        return [str(_(problem.message)) for problem in self.judged.whole]

    def _nodes(self, nodes: Sequence[tuple[str, Draft]], word: Words, depth: int) -> list[Row | Group]:
        shown: list[Row | Group] = []
        for place, (path, node) in enumerate(nodes):
            joiner = word if place else ""
            before = nodes[place - 1][1] if place else None
            moves = [Move(verb) for verb in _moves(path, place, len(nodes), before)]
            if kind_of(node):
                shown.append(self._group(node, path, depth=depth + 1, joiner=joiner, moves=moves))
            else:
                shown.append(self._row(node, path, joiner, moves))
        return shown

    def _group(self, node: Draft, path: str, *, depth: int, joiner: Words, moves: Sequence[Move]) -> Group:
        kind = kind_of(node)
        is_turned = node["type"] == "not"
        hidden = [(f"{path}.type", str(node["type"]))]
        if is_turned and node["of"]["type"] in GROUPS:
            hidden.append((f"{path}.of.type", node["of"]["type"]))
        kinds = [*GROUPS, *(() if path == "match" else (NONE,)), *((NOT_ALL,) if kind == NOT_ALL else ())]
        levels = depth + is_turned
        return Group(
            path=path,
            kind=kind,
            kinds=[(key, KINDS[key]) for key in kinds],
            hidden=hidden,
            nodes=self._nodes(inside(node, path), JOINERS[kind], levels),
            list_path=_list_path(node, path),
            can_group=levels < MAX_DEPTH,
            joiner=joiner,
            moves=moves,
            opened=self.opened.what if self.opened.path == path else "",
            is_focus=self.focus == path,
        )

    def _row(self, node: Draft, path: str, joiner: Words, moves: Sequence[Move]) -> Row:
        common: dict[str, Any] = {"path": path, "joiner": joiner, "moves": moves, "is_focus": self.focus == path}
        common["count"] = self.counts.get(path)
        common["opened"] = self.opened.what if self.opened.path == path else ""
        if node["type"] == EVERYONE:
            return Row(label=_("Everyone"), field=EVERYONE, **common)
        problems = self._problems(path)
        if kept := kept_text(node, self.fields):
            gone = {"field": _("This field is not there any more. Remove the condition to save the segment.")}
            return Row(label=node["field"], field="", kept=kept, wrong=gone, **common)
        key = node.get("field", "")
        if not key:
            return Row(label="", field="", is_waiting=True, wrong=problems, **common)
        asked = self.fields[key]
        where = [
            self._narrowing(one, f"{path}.where.{place}", asked, problems)
            for place, one in enumerate(node.get("where", ()))
        ]
        return Row(
            label=asked.label,
            field=key,
            op=_op(node),
            operators=_operators(asked, node),
            value=self._value(node, path, asked, problems.get("value", "")),
            window=_window(node, asked, {at: told for at, told in problems.items() if at.startswith("window")}),
            where=where,
            can_narrow=bool(asked.source.properties),
            is_waiting=path in self.judged.unfinished,
            wrong=problems,
            **common,
        )

    def _problems(self, path: str) -> dict[str, Words]:
        """What is wrong, by the place in the row; what is only unfinished when it is to be saved."""
        found = list(self.judged.wrong.get(path, ()))
        if self.is_saving:
            found += self.judged.unfinished.get(path, ())
        return {problem.at.removeprefix(f"{path}."): said(problem) for problem in found}

    def _narrowing(self, one: Draft, path: str, asked: Field, problems: Mapping[str, Words]) -> Narrowing:
        properties = [(key, own.label) for key, own in asked.source.properties.items()]
        place = f"where.{path.rpartition('.')[2]}"
        focus = self.focus == path
        own = asked.source.properties.get(one["property"])
        if own is None:
            return Narrowing(path, "", properties, is_focus=focus)
        return Narrowing(
            path,
            one["property"],
            properties,
            label=own.label,
            op=one["op"],
            operators=[(op, _operator(op, own)) for op in own.operators],
            value=self._value(one, path, own, problems.get(f"{place}.value", "")),
            is_focus=focus,
        )

    def _value(self, row: Draft, path: str, asked: Asked, problem: Words) -> Value | None:
        op, value = row["op"], row.get("value")
        if op in WITHOUT_VALUE:
            return None
        if op in PATTERNS:
            suffix = _("days without") if op == "restarted" else _("days")
            return Value("number", [text_of(value)], suffix=suffix, problem=problem)
        if asked.kind in LISTS:
            return self._choices(list(value or ()), path, asked, problem)
        if asked.kind is Kind.YES_NO:
            return Value("yes_no", ["no" if value is False else "yes"], problem=problem)
        if asked.kind is Kind.TEXT:
            return Value("text", [text_of(value)], problem=problem)
        prefix = SYMBOLS.get(self.currency, self.currency) if asked.kind is Kind.MONEY else ""
        suffix = "%" if asked.kind is Kind.SHARE else _unit(asked)
        texts = [text_of(one) for one in value or ("", "")] if op == "between" else [text_of(value)]
        return Value("pair" if op == "between" else "number", texts, prefix, suffix, problem=problem)

    def _choices(self, codes: Sequence[str], path: str, asked: Asked, problem: Words) -> Value:
        named = [self._labels.get((asked.choices, code), code) for code in codes[:MOST_NAMED]]
        is_open = self.opened.what == "values" and self.opened.path == path
        offered = offer(asked.choices, codes, self.opened.words) if is_open else None
        return Value("choices", codes, choices=asked.choices, named=named, offer=offered, problem=problem)


def field_groups(fields: Mapping[str, Field]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a row may ask about, as a list in groups."""
    groups: dict[str, list[tuple[str, str]]] = {_("Everyone"): [(EVERYONE, _("Everyone"))]}
    for key, one in fields.items():
        groups.setdefault(str(one.group), []).append((key, str(one.label)))
    return list(groups.items())


def said(problem: Problem) -> Words:
    """The problem in words, for who builds a segment."""
    place = problem.at.rpartition(".")[2]
    if problem.code in ("required", "wrong_shape") and place in TOLD:
        return TOLD[place]
    return str(_(problem.message))


def _named_codes(draft: Draft, fields: Mapping[str, Field]) -> Mapping[str, set[str]]:
    """Codes that the rows of a draft say in words, by whose they are."""
    found: dict[str, set[str]] = {}
    for _path, name, codes in lists_of(draft, fields):
        if name:
            found.setdefault(name, set()).update(codes[:MOST_NAMED])
    return found


def _list_path(node: Draft, path: str) -> str:
    if node["type"] in GROUPS:
        return f"{path}.of"
    return f"{path}.of.of" if node["of"]["type"] in GROUPS else ""


def _places(nodes: Sequence[Draft], path: str) -> list[tuple[str, Draft]]:
    return [(f"{path}.{place}", node) for place, node in enumerate(nodes)]


def _moves(path: str, place: int, siblings: int, before: Draft | None) -> Iterator[str]:
    """Where a row or group can go from here; dragging does the same."""
    is_alone_in_negation = path.endswith(".of")
    if place:
        yield "up"
    if place < siblings - 1:
        yield "down"
    if before is not None and kind_of(before):
        yield "in"
    if path.count(".") > 2 and not is_alone_in_negation:
        yield "out"
    yield "aside" if path.startswith("match.") else "back"


def _op(row: Draft) -> str:
    """As the list of comparisons names it: with its window where the two are one."""
    op = str(row["op"])
    return f"{op}:{row['window']['type']}" if op in WITH_WINDOW and row.get("window") else op


def _operators(asked: Field, row: Draft) -> list[tuple[str, Words]]:
    found: list[tuple[str, Words]] = []
    for op in asked.operators:
        if op in WITH_WINDOW:
            found += [(key, words) for key, words in DAYS.items() if key.startswith(f"{op}:")]
        else:
            found.append((op, _operator(op, asked)))
    return found


def _unit(asked: Asked) -> str:
    """What a number counts, where the name of the field does not say it."""
    unit = str(getattr(asked, "unit", ""))
    return "" if unit.lower() in str(asked.label).lower() else unit


def _operator(op: str, asked: Asked) -> Words:
    if asked.kind in NUMERIC and op in ("exists", "missing"):
        return _("is there") if op == "exists" else _("is not there")
    return OPERATORS[op]


def _window(row: Draft, asked: Field, problems: Mapping[str, Words]) -> Window | None:
    op, window = row["op"], row.get("window")
    is_merged = op in WITH_WINDOW
    if not is_merged and not asked.source.takes_window:
        return None
    kind = window["type"] if window else ""
    types = [] if is_merged else [one for one in WINDOWS.items() if _is_offered(one[0], kind, op)]
    shown = {at.rpartition(".")[2]: told for at, told in problems.items()}
    if not window:
        return Window("", types, problems=shown)
    with_clock = asked.source.takes_moments and op not in PATTERNS
    units = UNITS if with_clock or window.get("unit") in ("minute", "hour") else DAY_UNITS
    period = f"{window.get('unit')}:{window.get('offset')}"
    return Window(
        kind,
        types,
        count=str(window.get("count", "")),
        unit=str(window.get("unit", "")),
        units=[(unit, UNIT_WORDS[unit]) for unit in units] if kind in STEPS else (),
        suffix=_("ago") if is_merged and kind == "over" else "",
        period=period,
        periods=list(_periods(period, with_next=is_merged)) if kind == "calendar" else (),
        first=str(window.get("first") or ""),
        last=str(window.get("last") or ""),
        problems=shown,
    )


def _is_offered(kind: str, current: str, op: str) -> bool:
    """Nobody bought anything in the next days, and what happened again did so within some time."""
    if kind == current:
        return True
    return kind != "next" and not (kind == "" and op in NEEDS_WINDOW)


def _periods(current: str, *, with_next: bool) -> Iterator[tuple[str, Words]]:
    yield from (one for one in PERIODS.items() if with_next or one[0] == current or not one[0].endswith(":1"))
    if current not in PERIODS:
        unit, _colon, offset = current.partition(":")
        number = abs(int(offset))
        words = _("%(count)s %(unit)s ago") if int(offset) < 0 else _("in %(count)s %(unit)s")
        yield current, words % {"count": number, "unit": UNIT_WORDS[unit]}
