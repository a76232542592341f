"""The provider of a laptop: appends to a file per programme; `/dev/messages/` shows the same in the browser."""

from __future__ import annotations

import re

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.channels import Outgoing
from messaging.providers.console import file
from messaging.providers.contract import Account, Field, Provider

NO_ACCOUNT = Account()


class Console(Provider):
    name = "console"
    label = _("A file on this machine")
    help = _("Nothing leaves: texts are shown under /dev/messages/. For development.")
    sender = Field("sender", _("Sender"), is_required=False, max_length=40)
    has_webhooks = False
    is_for_development = True

    def send(self, message: Outgoing, account: Account = NO_ACCOUNT) -> str:
        """Append one JSON line. Outside development the digits of a one-time code are not written."""
        hide = message.purpose == "one_time_code" and not settings.DEVELOPMENT
        file.append(
            {
                "at": timezone.now().isoformat(timespec="seconds"),
                "code": message.code,
                "channel": message.channel,
                "to": message.recipient,
                "subject": message.subject,
                "body": re.sub(r"\d", "•", message.body) if hide else message.body,
            }
        )
        return message.code


PROVIDER = Console()
