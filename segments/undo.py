"""Steps back and forth while a segment is built. They travel with the form, which is read again from its own text."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from segments.fields.base import Field
from segments.form import Draft, draft_of, fields_of

MOST = 20  # steps
MOST_LETTERS = 60_000  # of all steps together: they are sent with every change
_MOST_BYTES = 4_000_000  # of one form: more than a request may have


@dataclass(frozen=True, slots=True)
class Steps:
    """Forms as packed texts: the one that is shown, those before it (newest last), those undone (the next one last)."""

    now: str
    past: Sequence[str] = ()
    future: Sequence[str] = ()


def text_of_form(draft: Draft, fields: Mapping[str, Field]) -> str:
    said = urlencode(fields_of(draft, fields)).encode()
    return base64.b64encode(zlib.compress(said, 9)).decode()


def draft_of_text(text: str, fields: Mapping[str, Field]) -> Draft:
    """An empty draft of what is no such text."""
    try:
        said = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), _MOST_BYTES)
    except (ValueError, binascii.Error, zlib.error):
        said = b""
    return draft_of(QueryDict(said).lists(), fields)


def steps_after(data: QueryDict, now: str) -> Steps:
    """The steps that a form brought along, with one more if it says something else by now."""
    before, past, future = data.get("now", now), data.getlist("past"), data.getlist("future")
    if before == now:
        return Steps(now, past, future)
    return Steps(now, _newest([*past, before]))


def undone(steps: Steps) -> Steps:
    if not steps.past:
        return steps
    return Steps(steps.past[-1], steps.past[:-1], [*steps.future, steps.now])


def redone(steps: Steps) -> Steps:
    if not steps.future:
        return steps
    return Steps(steps.future[-1], [*steps.past, steps.now], steps.future[:-1])


def _newest(past: Sequence[str]) -> Sequence[str]:
    kept: list[str] = []
    room = MOST_LETTERS
    for text in reversed(past[-MOST:]):
        room -= len(text)
        if room < 0:
            break
        kept.insert(0, text)
    return kept
