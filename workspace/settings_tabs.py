"""The tabs over the settings pages. A page joins by one line here."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.permissions import Perm
from core.requests import StaffRequest

TABS: list[tuple[str | Promise, str, Perm | None]] = [
    (_("Programme"), "workspace:settings", Perm.SETTINGS_EDIT),
    (_("Businesses"), "workspace:business-list", Perm.PROGRAMME_VIEW),
    (_("Team"), "workspace:team", Perm.TEAM_MANAGE),
    (_("Intelligence"), "intelligence:settings", Perm.SETTINGS_EDIT),
    (_("Texts"), "messaging:texts", Perm.SETTINGS_EDIT),
    (_("API keys"), "workspace:api-keys", Perm.KEYS_MANAGE),
    (_("Webhooks"), "webhooks:list", Perm.KEYS_MANAGE),
    (_("Audit log"), "workspace:audit", Perm.AUDIT_VIEW),
    (_("Your profile"), "workspace:me", None),
]


def settings_tabs(request: StaffRequest) -> list[dict[str, object]]:
    """The tabs that this person may open, for components/_tabs.html."""
    found: list[dict[str, object]] = []
    for label, url_name, perm in TABS:
        if perm is not None and perm not in request.membership.permissions:
            continue
        try:
            url = reverse(url_name)
        except NoReverseMatch:
            continue
        found.append({"label": label, "url": url, "current": False})
    matches = [tab for tab in found if request.path.startswith(str(tab["url"]))]
    if matches:
        max(matches, key=lambda tab: len(str(tab["url"])))["current"] = True
    return found
