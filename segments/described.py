"""What was made of somebody's words, as the builder shows it: word by word, with what was not understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segments.fields.base import Field
from segments.form import Draft, opened
from segments.rules import Rules, conditions, written
from segments.statement import Moment
from segments.words.engine import engine
from segments.words.names import vocabulary_now
from segments.words.reading import BUILT_IN, Reading


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the words: `row` is the id of the row that they made."""

    text: str
    row: str = ""
    is_missed: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """`draft` None: nothing was understood. `missed`: words that were not, with what is near them."""

    draft: Draft | None = None
    refusal: str = ""
    conditions: int = 0
    notes: Sequence[str] = ()
    parts: Sequence[Part] = ()
    missed: Sequence[tuple[str, str]] = ()
    engine: str = BUILT_IN

    @property
    def is_built_in(self) -> bool:
        return self.engine == BUILT_IN


def described(text: str, fields: Mapping[str, Field], moment: Moment) -> Described:
    """One query for each kind of names."""
    reading = engine().read(text, vocabulary_now(), moment)
    if reading.refusal is not None:
        return Described(refusal=str(reading.refusal.message))
    near = {one.words: ", ".join(one.near) for one in reading.suggestions}
    document = written(reading.rules) if reading.rules else None
    return Described(
        draft=opened(document, fields) if document else None,
        conditions=len(list(conditions(reading.rules))) if reading.rules else 0,
        notes=reading.notes,
        parts=_parts(text, reading),
        missed=[(words, near.get(words, "")) for words in reading.not_understood],
        engine=reading.engine,
    )


def _parts(text: str, reading: Reading) -> list[Part]:
    """The whole text: what is between the spans is kept as it is."""
    parts, at = [], 0
    for span in reading.spans:
        if span.start > at:
            parts.append(Part(text[at : span.start]))
        parts.append(Part(text[span.start : span.end], _row(span.path, reading.rules), not span.is_understood))
        at = span.end
    return [*parts, Part(text[at:])]


def _row(path: str | None, rules: Rules | None) -> str:
    """The id of the row at a path; of a group with one row, that row."""
    if not path or rules is None:
        return ""
    inside = [own for own, _one in conditions(rules) if own == path or own.startswith(f"{path}.")]
    return (inside[0] if len(inside) == 1 else path).replace(".", "-")
