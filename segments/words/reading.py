"""What a sentence says of customers: rules, which words made which condition, and what was not understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segments.compiler import check
from segments.rules import Everyone, Refused, Rules, written
from segments.rules import read as read_rules
from segments.statement import Moment
from segments.words import notes as said
from segments.words import refusals
from segments.words.context import Context
from segments.words.grammar import Meaning, understood
from segments.words.items import EVERYBODY, GREETINGS
from segments.words.refusals import Refusal
from segments.words.scan import scanned
from segments.words.settling import settled
from segments.words.suggestions import Suggestion, suggestions
from segments.words.text import Text, each
from segments.words.times import Times
from segments.words.tree import built
from segments.words.vague import said_by_figures
from segments.words.vocabulary import Vocabulary

BUILT_IN = "built-in"
NOT_UNDERSTOOD = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters from `start` to `end`, and the path of the node that they made.

    `path` None: a small word, or one that joins others. NOT_UNDERSTOOD: nothing is known about it.
    """

    start: int
    end: int
    path: str | None

    @property
    def is_understood(self) -> bool:
        return self.path != NOT_UNDERSTOOD


@dataclass(frozen=True, slots=True)
class Reading:
    """`rules` None: nothing was understood, or it is refused. Without `not_understood` every word was used."""

    rules: Rules | None
    spans: Sequence[Span] = ()
    notes: Sequence[str] = ()
    suggestions: Sequence[Suggestion] = ()
    not_understood: Sequence[str] = ()
    refusal: Refusal | None = None
    engine: str = BUILT_IN


def read_sentence(text: str, vocabulary: Vocabulary, moment: Moment) -> Reading:
    """Never raises; `rules` always pass `segments.compiler.check` with the vocabulary's fields."""
    if refusal := refusals.refused_by_form(text):
        return Reading(None, refusal=refusal)
    words = _without_closing(Text(text))
    own_names = [name for _code, name in vocabulary.of("businesses")]
    if refusal := refusals.refused_by_words(words, vocabulary.programme, own_names):
        return Reading(None, refusal=refusal)
    context = Context(words, vocabulary, Times(moment.today, month_first=vocabulary.is_month_first))
    items, has_conditions = scanned(context)
    try:
        meaning = understood(settled(context, items), vocabulary.fields)
    except RecursionError:  # “no no no no …”
        return _not_understood(context)
    return _reading(context, meaning, is_of_customers=has_conditions)


def _without_closing(text: Text) -> Text:
    """Thanks, and how urgent it is, say nothing of whom."""
    end = len(text)
    while True:
        said = end
        while text.word(said - 1) in _CLOSING_SIGNS:
            said -= 1
        starts = [
            at for at in range(max(said - _LONGEST, 1), said) if (one := GREETINGS.at(text, at)) and one[1] == said
        ]
        if not starts:
            return text.before(end)
        end = starts[0]


_CLOSING_SIGNS = frozenset(".,!?;-")
_LONGEST = 8  # words of such a phrase


def _reading(context: Context, meaning: Meaning, *, is_of_customers: bool) -> Reading:
    text, unknown, notes = context.text, set(meaning.unknown), [str(note) for note in meaning.notes]
    found = [part for part in (meaning.match, *meaning.leave_out) if part is not None]
    for words, note in said_by_figures(text, unknown, found):
        unknown -= words
        notes.append(note)
    notes += [said.spelled(typed, meant) for typed, meant in text.corrected.items() if len(typed) > 3]
    is_everybody = meaning.has_people or any(text.word(at) in EVERYBODY for at in range(len(text)))
    if not found and not unknown and is_everybody and not meaning.is_open:
        return Reading(Rules(1, Everyone()), _spans(context, {}, unknown), notes)
    if not found:
        if not is_everybody and not is_of_customers and not _mentions_customers(context):
            return Reading(None, refusal=refusals.NOBODY)
        return _with_unknown(None, context, {}, unknown, notes)
    rules, paths = built(meaning.match, meaning.leave_out)
    try:
        check(read_rules(written(rules)), context.vocabulary.fields)
    except Refused as problem:
        return _not_understood(context, str(problem))
    return _with_unknown(rules, context, paths, unknown, notes)


def _with_unknown(
    rules: Rules | None, context: Context, paths: Mapping[int, str], unknown: set[int], notes: Sequence[str]
) -> Reading:
    runs = _runs(context.text, unknown)
    return Reading(rules, _spans(context, paths, unknown), notes, suggestions(context.vocabulary, runs), runs)


def _not_understood(context: Context, *notes: str) -> Reading:
    return _with_unknown(None, context, {}, set(range(len(context.text))), notes)


def _mentions_customers(context: Context) -> bool:
    text, known = context.text, context.vocabulary
    tables = (known.figures, known.days, known.texts, known.chosen, known.yes_or_no, known.known)
    places = range(len(text))
    return any(text.word(at) in _OF_CUSTOMERS or any(table.at(text, at) for table in tables) for at in places)


_OF_CUSTOMERS = each(
    "who basket active men women visit visitor visited purchase purchased buy buyer bought order ordered spend spender"
    " spent card category stamp reward shopper subscriber subscribed unsubscribed consent vip regular online seen us"
)


def _spans(context: Context, paths: Mapping[int, str], unknown: set[int]) -> list[Span]:
    """Of every word, neighbours of the same kind as one."""
    spans: list[Span] = []
    for at, token in enumerate(context.text.tokens):
        path = NOT_UNDERSTOOD if at in unknown else paths.get(at)
        if spans and spans[-1].start == token.start and spans[-1].end == token.end:
            if spans[-1].path is None and path is not None:
                spans[-1] = Span(token.start, token.end, path)
        elif spans and spans[-1].path == path and path is not None:
            spans[-1] = Span(spans[-1].start, token.end, path)
        else:
            spans.append(Span(token.start, token.end, path))
    return spans


def _runs(text: Text, unknown: set[int]) -> list[str]:
    """The words that were not understood, as they were typed."""
    runs: list[list[int]] = []
    for at in sorted(unknown):
        if runs and runs[-1][-1] == at - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return [text.slice(run[0], run[-1] + 1) for run in runs]
