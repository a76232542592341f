"""What archetypes are called: the configured namer is asked and its answer checked, or the rules stand in."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from core.presentation import format_money
from core.tenancy import active_programme
from customers.models import Archetype
from intelligence.engine import words
from intelligence.engine.archetypes import Archetypes
from intelligence.engine.naming import Named, name_archetypes, name_groups
from intelligence.engine.profiles import Profile
from intelligence.namers import (
    RULES,
    Group,
    RulesNamer,
    Wording,
    WordsRefused,
    check_words,
    configured_namer,
)

logger = logging.getLogger(__name__)

TIER_NAMES = frozenset(name for names in words.TIERS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Answer:
    """What another namer than the rules said, not checked yet; `words` None: it failed."""

    title: str
    words: Sequence[object] | None


@dataclass(frozen=True, slots=True)
class Called:
    """`leading` are the codes of the traits that the name was given for, `named_by` is the title of a namer."""

    name: str
    description: str
    leading: Sequence[str]
    named_by: str


@dataclass(frozen=True, slots=True)
class Names:
    """In the order of the archetypes. `problem`: why the rules answered and not the namer that is configured."""

    called: Sequence[Called]
    named_by: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What the rules say; of a name that stays, `named_by` is who gave it."""

    named: Named
    named_by: str
    stays: bool


def ask_for_names(found: Archetypes, own: Sequence[Profile], ids: Sequence[int | None]) -> Answer | None:
    """What the configured namer says; None where the rules name. `ids` are of archetypes of before, or None.

    Outside of transactions: a namer may take its time. Groups by rules of thumb are what their names say, so that
    nobody else is asked for them.
    """
    if found.rules is not None:
        return None
    title = ""
    try:
        namer = configured_namer()
        if isinstance(namer, RulesNamer):
            return None
        title = namer.title
        proposals, _taken = _propose(found, own, ids, is_asked=True)
        return Answer(title, tuple(namer.word(_groups(own, proposals, title), currency=active_programme().currency)))
    except Exception:  # somebody else's code: archetypes are found all the same
        logger.exception("intelligence.names.failed")
        return Answer(title, None)


def settle_names(found: Archetypes, own: Sequence[Profile], ids: Sequence[int | None], answer: Answer | None) -> Names:
    """The names that archetypes get: those of the answer where all can be used, else those of the rules. One query.

    In the caller's transaction: staff may have given a name of theirs while the namer thought.
    """
    proposals, taken = _propose(found, own, ids, is_asked=answer is not None)
    groups = _groups(own, proposals, answer.title if answer else RULES)
    problem = ""
    if answer is not None:
        try:
            said = check_words(answer.words, groups, taken={*taken, *TIER_NAMES})
            return Names(_called(said, proposals, [answer.title] * len(said)), answer.title)
        except WordsRefused as refused:
            problem = refused.problem
            logger.warning("intelligence.names.refused", extra={"namer": answer.title, "problem": problem})
    said = list(RulesNamer().word(groups, currency=active_programme().currency))
    return Names(_called(said, proposals, [one.named_by for one in proposals]), RULES, problem)


def _propose(
    found: Archetypes, own: Sequence[Profile], ids: Sequence[int | None], *, is_asked: bool
) -> tuple[list[_Proposal], Collection[str]]:
    """What the rules say, and the names that staff gave, casefolded.

    Where another namer is asked (`is_asked`), names that it or others gave stay like those of the rules.
    """
    money = partial(format_money, currency=active_programme().currency)
    if found.rules is not None:
        return [_Proposal(named, RULES, stays=False) for named in name_groups(found.rules.groups, own, money=money)], ()
    known = {one.pk: one for one in Archetype.objects.filter(pk__in=[one for one in ids if one])}
    taken = {one.own_name.casefold() for one in known.values() if one.own_name}
    before = [known[one] if one in known and (is_asked or known[one].named_by == RULES) else None for one in ids]
    previous = [Named(one.found_name, one.description, tuple(one.leading)) if one else None for one in before]
    names = name_archetypes(own, previous=previous, taken=taken, money=money)
    return [_proposal(named, one) for named, one in zip(names, before, strict=True)], taken


def _proposal(named: Named, before: Archetype | None) -> _Proposal:
    if before is not None and (named.name, named.leading) == (before.found_name, tuple(before.leading)):
        return _Proposal(named, before.named_by, stays=True)
    return _Proposal(named, RULES, stays=False)


def _groups(own: Sequence[Profile], proposals: Sequence[_Proposal], title: str) -> list[Group]:
    everybody = sum(profile.people for profile in own) or 1
    return [
        Group(
            people=profile.people,
            share=round(profile.people / everybody, 4),
            typical=tuple((name, round(value, 4)) for name, value in profile.medians.items()),
            habits=tuple((name, round(value, 4)) for name, value in profile.habits.items()),
            traits=tuple((trait.code, trait.strength) for trait in profile.traits),
            name=one.named.name,
            description=one.named.description,
            keeps_name=one.stays and one.named_by == title,
        )
        for profile, one in zip(own, proposals, strict=True)
    ]


def _called(said: Sequence[Wording], proposals: Sequence[_Proposal], by: Sequence[str]) -> list[Called]:
    return [
        Called(word.name, word.description, one.named.leading, named_by)
        for word, one, named_by in zip(said, proposals, by, strict=True)
    ]
