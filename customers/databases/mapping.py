"""The mapping file: which table or query holds what, and which of its columns is which of our fields."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import cast
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from customers.databases.errors import MappingProblem
from customers.databases.statements import TABLE, checked_expression, checked_query
from customers.imports.fields import IDENTIFIERS, fields_of, required_of
from customers.imports.values import STATUSES
from customers.models import ImportRun

Kind = ImportRun.Kind
# People before what they bought, products before the lines that name them.
SECTIONS: Mapping[str, ImportRun.Kind] = {
    "customers": Kind.CUSTOMERS,
    "products": Kind.PRODUCTS,
    "orders": Kind.ORDERS,
    "lines": Kind.LINES,
    "refunds": Kind.ORDERS,
}
SOURCE_KEYS = ("name", "url", "business", "time_zone")
SECTION_KEYS = ("table", "query", "columns", "where", "key", "cursor", "overlap", "order", "statuses")
PEOPLE = tuple(name for name, _letter in IDENTIFIERS)
# A refund's own words, and the field of an import that each is.
REFUND_FIELDS = {
    "reference": "order_reference",
    "refund_of": "refund_of",
    "refunded_at": "placed_at",
    "total": "order_total",
    **{name: name for name in PEOPLE},
}
REFUND_REQUIRED = ("reference", "refund_of", "refunded_at", "total")
LINE_FIELDS = ("sku", "title", "vendor", "category", "quantity", "unit_price", "line_discount")
LINE_REQUIRED = ("sku", "quantity", "unit_price")
STATUS_WORDS = sorted(set(STATUSES.values()))
MAX_MAPPING = 50_000
MAX_OVERLAP = 10_000_000


@dataclass(frozen=True, slots=True)
class Section:
    """`columns` says which column or expression of the source is which field of an import."""

    name: str
    columns: Mapping[str, str]
    statuses: Mapping[str, str]
    table: str = ""
    query: str = ""
    where: str = ""
    key: str = ""
    cursor: str = ""
    order: str = ""  # of a line, the key of its order
    overlap: int | None = None

    @property
    def kind(self) -> ImportRun.Kind:
        return SECTIONS[self.name]


@dataclass(frozen=True, slots=True)
class SourceMapping:
    name: str
    url: str
    business: str
    zone: ZoneInfo | None
    sections: Mapping[str, Section]

    @property
    def lines_join_orders(self) -> bool:
        lines = self.sections.get("lines")
        return lines is not None and bool(lines.order)

    def digest(self, name: str) -> str:
        """Of what a section reads: when it changes, the section is read from the beginning."""
        parts = [self.sections[name]]
        if name == "lines" and self.lines_join_orders:
            parts.append(self.sections["orders"])
        told = [
            [dict(part.columns), dict(part.statuses), part.table, part.query, part.where, part.key, part.cursor]
            for part in parts
        ]
        zone = self.zone.key if self.zone else ""
        return hashlib.sha256(json.dumps([told, parts[0].order, zone], sort_keys=True).encode()).hexdigest()[:16]


def read_mapping(text: str) -> SourceMapping:
    """The mapping in `text` (TOML). Raises MappingProblem that names the section and the key, and what is allowed."""
    if len(text) > MAX_MAPPING:
        raise MappingProblem(_("The mapping is too long."))
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingProblem(_("The mapping is not TOML: %(error)s.") % {"error": str(error)[:200]}) from error
    _refuse_unknown(told, ["source", *SECTIONS], "")
    source = told.get("source", {})
    if not isinstance(source, dict):
        raise MappingProblem(_("[source] must be a section."))
    _refuse_unknown(source, SOURCE_KEYS, "source")
    sections = {name: _section(name, told[name]) for name in SECTIONS if name in told}
    if not sections:
        raise MappingProblem(_("There is nothing to read. Add one of %(names)s.") % {"names": _names(SECTIONS)})
    _check_together(sections)
    return SourceMapping(
        name=_text(source, "name", "source")[:60] or "database",
        url=_text(source, "url", "source"),
        business=_text(source, "business", "source"),
        zone=_zone(_text(source, "time_zone", "source")),
        sections=sections,
    )


def _section(name: str, told: object) -> Section:
    if not isinstance(told, dict):
        raise MappingProblem(_("[%(section)s] must be a section.") % {"section": name})
    _refuse_unknown(told, SECTION_KEYS, name)
    table, query = _text(told, "table", name), _text(told, "query", name)
    if bool(table) == bool(query):
        raise MappingProblem(_("[%(section)s] needs either table or query.") % {"section": name})
    if table and not TABLE.fullmatch(table):
        raise MappingProblem(_("[%(section)s] table: “%(table)s” is no name.") % {"section": name, "table": table})
    expressions = {}
    for key in ("where", "key", "cursor", "order"):
        text = _text(told, key, name)
        expressions[key] = checked_expression(text, f"[{name}] {key}") if text else ""
    if expressions["order"] and name != "lines":
        raise MappingProblem(_("Only [lines] has the key order."))
    overlap = told.get("overlap")
    if overlap is not None and not (type(overlap) is int and 0 <= overlap <= MAX_OVERLAP):
        raise MappingProblem(_("[%(section)s] overlap must be a whole number.") % {"section": name})
    return Section(
        name=name,
        columns=_columns(name, told.get("columns"), joined=bool(expressions["order"])),
        statuses=_statuses(name, told.get("statuses", {})),
        table=table,
        query=checked_query(query, f"[{name}] query") if query else "",
        overlap=overlap,
        **expressions,
    )


def _columns(section: str, told: object, *, joined: bool) -> dict[str, str]:
    if not isinstance(told, dict) or not told:
        raise MappingProblem(_("[%(section)s] needs columns.") % {"section": section})
    allowed, required = _fields(section, joined=joined)
    _refuse_unknown(told, allowed, f"{section}.columns")
    if missing := [name for name in required if name not in told]:
        message = _("[%(section)s] columns must have %(names)s.")
        raise MappingProblem(message % {"section": section, "names": _names(missing)})
    if section == "customers" and not set(PEOPLE) & set(told):
        message = _("[customers] columns must have one of %(names)s: it tells who somebody is.")
        raise MappingProblem(message % {"names": _names(PEOPLE)})
    ours = REFUND_FIELDS if section == "refunds" else {name: name for name in told}
    return {
        ours[name]: checked_expression(_text(told, name, f"{section}.columns"), f"[{section}.columns] {name}")
        for name in told
    }


def _fields(section: str, *, joined: bool) -> tuple[Collection[str], Collection[str]]:
    """Which fields a section may have, and which it must have."""
    if section == "refunds":
        return REFUND_FIELDS, REFUND_REQUIRED
    if joined:
        return LINE_FIELDS, LINE_REQUIRED
    kind = SECTIONS[section]
    extra = ["order_total"] if section == "lines" else []
    return [*(field.name for field in fields_of(kind)), *extra], [field.name for field in required_of(kind)]


def _statuses(section: str, told: object) -> dict[str, str]:
    if not isinstance(told, dict):
        raise MappingProblem(_("[%(section)s.statuses] must be a section.") % {"section": section})
    if told and section not in ("orders", "lines"):
        raise MappingProblem(_("Only [orders] and [lines] have statuses."))
    for word, status in told.items():
        if status not in STATUS_WORDS:
            message = _("[%(section)s.statuses] %(word)s: “%(status)s” is not one of %(names)s.")
            raise MappingProblem(
                message % {"section": section, "word": word, "status": status, "names": _names(STATUS_WORDS)}
            )
    return {str(word): cast(str, status) for word, status in told.items()}


def _check_together(sections: Mapping[str, Section]) -> None:
    orders, lines = sections.get("orders"), sections.get("lines")
    if lines is not None and not lines.key:
        raise MappingProblem(_("[lines] needs key, the lines' own number: it keeps them in order."))
    if lines is not None and lines.order and (orders is None or not orders.key):
        raise MappingProblem(_("[lines] order needs a section [orders] with key: the two are joined by them."))
    if lines is not None and lines.order and lines.statuses:
        raise MappingProblem(_("Write the statuses into [orders.statuses]."))
    if lines is not None and not lines.order and orders is not None:
        raise MappingProblem(_("[lines] beside [orders] needs order, the column with the key of the order."))
    if "refunds" in sections and any("refunded" in section.columns for section in sections.values()):
        raise MappingProblem(_("Leave out the column refunded: [refunds] tells what was given back."))


def _refuse_unknown(told: Mapping[str, object], allowed: Collection[str], section: str) -> None:
    for name in told:
        if name not in allowed:
            where = f"[{section}] {name}" if section else f"[{name}]"
            raise MappingProblem(
                _("%(where)s is not known. Allowed: %(names)s.") % {"where": where, "names": _names(allowed)}
            )


def _text(told: Mapping[str, object], key: str, section: str) -> str:
    value = told.get(key, "")
    if not isinstance(value, str):
        raise MappingProblem(_("[%(section)s] %(key)s must be text in quotes.") % {"section": section, "key": key})
    return value.strip()


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError) as error:
        message = _("[source] time_zone: “%(name)s” is no time zone. Write it as Europe/Berlin.")
        raise MappingProblem(message % {"name": name}) from error


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
