"""Which characters of a text are kept."""

from __future__ import annotations

from unicodedata import category

# These turn the direction of what follows, so that a name reads as another one.
_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def can_be_kept(text: str) -> bool:
    """Whether it has no control characters and none that hide.

    What joins an emoji or a script, hard spaces and letters newer than this Python are kept; `str.isprintable` alone
    would refuse them.
    """
    return text.isprintable() or not any(one in _TURNING or category(one) in ("Cc", "Cs") for one in text)
