"""What somebody has built so far: it goes from one form to the next, and is nowhere else before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from segments.described import Described, described
from segments.edits import edited
from segments.fields.base import Field
from segments.fields.registry import fields_of_programme
from segments.form import Draft, draft_of
from segments.judging import Judged, judge, rows
from segments.models import Segment
from segments.offering import lists_of
from segments.shown import CLOSED, OPENS, Opened
from segments.statement import Moment
from segments.undo import Steps, draft_of_text, redone, steps_after, text_of_form, undone

MOST_DIGITS = 6  # of a seed
MOST_LETTERS = 60  # of a search
MOVES = ("up", "down", "in", "out", "aside", "back", "move")


@dataclass(slots=True)
class Work:
    """What somebody has built so far."""

    fields: Mapping[str, Field]
    draft: Draft
    steps: Steps
    name: str = ""
    words: str = ""
    seen: str = ""  # the version of the segment that it was made of
    focus: str = ""
    is_moved: bool = False
    is_filled: bool = False
    opened: Opened = CLOSED
    reading: Described | None = None
    has_replaced: bool = False  # rows gave way to those of the words

    def judged(self) -> Judged:
        return judge(self.draft, self.fields)


def begun(fields: Mapping[str, Field], draft: Draft, found: Segment | None = None) -> Work:
    work = Work(fields, draft, Steps(text_of_form(draft, fields)))
    if found is not None:
        work.name, work.seen = found.name, found.version
    return work


def going_on(data: QueryDict) -> Work:
    """What a form says, after what its button does."""
    fields = fields_of_programme()
    draft = draft_of(data.lists(), fields)
    steps = steps_after(data, text_of_form(draft, fields))
    work = Work(fields, draft, steps, data.get("name", ""), data.get("words", ""), data.get("seen", ""))
    work.is_filled = "filled" in data
    do = data.get("do", "")
    if do in ("undo", "redo"):
        work.steps = undone(steps) if do == "undo" else redone(steps)
        work.is_filled = False
        work.draft = draft_of_text(work.steps.now, fields)
        return work
    done = edited(draft, do)
    verb, _colon, place = do.partition(":")
    work.draft, work.focus, work.is_moved = done.draft, done.focus, verb in MOVES
    work.opened = _opened(work, verb, place, data)
    now = text_of_form(done.draft, fields)
    if now != steps.now:
        work.steps = Steps(now, [*steps.past, steps.now])
    return work


def _opened(work: Work, verb: str, place: str, data: QueryDict) -> Opened:
    """What a button opens. Enter: the list that is searched; it and `done`: the first with nothing chosen from it."""
    if verb in OPENS:
        return Opened(verb, place, searched(data.get(f"{place}.find", "")))
    if verb in ("add", "group"):
        return Opened("field", work.focus)
    if verb in ("look", "done"):
        for path, _name, codes in lists_of(work.draft, work.fields):
            words = searched(data.get(f"{path}.find", "")) if verb == "look" else ""
            if words or not codes:
                return Opened("values", path, words)
    return CLOSED


def fill(work: Work, moment: Moment) -> None:
    """Rows from what was written about them; as they were, where nothing of it was understood."""
    work.reading = described(work.words, work.fields, moment)
    if work.reading.draft is None:
        return
    work.has_replaced = bool(list(rows(work.draft)))
    work.draft, work.is_filled = work.reading.draft, True
    work.steps = Steps(text_of_form(work.draft, work.fields), [*work.steps.past, work.steps.now])


def searched(words: str) -> str:
    """As values are searched for."""
    return words.replace("\x00", "")[:MOST_LETTERS]


def seed_of(data: QueryDict) -> int:
    """Whose sample is shown: the same people again, or others."""
    said = data.get("seed", "")
    seed = int(said) if said.isascii() and said.isdigit() and len(said) < MOST_DIGITS else 0
    return seed + ("others" in data)
