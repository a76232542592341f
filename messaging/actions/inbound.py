"""What providers bring: texts that people sent, and what became of texts of ours. Bringing it twice is one effect."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core.phones import InvalidPhone, parse_phone
from core.tenancy import active_programme
from messaging.actions.opt_outs import RECEIVED, decide_themselves, kept_for
from messaging.actions.outbox import queue_message
from messaging.actions.suppression import owner_of, release, suppress
from messaging.commands import answer_text, command_of
from messaging.languages import language_of
from messaging.models import InboundMessage, MessageReceipt, OutboundMessage, Suppression
from messaging.opt_out_words import may_be_opt_out
from messaging.providers.contract import Inbound, Provider, Report
from messaging.rules import reported_state, wish_of
from programs.actions.due_work import ensure_due

logger = logging.getLogger(__name__)

LONGEST_BODY = 2000  # of a text of many parts
Reading = InboundMessage.Reading


def receive_text(*, provider: Provider, inbound: Inbound, now: datetime) -> InboundMessage:
    """Keep a text, once for each id of the provider's; STOP and START take effect with it.

    After STOP one text confirms it, unless the provider does; nothing else goes to that number until START. A text that
    is a word we know (`messaging.commands`) is answered. One that may be an opt-out waits for a person
    (`actions.opt_outs`).
    """
    number = _number(inbound.sender)
    with transaction.atomic():
        customer = owner_of(number)
        text, is_new = InboundMessage.objects.get_or_create(
            provider=provider.name,
            provider_id=inbound.provider_id[:120],
            defaults={
                "sender": number,
                "recipient": inbound.recipient[:40],
                "customer": customer,
                "body": inbound.body.replace("\x00", "")[:LONGEST_BODY],
                "received_at": now,
            },
        )
        if not is_new:
            return text
        text.reading = _take(text, inbound.wish or wish_of(text.body), provider, now)
        text.save(update_fields=["reading"])
        ensure_due(kind=RECEIVED, by=now + kept_for())
    logger.info("messaging.text.received", extra={"text_code": text.code, "reading": text.reading or "other"})
    return text


def _take(text: InboundMessage, wish: str, provider: Provider, now: datetime) -> str:
    """Do what the text asks for; gives its reading."""
    if wish == "stop":
        is_first = suppress(number=text.sender, reason=Suppression.Reason.STOP, now=now)
        decide_themselves(number=text.sender, decision=InboundMessage.Decision.STOPPED, now=now)
        if is_first and not provider.confirms_stop:
            _confirm_stop(text, now=now)
        return Reading.STOP
    if wish == "start":
        release(number=text.sender, now=now)
        decide_themselves(number=text.sender, decision=InboundMessage.Decision.KEPT, now=now)
        return Reading.START
    if command_of(text.body):
        answer_text(text, now=now)
        return Reading.COMMAND
    return Reading.UNCLEAR if may_be_opt_out(text.body) else Reading.OTHER


def receive_report(*, provider: Provider, report: Report, now: datetime) -> OutboundMessage | None:
    """Write down what the provider says about a text of ours; None for one that we do not know.

    A state never goes back. A text that was never confirmed, or whose sender died, is settled by this. That a try did
    not arrive ends nothing where a person has had the text sent again: the next try leaves all the same.
    """
    with transaction.atomic():
        message = _reported_message(provider, report)
        if message is None:
            return None
        if report.is_opt_out and message.recipient:
            suppress(number=message.recipient, reason=Suppression.Reason.PROVIDER, now=now)
        if report.state == "undelivered" and message.state == OutboundMessage.State.QUEUED:
            return message
        receipt, is_new = MessageReceipt.objects.get_or_create(
            message=message,
            word=report.word[:60],
            defaults={"state": report.state, "error": report.error[:200], "at": now},
        )
        if not is_new:
            return message
        state = reported_state(message.state, receipt.state)
        if state != message.state:
            message.state = state
            message.error = receipt.error
            message.provider_id = message.provider_id or report.provider_id[:120]
            message.finished_at = message.finished_at or now
            if state == OutboundMessage.State.DELIVERED:
                message.delivered_at = now
            message.save(update_fields=["state", "error", "provider_id", "finished_at", "delivered_at"])
    logger.info("messaging.message.reported", extra={"message_code": message.code, "state": message.state})
    return message


def _reported_message(provider: Provider, report: Report) -> OutboundMessage | None:
    """By our own code where the report has it, else by the provider's id; locked."""
    texts = OutboundMessage.objects.select_for_update().filter(channel=OutboundMessage.Channel.SMS)
    provider_id = report.provider_id[:120]  # as it is stored
    if report.reference:
        message = texts.filter(code=report.reference, provider=provider.name).first()
        # An id of another text: the report is not about this one.
        if message and message.provider_id and provider_id and message.provider_id != provider_id:
            return None
        if message is not None:
            return message
    if not provider_id:
        return None
    return texts.filter(provider_id=provider_id, provider=provider.name).order_by("-id").first()


def _confirm_stop(text: InboundMessage, *, now: datetime) -> None:
    programme = active_programme()
    with translation.override(language_of(text.customer)):
        body = _("You get no more texts from %(programme)s. Text START to get them again.") % {
            "programme": programme.name
        }
    queue_message(
        channel=OutboundMessage.Channel.SMS,
        purpose=OutboundMessage.Purpose.OPT_OUT_REPLY,
        recipient=text.sender,
        customer_id=text.customer_id,
        body=body,
        dedupe_key=f"stop:{text.code}",
        now=now,
    )


def _number(written: str) -> str:
    """E.164 where it is a whole number; a short code or a name as it is."""
    country = active_programme().country
    for spelling in (written, f"+{written}"):
        try:
            return parse_phone(spelling, country)
        except InvalidPhone:
            continue
    return written.replace("\x00", "")[:40]
