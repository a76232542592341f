"""Fails every test in which customers would read words that their language does not have, whatever page or text it is.

A language asks its fallback only for what it does not have: the fallback here writes that down.
"""

from __future__ import annotations

from collections.abc import Iterator
from gettext import NullTranslations

import pytest
from django.utils.translation import trans_real

from config.catalogue import HOW, languages


class Listening(NullTranslations):
    """Answers as `fallback` does and remembers what it was asked."""

    def __init__(self, fallback: NullTranslations) -> None:
        super().__init__()
        self.fallback = fallback
        self.asked: set[str] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return self.fallback.gettext(message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        self.asked.add(singular)
        return self.fallback.ngettext(singular, plural, number)


def listen(language: str) -> Listening:
    """What the language was asked for and does not have, from now on."""
    spoken = trans_real.translation(language)
    if not isinstance(spoken._fallback, Listening):
        spoken._fallback = Listening(spoken._fallback)
    spoken._fallback.asked.clear()
    return spoken._fallback


@pytest.fixture(autouse=True)
def untranslated() -> Iterator[dict[str, Listening]]:
    """Language → what was asked for in vain; a test that provokes this clears it."""
    listeners = {language: listen(language) for language in languages()}
    yield listeners
    for language, listener in listeners.items():
        missing = sorted(text.replace("\x04", ": ") for text in listener.asked)
        assert not missing, (
            f"Read by customers and not in locale/{language}: {missing}. {HOW.format(language=language)} "
            "Words that it does not find are in a file that config/customer_texts.py calls STAFF_ONLY or does not "
            "reach. If staff read them, do not make them while a customer's language is spoken."
        )
