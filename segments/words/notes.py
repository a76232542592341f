"""What was assumed of a sentence, in words for whoever typed it."""

from __future__ import annotations

from django.utils.translation import gettext as _


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


def tier(typed: str, name: str) -> str:
    return read_as(typed, _("the tier %(name)s") % {"name": name})


def archetype(typed: str, name: str) -> str:
    return read_as(typed, _("the archetype %(name)s") % {"name": name})


def segment(typed: str, name: str) -> str:
    return read_as(typed, _("the segment %(name)s") % {"name": name})


def tag(typed: str, name: str) -> str:
    return read_as(typed, _("the tag %(name)s") % {"name": name})


def rfm_group(typed: str, name: str) -> str:
    return read_as(typed, _("the RFM group %(name)s") % {"name": name})


def figure_says(typed: str) -> str:
    return _("“%(typed)s” is what the figure says.") % {"typed": typed}


def at_least(figure: object) -> str:
    return read_as(str(figure), _("at least %(figure)s") % {"figure": figure})


def exactly(figure: object) -> str:
    return read_as(str(figure), _("exactly %(figure)s") % {"figure": figure})


def of_one_order() -> str:
    return _("The amount is that of one order.")


def every_order_counts() -> str:
    return _("Every order counts, the first one too.")


def each_by_itself() -> str:
    return _("Each of these is counted by itself.")


def one_time() -> str:
    return _("The times are read as one, for all of the amount.")


def time_of_both() -> str:
    return _("The time at the end is read as that of both.")


def time_of_all() -> str:
    return _("The time at the beginning is read as that of all that follows.")


def two_groups() -> str:
    return _("“and” between two groups of people read as: whoever is in one of them.")


def but_of_all() -> str:
    return _("“but” read as of everything before it and behind it.")


def and_is_closer() -> str:
    return _("“and” read as closer than “or”.")


def neither() -> str:
    return _("“not” read as: neither of them.")


def of_left_out() -> str:
    return _("“who” behind “except” read as more about those who are left out.")


def not_both() -> str:
    return _("“not” read as: not both of them.")


def none_at_all() -> str:
    return _("“not” read as: no order at all.")


def last_one() -> str:
    return _("A time that may be any one is read as the last one.")
