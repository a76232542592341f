"""A sentence as words: where each stands, how it is compared, and what phrases and lists there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Generic, TypeVar

from segments.words.spelling import EXPANDED, put_right, stem

_T = TypeVar("_T")

_PARTS = re.compile(
    r"""
    (?P<short>\b[Ww]/[Oo]?(?!\w))
  | (?P<between>\b(?i:btw|betw)\b(?=\s+[£$€]?\d))
  | (?P<fold>\bx\d{1,2}(?!\w))
  | (?P<iso>\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})(?!\d))
  | (?P<slashed>\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2})(?!\d))
  | (?P<doubtful>\d{1,3}(?:\.\d{3})+(?:,\d+)?(?!\d)|\d+,\d{1,2}(?!\d))
  | (?P<number>\d{1,3}(?:[,\ \u00a0\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)
    (?P<tail>(?i:k|st|nd|rd|th|x)(?![^\W_]))?
  | (?P<word>[^\W\d_]+(?:['’´`][^\W\d_]+)*(?!\w)|\w+)
  | (?P<sign>>=|<=|[^\s\w])
    """,
    re.VERBOSE,
)
_HYPHENS = frozenset("-–—‑")
_TIMES = "time"
QUOTES = frozenset("\"'“”‘’")


@dataclass(frozen=True, slots=True)
class Token:
    """`word` is how it is compared: small letters, singular, common misspellings put right; `raw` as it was typed."""

    word: str
    raw: str
    start: int
    end: int
    number: Decimal | None = None
    is_ordinal: bool = False
    days: tuple[date, ...] = ()  # that a date in figures may be: day before month first

    @property
    def is_sign(self) -> bool:
        return self.number is None and not self.days and not self.raw[0].isalnum()

    @property
    def is_capital(self) -> bool:
        return self.raw[:1].isupper()


class Text:
    """Tokens by number; beyond the end there is the empty word."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: Sequence[Token] = list(_joined(list(_tokens(source))))
        self.words = tuple(token.word for token in self.tokens)
        words = [token.raw for token in self.tokens if token.word and token.raw[0].isalpha()]
        self.corrected = {raw: meant for raw in words if (meant := put_right(raw.casefold())) != raw.casefold()}

    def __len__(self) -> int:
        return len(self.tokens)

    def word(self, at: int) -> str:
        return self.words[at] if 0 <= at < len(self.words) else ""

    def number(self, at: int) -> Decimal | None:
        return self.tokens[at].number if 0 <= at < len(self.tokens) else None

    def slice(self, first: int, end: int) -> str:
        """As it was typed, from token `first` to the one before `end`."""
        return self.source[self.tokens[first].start : self.tokens[end - 1].end]

    def stands_alone(self, at: int) -> bool:
        """“tea / over 20 orders” is a list of what must hold, “tea/coffee” are two words for one thing."""
        token = self.tokens[at]
        return self.source[token.start - 1 : token.start].isspace() and self.source[token.end : token.end + 1].isspace()

    def before(self, end: int) -> Text:
        """Without the words from `end` on."""
        text = copy(self)
        text.tokens, text.words = self.tokens[:end], self.words[:end]
        return text

    def skip(self, at: int, words: Iterable[str]) -> int:
        """The place of the first word from `at` on that is none of these."""
        while self.word(at) and self.word(at) in words:
            at += 1
        return at


class Phrases(Generic[_T]):
    """What phrases stand for; the longest that begins at a place is found, and the first of two that are the same."""

    def __init__(self, meanings: Mapping[_T, Iterable[str]] | Iterable[tuple[str, _T]]) -> None:
        if isinstance(meanings, Mapping):
            meanings = [(phrase, meaning) for meaning, phrases in meanings.items() for phrase in phrases]
        self._meanings: dict[tuple[str, ...], _T] = {}
        lengths: dict[str, set[int]] = {}
        for phrase, meaning in meanings:
            if words := words_of(phrase):
                self._meanings.setdefault(words, meaning)
                lengths.setdefault(words[0], set()).add(len(words))
        self._lengths = {word: sorted(found, reverse=True) for word, found in lengths.items()}

    def at(self, text: Text, at: int) -> tuple[_T, int] | None:
        """(meaning, the place after it)"""
        for length in self._lengths.get(text.word(at), ()):
            words = text.words[at : at + length]
            if words in self._meanings:
                return self._meanings[words], at + len(words)
        return None


def one_of(*phrases: str) -> Phrases[bool]:
    """Phrases that all say the same."""
    return Phrases([(phrase, True) for phrase in phrases])


@lru_cache(maxsize=50_000)
def words_of(phrase: str) -> tuple[str, ...]:
    """A phrase as it is compared."""
    return tuple(token.word for token in _joined(list(_tokens(phrase))))


def each(words: str) -> frozenset[str]:
    """Words by themselves, as they are compared."""
    return frozenset(stem(word) for word in words.split())


def _tokens(source: str) -> Iterator[Token]:
    for found in _PARTS.finditer(source):
        start, end = found.span()
        raw = found.group()
        if found["short"]:
            yield Token("without" if raw[-1] in "oO" else "with", raw, start, end)
        elif found["between"]:
            yield Token("between", raw, start, end)
        elif found["fold"]:  # x2
            yield Token(raw[1:], raw, start, end, Decimal(raw[1:]))
            yield Token(_TIMES, raw, start, end)
        elif found["word"]:
            for word in _expanded(raw):
                yield Token(word, raw, start, end)
        elif found["number"]:
            yield from _number(found)
        elif found["sign"] or found["doubtful"]:  # “1.000” may be a thousand or one
            yield Token(raw, raw, start, end)
        else:
            days = _days(raw)
            yield Token(raw, raw, start, end, days=days)


def _expanded(raw: str) -> Sequence[str]:
    plain = put_right(re.sub("[’´`]", "'", raw.casefold()))
    if plain in EXPANDED:
        return [stem(word) for word in EXPANDED[plain].split()]
    plain = plain.removesuffix("'s").replace("'", "")
    return [stem(plain)] if plain else []


def _number(found: re.Match[str]) -> Iterator[Token]:
    number, tail = Decimal(re.sub(r"[,\s]", "", found["number"])), (found["tail"] or "").lower()
    start, end = found.span()
    if tail == "x":  # 5x
        yield Token(str(number), found["number"], start, found.end("number"), number)
        yield Token(_TIMES, found["tail"], found.end("number"), end)
        return
    if tail == "k":
        number *= 1000
    yield Token(f"{number:f}", found.group(), start, end, number, is_ordinal=tail in ("st", "nd", "rd", "th"))


def _days(raw: str) -> tuple[date, ...]:
    first, second, third = (int(part) for part in re.split(r"[-/.]", raw))
    if raw[:4].isdigit():
        written = [(first, second, third)]
    else:
        year = third + 2000 if third < 100 else third
        written = [(year, second, first), (year, first, second)]
    days = []
    for year, month, day in written:
        try:
            days.append(date(year, month, day))
        except ValueError:
            continue
    return tuple(dict.fromkeys(days))


def _joined(tokens: list[Token]) -> Iterator[Token]:
    """e-mail is one word; a hyphen between other words is none."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        after = tokens[at + 1 : at + 3]
        if token.word == "e" and len(after) == 2 and after[0].word in _HYPHENS and after[1].word.startswith("mail"):
            yield Token("e" + after[1].word, token.raw + "-" + after[1].raw, token.start, after[1].end)
            at += 3
            continue
        is_between = (
            0 < at < len(tokens) - 1 and token.start == tokens[at - 1].end and token.end == tokens[at + 1].start
        )
        if token.word in _HYPHENS and is_between and tokens[at - 1].number is None:
            at += 1
            continue
        yield token
        at += 1


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
    if text.word(at) == "+":
        return ("and", at + 1) if text.stands_alone(at) else None
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


def quoted_at(text: Text, at: int) -> tuple[str, int] | None:
    """What stands between quotes, and the place after them."""
    if text.word(at) not in QUOTES:
        return None
    end = at + 1
    while end < len(text) and text.word(end) not in QUOTES:
        end += 1
    return (text.slice(at + 1, end), end + 1) if at + 1 < end < len(text) else None
