"""Names for archetypes by rules: the two traits that set each apart most, in plain words, no name twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, count, islice

from intelligence.engine import words
from intelligence.engine.profiles import Profile, Trait

CONSIDERED = 6  # strongest traits that a name may be made of
# A trait keeps the name while it is nearly as strong as what leads now, so that a hair's breadth renames nobody.
NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Named:
    """`leading` are the codes of the up to two traits that the name was given for."""

    name: str
    description: str
    leading: tuple[str, ...]


def name_archetypes(
    profiles: Sequence[Profile],
    *,
    previous: Sequence[Named | None] = (),
    taken: Collection[str] = (),
    money: Callable[[float], str] = "{:,.2f}".format,
) -> tuple[Named, ...]:
    """A name of at most three words and one sentence with figures for each; the same profiles give the same names.

    `previous` has, in the order of `profiles`, what the same archetype was called: it keeps that name while its two
    leading traits stay. No rule gives a name of `taken`, those of staff, casefolded. `money` writes an amount.
    """
    names: list[str | None] = [None] * len(profiles)
    leading = [_leading(profile.traits) for profile in profiles]
    for row, before in enumerate(previous):
        if before is None or before.name in names or before.name.casefold() in taken:
            continue
        if _still_leads(before.leading, profiles[row].traits):
            names[row], leading[row] = before.name, before.leading
    for row, profile in enumerate(profiles):
        if names[row] is None:
            names[row] = _free(profile.traits, {*taken, *(name.casefold() for name in names if name is not None)})
    return tuple(
        Named(name or "", describe(profile, traits, money), traits)
        for name, profile, traits in zip(names, profiles, leading, strict=True)
    )


def name_groups(
    groups: Sequence[str], profiles: Sequence[Profile], *, money: Callable[[float], str] = "{:,.2f}".format
) -> tuple[Named, ...]:
    """The same for groups by rules, whose codes are `groups`."""
    return tuple(
        Named(words.GROUPS[group], describe(profile, (), money), ())
        for group, profile in zip(groups, profiles, strict=True)
    )


def describe(profile: Profile, leading: Sequence[str], money: Callable[[float], str]) -> str:
    """One sentence with the typical figures and what stands out."""
    if not profile.people:
        return words.NOBODY
    days, ago = round(profile.medians["order_days"]), round(profile.medians["recency_days"])
    phrases = [words.WORDS[code].phrase for code in leading]
    told = {0: "", 1: words.STANDS_OUT_BY_ONE, 2: words.STANDS_OUT}[len(phrases)]
    return words.DESCRIPTION.format(
        days=words.DAY if days == 1 else words.DAYS.format(count=days),
        ago={0: words.TODAY, 1: words.YESTERDAY}.get(ago, words.AGO.format(count=ago)),
        average=money(profile.medians["average_order"]),
        spend=money(profile.medians["net_spend"]),
        traits=told.format(first=phrases[0] if phrases else "", second=phrases[-1] if phrases else ""),
    )


def _leading(traits: Sequence[Trait]) -> tuple[str, ...]:
    pair = next(_pairs(traits), None)
    if pair is not None:
        return pair[0].code, pair[1].code
    return tuple(trait.code for trait in traits[:1])


def _still_leads(before: Sequence[str], traits: Sequence[Trait]) -> bool:
    strength = {trait.code: trait.strength for trait in traits}
    now = _leading(traits)
    if not now or not before:
        return not now and not before
    needed = NEARLY * min(strength[code] for code in now)
    return len(before) == len(now) and all(strength.get(code, 0.0) >= needed for code in before)


def _free(traits: Sequence[Trait], taken: Collection[str]) -> str:
    """The first that nobody has; of the first few, rather one that does not begin as another's: those are mixed up.

    `taken` are casefolded.
    """
    begun = {name.split()[0] for name in taken}
    few = [name for name in islice(_candidates(traits), CONSIDERED) if name.casefold() not in taken]
    return next(
        (name for name in few if name.split()[0].casefold() not in begun),
        next(name for name in _candidates(traits) if name.casefold() not in taken),
    )


def _candidates(traits: Sequence[Trait]) -> Iterator[str]:
    names = [_name(first.code, second.code) for first, second in _pairs(traits)]
    names += [words.ALONE.format(adjective=words.WORDS[trait.code].adjective) for trait in traits]
    names.append(words.TYPICAL)
    yield from names
    for number in count(2):
        yield words.NUMBERED.format(name=names[0], number=number)


def _pairs(traits: Sequence[Trait]) -> Iterator[tuple[Trait, Trait]]:
    """Of different families, the leading trait first: each other trait in turn, then without the leading one."""
    for first, second in combinations(traits[:CONSIDERED], 2):
        if not _same_family(_feature(first.code), _feature(second.code)):
            yield first, second


def _name(first: str, second: str) -> str:
    if own := words.PAIRS.get(frozenset({first, second})):
        return own
    noun, adjective = sorted((first, second), key=lambda code: words.NOUN_FIRST.index(_feature(code)))
    return f"{words.WORDS[adjective].adjective} {words.WORDS[noun].noun}"


def _feature(code: str) -> str:
    return code[:-1]


def _same_family(first: str, second: str) -> bool:
    return first == second or any({first, second} <= family for family in words.FAMILIES)
