"""Text for files that people open in a spreadsheet."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """`text`, quoted where a spreadsheet would take it for a formula. Source: OWASP, CSV injection."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
