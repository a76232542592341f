"""What may be meant by words that were not understood: names and labels near to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from segments.words import synonyms
from segments.words.text import Phrases, Text, each, words_of
from segments.words.vocabulary import Vocabulary

_MOST = 3
_MOST_FORMS = 8  # of a run of words, that are compared
_SHORTEST, _LIKENESS, _MOST_LONGER = 4, 0.8, 2  # letters; share of them; letters
_KINDS = {
    "tier": "tiers", "level": "tiers", "archetype": "archetypes", "category": "categories", "shop": "businesses",
    "store": "businesses", "tag": "tags", "segment": "segments", "card": "stamp_cards", "branch": "businesses",
    "brand": "vendors", "vendor": "vendors",
}  # fmt: skip
_COMMON_NAMES = each("languages churn_bands weekdays")
_VAGUE = Phrases(synonyms.VAGUE)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """For words that were not understood: names and labels of what is near, at most three."""

    words: str
    near: Sequence[str]


def suggestions(vocabulary: Vocabulary, not_understood: Sequence[str]) -> list[Suggestion]:
    if not not_understood:
        return []
    kinds = [kind for kind in vocabulary.names if kind not in _COMMON_NAMES]
    names = _by_form([name for kind in kinds for _code, name in vocabulary.of(kind)])
    labels = _by_form([str(field.label) for field in vocabulary.fields.values()])
    found = []
    for words in not_understood:
        near = list(dict.fromkeys(_near(vocabulary, words, names, labels)))[:_MOST]
        if near:
            found.append(Suggestion(words, near))
    return found


def _near(vocabulary: Vocabulary, words: str, names: Mapping[str, str], labels: Mapping[str, str]) -> Iterator[str]:
    """Names of the kind that is spoken of, else what is spelled alike, else the field that may be meant."""
    text = Text(words)
    for word, kind in _KINDS.items():
        if word in text.words:
            yield from (name for _code, name in vocabulary.of(kind)[:_MOST])
    yield from _alike(words, names)
    for at in range(len(text)):
        if (vague := _VAGUE.at(text, at)) and (field := vocabulary.fields.get(vague[0])):
            yield str(field.label)
    yield from _alike(words, labels)


def _by_form(names: Sequence[str]) -> Mapping[str, str]:
    return {" ".join(words_of(name)): name for name in names}


def _alike(words: str, names: Mapping[str, str]) -> Iterator[str]:
    """Only names that begin alike are compared: there may be thousands."""
    forms = [" ".join(words_of(words)), *words_of(words)]
    for form in [form for form in dict.fromkeys(forms) if len(form) >= _SHORTEST][:_MOST_FORMS]:
        likely = [name for name in names if name[:1] == form[0] and abs(len(name) - len(form)) <= _MOST_LONGER]
        yield from (names[near] for near in get_close_matches(form, likely, 2, _LIKENESS))
