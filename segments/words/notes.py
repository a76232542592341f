"""What was assumed of a sentence, in words for whoever typed it."""

from __future__ import annotations

from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Note: TypeAlias = str | Promise
OF_ONE_ORDER = gettext_lazy("The amount is that of one order.")
EVERY_ORDER_COUNTS = gettext_lazy("Every order counts, the first one too.")
EACH_BY_ITSELF = gettext_lazy("Each of these is counted by itself.")
ONE_TIME = gettext_lazy("The times are read as one, for all of the amount.")
TIME_OF_BOTH = gettext_lazy("The time at the end is read as that of both.")
TIME_BEFORE = gettext_lazy("The time before “without” is read as that of both.")
DENIED_TWICE = gettext_lazy("“not” and “nothing” read as: something.")
TIME_OF_ALL = gettext_lazy("The time at the beginning is read as that of all that follows.")
TWO_GROUPS = gettext_lazy("“and” between two groups of people read as: whoever is in one of them.")
BUT_OF_ALL = gettext_lazy("“but” read as of everything before it and behind it.")
AND_IS_CLOSER = gettext_lazy("“and” read as closer than “or”.")
NEITHER = gettext_lazy("“not” read as: neither of them.")
OF_LEFT_OUT = gettext_lazy("“who” behind “except” read as more about those who are left out.")
NOT_BOTH = gettext_lazy("“not” read as: not all of them.")
NONE_AT_ALL = gettext_lazy("“not” read as: no order at all.")
LAST_ONE = gettext_lazy("A time that may be any one is read as the last one.")
_NAMED = {
    "tiers": gettext_lazy("the tier %(name)s"),
    "archetypes": gettext_lazy("the archetype %(name)s"),
    "segments": gettext_lazy("the segment %(name)s"),
    "tags": gettext_lazy("the tag %(name)s"),
    "rfm_groups": gettext_lazy("the RFM group %(name)s"),
    "rewards": gettext_lazy("the reward %(name)s"),
    "stamp_cards": gettext_lazy("the stamp card %(name)s"),
}


def read_as(typed: str, meant: str) -> str:
    return _("“%(typed)s” read as %(meant)s.") % {"typed": typed, "meant": meant}


def spelled(typed: str, meant: str) -> str:
    return _("“%(typed)s” read as “%(meant)s”.") % {"typed": typed, "meant": meant}


def new_this_month(typed: str, *, is_member: bool) -> str:
    return read_as(typed, _("joined this month") if is_member else _("first order this month"))


def joined(typed: str) -> str:
    return read_as(typed, _("joining the points programme"))


def before(typed: str) -> str:
    return read_as(typed, _("did so at some time"))


def active(typed: str) -> str:
    return read_as(typed, _("who ordered"))


def churn(typed: str) -> str:
    return read_as(typed, _("the risk of churn"))


def high_churn(typed: str) -> str:
    return read_as(typed, _("a high churn risk"))


def unknown_place(typed: str) -> str:
    return read_as(typed, _("a town or region, where nobody is known"))


def near(typed: str) -> str:
    return read_as(typed, _("in the place itself"))


def bought(typed: str) -> str:
    return read_as(typed, _("what was bought"))


def named(kind: str, typed: str, name: str) -> str:
    """`kind`: the name of the choices."""
    return read_as(typed, str(_NAMED[kind]) % {"name": name})


def figure_says(typed: str) -> str:
    return _("“%(typed)s” is what the figure says.") % {"typed": typed}


def points(typed: str) -> str:
    return read_as(typed, _("points"))


def at_least(figure: object) -> str:
    return read_as(str(figure), _("at least %(figure)s") % {"figure": figure})


def exactly(figure: object) -> str:
    return read_as(str(figure), _("exactly %(figure)s") % {"figure": figure})
