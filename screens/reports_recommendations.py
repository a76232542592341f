"""Recommendations as staff read them: what each rule did, in words and as a curve, and who was told what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.charts import Chart, Series
from core.keyset import KeysetPage, Order, keyset_page
from core.presentation import format_number, format_signed
from customers.models import Customer
from loyalty.models import Recommendation
from loyalty.recommenders import Recommender
from loyalty.reports_recommendations import BACK, ENOUGH, LEFT_OUT, TOLD, Group, Outcome, rows_of
from programs.models import Programme
from screens.reports_movements import say_when

NEWEST = Order(("pk",))
TONES = {"works": "success", "harms": "danger", "unclear": "", "early": "", "nothing": ""}


@dataclass(frozen=True, slots=True)
class GroupCard:
    """One group's share and the rows behind it."""

    label: str
    value: str
    said: str
    href: str


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule with what it did, for the list and the head of its page."""

    name: str
    title: str
    explanation: str
    icon: str
    is_active: bool
    asks: str
    verdict: str
    verdict_text: str
    tone: str
    effect: str
    groups: Sequence[GroupCard]
    running: int


def rule_card(outcome: Outcome) -> RuleCard:
    rule, values = outcome.rule, outcome.values
    return RuleCard(
        name=rule.name,
        title=str(rule.title),
        explanation=str(rule.explanation),
        icon=rule.icon,
        is_active=values.is_active,
        asks=" · ".join(
            f"{one.label}: {format_number(values.parameters[one.name])} {one.unit}".strip() for one in rule.parameters
        ),
        verdict=_verdict(outcome),
        verdict_text=_told_of(outcome),
        tone=TONES[outcome.verdict],
        effect=_effect(outcome),
        groups=[
            _group(_("Told"), outcome.told, rule, TOLD),
            _group(_("Left out by chance"), outcome.left_out, rule, LEFT_OUT),
        ],
        running=outcome.running,
    )


def _group(label: str, group: Group, rule: Recommender, name: str) -> GroupCard:
    href = f"{reverse('recommendations:rule', args=[rule.name])}?{urlencode({'group': name, 'outcome': BACK})}"
    if not group.members:
        return GroupCard(label, "–", _("nobody yet"), "")
    said = ngettext("%(back)s of %(members)s member", "%(back)s of %(members)s members", group.members)
    facts = {"back": format_number(group.came_back), "members": format_number(group.members)}
    return GroupCard(label, f"{format_number(100 * group.share)}%", said % facts, href)


def _verdict(outcome: Outcome) -> str:
    return {
        "works": _("Brings people back"),
        "harms": _("Keeps people away"),
        "unclear": _("No clear effect"),
        "early": _("Too early to say"),
        "nothing": _("Nobody told yet"),
    }[outcome.verdict]


def _effect(outcome: Outcome) -> str:
    """Told less left out, in points of a hundred, with the range that chance leaves."""
    effect = outcome.effect
    if effect is None or outcome.verdict == "early":
        return ""
    facts = {
        "difference": format_signed(100 * effect.difference, 1),
        "low": format_signed(100 * effect.interval.low, 1),
        "high": format_signed(100 * effect.interval.high, 1),
    }
    return _("%(difference)s of 100 (%(low)s to %(high)s)") % facts


def _told_of(outcome: Outcome) -> str:
    """What the figures say, in a sentence."""
    effect = outcome.effect
    if outcome.verdict == "early" or effect is None:
        if outcome.values.hold_back == 0 and outcome.told.members:
            return _("Nobody is left out, so nobody knows who would have come anyway.")
        return _("It takes %(enough)s members in each group whose days are over.") % {"enough": ENOUGH}
    shown = format_number(abs(100 * effect.difference), 1)
    if outcome.verdict == "unclear":
        return _("The two groups came back alike, as far as chance allows to say.")
    if outcome.verdict == "works":
        return _("Of 100 members, %(number)s more come back when they are told.") % {"number": shown}
    return _("Of 100 members, %(number)s fewer come back when they are told.") % {"number": shown}


def curve(outcome: Outcome) -> Chart | None:
    """How many were back by each day, of both groups. None before anybody's days are over."""
    if not outcome.told.members:
        return None
    days = range(outcome.values.outcome_days)
    lines = [(_("Told"), outcome.told, "1", "line")]
    if outcome.left_out.members:
        lines.append((_("Left out by chance"), outcome.left_out, "muted", "dashed"))
    median = outcome.told.median_days
    finding = _told_of(outcome)
    if median is not None:
        text = ngettext(
            "Half of those who came back were back within %(days)s day.",
            "Half of those who came back were back within %(days)s days.",
            median + 1,
        )
        finding = f"{finding} {text % {'days': median + 1}}"
    return Chart(
        id="back",
        title=_("Came back by day"),
        finding=finding,
        labels=[str(day + 1) for day in days],
        series=[
            Series(label, [round(100 * group.share_by(day), 1) for day in days], tone, shape, "percent")  # type: ignore[arg-type]
            for label, group, tone, shape in lines
        ],
        axis_title=_("Day"),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One member who was told, or left out. Without a name and a code for whom the reader may not see."""

    name: str
    customer_code: str
    text: str
    reason: str
    is_held: bool
    where: str
    label: str
    tone: str
    at: datetime
    when: str


def row_page(
    rule: Recommender,
    *,
    group: str,
    outcome: str,
    actor: Actor,
    programme: Programme,
    cursor: str,
    size: int,
    now: datetime,
) -> KeysetPage[Row]:
    """The rows behind a figure, newest first. Two queries."""
    found = rows_of(rule.name, group=group, outcome=outcome, actor=actor, now=now)
    page = keyset_page(found, NEWEST, descending=True, cursor=cursor, size=size)
    members = [one.customer_id for one in page.rows]
    known = set(Customer.objects.visible_to(actor).filter(pk__in=members).values_list("pk", flat=True))
    return page.with_rows([_row(one, rule, one.customer_id in known, programme, now) for one in page.rows])


def _row(
    one: Recommendation,
    rule: Recommender,
    is_known: bool,  # noqa: FBT001
    programme: Programme,
    now: datetime,
) -> Row:
    words = rule.to_staff(one.evidence)
    if one.came_back_at is not None:
        days = (one.came_back_at - one.counts_from).days + 1
        label = ngettext("Came back on day %(days)s", "Came back on day %(days)s", days) % {"days": days}
        tone = "success"
    elif one.ends_at > now:
        label, tone = _("Has time left"), "accent"
    else:
        label, tone = _("Did not come"), ""
    where = str(Recommendation.Channel(one.channel).label)
    return Row(
        name=(one.customer.name or _("No name yet")) if is_known else _("A member who has not bought here"),
        customer_code=one.customer.code if is_known else "",
        text=words.text,
        reason=words.reason,
        is_held=one.is_held,
        where=f"{where}, {one.till_business.name}" if one.till_business else where,
        label=label,
        tone=tone,
        at=one.made_at,
        when=say_when(one.made_at, zone=programme.zone, now=now),
    )
