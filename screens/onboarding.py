"""What a new programme does next: the checklist on its home page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.permissions import Perm
from customers.models import ImportRun, Order
from programs.models import Invitation, Membership, Programme
from workspace.models import Business


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `url` is where; a step whose page this person may not open is not in the list."""

    key: str
    title: str | Promise
    text: str | Promise
    icon: str
    url: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Checklist:
    steps: list[Step]

    @property
    def done_count(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def is_done(self) -> bool:
        return self.done_count == len(self.steps)

    @property
    def percent(self) -> int:
        return round(100 * self.done_count / len(self.steps)) if self.steps else 100


# key, title, why, icon, where (the first page that exists), who
STEPS: tuple[tuple[str, Promise, Promise, str, tuple[str, ...], Perm], ...] = (
    (
        "sale",
        _("Add the first points"),
        _("Two taps at the till: number, amount."),
        "calculator",
        ("till:find",),
        Perm.TILL_USE,
    ),
    (
        "import",
        _("Bring your customers"),
        _("From a file of your shop system or a spreadsheet."),
        "upload",
        ("customers:import-new", "customers:imports"),
        Perm.IMPORTS_RUN,
    ),
    (
        "team",
        _("Invite your team"),
        _("Cashiers see the till and nothing else."),
        "user-plus",
        ("workspace:team",),
        Perm.TEAM_MANAGE,
    ),
    (
        "brand",
        _("Add your logo"),
        _("Members see it on their points page."),
        "palette",
        ("workspace:settings",),
        Perm.SETTINGS_EDIT,
    ),
    (
        "details",
        _("Complete your business"),
        _("Contact and address, for your members."),
        "store",
        ("workspace:business-list",),
        Perm.PROGRAMME_EDIT,
    ),
)


def checklist(*, programme: Programme, permissions: Collection[Perm]) -> Checklist:
    """The steps of the active programme for somebody with `permissions`: at most six small queries."""
    steps = []
    for key, title, text, icon, url_names, perm in STEPS:
        if perm not in permissions:
            continue
        url = next(filter(None, map(_resolve, url_names)), "")
        if not url:  # a page of a later release
            continue
        steps.append(Step(key, title, text, icon, url, _is_done(key, programme)))
    return Checklist(steps)


def _resolve(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _is_done(key: str, programme: Programme) -> bool:
    match key:
        case "sale":
            return Order.objects.exists()
        case "import":
            return ImportRun.objects.exists()
        case "team":
            invited = Invitation.objects.filter(programme=programme).exists()
            return invited or Membership.objects.filter(programme=programme).count() > 1
        case "brand":
            return bool(programme.logo)
        case _:
            return Business.objects.active().exclude(address="").exists()
