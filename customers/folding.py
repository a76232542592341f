"""Letters without their marks, for search: Müller is found as muller and as Mueller. In Python and, alike, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from unicodedata import normalize

from django.db.models import Expression, F, Func, TextField, Value
from django.db.models.functions import Lower, Replace

# Letters of European languages and Vietnamese that have marks: each becomes the letter below them.
_BLOCKS = (range(0xE0, 0x180), range(0x1CD, 0x1DD), range(0x218, 0x21C), range(0x1E00, 0x1F00))
_STRUCK = {"ø": "o", "đ": "d", "ł": "l", "ı": "i", "ħ": "h", "ŧ": "t", "ð": "d"}
_BARE = {
    letter: bare
    for letter in map(chr, (code for block in _BLOCKS for code in block))
    if (bare := normalize("NFD", letter)[0]) != letter and bare.isascii() and letter == letter.lower()
} | _STRUCK
_TWO: Mapping[str, str] = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
# How the same letters are written where a keyboard has none.
_SPELT_OUT: Mapping[str, str] = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
_FOLD = str.maketrans({**_BARE, **_TWO})
_SPELL = str.maketrans(dict(_SPELT_OUT))


def folded(text: str) -> str:
    return normalize("NFC", text.lower()).translate(_FOLD)


def spellings(word: str) -> set[str]:
    """The word as it may stand in what is searched: without its marks, and with its letters spelt out."""
    return {folded(word), folded(normalize("NFC", word.lower()).translate(_SPELL))}


def folded_sql(text: Expression | F) -> Expression:
    """As `folded`, of a text in the database. Immutable: an index and a generated column may hold it."""
    lowered = _replaced(Lower(text), _TWO)
    letters = Value("".join(_BARE)), Value("".join(_BARE.values()))
    return Func(lowered, *letters, function="translate", output_field=TextField())


def spelt_out_sql(text: Expression | F) -> Expression:
    return folded_sql(_replaced(Lower(text), _SPELT_OUT))


def _replaced(text: Expression, letters: Mapping[str, str]) -> Expression:
    for letter, instead in letters.items():
        text = Replace(text, Value(letter), Value(instead))
    return text
