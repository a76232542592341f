"""The short words of the builder's lists: how a value is compared, when, and how a group combines what is in it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from segments.edits import NONE, NOT_ALL

Words = str | Promise
OPERATORS: Mapping[str, Words] = {
    "is": gettext_lazy("is"),
    "is_not": gettext_lazy("is not"),
    "more": gettext_lazy("is more than"),
    "at_least": gettext_lazy("is at least"),
    "less": gettext_lazy("is less than"),
    "at_most": gettext_lazy("is at most"),
    "between": gettext_lazy("is between"),
    "contains": gettext_lazy("contains"),
    "does_not_contain": gettext_lazy("does not contain"),
    "starts_with": gettext_lazy("starts with"),
    "ends_with": gettext_lazy("ends with"),
    "is_one_of": gettext_lazy("is one of"),
    "is_none_of": gettext_lazy("is none of"),
    "has_one_of": gettext_lazy("has one of"),
    "has_all_of": gettext_lazy("has all of"),
    "has_none_of": gettext_lazy("has none of"),
    "exists": gettext_lazy("is known"),
    "missing": gettext_lazy("is not known"),
    "first_time": gettext_lazy("for the first time"),
    "stopped": gettext_lazy("stopped for"),
    "restarted": gettext_lazy("again after"),
}
WINDOWS: Mapping[str, Words] = {
    "": gettext_lazy("ever"),
    "last": gettext_lazy("in the last"),
    "over": gettext_lazy("before the last"),
    "next": gettext_lazy("in the next"),
    "calendar": pgettext_lazy("a calendar period", "in"),
    "dates": gettext_lazy("on the days"),
}
DAYS: Mapping[str, Words] = {
    "within:last": gettext_lazy("is in the last"),
    "within:over": gettext_lazy("is more than"),
    "within:next": gettext_lazy("is in the next"),
    "within:calendar": gettext_lazy("is"),
    "within:dates": gettext_lazy("is on the days"),
    "not_within:last": gettext_lazy("is not in the last"),
    "not_within:over": gettext_lazy("is not more than"),
    "not_within:next": gettext_lazy("is not in the next"),
    "not_within:calendar": gettext_lazy("is not"),
    "not_within:dates": gettext_lazy("is not on the days"),
}
UNIT_WORDS: Mapping[str, Words] = {
    "minute": gettext_lazy("minutes"),
    "hour": gettext_lazy("hours"),
    "day": gettext_lazy("days"),
    "week": gettext_lazy("weeks"),
    "month": gettext_lazy("months"),
    "year": gettext_lazy("years"),
}
PERIODS: Mapping[str, Words] = {
    "day:0": gettext_lazy("today"),
    "day:-1": gettext_lazy("yesterday"),
    "day:1": gettext_lazy("tomorrow"),
    "week:0": gettext_lazy("this week"),
    "week:-1": gettext_lazy("last week"),
    "week:1": gettext_lazy("next week"),
    "month:0": gettext_lazy("this month"),
    "month:-1": gettext_lazy("last month"),
    "month:1": gettext_lazy("next month"),
    "year:0": gettext_lazy("this year"),
    "year:-1": gettext_lazy("last year"),
    "year:1": gettext_lazy("next year"),
}
KINDS: Mapping[str, Words] = {
    "all": gettext_lazy("All of"),
    "any": gettext_lazy("Any of"),
    NONE: gettext_lazy("None of"),
    NOT_ALL: gettext_lazy("Not all of"),
}
JOINERS: Mapping[str, Words] = {
    "all": gettext_lazy("and"),
    "any": gettext_lazy("or"),
    NONE: gettext_lazy("or"),
    NOT_ALL: gettext_lazy("and"),
}
MOVES: Mapping[str, tuple[Words, str]] = {  # with their icons
    "up": (gettext_lazy("Move up"), "arrow-up"),
    "down": (gettext_lazy("Move down"), "arrow-down"),
    "in": (gettext_lazy("Into the group above"), "corner-down-right"),
    "out": (gettext_lazy("Out of this group"), "corner-up-left"),
    "aside": (gettext_lazy("Leave these people out"), "minus"),
    "back": (gettext_lazy("Ask for these people"), "plus"),
}
TOLD: Mapping[str, Words] = {
    "field": gettext_lazy("Choose what to ask about."),
    "value": gettext_lazy("Fill this in."),
    "property": gettext_lazy("Choose what narrows it."),
    "count": gettext_lazy("Enter a whole number."),
    "first": gettext_lazy("Enter a day."),
    "last": gettext_lazy("Enter a day."),
}
