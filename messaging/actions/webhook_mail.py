"""Telling owners that a webhook was switched off; as its job sends it: the programme is active."""

from __future__ import annotations

from django.urls import reverse
from django.utils import translation

from core.languages import staff_language
from core.permissions import Role
from core.tenancy import active_programme
from messaging.models_webhooks import WebhookEndpoint
from programs.hosts import programme_url
from programs.mail import compose
from programs.models import Membership


def mail_switched_off(*, endpoint: str, owner: str) -> None:
    """Mail one owner, unless they left, or the endpoint works again or is gone. Codes of endpoint and membership."""
    programme = active_programme()
    team = Membership.objects.live().filter(programme=programme, role=Role.OWNER).select_related("user")
    told = team.filter(code=owner).first()
    off = WebhookEndpoint.objects.kept().filter(code=endpoint, is_active=False).first()
    if told is None or off is None:
        return
    path = reverse("webhooks:detail", args=[off.code], urlconf="config.urls_programme")
    with translation.override(staff_language(told.user.language or programme.language)):
        compose(
            "emails/webhook_off.html",
            to=told.user.email,
            context={
                "programme_name": programme.name,
                "host": off.host,
                "description": off.description,
                "is_gone": off.off_because == WebhookEndpoint.Off.GONE,
                "button_url": programme_url(programme, path),
            },
        ).send()
