"""The JSON Schema of rule trees: the shape from `segments.rules`, what fits together from the registry of fields.

What it cannot know is refused by `rules.read` and `compiler.check` alone: how deep and long a tree is, negations alone,
pairs in the wrong order, numbers that come as text and are too large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from segments.fields.base import Field, Property
from segments.fields.registry import FIELDS
from segments.operators import (
    MAX_NUMBER,
    MAX_QUIET,
    MAX_TEXT,
    NEEDS_WINDOW,
    OPERATORS,
    PATTERNS,
    WITH_WINDOW,
    WITHOUT_VALUE,
    Kind,
)
from segments.rules import CLOCK, MAX_CHOICES, MOST, VERSION, YEARS, Rules

Schema: TypeAlias = dict[str, Any]

NAME = f"segment-rules-{VERSION}.schema.json"
_WINDOWS = ("Last", "Over", "Next", "Dates", "Calendar")
_DAYS, _MOMENTS, _BEGINNING = "days", "moments", "days_from_a_first"
_DECIMAL = r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$"
_NOTHING: Schema = {"type": "null"}
_VALUES: Mapping[str, Schema] = {
    "text": {"type": "string", "pattern": rf"^\s*\S([\s\S]{{0,{MAX_TEXT - 2}}}\S)?\s*$"},
    "choices": {"type": "array", "items": {"$ref": "#/$defs/text"}, "minItems": 1, "maxItems": MAX_CHOICES},
    "number": {
        "description": "As text where a number of JSON would lose digits.",
        "anyOf": [
            {"type": "number", "minimum": -int(MAX_NUMBER), "maximum": int(MAX_NUMBER)},
            {"type": "string", "pattern": _DECIMAL},
        ],
    },
    "percent": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, {"type": "string", "pattern": _DECIMAL}]},
    "quiet_days": {"type": "integer", "minimum": 1, "maximum": MAX_QUIET},
}
_VALUE_OF: Mapping[Kind, str] = {
    Kind.TEXT: "text", Kind.CHOICE: "choices", Kind.CHOICES: "choices", Kind.NUMBER: "number", Kind.MONEY: "number",
    Kind.SHARE: "percent",
}  # fmt: skip


def rules_schema(fields: Mapping[str, Field], *, is_open: bool = False) -> Schema:
    """Of trees about these fields. `is_open`: also about any own field of customers and any event."""
    schema = msgspec.json.schema(Rules)
    defs = schema["$defs"]
    for name in (*_WINDOWS, "Filter"):
        del defs[name]
    defs |= _VALUES
    defs |= {_DAYS: _window(_days_of), _MOMENTS: _window(lambda _unit: True), _BEGINNING: _beginning()}
    variants = [_field(field, defs) for field in fields.values()]
    defs["Condition"] = {"anyOf": [*variants, *(_OPEN if is_open else ())]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Rules of a segment", **schema}


def document() -> str:
    """That of every programme, as docs/api has it."""
    schema = msgspec.json.encode(rules_schema(FIELDS, is_open=True))
    return msgspec.json.format(schema, indent=1).decode() + "\n"


def _field(field: Field, defs: Schema) -> Schema:
    properties = field.source.properties
    return {
        "title": str(field.label),
        "type": "object",
        "properties": {
            "type": {"const": "condition"},
            "field": {"const": field.key},
            **dict.fromkeys(("op", "value", "window"), True),
            "where": _where(properties, defs) if properties else {"type": "array", "maxItems": 0},
        },
        "required": ["type", "field", "op"],
        "additionalProperties": False,
        **_question(field, defs),
    }


def _question(field: Field, defs: Schema) -> Schema:
    """Which operators, values and windows go together: one schema for all fields of which that is the same."""
    source = field.source
    how = (
        [f"of_{field.kind}"]
        + (["how_often"] if "stopped" in field.operators else [])
        + (["or_none"] if "exists" in field.operators else [])
        + (["in_a_window"] if source.takes_window else [])
        + (["to_the_minute"] if source.takes_moments else [])
    )
    name = "_".join(how)
    if name not in defs:
        defs[name] = {"anyOf": [_asked(field, ops, window) for ops, window in _kinds_of_question(field)]}
    return {"$ref": f"#/$defs/{name}"}


def _kinds_of_question(field: Field) -> Iterator[tuple[list[str], str | None]]:
    """Operators that take the same value and window, and that window's schema; "?": it may be left out."""
    source = field.source
    own = _MOMENTS if source.takes_moments else _DAYS
    groups: dict[tuple[str, str | None], list[str]] = {}
    for op in field.operators:
        if op == "restarted":
            window: str | None = _BEGINNING
        elif op in PATTERNS:
            window = _DAYS if op in NEEDS_WINDOW else f"?{_DAYS}"
        elif op in WITH_WINDOW:
            window = own
        else:
            window = f"?{own}" if source.takes_window else None
        groups.setdefault((_value_name(field.kind, op), window), []).append(op)
    for (_value, window), ops in groups.items():
        yield ops, window


def _value_name(kind: Kind, op: str) -> str:
    if op in WITHOUT_VALUE:
        return "nothing"
    if op in PATTERNS:
        return "quiet_days"
    return "yes or no" if kind is Kind.YES_NO else f"{_VALUE_OF[kind]}{' pair' if op == 'between' else ''}"


def _value(kind: Kind, op: str) -> Schema:
    name = _value_name(kind, op)
    if name == "nothing":
        return _NOTHING
    if name == "yes or no":
        return {"type": "boolean"}
    one = {"$ref": f"#/$defs/{name.removesuffix(' pair')}"}
    return {"type": "array", "items": one, "minItems": 2, "maxItems": 2} if name.endswith(" pair") else one


def _asked(field: Field, ops: Sequence[str], window: str | None) -> Schema:
    part: Schema = {"properties": {"op": {"enum": list(ops)}, "value": _value(field.kind, ops[0])}, "required": []}
    if ops[0] not in WITHOUT_VALUE:
        part["required"].append("value")
    if window is None:
        part["properties"]["window"] = _NOTHING
    elif window.startswith("?"):
        part["properties"]["window"] = {"anyOf": [{"$ref": f"#/$defs/{window[1:]}"}, _NOTHING]}
    else:
        part["properties"]["window"] = {"$ref": f"#/$defs/{window}"}
        part["required"].append("window")
    return part


def _where(properties: Mapping[str, Property], defs: Schema) -> Schema:
    """One schema for all fields with these properties."""
    filters = [one for key, own in properties.items() for one in _filters(key, own)]
    asked = {"type": "array", "items": {"anyOf": filters}}
    name = next((name for name, known in defs.items() if known == asked), f"where_{len(defs)}")
    defs[name] = asked
    return {"$ref": f"#/$defs/{name}"}


def _filters(key: str, own: Property) -> Iterator[Schema]:
    groups: dict[str, list[str]] = {}
    for op in own.operators:
        groups.setdefault(_value_name(own.kind, op), []).append(op)
    for name, ops in groups.items():
        yield {
            "title": str(own.label),
            "type": "object",
            "properties": {
                "property": {"const": key},
                "op": {"enum": ops},
                "value": _value(own.kind, ops[0]),
            },
            "required": ["property", "op", *([] if name == "nothing" else ["value"])],
            "additionalProperties": False,
        }


def _days_of(unit: str) -> bool:
    return unit not in CLOCK


def _window(allows: Any) -> Schema:
    units = [unit for unit in MOST if allows(unit)]
    return {"anyOf": [*(_ago(kind, units) for kind in ("last", "over", "next")), _dates(), _calendar()]}


def _beginning() -> Schema:
    """Windows of days with a first one."""
    days = [unit for unit in MOST if unit not in CLOCK]
    return {"anyOf": [_ago("last", days), _ago("next", days), _dates("first"), _calendar()]}


def _ago(kind: str, units: Sequence[str]) -> Schema:
    most = [
        {
            "properties": {"unit": {"const": unit}, "count": {"maximum": MOST[unit]}},  # type: ignore[index]
            **({} if unit == "day" else {"required": ["unit"]}),
        }
        for unit in units
    ]
    return {
        "type": "object",
        "properties": {
            "type": {"const": kind},
            "count": {"type": "integer", "minimum": 1},
            "unit": {"enum": list(units), "default": "day"},
        },
        "required": ["type", "count"],
        "additionalProperties": False,
        "anyOf": most,
    }


def _dates(*needed: str) -> Schema:
    day = {"type": "string", "format": "date", "pattern": _years()}
    either = [{"properties": {name: day}, "required": [name]} for name in needed or ("first", "last")]
    known = {"anyOf": [day, _NOTHING], "default": None}
    return {
        "type": "object",
        "properties": {"type": {"const": "dates"}, "first": known, "last": known},
        "required": ["type"],
        "additionalProperties": False,
        "anyOf": either,
    }


def _years() -> str:
    """Days of YEARS: whole centuries and the first year of the next."""
    centuries = "|".join(str(year) for year in range(YEARS[0] // 100, YEARS[-1] // 100))
    return rf"^(({centuries})\d\d|{YEARS[-1]})-\d\d-\d\d$"


def _calendar() -> Schema:
    most = [
        {"properties": {"unit": {"const": unit}, "offset": {"minimum": -MOST[unit], "maximum": MOST[unit]}}}
        for unit in ("day", "week", "month", "year")
    ]
    return {
        "type": "object",
        "properties": {
            "type": {"const": "calendar"},
            "unit": {"enum": ["day", "week", "month", "year"]},
            "offset": {"type": "integer", "default": 0},
        },
        "required": ["type", "unit"],
        "additionalProperties": False,
        "anyOf": most,
    }


def _open(pattern: str, title: str, operators: Sequence[str]) -> Schema:
    return {
        "title": title,
        "type": "object",
        "properties": {
            "type": {"const": "condition"},
            "field": {"type": "string", "pattern": pattern},
            "op": {"enum": list(operators)},
            "value": True,
            "window": {"anyOf": [{"$ref": f"#/$defs/{_MOMENTS}"}, _NOTHING]},
            "where": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"property": {"type": "string"}, "op": {"type": "string"}, "value": True},
                    "required": ["property", "op"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["type", "field", "op"],
        "additionalProperties": False,
    }


_OPEN: Sequence[Schema] = (
    _open("^attribute:.", "A field of the programme’s own", sorted({op for ops in OPERATORS.values() for op in ops})),
    _open("^event:.", "How often an event happened", [*OPERATORS[Kind.NUMBER], *PATTERNS]),
    _open("^last_event:.", "The newest event", OPERATORS[Kind.YES_NO]),
)
