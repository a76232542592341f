"""How the points of a sale come about, from the terms that the ledger wrote down with it. Pure: no database, no clock.

The SQL function `loyalty_points_of` does the same arithmetic inside the ledger; a test compares them. This module also
says why, step by step. The order is fixed (docs/algorithms/points.md, "Earning rules"):

1. Each part of the sale earns amount × rate.
2. Of the multipliers that do not stack the best one counts; each that stacks adds its own extra on top; a factor below
   1 then lowers the result, the lowest one only.
3. The sum is rounded once, as the business rounds.
4. Bonuses are added.
5. Caps hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec

from loyalty.rules import points_for

ANY = "any"  # what was given back without naming a line


class TermsPart(msgspec.Struct, frozen=True):
    """A line of the sale, or at position 0 what the lines leave of its amount. `by`: the rules that are about it."""

    position: int
    amount: Decimal
    by: Sequence[int] = ()
    title: str | None = None
    quantity: Decimal | None = None


class TermsRule(msgspec.Struct, frozen=True):
    """A rule that met the sale. `left` of a cap is what it still let through when the sale was made."""

    code: str
    name: str
    effect: Literal["multiply", "bonus", "cap"]
    factor: Decimal = Decimal(1)
    points: int = 0
    stacks: bool = False
    min_spend: Decimal = Decimal(0)
    left: int = 0
    limit: int = 0
    per: str = ""


class Terms(msgspec.Struct, frozen=True):
    """Everything that a sale's points depend on, so that a refund counts under the rules of its day."""

    rate: Decimal
    rounding: str
    parts: Sequence[TermsPart] = ()
    rules: Sequence[TermsRule] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule did to the points: `points` more or fewer. `rule` None is amount × rate. `amount` is what it is
    about, `exact` (of the rate only) the product before it was rounded."""

    rule: TermsRule | None
    amount: Decimal
    points: int
    exact: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Earning:
    """`points` is the sum of the steps'."""

    points: int
    steps: Sequence[Step]


def plain_terms(amount: Decimal, rate: Decimal, rounding: str) -> Terms:
    """The terms of a sale without rules."""
    return Terms(rate, rounding, (TermsPart(0, amount),) if amount else ())


def earning_of(terms: Terms, given_back: Mapping[str, Decimal] | None = None) -> Earning:
    """The points under `terms` when `given_back` was refunded: position of a line → money, and under ANY the rest.

    The result depends on what was given back altogether, never on its order or how it was split.
    """
    nets = _nets(terms, given_back or {})
    baskets = [
        sum((net for part, net in zip(terms.parts, nets, strict=True) if number in part.by), Decimal(0))
        for number in range(len(terms.rules))
    ]
    active = [rule for rule, basket in zip(terms.rules, baskets, strict=True) if _holds(rule, basket)]
    amount = sum(nets, Decimal(0))
    base = points_for(amount, terms.rate, terms.rounding)
    steps = [Step(None, amount, base, amount * terms.rate)]
    steps += _multiplied(terms, nets, baskets, active, base)
    steps += [
        Step(rule, basket, rule.points)
        for rule, basket in zip(terms.rules, baskets, strict=True)
        if rule.effect == "bonus" and rule in active
    ]
    points = sum(step.points for step in steps)
    for rule in terms.rules:
        if rule.effect == "cap" and points > rule.left:
            steps.append(Step(rule, amount, rule.left - points))
            points = rule.left
    return Earning(points, steps)


def _nets(terms: Terms, given_back: Mapping[str, Decimal]) -> list[Decimal]:
    """What is left of each part; what was given back without a line comes off the parts in their order."""
    unnamed = given_back.get(ANY, Decimal(0))
    nets = []
    for part in terms.parts:
        net = max(part.amount - given_back.get(str(part.position), Decimal(0)), Decimal(0))
        off = min(net, unnamed)
        nets.append(net - off)
        unnamed -= off
    return nets


def _holds(rule: TermsRule, basket: Decimal) -> bool:
    return rule.effect != "cap" and basket > 0 and basket >= rule.min_spend


def _multiplied(
    terms: Terms, nets: Sequence[Decimal], baskets: Sequence[Decimal], active: Sequence[TermsRule], base: int
) -> list[Step]:
    """The steps of the multipliers, each with what the sale gives with it more than without it and those after it."""
    steps, counted, points = [], [], base
    for rule, basket in zip(terms.rules, baskets, strict=True):
        if rule.effect != "multiply" or rule not in active:
            continue
        counted.append(rule)
        exact = sum(
            (
                net
                * terms.rate
                * factor_of([terms.rules[number] for number in part.by if terms.rules[number] in counted])
                for part, net in zip(terms.parts, nets, strict=True)
            ),
            Decimal(0),
        )
        after = points_for(exact, Decimal(1), terms.rounding)
        if after != points:
            steps.append(Step(rule, basket, after - points))
        points = after
    return steps


def factor_of(rules: Sequence[TermsRule]) -> Decimal:
    """How many times its rate a part earns under these multipliers."""
    factors = [rule.factor for rule in rules if rule.effect == "multiply"]
    best = max([rule.factor for rule in rules if rule.effect == "multiply" and not rule.stacks], default=Decimal(1))
    on_top = sum(
        (rule.factor - 1 for rule in rules if rule.effect == "multiply" and rule.stacks and rule.factor > 1), Decimal(0)
    )
    return (max(best, Decimal(1)) + on_top) * min([Decimal(1), *factors])
