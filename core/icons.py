"""Icons: lucide's SVG files in `static/icons`, inlined so that they take the text's colour and need no request."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

FOLDER = Path(__file__).resolve().parent.parent / "static" / "icons"
STROKE = "1.75"  # of a line, as the style sheet has it
_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@functools.cache
def shapes(name: str) -> SafeString:
    """The shapes inside the file of `name`. Raises LookupError for an icon that is not there: a typing slip."""
    path = FOLDER / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        raise LookupError(f"No icon called {name!r} in static/icons.")
    match = _INNER.search(path.read_text())
    if match is None:
        raise LookupError(f"{path.name} is not an SVG file.")
    return mark_safe(match.group(1))  # noqa: S308 - a file of this repository


def symbol(name: str) -> SafeString:
    """The icon, to be drawn by `use` wherever the page wants it: for what stands in every row of a long page."""
    return format_html('<symbol id="icon-{}" viewBox="0 0 24 24">{}</symbol>', name, shapes(name))


def use(name: str) -> SafeString:
    """The icon by its symbol, which the page has once; `.icon` of the style sheet says how large it is."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#icon-{}"/></svg>', name)


def icon(name: str, *, size: int = 16, stroke: str = STROKE, css: str = "") -> SafeString:
    """The icon as decoration: hidden from screen readers, in the current text colour.

    How lines are drawn, `.icon` of the style sheet says: a page has a hundred icons.
    """
    return format_html(
        '<svg class="{}" width="{}" height="{}" viewBox="0 0 24 24"{} aria-hidden="true">{}</svg>',
        f"icon {css}".rstrip(),
        size,
        size,
        "" if stroke == STROKE else format_html(' stroke-width="{}"', stroke),
        shapes(name),
    )
