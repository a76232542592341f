"""Somebody has not been here for a while: the business that they love."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.presentation import format_number
from loyalty.recommenders.base import Asked, Evidence, Options, Parameter, Recommender, Suggestion, Words


def suggest(asked: Asked, options: Options) -> Mapping[int, Sequence[Suggestion]]:
    """For who bought nowhere for `days` days: the business where they bought most often, of two the later."""
    found: dict[int, Sequence[Suggestion]] = {}
    today = asked.day_of(asked.now)
    for customer_id, visits in asked.visits.items():
        last_day = asked.day_of(visits[0].last_at)
        days = (today - last_day).days
        open_ones = [one for one in visits if one.business_id in asked.businesses]
        if days < options["days"] or not open_ones:
            continue
        loved = max(open_ones, key=lambda one: (one.number, one.last_at))
        business = asked.businesses[loved.business_id]
        evidence = {
            "days": days,
            "last_visit_on": last_day.isoformat(),
            "business_id": business.code,
            "business": business.name,
            "visits": loved.number,
        }
        found[customer_id] = [Suggestion(evidence, business.pk)]
    return found


def to_member(evidence: Evidence) -> Words:
    reason = ngettext(
        "You bought there once; your last visit was %(days)s days ago.",
        "You bought there %(visits)s times; your last visit was %(days)s days ago.",
        evidence["visits"],
    )
    return Words(_("Time for %(business)s again?") % _facts(evidence), reason % _facts(evidence))


def to_staff(evidence: Evidence) -> Words:
    text = ngettext("Not seen for %(days)s day", "Not seen for %(days)s days", evidence["days"])
    reason = ngettext(
        "Likes %(business)s best, with %(visits)s visit.",
        "Likes %(business)s best, with %(visits)s visits.",
        evidence["visits"],
    )
    return Words(text % _facts(evidence), reason % _facts(evidence))


def _facts(evidence: Evidence) -> dict[str, str]:
    return {
        "days": format_number(evidence["days"]),
        "visits": format_number(evidence["visits"]),
        "business": evidence["business"],
    }


RECOMMENDER = Recommender(
    name="inactive",
    title=gettext_lazy("Away for a while"),
    explanation=gettext_lazy("Reminds members who stayed away of the business where they bought most often."),
    icon="clock",
    suggest=suggest,
    to_member=to_member,
    to_staff=to_staff,
    parameters=(Parameter("days", gettext_lazy("Away for at least"), gettext_lazy("days"), 45, 7, 720),),
)
