"""Groups of customers that a higher app keeps, such as segments: the list of customers can be narrowed to one.

The app says in its `ready` how they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet


@dataclass(frozen=True, slots=True)
class Keeper:
    """`groups`: code and name of each, in the order of names; `members`: ids of the customers in one, by its code."""

    groups: Callable[[], Sequence[tuple[str, str]]]
    members: Callable[[str], QuerySet[Any] | list[int]]


KEEPERS: list[Keeper] = []


def keeps_groups(keeper: Keeper) -> None:
    KEEPERS.append(keeper)


def kept_groups() -> list[tuple[str, str]]:
    """One query for each keeper."""
    return [group for keeper in KEEPERS for group in keeper.groups()]


def in_group(code: str, *, customer: str) -> Q:
    """In one of the groups of that code; `customer` names the key of somebody. Nobody is in what nobody keeps."""
    found = Q(pk__in=[])
    for keeper in KEEPERS:
        found |= Q(**{f"{customer}__in": keeper.members(code)})
    return found
