"""What a row chooses from: a list of values to check, put together only for the row in which somebody opens it.

All other rows carry the codes that they have chosen as one text, and say the first few of them in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from segments.choices import MOST, choices, labels
from segments.fields.base import Field
from segments.form import LISTS, Asked, Draft
from segments.judging import rows
from segments.operators import WITHOUT_VALUE

MOST_SHOWN = 60  # values that are chosen, and as many that are not; a search finds the others
MOST_NAMED = 5  # values that a closed row says in words


@dataclass(frozen=True, slots=True)
class Option:
    code: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """`rest` are codes that are chosen and have no option here; `words` were searched for."""

    options: Sequence[Option]
    rest: Sequence[str] = ()
    has_more: bool = False
    words: str = ""


def offer(name: str, codes: Sequence[str], words: str = "") -> Offer:
    """What `choices` of this name holds for the words; without words after what is chosen. Two queries at most.

    KeyError for an unknown `name`.
    """
    found = choices(name, words=words) if name else []
    if words:
        shown = [Option(code, label, code in codes) for code, label in found[:MOST_SHOWN]]
        has_more = len(found) > MOST_SHOWN
    else:
        named = labels({name: codes[:MOST_SHOWN]}) if name else {}
        others = [one for one in found if one[0] not in codes]
        shown = [Option(code, named.get((name, code), code), is_chosen=True) for code in codes[:MOST_SHOWN]]
        shown += [Option(code, label, is_chosen=False) for code, label in others[:MOST_SHOWN]]
        has_more = len(others) > MOST_SHOWN or len(found) == MOST or len(codes) > MOST_SHOWN
    boxes = {one.code for one in shown}
    return Offer(shown, [code for code in codes if code not in boxes], has_more, words)


def lists_of(draft: Draft, fields: Mapping[str, Field]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(path, name of the choices, codes) of everything in a draft that is chosen from a list, from top to bottom."""
    for path, row in rows(draft):
        asked = fields.get(row.get("field", ""))
        if asked is None:
            continue
        named: list[tuple[str, Asked | None, Draft]] = [(path, asked, row)]
        for place, one in enumerate(row.get("where", ())):
            named.append((f"{path}.where.{place}", asked.source.properties.get(one["property"]), one))
        for at, own, said in named:
            if own is not None and own.kind in LISTS and said.get("op") not in WITHOUT_VALUE:
                codes = said.get("value")
                yield at, own.choices, codes if isinstance(codes, list) else ()
