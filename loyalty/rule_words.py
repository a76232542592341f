"""Earning rules as sentences: "Double points on coffee, Tuesdays, 8:00–11:00, until 30 June 2026"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, time_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.presentation import format_exact, format_money, format_points
from loyalty.models import EarningRule

_MONDAY_TO_FRIDAY, _WEEKEND = [1, 2, 3, 4, 5], [6, 7]
_MOST_SHOWN = 4  # categories or products in a sentence


def sentence_of(rule: EarningRule, currency: str) -> str:
    """What a rule gives, and when. Reads its business and tier."""
    return ", ".join([_what(rule), *_conditions(rule, currency)])


def _what(rule: EarningRule) -> str:
    goods = _goods([*rule.categories, *rule.products])
    what = _points(rule) if rule.factor is None else _times(rule.factor)
    return _("%(points)s on %(goods)s") % {"points": what, "goods": goods} if goods else what


def _times(factor: Decimal) -> str:
    words = {Decimal(0): _("No points"), Decimal(2): _("Double points"), Decimal(3): _("Triple points")}
    return words.get(factor) or _("%(factor)s times the points") % {"factor": format_exact(factor)}


def _points(rule: EarningRule) -> str:
    number = rule.points or 0
    facts = {"points": format_points(number), "action": rule.action}
    if rule.effect == EarningRule.Effect.CAP:
        texts = {
            "sale": ngettext("At most %(points)s point a sale", "At most %(points)s points a sale", number),
            "day": ngettext("At most %(points)s point a day", "At most %(points)s points a day", number),
            "month": ngettext("At most %(points)s point a month", "At most %(points)s points a month", number),
        }
        return texts[rule.per] % facts
    texts = {
        "sale": ngettext("%(points)s extra point", "%(points)s extra points", number),
        "join": ngettext("%(points)s point for joining", "%(points)s points for joining", number),
        "birthday": ngettext("%(points)s point on the birthday", "%(points)s points on the birthday", number),
        "action": ngettext("%(points)s point for “%(action)s”", "%(points)s points for “%(action)s”", number),
    }
    return texts[rule.trigger] % facts


def _conditions(rule: EarningRule, currency: str) -> list[str]:
    return [
        text
        for text in (
            _("on the first purchase") if rule.is_first_purchase else "",
            _("from %(amount)s on") % {"amount": format_money(rule.min_spend, currency)} if rule.min_spend else "",
            _weekdays(rule.weekdays),
            _hours(rule.from_time, rule.to_time),
            _birthday(rule.birthday_days),
            _("for %(tier)s and above") % {"tier": rule.tier.name} if rule.tier else "",
            _("at %(business)s") % {"business": rule.business.name} if rule.business else "",
            _often(rule),
            _dates(rule.starts_on, rule.ends_on),
            _("on top of other multipliers") if rule.stacks else "",
        )
        if text
    ]


def _goods(words: Sequence[str]) -> str:
    if len(words) > _MOST_SHOWN:
        rest = len(words) - _MOST_SHOWN + 1
        more = ngettext("%(count)s more", "%(count)s more", rest) % {"count": rest}
        words = [*words[: _MOST_SHOWN - 1], more]
    return get_text_list(list(words), _("or"))


def _weekdays(days: Sequence[int]) -> str:
    if not days:
        return ""
    if list(days) == _MONDAY_TO_FRIDAY:
        return _("Monday to Friday")
    if list(days) == _WEEKEND:
        return _("Saturday and Sunday")
    return get_text_list([str(WEEKDAYS[day - 1]) for day in days], _("and"))


def _hours(start: time | None, end: time | None) -> str:
    if start is None or end is None:
        return ""
    return f"{time_format(start, 'G:i')}\u2013{time_format(end, 'G:i')}"


def _birthday(days: int | None) -> str:
    if days is None:
        return ""
    if days == 0:
        return _("on the member’s birthday")
    return ngettext(
        "within %(days)s day of the member’s birthday", "within %(days)s days of the member’s birthday", days
    ) % {"days": days}


def _often(rule: EarningRule) -> str:
    if rule.per_limit is None:
        return ""
    texts = {
        "day": ngettext("once a day", "up to %(times)s times a day", rule.per_limit),
        "month": ngettext("once a month", "up to %(times)s times a month", rule.per_limit),
        "ever": ngettext("once for each member", "up to %(times)s times for each member", rule.per_limit),
    }
    return texts[rule.per] % {"times": rule.per_limit}


def _dates(first: date | None, last: date | None) -> str:
    facts = {name: date_format(day, _("j F Y")) for name, day in (("first", first), ("last", last)) if day}
    if first and last:
        if first == last:
            return _("only on %(first)s") % facts
        return _("from %(first)s until %(last)s") % facts
    if first:
        return _("from %(first)s on") % facts
    return _("until %(last)s") % facts if last else ""
