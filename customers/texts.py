"""Texts that staff type, as they are kept."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.texts import can_be_kept


def clean_line(text: str, most: int, *, field: str) -> str:
    """A text of one line with single spaces, of at most `most` characters. Raises InvalidInput."""
    line = " ".join(text.split())
    if len(line) > most:
        raise InvalidInput(_("Enter at most %(most)s characters.") % {"most": most}, field=field)
    if not can_be_kept(line):
        raise InvalidInput(_("This text has characters that cannot be kept."), field=field)
    return line
