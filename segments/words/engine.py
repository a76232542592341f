"""Who reads sentences: the built-in grammar, or what is put beside it later. Every reading says who it was."""

from __future__ import annotations

from typing import Protocol

from segments.statement import Moment
from segments.words.reading import BUILT_IN, Reading, read_sentence
from segments.words.vocabulary import Vocabulary


class Engine(Protocol):
    @property
    def name(self) -> str: ...

    def read(self, text: str, vocabulary: Vocabulary, moment: Moment) -> Reading:
        """Rules that pass `segments.compiler.check`, or none; no word is left out silently."""


class BuiltIn:
    name = BUILT_IN

    def read(self, text: str, vocabulary: Vocabulary, moment: Moment) -> Reading:
        return read_sentence(text, vocabulary, moment)


def engine() -> Engine:
    return BuiltIn()
