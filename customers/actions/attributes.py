"""The programme's own fields of customers: adding, changing, ordering, archiving. Values are the customers' matter."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain, count

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from customers.attributes import MAX_ATTRIBUTES
from customers.models import AttributeDefinition
from customers.texts import clean_line
from workspace.actions import audit

MAX_OPTIONS = 100
MAX_OPTION_LENGTH = 80
_KEY = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,58}[^\s\x00-\x1f\x7f])?")


class AttributeKeyTaken(DomainError):
    """Another field, perhaps an archived one, has this key."""

    code = "attribute_key_taken"
    message = _("Another field has this key, perhaps one in the archive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeValues:
    """What can be changed later, too. `options` belong to a choice alone."""

    label: str
    help: str = ""
    options: Sequence[str] = ()

    def cleaned(self, kind: str) -> AttributeValues:
        """Raises InvalidInput at the first field that is wrong."""
        label = clean_line(self.label, 60, field="label")
        if not label:
            raise InvalidInput(_("Give the field a name."), field="label")
        options = list(dict.fromkeys(clean_line(one, MAX_OPTION_LENGTH, field="options") for one in self.options))
        options = [option for option in options if option]
        is_choice = kind == AttributeDefinition.Kind.CHOICE
        if is_choice and not options:
            raise InvalidInput(_("Say what can be chosen, one line for each."), field="options")
        if len({option.casefold() for option in options}) < len(options):
            raise InvalidInput(_("Two of these differ in capitals alone."), field="options")
        if len(options) > MAX_OPTIONS:
            raise InvalidInput(_("Up to 100 can be chosen from."), field="options")
        return AttributeValues(
            label=label, help=clean_line(self.help, 200, field="help"), options=options if is_choice else []
        )


def create_attribute(
    *, values: AttributeValues, kind: str, key: str = "", actor: Actor, now: datetime
) -> AttributeDefinition:
    """Add a field, the last one. `key` is what systems call it in `attributes`; empty: made of the label.

    Values that customers have under the key already are kept. Raises InvalidInput, AttributeKeyTaken, and
    PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    if kind not in AttributeDefinition.Kind.values:
        raise InvalidInput(_("There is no such kind."), field="kind")
    values = values.cleaned(kind)
    key = key.strip() or slugify(values.label).replace("-", "_")[:60]
    if key and not _KEY.fullmatch(key):
        raise InvalidInput(_("A key is one line of up to 60 characters."), field="key")
    with transaction.atomic():
        known = list(AttributeDefinition.objects.select_for_update().order_by("pk"))
        if any(one.key == key or (not key and one.label == values.label) for one in known):
            raise AttributeKeyTaken(field="key")
        key = key or _numbered({one.key for one in known})
        if sum(not one.is_archived for one in known) >= MAX_ATTRIBUTES:
            raise InvalidInput(_("There are 50 fields. Archive one that nobody needs."))
        made = AttributeDefinition.objects.create(
            key=key, kind=kind, position=len(known), created_at=now, **_columns(values)
        )
        _record(actor, "created", made, {"key": key, "kind": kind, "after": _columns(values)})
    return made


def _numbered(taken: Collection[str]) -> str:
    """A key for a label without Latin letters."""
    return next(key for key in chain(["field"], map("field_{}".format, count(2))) if key not in taken)


def change_attribute(*, code: str, values: AttributeValues, actor: Actor) -> AttributeDefinition:
    """Change what a field is called and offers; kind and key stay, because values were written with them.

    A value that is no longer offered stays with who has it. Raises NotFound and what `create_attribute` raises.
    """
    actor.check_sees_all()
    with transaction.atomic():
        found = _locked(code)
        values = values.cleaned(found.kind)
        before = {name: getattr(found, name) for name in asdict(values)}
        changed = {
            name: {"before": before[name], "after": value}
            for name, value in _columns(values).items()
            if before[name] != value
        }
        if changed:
            for name, value in _columns(values).items():
                setattr(found, name, value)
            found.save()
            _record(actor, "changed", found, {"changes": changed})
    return found


def switch_attribute(*, code: str, is_archived: bool, actor: Actor) -> AttributeDefinition:
    """Take a field out of forms and lists, or bring it back. Values stay. Safe to repeat. Raises NotFound."""
    actor.check_sees_all()
    with transaction.atomic():
        found = _locked(code)
        if found.is_archived != is_archived:
            used = AttributeDefinition.objects.filter(is_archived=False).count()
            if not is_archived and used >= MAX_ATTRIBUTES:
                raise InvalidInput(_("There are 50 fields. Archive one that nobody needs."))
            found.is_archived = is_archived
            found.save(update_fields=["is_archived"])
            _record(actor, "archived" if is_archived else "restored", found, {})
    return found


def place_attribute(*, code: str, place: int, actor: Actor) -> None:
    """Move a field to a place, from 1, among those in use. Raises NotFound."""
    actor.check_sees_all()
    with transaction.atomic():
        rows = list(AttributeDefinition.objects.select_for_update().filter(is_archived=False))
        moved = next((row for row in rows if row.code == code), None)
        if moved is None:
            raise NotFound()
        before = rows.index(moved)
        rows.insert(min(max(place, 1), len(rows)) - 1, rows.pop(before))
        after = rows.index(moved)
        for position, row in enumerate(rows):
            row.position = position
        AttributeDefinition.objects.bulk_update(rows, ["position"])
        if after != before:
            _record(actor, "moved", moved, {"place": {"before": before + 1, "after": after + 1}})


def _locked(code: str) -> AttributeDefinition:
    found = AttributeDefinition.objects.select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def _columns(values: AttributeValues) -> dict[str, object]:
    return {**asdict(values), "options": list(values.options)}


def _record(actor: Actor, act: str, definition: AttributeDefinition, data: dict[str, object]) -> None:
    audit.record(actor, f"customers.attribute.{act}", subject=f"attribute:{definition.code}", data=data)
