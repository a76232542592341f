"""Telling owners and the business that its final statement is there: a job mails each of them."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import translation

from core.actor import SYSTEM
from core.languages import staff_language
from core.permissions import Role
from core.tenancy import active_programme
from loyalty.models import FinalStatement
from programs.hosts import programme_url
from programs.mail import compose
from programs.models import Membership
from workspace.actions.jobs import start_job

LEFT_MAIL = "loyalty.final_statement_mail"  # `loyalty.tasks` has its work


def tell_of_statement(statement: FinalStatement, *, now: datetime) -> None:
    """Have the owners who want news of the team, and the business's own address, be told: one job for each."""
    owners = Membership.objects.live().filter(programme=active_programme(), role=Role.OWNER).select_related("user")
    addresses = [owner.user.email for owner in owners if "team" in owner.user.notifications]
    for address in dict.fromkeys([*addresses, statement.business.email]):
        if address:
            params = {"statement": statement.pk, "to": address}
            start_job(kind=LEFT_MAIL, key=f"{statement.pk}:{address}", params=params, actor=SYSTEM, now=now)


def mail_statement(*, statement: int, to: str) -> None:
    """Mail the link of a final statement. The figures stay behind the log-in."""
    programme = active_programme()
    found = FinalStatement.objects.select_related("business").filter(pk=statement).first()
    if found is None:
        return
    path = reverse("settlement:final", args=[found.business.code], urlconf="config.urls_programme")
    with translation.override(staff_language(programme.language)):
        compose(
            "emails/final_statement.html",
            to=to,
            context={
                "programme_name": programme.name,
                "business": found.business_name,
                "last_day": found.last_day,
                "button_url": programme_url(programme, path),
            },
        ).send()
