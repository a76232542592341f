"""What the ways of forecasting are called. Their codes are those of `intelligence.engine.candidates`."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_Words = tuple[str | Promise, str | Promise]  # name, what it supposes

OURS: Mapping[str, _Words] = {
    "mbg-season": (
        _("MBG/NBD, season"),
        _("Visits at random until somebody stays away for good; times what the same weeks of last year brought."),
    ),
    "mbg": (_("MBG/NBD"), _("Visits at random until somebody stays away for good, which may be after the first.")),
    "bg-season": (_("BG/NBD, season"), _("As BG/NBD, times what the same weeks of last year brought.")),
    "bg": (_("BG/NBD"), _("Visits at random until somebody stays away for good, never after the first.")),
    "pareto-season": (_("Pareto/NBD, season"), _("As Pareto/NBD, times what the same weeks of last year brought.")),
    "pareto": (_("Pareto/NBD"), _("Visits at random until somebody stays away for good, at any moment.")),
    "trees-season": (
        _("Trees and MBG/NBD, season"),
        _("The mean of MBG/NBD and of what earlier months taught; times what the same weeks of last year brought."),
    ),
    "trees": (_("Trees and MBG/NBD"), _("The mean of MBG/NBD and of what earlier months of your shop taught.")),
}
NAIVE: Mapping[str, _Words] = {
    "mean": (_("Everybody the same"), _("Everybody does the mean of the period before.")),
    "last-period": (_("The last period again"), _("Everybody does exactly what they did in the period before.")),
    "as-before": (_("The same as before"), _("Everybody goes on as often as in their whole time with you.")),
}


def name_of(code: str) -> str:
    """The code itself where a version before had other candidates."""
    return str({**OURS, **NAIVE}[code][0]) if code in OURS or code in NAIVE else code


def meaning_of(code: str) -> str:
    return str({**OURS, **NAIVE}[code][1]) if code in OURS or code in NAIVE else ""
