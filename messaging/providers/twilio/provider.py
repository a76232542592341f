"""Twilio, through its own library.

Source: Twilio's pages "Message resource", "Messaging webhooks", "Outbound message status in status callbacks",
"Webhooks security" and "Error and warning dictionary".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import PermanentError, RetryableError
from messaging.channels import Outgoing
from messaging.providers.contract import (
    Account,
    Delivery,
    Field,
    Inbound,
    OptedOut,
    Provider,
    Report,
    Unclear,
)

OPTED_OUT = 21610
SHORTEST_SECONDS, LONGEST_SECONDS = 6, 36_000  # that a text may wait at Twilio
TRY_LATER = {
    20003: "the account SID or the token is not right",
    20429: "too many requests at once",
}
REFUSED = {
    21211: "this is not a number",
    21266: "this is the number that it is sent from",
    21408: "texts to this country are not switched on in the account",
    21606: "the sender cannot send texts to this number",
    21608: "a trial account sends to numbers that are verified there only",
    21609: "the address for reports cannot be called",
    21612: "the sender cannot reach this number",
    21614: "this number takes no texts",
    21617: "the text is too long",
    21659: "the sender is no number of the account",
}
# Everything before these means that Twilio has the text.
DELIVERED = frozenset({"delivered", "read"})
UNDELIVERED = frozenset({"undelivered", "failed", "canceled"})
TAKEN = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
WISHES: Mapping[str, Literal["stop", "start"]] = {"STOP": "stop", "START": "start"}
LOCAL_HOSTS = ("localhost", "127.0.0.1")


class Twilio(Provider):
    name = "twilio"
    label = "Twilio"
    help = _("Account SID and token are on the first page of Twilio's console.")
    fields = (
        Field("account_sid", _("Account SID"), pattern=r"AC[0-9a-f]{32}", help=_("AC and 32 letters and digits.")),
        Field("auth_token", _("Auth token"), kind="secret", pattern=r"[0-9a-f]{32}"),
    )
    sender = Field(
        "sender",
        _("Sender"),
        pattern=r"\+[1-9]\d{6,14}|MG[0-9a-f]{32}|(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9 ]{2,11}",
        help=_("A number of the account such as +447700900100, a messaging service (MG…), or a name of 11 letters."),
    )
    confirms_stop = True
    is_signed = True

    def send(self, message: Outgoing, account: Account) -> str:
        from requests.exceptions import RequestException
        from twilio.base.exceptions import TwilioRestException, TwilioServiceException
        from twilio.rest import Client

        from messaging.providers.twilio.transport import Transport, has_sent_nothing

        client = Client(account.settings["account_sid"], account.settings["auth_token"], http_client=Transport())
        options: dict[str, Any] = {
            "messaging_service_sid" if account.sender.startswith("MG") else "from_": account.sender
        }
        if message.seconds_left is not None:
            options["validity_period"] = min(max(message.seconds_left, SHORTEST_SECONDS), LONGEST_SECONDS)
        if can_be_called(account.status_url):
            options["status_callback"] = account.status_url
        try:
            sent = client.messages.create(to=message.recipient, body=message.body, **options)
        except (TwilioRestException, TwilioServiceException) as error:
            raise _refusal(error.status, error.code) from error
        except RequestException as error:
            if has_sent_nothing(error):
                raise RetryableError("no connection to Twilio") from error
            raise Unclear("no answer from Twilio") from error
        return str(sent.sid)

    def route(self, account: Account) -> str:
        return f"{account.settings['account_sid']}/{account.sender}"

    def routes_in(self, form: Mapping[str, str]) -> Collection[str]:
        """Our number is the recipient of what comes in, and the sender of what is reported on."""
        account = form.get("AccountSid", "")
        ours = (form.get("MessagingServiceSid"), form.get("From"), form.get("To"))
        return [f"{account}/{address}" for address in ours if account and address]

    def is_genuine(self, delivery: Delivery, account: Account) -> bool:
        from twilio.request_validator import RequestValidator

        validator = RequestValidator(account.settings["auth_token"])
        return bool(validator.validate(delivery.url, delivery.form, delivery.signature))

    def read_inbound(self, delivery: Delivery, account: Account) -> Inbound | None:
        form = delivery.form
        provider_id, sender = form.get("MessageSid", ""), form.get("From", "")
        if not provider_id or not sender:
            return None
        return Inbound(
            provider_id=provider_id,
            sender=sender,
            recipient=form.get("To", ""),
            body=form.get("Body", ""),
            wish=WISHES.get(form.get("OptOutType", ""), ""),
        )

    def read_report(self, delivery: Delivery, account: Account) -> Report | None:
        form = delivery.form
        provider_id, word = form.get("MessageSid", ""), form.get("MessageStatus", "")
        if not provider_id or word not in DELIVERED | UNDELIVERED | TAKEN:
            return None
        code = form.get("ErrorCode", "")
        return Report(
            provider_id=provider_id,
            word=word,
            state="delivered" if word in DELIVERED else "undelivered" if word in UNDELIVERED else "sent",
            reference=delivery.query.get("message", ""),
            error=f"Twilio {code}" if code else "",
            is_opt_out=code == str(OPTED_OUT),
        )


def can_be_called(url: str) -> bool:
    """Whether Twilio takes the address for its reports: a laptop's it refuses together with the text (21609)."""
    host = urlsplit(url).hostname or ""
    is_local = host in LOCAL_HOSTS or host.endswith(".localhost")
    return bool(host) and (not is_local or bool(settings.TWILIO_ORIGIN))


def _refusal(status: int, code: int | None) -> Exception:
    """What an answer with an error means for the text."""
    number = int(code or 0)
    said = TRY_LATER.get(number) or REFUSED.get(number) or f"HTTP {status}"
    words = f"Twilio {number or status}: {said}"
    if number == OPTED_OUT:
        return OptedOut("Twilio 21610: the person has stopped texts from this sender")
    if number in TRY_LATER or status in (401, 429):
        return RetryableError(words)
    return PermanentError(words) if 400 <= status < 500 else Unclear(words)


PROVIDER = Twilio()
