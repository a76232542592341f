"""The tabs over the pages of analytics, wherever a page lives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from core.permissions import Perm
from core.requests import StaffRequest

Page = tuple[str | Promise, str, Perm]
GROUPS: Sequence[tuple[str | Promise, Sequence[Page]]] = (
    (
        gettext_lazy("Sales"),
        (
            (gettext_lazy("Overview"), "analytics:overview", Perm.ANALYTICS_VIEW),
            (gettext_lazy("Products"), "analytics:products", Perm.ANALYTICS_VIEW),
            (gettext_lazy("Hours"), "analytics:hours", Perm.ANALYTICS_VIEW),
            (gettext_lazy("Bought together"), "analytics:pairs", Perm.ANALYTICS_VIEW),
        ),
    ),
    (
        gettext_lazy("People"),
        (
            (gettext_lazy("Customers"), "analytics:customers", Perm.ANALYTICS_VIEW),
            (gettext_lazy("Cohorts"), "analytics:cohorts", Perm.ANALYTICS_VIEW),
            (gettext_lazy("RFM groups"), "intelligence:groups", Perm.INTELLIGENCE_VIEW),
        ),
    ),
    (
        gettext_lazy("Intelligence"),
        (
            (gettext_lazy("Insights"), "intelligence:analysis", Perm.INTELLIGENCE_VIEW),
            (gettext_lazy("Likely to buy"), "intelligence:products", Perm.INTELLIGENCE_VIEW),
            (gettext_lazy("How well we forecast"), "intelligence:backtest", Perm.INTELLIGENCE_VIEW),
            (gettext_lazy("Features"), "intelligence:features", Perm.INTELLIGENCE_VIEW),
        ),
    ),
)
ABOUT_EVERY_BUSINESS = frozenset({"intelligence:analysis", "intelligence:backtest"})  # nothing for people of one
KEPT = ("days", "from", "to", "compare", "business")  # from one tab to the next


@dataclass(frozen=True, slots=True)
class AnalyticsTabs:
    """For customers/_analytics_tabs.html: a tab for each group, and the pages of the current one, called `label`."""

    groups: Sequence[Mapping[str, object]]
    pages: Sequence[Mapping[str, object]]
    label: str | Promise


def analytics_tabs(request: StaffRequest, current: str) -> AnalyticsTabs:
    """What this person may open. `current` is a URL name."""
    kept = {name: value for name in KEPT if (value := request.GET.get(name))}
    shown = [(label, [page for page in group if _may_open(request, page)]) for label, group in GROUPS]
    here = next(label for label, group in GROUPS if current in [url_name for _label, url_name, _perm in group])
    return AnalyticsTabs(
        groups=[
            {"label": label, "url": _tab_url(pages[0][1], kept), "current": "true" if label == here else ""}
            for label, pages in shown
            if pages
        ],
        pages=[
            {"label": label, "url": _tab_url(url_name, kept), "current": url_name == current}
            for label, url_name, _perm in dict(shown)[here]
        ],
        label=here,
    )


def _may_open(request: StaffRequest, page: Page) -> bool:
    _label, url_name, perm = page
    sees_all = request.actor.business_id is None
    return perm in request.membership.permissions and (sees_all or url_name not in ABOUT_EVERY_BUSINESS)


def _tab_url(url_name: str, kept: Mapping[str, str]) -> str:
    return f"{reverse(url_name)}?{urlencode(kept)}" if kept and url_name.startswith("analytics:") else reverse(url_name)
