"""Lists: “Gold, Silver or Bronze”, “in March and April”."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from segments.words.text import Phrases, Text

_T = TypeVar("_T")

_LINKS = Phrases(
    {
        "and": ["and", "&", "plus", "as well as", "along with", "together with", "and also"],
        "or": ["or", "and/or", "or else", "/"],
        "nor": ["nor"],
    }
)


def link_at(text: Text, at: int) -> tuple[str, int] | None:
    """What joins the next of a list, "" for a comma, and the place after it."""
    if text.word(at) == ",":
        return _LINKS.at(text, at + 1) or ("", at + 1)
    return _LINKS.at(text, at)


def list_at(
    text: Text, first: tuple[_T, int], read: Callable[[int], tuple[_T, int] | None], *, between: Iterable[str] = ()
) -> tuple[list[_T], int, str]:
    """A list that begins with `first`, the place after it, and what joins it: “Gold, Silver or Bronze”.

    `between`: what may stand behind each, as in “Gold tier or Silver tier”.
    """
    found, end, joined_by = [first[0]], first[1], ""
    while link := link_at(text, text.skip(end, between)):
        more = read(link[1])
        if more is None or (joined_by and link[0] and link[0] != joined_by):
            break
        joined_by = joined_by or link[0]
        found.append(more[0])
        end = more[1]
    return found, end, joined_by
