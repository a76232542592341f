"""The tabs over the pages of analytics, wherever a page lives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from core.permissions import Perm
from core.requests import StaffRequest

TABS: Sequence[tuple[str | Promise, str, Perm]] = (
    (gettext_lazy("Overview"), "analytics:overview", Perm.ANALYTICS_VIEW),
    (gettext_lazy("Insights"), "intelligence:analysis", Perm.INTELLIGENCE_VIEW),
    (gettext_lazy("Products"), "analytics:products", Perm.ANALYTICS_VIEW),
    (gettext_lazy("Customers"), "analytics:customers", Perm.ANALYTICS_VIEW),
    (gettext_lazy("Cohorts"), "analytics:cohorts", Perm.ANALYTICS_VIEW),
    (gettext_lazy("RFM groups"), "intelligence:groups", Perm.INTELLIGENCE_VIEW),
    (gettext_lazy("How well we forecast"), "intelligence:backtest", Perm.INTELLIGENCE_VIEW),
    (gettext_lazy("Features"), "intelligence:features", Perm.INTELLIGENCE_VIEW),
    (gettext_lazy("Hours"), "analytics:hours", Perm.ANALYTICS_VIEW),
    (gettext_lazy("Bought together"), "analytics:pairs", Perm.ANALYTICS_VIEW),
    (gettext_lazy("Likely to buy"), "intelligence:products", Perm.INTELLIGENCE_VIEW),
)
ABOUT_EVERY_BUSINESS = frozenset({"intelligence:analysis", "intelligence:backtest"})  # nothing for people of one
KEPT = ("days", "from", "to", "compare", "business")  # from one tab to the next


def analytics_tabs(request: StaffRequest, current: str) -> list[dict[str, object]]:
    """Those that this person may open, for components/_tabs.html. `current` is a URL name."""
    kept = {name: value for name in KEPT if (value := request.GET.get(name))}
    return [
        {"label": label, "url": _tab_url(url_name, kept), "current": url_name == current}
        for label, url_name, perm in TABS
        if perm in request.membership.permissions
        and (request.actor.business_id is None or url_name not in ABOUT_EVERY_BUSINESS)
    ]


def _tab_url(url_name: str, kept: Mapping[str, str]) -> str:
    return f"{reverse(url_name)}?{urlencode(kept)}" if kept and url_name.startswith("analytics:") else reverse(url_name)
