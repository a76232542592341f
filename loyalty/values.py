"""What people decide about rules, rewards, tiers and cards: checked, ordered, and told to the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.texts import can_be_kept
from loyalty.models import EarningRule, Reward, StampCard

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Placed = TypeVar("Placed", EarningRule, Reward, StampCard)


def check(holds: bool, field: str, message: str | Promise) -> None:  # noqa: FBT001
    """Raise InvalidInput at the field unless this holds."""
    if not holds:
        raise InvalidInput(message, field=field)


def clean_line(text: str, most: int, field: str) -> str:
    """A text of one line with single spaces, of at most `most` characters. Raises InvalidInput."""
    line = " ".join(text.split())
    check(len(line) <= most, field, _("Enter at most %(most)s characters.") % {"most": most})
    check(can_be_kept(line), field, _("This text has characters that cannot be kept."))
    return line


def lower_words(
    words: Iterable[str], *, most: int, length: int, field: str, too_many: str | Promise
) -> tuple[str, ...]:
    """Each once, in small letters as the database makes them: it compares them with those of a sale's lines."""
    kept = [clean_line(word, length, field) for word in words]
    check(all(kept), field, _("Leave no word empty."))
    check(len(kept) <= most, field, too_many)
    if not kept:
        return ()
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower(word) FROM unnest(%s::text[]) WITH ORDINALITY AS w (word, n) ORDER BY n", [kept])
        return tuple(dict.fromkeys(row[0] for row in cursor.fetchall()))


def fields_of(values: DataclassInstance) -> dict[str, Any]:
    """The values as a row has them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(values).items()}


def plain_of(values: DataclassInstance) -> dict[str, Any]:
    """The values as JSON can say them: numbers as people write them, days and times as text."""
    return {name: _plain(value) for name, value in fields_of(values).items()}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date | time) else value


def changes_between(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What differs, each with what it was and is."""
    return {name: {"before": before[name], "after": value} for name, value in after.items() if before[name] != value}


def place_in(rows: list[Placed], moved: Placed, place: int) -> dict[str, int]:
    """Number the rows anew with `moved` at `place` (from 1; beyond the last is last); its place before and after."""
    before = rows.index(moved)
    rows.insert(min(max(place, 1), len(rows)) - 1, rows.pop(before))
    for position, row in enumerate(rows):
        row.position = position
    type(moved).objects.bulk_update(rows, ["position"])
    return {"before": before + 1, "after": rows.index(moved) + 1}
