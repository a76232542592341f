"""A deployment whose webhooks could be sent into its own network is told so."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def webhooks_stay_outside(**_: Any) -> list[CheckMessage]:
    if not settings.WEBHOOKS_TO_THIS_MACHINE:
        return []
    hint = "Unset WEBHOOKS_TO_THIS_MACHINE: whoever manages keys could reach services of this machine."
    return [Error("Webhooks may call this machine and plain http.", hint=hint, id="messaging.E003")]
