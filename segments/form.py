"""A tree as one plain form, and back. Pure.

Names carry the path of what they are about, as problems do: `match.of.0.field`, `match.of.0.value`, `leave_out.0.op`.
What has a field is a condition and needs no `type`. Values of a list are one text with a code in each line, or one for
each box that is checked, or both. What comes out of a form is a draft: the JSON document of a tree, in which rows may
be unfinished. A number or a day that cannot be read stays as it was typed, so that it can be shown again with what is
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from segments.fields.base import Field, Property
from segments.operators import NEEDS_WINDOW, PATTERNS, WITH_WINDOW, WITHOUT_VALUE, Kind
from segments.rules import MAX_CONDITIONS, MAX_DEPTH, Refused, read

Draft: TypeAlias = dict[str, Any]  # a document of `segments.rules`, or a part of one
Asked: TypeAlias = Field | Property  # what a value is compared with
Pairs: TypeAlias = list[tuple[str, str]]
Said: TypeAlias = Iterable[tuple[str, Sequence[object]]]  # values by name

EVERYONE = "everyone"  # stands among the fields
GROUPS = ("all", "any")
LISTS = frozenset({Kind.CHOICE, Kind.CHOICES})
NUMERIC = frozenset({Kind.NUMBER, Kind.MONEY, Kind.SHARE})
STEPS = ("last", "over", "next")  # windows that are a count of units
DAY_UNITS = ("day", "week", "month", "year")
UNITS = ("minute", "hour", *DAY_UNITS)
_MOST_PARTS = 4 * MAX_DEPTH + 8  # of a name
_MOST_PLACES = 3 * MAX_CONDITIONS
_WINDOW_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "last": {"count": 30, "unit": "day"},
    "over": {"count": 30, "unit": "day"},
    "next": {"count": 30, "unit": "day"},
    "dates": {},
    "calendar": {"unit": "month", "offset": 0},
}
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_GROUPED = re.compile(r"-?\d{1,3}([ ,'\u00a0\u202f]\d{3})+(\.\d+)?")
_COMMA = re.compile(r"-?\d+,\d{1,2}")
_LINES = re.compile(r"[\r\n]+")


def fields_of(draft: Draft, fields: Mapping[str, Field]) -> Pairs:
    """The form of a draft, from top to bottom: `draft_of` reads it back."""
    return list(_document_pairs(draft, fields))


def draft_of(said: Said, fields: Mapping[str, Field]) -> Draft:
    """The draft that a form says, by `lists()` of a QueryDict. Names that say nothing are left out; never raises."""
    tree = _branches(said)
    match = _node(tree.child("match"), fields)
    if match is None or match["type"] not in GROUPS:  # a group holds everything, so that there is room for more
        match = {"type": "all", "of": [match] if match else []}
    draft: Draft = {"version": 1, "match": match}
    if left_out := _nodes(tree.child("leave_out"), fields):
        draft["leave_out"] = left_out
    return draft


def opened(document: Draft, fields: Mapping[str, Field]) -> Draft:
    """A stored document as the builder shows it."""
    said: dict[str, list[object]] = {}
    for name, value in fields_of(document, fields):
        said.setdefault(name, []).append(value)
    return draft_of(said.items(), fields)


# -- from a form to a draft ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Branch:
    """What a form says under one part of a name."""

    values: list[str] = field(default_factory=list)
    inner: dict[str, _Branch] = field(default_factory=dict)

    def child(self, part: str) -> _Branch:
        return self.inner.get(part) or _Branch()

    def said(self, part: str) -> str:
        return next(iter(self.child(part).values), "").strip()

    def in_order(self) -> list[_Branch]:
        places = sorted(int(part) for part in self.inner if part.isascii() and part.isdigit() and len(part) <= 4)
        return [self.inner[str(place)] for place in places[:_MOST_PLACES] if str(place) in self.inner]


def _branches(said: Said) -> _Branch:
    tree = _Branch()
    for name, values in said:
        parts = name.split(".")
        if parts[0] not in ("match", "leave_out") or len(parts) > _MOST_PARTS:
            continue
        at = tree
        for part in parts:
            at = at.inner.setdefault(part, _Branch())
        at.values = [str(value).replace("\x00", "") for value in values]
    return tree


def _nodes(branch: _Branch, fields: Mapping[str, Field]) -> list[Draft]:
    return [node for node in (_node(one, fields) for one in branch.in_order()) if node is not None]


def _node(branch: _Branch, fields: Mapping[str, Field]) -> Draft | None:
    kind = branch.said("type")
    if not kind and not branch.inner.keys().isdisjoint(("field", "kept")):
        kind = "condition"
    if kind in GROUPS:
        return {"type": kind, "of": _nodes(branch.child("of"), fields)}
    if kind == "not":
        inner = _node(branch.child("of"), fields)
        return None if inner is None else {"type": "not", "of": inner}
    if kind == EVERYONE or (kind == "condition" and branch.said("field") == EVERYONE):
        return {"type": EVERYONE}
    return _condition(branch, fields) if kind == "condition" else None


def _condition(branch: _Branch, fields: Mapping[str, Field]) -> Draft:
    if kept := branch.said("kept"):
        return _kept(kept) or {"type": "condition"}
    key = branch.said("field")
    asked = fields.get(key)
    if asked is None:
        return {"type": "condition"}
    is_new = not branch.said("op") or (branch.said("was") or key) != key
    said, _colon, window_type = branch.said("op").partition(":")
    op = said if said in asked.operators else default_operator(asked)
    window_type = window_type or branch.child("window").said("type") or ("last" if op in NEEDS_WINDOW else "")
    row: Draft = {"type": "condition", "field": key, "op": op}
    _add_value(row, branch, asked, op, is_new=is_new)
    takes_window = op in WITH_WINDOW or asked.source.takes_window
    if takes_window and window_type in _WINDOW_DEFAULTS:
        row["window"] = _window(branch.child("window"), window_type)
    where = (_filter(one, asked, is_new=is_new) for one in branch.child("where").in_order())
    if filters := [one for one in where if one is not None]:
        row["where"] = filters
    return row


def _filter(branch: _Branch, asked: Field, *, is_new: bool) -> Draft | None:
    name = branch.said("property")
    own = asked.source.properties.get(name)
    if own is None:
        return {"property": ""} if not name and not is_new and asked.source.properties else None
    said = branch.said("op")
    op = said if said in own.operators else default_operator(own)
    row: Draft = {"property": name, "op": op}
    _add_value(row, branch, own, op, is_new=is_new or branch.said("was") != name)
    return row


def default_operator(asked: Asked) -> str:
    """The one that a new row begins with: what is asked most."""
    first = {Kind.NUMBER: "at_least", Kind.MONEY: "more", Kind.SHARE: "more"}.get(asked.kind, "")
    return first if first in asked.operators else asked.operators[0]


def _add_value(row: Draft, branch: _Branch, asked: Asked, op: str, *, is_new: bool) -> None:
    if op in WITHOUT_VALUE:
        return
    value = _value(branch.child("value"), asked, op)
    if is_new and not _fits(value, asked, op):
        value = None
    if value is not None:
        row["value"] = value


def _value(branch: _Branch, asked: Asked, op: str) -> Any:
    said = [value.strip() for value in branch.values]
    first = next((value for value in [*said, branch.said("0")] if value), "")
    if op in PATTERNS:
        return number_of(first)
    if asked.kind in LISTS:
        return codes_of(said)
    if asked.kind is Kind.YES_NO:
        return first != "no"
    if asked.kind is Kind.TEXT:
        return first
    if op == "between":
        return [number_of(branch.said("0") or first), number_of(branch.said("1"))]
    return number_of(first)


def codes_of(said: Iterable[str]) -> list[str]:
    """Codes of texts that hold one in each line, each once."""
    codes = (code.strip() for value in said for code in _LINES.split(value.replace("\x00", "")))
    return list(dict.fromkeys(code for code in codes if code))


def _fits(value: Any, asked: Asked, op: str) -> bool:
    """Whether what was said of another field can be meant of this one, too."""
    if asked.kind in LISTS:
        return False
    if op == "between":
        return all(not isinstance(one, str) for one in value)
    if asked.kind in NUMERIC or op in PATTERNS:
        return not isinstance(value, str)
    return asked.kind is not Kind.TEXT or not _LINES.search(value)  # several codes are no text


def _window(branch: _Branch, kind: str) -> Draft:
    defaults = _WINDOW_DEFAULTS[kind]
    if kind == "calendar":
        unit, _colon, offset = branch.said("calendar").partition(":")
        if unit in DAY_UNITS and re.fullmatch(r"-?[0-9]{1,6}", offset):
            return {"type": kind, "unit": unit, "offset": int(offset)}
        return {"type": kind, **defaults}
    if kind == "dates":
        days = {name: branch.said(name) for name in ("first", "last")}
        return {"type": kind, **{name: day for name, day in days.items() if day}}
    window: Draft = {"type": kind, **defaults}
    if "count" in branch.inner:
        window["count"] = number_of(branch.said("count"))
    if branch.said("unit") in UNITS:
        window["unit"] = branch.said("unit")
    return window


def number_of(text: str) -> int | float | str:
    """The number that somebody typed, as 1,000 or 12.5; the text itself where it is none."""
    plain = text.strip()
    if _COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    elif _GROUPED.fullmatch(plain):
        plain = re.sub(r"[ ,'\u00a0\u202f]", "", plain)
    if len(plain) > 30 or not _PLAIN.fullmatch(plain) or not plain.isascii():
        return text
    if "." not in plain:
        return int(plain)
    number = float(plain)
    return int(number) if number.is_integer() else number


def _kept(text: str) -> Draft | None:
    """A condition that the form has no inputs for, such as one about a field that was deleted."""
    try:
        condition = msgspec.json.decode(text)
        read({"version": 1, "match": {"type": "all", "of": [condition]}})
    except (msgspec.DecodeError, Refused):
        return None
    is_condition = isinstance(condition, dict) and condition.get("type") == "condition"
    return condition if is_condition else None


# -- from a draft to a form ------------------------------------------------------------------------------------------


def _document_pairs(draft: Draft, fields: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    yield from _node_pairs(draft["match"], "match", fields)
    for place, node in enumerate(draft.get("leave_out", ())):
        yield from _node_pairs(node, f"leave_out.{place}", fields)


def _node_pairs(node: Draft, path: str, fields: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    if node["type"] == "condition":
        yield from _condition_pairs(node, path, fields)
        return
    yield f"{path}.type", node["type"]
    if node["type"] == "not":
        yield from _node_pairs(node["of"], f"{path}.of", fields)
    for place, inner in enumerate(node["of"] if node["type"] in GROUPS else ()):
        yield from _node_pairs(inner, f"{path}.of.{place}", fields)


def _condition_pairs(row: Draft, path: str, fields: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    if text := kept_text(row, fields):
        yield f"{path}.kept", text
        return
    key = row.get("field", "")
    yield f"{path}.field", key
    if not key:
        return
    op, window = row["op"], row.get("window")
    is_merged = op in WITH_WINDOW and window is not None
    yield f"{path}.op", f"{op}:{window['type']}" if window and is_merged else op
    yield from _value_pairs(row, path, fields[key].kind)
    if window is not None:
        said = [(name, value) for name, value in _window_pairs(window) if name != "type" or not is_merged]
        yield from ((f"{path}.window.{name}", value) for name, value in said)
    for place, one in enumerate(row.get("where", ())):
        at = f"{path}.where.{place}"
        yield f"{at}.property", one["property"]
        if one["property"]:
            yield f"{at}.was", one["property"]
            yield f"{at}.op", one["op"]
            yield from _value_pairs(one, at, fields[key].source.properties[one["property"]].kind)


def _window_pairs(window: Draft) -> Pairs:
    if window["type"] == "calendar":
        return [("type", "calendar"), ("calendar", f"{window['unit']}:{window['offset']}")]
    return [(name, str(value)) for name, value in window.items() if value is not None]


def _value_pairs(row: Draft, path: str, kind: Kind) -> Iterator[tuple[str, str]]:
    value = row.get("value")
    if value is None:
        return
    if row["op"] == "between":
        yield from ((f"{path}.value.{place}", text_of(one)) for place, one in enumerate(value))
    elif kind in LISTS and isinstance(value, list):
        yield f"{path}.value", "\n".join(value)
    else:
        yield f"{path}.value", text_of(value)


def text_of(value: Any) -> str:
    """As it stands in an input."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        plain = f"{Decimal(repr(value)):f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "" if value is None else str(value)


def kept_text(row: Draft, fields: Mapping[str, Field]) -> str:
    """The JSON of a condition that the form has no inputs for; nothing of any other."""
    key = row.get("field", "")
    if not key:
        return ""
    asked = fields.get(key)
    is_shown = (
        asked is not None
        and _has_inputs(row, asked)
        and all(
            not one.get("property")
            or ((own := asked.source.properties.get(one["property"])) is not None and _has_inputs(one, own))
            for one in row.get("where", ())
        )
    )
    return "" if is_shown else msgspec.json.encode(row).decode()


def _has_inputs(row: Draft, asked: Asked) -> bool:
    op, value = row.get("op", ""), row.get("value")
    if op not in asked.operators:
        return False
    if value is None or op in WITHOUT_VALUE:
        return value is None
    if op == "between":
        return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
    if op in PATTERNS:
        return _is_number(value)
    if asked.kind in LISTS:
        return isinstance(value, list) and all(isinstance(one, str) and not _LINES.search(one) for one in value)
    if asked.kind is Kind.YES_NO:
        return isinstance(value, bool)
    return isinstance(value, str) if asked.kind is Kind.TEXT else _is_number(value)


def _is_number(value: object) -> bool:
    """A number, or what was typed for one."""
    return isinstance(value, int | float | str) and not isinstance(value, bool)
