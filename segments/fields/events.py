"""What others told that somebody did: a field for each name of event, found by what was sent under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from customers.models import TrackedName
from segments.fields.base import Field, Property, Says
from segments.fields.measures import Measure, Newest
from segments.operators import Kind

_EVENTS = _("Events")
_TIMES = ngettext_lazy("time", "times")  # makes a class: one, not one for each name
_ROWS = """
    SELECT event.customer_id, event.occurred_at AS at, event.id, event.data -> 'properties' AS properties
    FROM customers_event AS event WHERE event.name = 'customers.event.tracked' AND event.tracked = {name}
"""
_NUMBER = """
    CASE WHEN jsonb_typeof(rows.properties -> {name}) = 'number' THEN (rows.properties ->> {name})::numeric END
"""
_TEXT = "NULLIF(rows.properties ->> {name}, '')"
_YES_NO = "rows.properties -> {name} = 'true'::jsonb"
_COUNTED: Mapping[str, Says] = {
    "": (_("did “%(name)s” %(is)s%(where)s%(when)s"), ""),
    "some": (_("did “%(name)s”%(where)s%(when)s"), _("did not do “%(name)s”%(where)s%(when)s")),
    "first_time": (
        _("did “%(name)s” for the first time%(where)s%(when)s"),
        _("did not do “%(name)s” for the first time%(where)s%(when)s"),
    ),
}
_LAST: Mapping[str, Says] = {
    "": (_("did “%(name)s”%(when)s, the last time%(where)s"), ""),
    "some": (_("did “%(name)s”%(when)s"), _("did not do “%(name)s”%(when)s")),
}
_READ: Mapping[str, tuple[Kind, str]] = {
    "number": (Kind.NUMBER, _NUMBER),
    "text": (Kind.TEXT, _TEXT),
    "yes_no": (Kind.YES_NO, _YES_NO),
}


def fields_of_events() -> Iterator[Field]:
    """How often somebody did it, and how it was the last time, for every name that was ever sent. One query."""
    for name, known in TrackedName.objects.order_by("name").values_list("name", "properties"):
        properties = {key: _property(key, what) for key, what in known.items() if what in _READ}
        rows = {"name": name}
        yield Field(
            f"event:{name}", _EVENTS, name, Kind.NUMBER,
            Measure(_ROWS, "count(*)", properties, is_count=True, bound=rows),
            {"op": "at_least", "value": 1, "window": {"type": "last", "count": 30}},
            nouns=_TIMES, name=name, says=_COUNTED,
        )  # fmt: skip
        yield Field(
            f"last_event:{name}", _EVENTS, _("Last time: %(event)s") % {"event": name}, Kind.YES_NO,
            Newest(_ROWS, properties, bound=rows), {"op": "is", "value": True},
            name=name, says=_LAST,
        )  # fmt: skip


def _property(key: str, what: str) -> Property:
    kind, expression = _READ[what]
    return Property(key, kind, expression, bound={"name": key})
