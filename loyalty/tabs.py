"""The tabs over the pages at `/loyalty/`."""

from __future__ import annotations

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.permissions import Perm
from core.requests import StaffRequest

TABS: list[tuple[str | Promise, str, Perm]] = [
    (_("Earning"), "loyalty:programme", Perm.PROGRAMME_VIEW),
    (_("Rules"), "loyalty:rules", Perm.PROGRAMME_VIEW),
    (_("Tiers"), "loyalty:tiers", Perm.PROGRAMME_VIEW),
    (_("Stamp cards"), "stamps:list", Perm.PROGRAMME_VIEW),
    (_("Referrals"), "loyalty:referrals", Perm.POINTS_VIEW),
    (_("Affiliates"), "affiliates:list", Perm.POINTS_VIEW),
    (_("Recommendations"), "recommendations:list", Perm.POINTS_VIEW),
    (_("Transactions"), "loyalty:transactions", Perm.POINTS_VIEW),
    (_("Reports"), "reports:points", Perm.POINTS_VIEW),
    (_("Settlement"), "settlement:list", Perm.POINTS_VIEW),
    (_("Approvals"), "loyalty:approvals", Perm.POINTS_ADJUST),
    (_("Ledger audit"), "loyalty:audit", Perm.LEDGER_AUDIT),
]


def loyalty_tabs(request: StaffRequest, current: str) -> list[dict[str, object]]:
    """The tabs that this person may open, for components/_tabs.html. `current` is a URL name."""
    mine = request.membership.permissions
    if request.actor.business_id is not None:
        mine -= {Perm.LEDGER_AUDIT}  # it is about the whole programme
    return [
        {"label": label, "url": reverse(url_name), "current": url_name == current}
        for label, url_name, perm in TABS
        if perm in mine
    ]
