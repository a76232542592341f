"""How a sale's points come about, in words of the active language: the same before the sale and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.presentation import format_exact, format_money, format_points, format_signed, noun_count
from core.tenancy import active_programme
from loyalty.earning import Step, Terms, TermsRule, earning_of
from loyalty.ledger import Posting


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One step of how points come about, in words, with the points it adds.

    `kind` is rate, multiply, bonus or cap (these add up to what the sale earns), welcome (for who joins by it), debt
    (what of it repays an earlier clawback) or pending (when it can be spent; 0 points). `rule` is the rule's code.
    """

    text: str
    points: int
    kind: str = "rate"
    rule: str = ""


def lines_of(terms: Terms, currency: str) -> list[ExplainedLine]:
    """The steps of a sale under these terms; their points add up to what it earns."""
    return [
        ExplainedLine(
            _step_text(step, terms, currency),
            step.points,
            step.rule.effect if step.rule else "rate",
            step.rule.code if step.rule else "",
        )
        for step in earning_of(terms).steps
    ]


def explanation_lines(posting: Posting) -> Sequence[ExplainedLine]:
    """The steps of an earn in which rules had a part, from the posting alone; empty for all others."""
    if posting.terms is None or not posting.terms.rules:
        return ()
    return lines_of(posting.terms, active_programme().currency)


def explanation_of(posting: Posting) -> str:
    """How the points of an earn came about, from the posting alone; empty for other kinds."""
    if posting.amount is None or posting.rate is None or posting.rounding is None:
        return ""
    return explanation_text(posting, explanation_lines(posting))


def explanation_text(posting: Posting, lines: Sequence[ExplainedLine]) -> str:
    """`explanation_of`, where the lines are known already."""
    if posting.amount is None or posting.rate is None or posting.rounding is None:
        return ""
    if not lines:
        return earning_text(posting.amount, posting.rate, posting.rounding, active_programme().currency)
    rest = [f"{line.text} ({format_signed(line.points)})" for line in lines[1:]]
    return "; ".join([lines[0].text, *rest])


def earning_text(amount: Decimal, rate: Decimal, rounding: str, currency: str) -> str:
    """How a sale's points come about, in the active language: "£12.40 × 1.5 = 18.6 points, rounded down"."""
    return _earning_text(amount, rate, rounding, currency, get_language() or "en")


@lru_cache(maxsize=2048)
def _earning_text(amount: Decimal, rate: Decimal, rounding: str, currency: str, language: str) -> str:
    """`language` is the active one: numbers and words follow it. 40 µs each without the memory."""
    exact = amount * rate
    text = ngettext(
        "%(amount)s × %(rate)s = %(exact)s point", "%(amount)s × %(rate)s = %(exact)s points", noun_count(exact)
    ) % {
        "amount": format_money(amount, currency),
        "rate": format_exact(rate),
        "exact": format_exact(exact),
    }
    if exact == exact.to_integral_value():
        return text
    how = {"down": _("rounded down"), "nearest": _("rounded to the nearest"), "up": _("rounded up")}[rounding]
    return f"{text}, {how}"


def _step_text(step: Step, terms: Terms, currency: str) -> str:
    rule = step.rule
    if rule is None:
        return earning_text(step.amount, terms.rate, terms.rounding, currency)
    if rule.effect == "cap":
        return _cap_text(rule)
    facts = {
        "name": rule.name,
        "factor": format_exact(rule.factor),
        "amount": format_money(step.amount, currency),
        "from": format_money(rule.min_spend, currency),
    }
    if rule.effect == "bonus":
        return (_("%(name)s: a bonus from %(from)s on") if rule.min_spend else _("%(name)s: a bonus")) % facts
    if not rule.factor:
        return _("%(name)s: no points on %(amount)s") % facts
    if rule.stacks and rule.factor > 1:
        return _("%(name)s: ×%(factor)s on %(amount)s, on top of other multipliers") % facts
    return _("%(name)s: ×%(factor)s on %(amount)s") % facts


def _cap_text(rule: TermsRule) -> str:
    facts = {"name": rule.name, "limit": format_points(rule.limit), "left": format_points(rule.left)}
    if rule.per == "day":
        text = ngettext(
            "%(name)s: at most %(limit)s point in a day, %(left)s of them left before this sale",
            "%(name)s: at most %(limit)s points in a day, %(left)s of them left before this sale",
            rule.limit,
        )
    elif rule.per == "month":
        text = ngettext(
            "%(name)s: at most %(limit)s point in a month, %(left)s of them left before this sale",
            "%(name)s: at most %(limit)s points in a month, %(left)s of them left before this sale",
            rule.limit,
        )
    else:
        text = ngettext(
            "%(name)s: at most %(limit)s point in a sale",
            "%(name)s: at most %(limit)s points in a sale",
            rule.limit,
        )
    return text % facts
