"""What a sentence says of customers: rules, which words made which condition, and what was not understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from segments.compiler import check
from segments.rules import Condition, Everyone, Refused, Rules, written
from segments.rules import read as read_rules
from segments.statement import Moment
from segments.words import notes as said
from segments.words import refusals, synonyms
from segments.words.context import Context
from segments.words.grammar import Meaning, understood
from segments.words.refusals import Refusal
from segments.words.scan import EVERYBODY, Item, Kind, scanned
from segments.words.text import Phrases, Text, each, words_of
from segments.words.times import Times
from segments.words.tree import Part, Together, built
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
class Suggestion:
    """For words that were not understood: names and labels of what is near, at most three."""

    words: str
    near: Sequence[str]


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
    words = Text(text)
    own_names = [name for _code, name in vocabulary.of("businesses")]
    if refusal := refusals.refused_by_words(words, vocabulary.programme, own_names):
        return Reading(None, refusal=refusal)
    context = Context(words, vocabulary, Times(moment.today, month_first=vocabulary.is_month_first))
    items, has_conditions = scanned(context)
    try:
        meaning = understood(_settled(items), vocabulary.fields)
    except RecursionError:  # “no no no no …”
        return _not_understood(context)
    return _reading(context, meaning, is_of_customers=has_conditions)


def _settled(items: Sequence[Item]) -> Sequence[Item]:
    """“Lapsed” says something beside a time without orders only."""
    is_quiet = any(
        item.found and item.found.part and not item.found.needs_quiet and _is_quiet(item.found.part) for item in items
    ) or any(item.kind is Kind.NOT and _denies_orders(items[at + 1 : at + 4]) for at, item in enumerate(items))
    return [
        Item(Kind.UNKNOWN, item.start, item.end) if item.found and item.found.needs_quiet and not is_quiet else item
        for item in items
    ]


def _denies_orders(following: Sequence[Item]) -> bool:
    for item in following:
        if item.kind is Kind.CONDITION and item.found and item.found.part:
            return any(one.field == "orders" and one.window is not None for one in _conditions_of(item.found.part))
        if item.kind is not Kind.CLAUSE:
            return False
    return False


def _is_quiet(part: Part) -> bool:
    return any(
        (one.field == "orders" and (one.op, one.value) == ("is", 0) and one.window is not None)
        or one.field == "last_order"
        for one in _conditions_of(part)
    )


def _conditions_of(part: Part) -> Iterator[Condition]:
    if isinstance(part, Together):
        for one in part.parts:
            yield from _conditions_of(one)
    elif isinstance(part.node, Condition):
        yield part.node
    elif isinstance(part.node.of, Condition):
        yield part.node.of


def _reading(context: Context, meaning: Meaning, *, is_of_customers: bool) -> Reading:
    text, unknown, notes = context.text, set(meaning.unknown), list(meaning.notes)
    found = [part for part in (meaning.match, *meaning.leave_out) if part is not None]
    for words, note in _said_by_figures(text, unknown, found):
        unknown -= words
        notes.append(note)
    notes += [said.spelled(typed, meant) for typed, meant in text.corrected.items() if len(typed) > 3]
    is_everybody = meaning.has_people or any(text.word(at) in EVERYBODY for at in range(len(text)))
    if not found and not unknown and is_everybody and not meaning.is_open:
        return Reading(Rules(1, Everyone()), _spans(context, {}, unknown), notes)
    if not found:
        if not is_everybody and not is_of_customers and not _mentions_customers(context):
            return Reading(None, refusal=refusals.NOBODY)
        return Reading(None, _spans(context, {}, unknown), notes, _suggestions(context, unknown), _runs(text, unknown))
    rules, paths = built(meaning.match, meaning.leave_out)
    try:
        check(read_rules(written(rules)), context.vocabulary.fields)
    except Refused as problem:
        return _not_understood(context, str(problem))
    return Reading(rules, _spans(context, paths, unknown), notes, _suggestions(context, unknown), _runs(text, unknown))


def _not_understood(context: Context, *notes: str) -> Reading:
    everything = set(range(len(context.text)))
    return Reading(None, _spans(context, {}, everything), notes, (), _runs(context.text, everything))


def _mentions_customers(context: Context) -> bool:
    text, known = context.text, context.vocabulary
    tables = (known.figures, known.days, known.texts, known.chosen, known.yes_or_no, known.known)
    places = range(len(text))
    return any(text.word(at) in _OF_CUSTOMERS or any(table.at(text, at) for table in tables) for at in places)


_OF_CUSTOMERS = each(
    "who basket active men women visit visitor visited purchase purchased buy buyer bought order ordered spend spender"
    " spent card category stamp reward shopper subscriber subscribed unsubscribed consent vip regular online seen us"
)
_MEASURED = Phrases(
    [
        (phrase, fields)
        for phrases, fields in (
            (
                ["high value", "highvalue", "valuable", "high spending", "big spending", "big spenders",
                 "high spenders",
                 "best", "top", "most valuable", "high worth", "low value", "low spending", "vip", "premium", "big",
                 "small", "rich", "high ltv", "spenders", "high rollers", "worthwhile", "lucrative"],
                ("value_12", "value_6", "value_3", "spent", "average_order"),
            ),
            (["loyal", "frequent", "regular", "regulars", "heavy", "occasional", "keen", "devoted",
              "faithful"], ("orders", "points")),
            (["lapsed", "inactive", "dormant", "sleeping", "recent", "active", "lost", "idle", "at risk"],
             ("last_order", "orders", "churn", "churn_band")),
            (["at risk", "risky"], ("churn", "churn_band")),
        )
        for phrase in phrases
    ]
)  # fmt: skip


def _said_by_figures(text: Text, unknown: set[int], found: Sequence[Part]) -> Iterator[tuple[set[int], str]]:
    """“High-value customers with LTV over $500”: the figure says what high value means."""
    fields = {one.field: one for part in found for one in _conditions_of(part)}
    for at in sorted(unknown):
        measured = _MEASURED.at(text, at)
        if measured is None:
            continue
        words = set(range(at, measured[1]))
        if words <= unknown and not (_neighbours(words) & unknown) and any(field in fields for field in measured[0]):
            yield words, said.figure_says(text.slice(at, measured[1]))


def _neighbours(words: set[int]) -> set[int]:
    return {min(words) - 1, max(words) + 1}


def _spans(context: Context, paths: dict[int, str] | object, unknown: set[int]) -> list[Span]:
    """Of every word, neighbours of the same kind as one."""
    assert isinstance(paths, dict)
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


def _suggestions(context: Context, unknown: set[int]) -> list[Suggestion]:
    found = []
    for words in _runs(context.text, unknown):
        near = list(dict.fromkeys(_near(context, words)))[:3]
        if near:
            found.append(Suggestion(words, near))
    return found


_KINDS = {
    "tier": "tiers", "level": "tiers", "archetype": "archetypes", "category": "categories", "shop": "businesses",
    "store": "businesses", "tag": "tags", "segment": "segments", "card": "stamp_cards", "branch": "businesses",
    "brand": "vendors", "vendor": "vendors",
}  # fmt: skip
_VAGUE = Phrases(dict(synonyms.VAGUE.items()))


def _near(context: Context, words: str) -> Iterator[str]:
    """Names of the kind that is spoken of, else what is spelled alike, else the field that may be meant."""
    vocabulary, text = context.vocabulary, Text(words)
    said = {text.word(at) for at in range(len(text))}
    for word, kind in _KINDS.items():
        if word in said:
            yield from (name for _code, name in vocabulary.of(kind)[:3])
    kinds = [kind for kind in vocabulary.names if kind not in ("languages", "churn_bands", "weekdays")]
    names = [name for kind in kinds for _code, name in vocabulary.of(kind)]
    yield from _alike(words, names)
    for at in range(len(text)):
        if (vague := _VAGUE.at(text, at)) and (field := vocabulary.fields.get(vague[0])):
            yield str(field.label)
    labels = {str(field.label): field for field in vocabulary.fields.values()}
    yield from _alike(words, labels)


def _alike(words: str, names: Iterable[str]) -> list[str]:
    by_form = {" ".join(words_of(name)): name for name in names}
    forms = [" ".join(words_of(words)), *words_of(words)]
    return [by_form[near] for form in forms if len(form) > 3 for near in get_close_matches(form, by_form, 2, 0.8)]
