"""Africa's Talking, by its documented HTTP protocol.

Source: Africa's Talking's pages "Send SMS" (version1/messaging, status codes of recipients), "Incoming messages" and
"Delivery reports".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from core.errors import PermanentError, RetryableError
from messaging.channels import Outgoing
from messaging.providers import http
from messaging.providers.contract import Account, Delivery, Field, Inbound, OptedOut, Provider, Report, Unclear

LIVE = "https://api.africastalking.com"
SANDBOX = "https://api.sandbox.africastalking.com"
PATH = "/version1/messaging"

TAKEN = frozenset({100, 101, 102})  # processed, sent, queued
NO_MONEY, BLOCKED = 405, 406
REFUSED = {
    402: "the sender is not registered in the account",
    403: "this is not a number",
    404: "this kind of number takes no texts",
    407: "no route to this number",
    409: "the person's network refuses such texts",
    502: "refused by the gateway",
}
DELIVERED = frozenset({"Success"})
UNDELIVERED = frozenset({"Rejected", "Failed", "AbsentSubscriber", "Expired"})
ON_ITS_WAY = frozenset({"Sent", "Submitted", "Buffered"})
BLOCKED_WORD = "UserInBlacklist"


class AfricasTalking(Provider):
    name = "africas_talking"
    label = "Africa's Talking"
    help = _("The user name “sandbox” sends to the simulator only.")
    fields = (
        Field("username", _("User name"), pattern=r"[A-Za-z0-9._-]{1,60}", help=_("Of the app, not of the person.")),
        Field("api_key", _("API key"), kind="secret"),
    )
    sender = Field(
        "sender",
        _("Sender"),
        is_required=False,
        pattern=r"[A-Za-z0-9 ._+-]{2,16}",
        help=_("A short code or a registered name. Without one the shared name of Africa's Talking is used."),
    )

    def __init__(self, origin: str = "") -> None:
        self.origin = origin  # of a stand-in

    def send(self, message: Outgoing, account: Account) -> str:
        username = account.settings["username"]
        origin = self.origin or (SANDBOX if username == "sandbox" else LIVE)
        form = {"username": username, "to": message.recipient, "message": message.body}
        if account.sender:
            form["from"] = account.sender
        answer = http.call(
            f"{origin}{PATH}",
            method="POST",
            headers={
                "apiKey": account.settings["api_key"],
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(form).encode(),
        )
        if answer.status in (401, 429):
            raise RetryableError(f"Africa's Talking {answer.status}: refused for now; check user name and key")
        if 400 <= answer.status < 500:
            raise PermanentError(f"Africa's Talking: HTTP {answer.status}")
        if not 200 <= answer.status < 300:
            raise Unclear(f"HTTP {answer.status}")
        return _id_of(answer.json())

    def read_inbound(self, delivery: Delivery, account: Account) -> Inbound | None:
        form = delivery.form
        if not form.get("id") or not form.get("from"):
            return None
        return Inbound(form["id"], form["from"], form.get("to", ""), form.get("text", ""))

    def read_report(self, delivery: Delivery, account: Account) -> Report | None:
        form = delivery.form
        provider_id, word, why = form.get("id", ""), form.get("status", ""), form.get("failureReason", "")
        if not provider_id or word not in DELIVERED | UNDELIVERED | ON_ITS_WAY:
            return None
        return Report(
            provider_id=provider_id,
            word=word,
            state="delivered" if word in DELIVERED else "undelivered" if word in UNDELIVERED else "sent",
            error=f"Africa's Talking: {why}"[:200] if why else "",
            is_opt_out=why == BLOCKED_WORD,
        )


def _id_of(answer: object) -> str:
    """The id in the answer to one text; raises what the recipient's own code means."""
    data = answer.get("SMSMessageData") if isinstance(answer, Mapping) else None
    recipients = data.get("Recipients") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(recipients, list):
        raise Unclear("an answer of another form")
    if not recipients:  # nobody was written to: `Message` says why, in one word such as InvalidSenderId
        word = str(data.get("Message", ""))
        raise PermanentError(f"Africa's Talking: {word if word.isalnum() else 'nobody was written to'}"[:120])
    one = recipients[0]
    code = one.get("statusCode") if isinstance(one, Mapping) else None
    if code in TAKEN:
        return str(one.get("messageId", ""))
    if code == BLOCKED:
        raise OptedOut("Africa's Talking 406: the person has stopped texts from this sender")
    if code == NO_MONEY:
        raise RetryableError("Africa's Talking 405: the account has no money left")
    if code in REFUSED:
        raise PermanentError(f"Africa's Talking {code}: {REFUSED[code]}")
    raise Unclear(f"status code {code}")  # held for a check, or an error of theirs


PROVIDER = AfricasTalking()
