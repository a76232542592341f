"""What people can ask by text: a word, and who answers it. Higher apps register theirs when they start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from core.tenancy import active_programme
from messaging.actions.outbox import queue_message
from messaging.languages import language_of
from messaging.models import InboundMessage, OutboundMessage
from messaging.rules import said_in

# Gives the answer in the language that is spoken around it, or "" for none. It may be called twice for one text.
Answer = Callable[[InboundMessage, datetime], str]

ANSWERS: dict[str, Answer] = {}
WORDS: dict[str, str] = {}
HOUR = timedelta(hours=1)
ANSWERED_AN_HOUR = 10  # texts of one number: two machines that answer each other come to an end


def answers(name: str, *words: str) -> Callable[[Answer], Answer]:
    """Register who answers texts that are one of `words` and nothing else, in any case."""

    def register(answer: Answer) -> Answer:
        ANSWERS[name] = answer
        WORDS.update(dict.fromkeys(words, name))
        return answer

    return register


def command_of(body: str) -> str:
    """The name of what a whole text asks for, "" for anything else."""
    return WORDS.get(said_in(body), "")


def answer_text(text: InboundMessage, *, now: datetime) -> OutboundMessage | None:
    """Queue the answer to a text that asks for something; None for others, and for a number that asks without end.

    In the caller's transaction. The same text again is one answer.
    """
    name = command_of(text.body)
    if not name or not text.sender.startswith("+"):
        return None
    asked = InboundMessage.objects.filter(sender=text.sender, received_at__gt=now - HOUR).count()
    if asked > ANSWERED_AN_HOUR:
        return None
    with translation.override(language_of(text.customer)):
        body = ANSWERS[name](text, now)
    if not body:
        return None
    return queue_message(
        channel=OutboundMessage.Channel.SMS,
        purpose=OutboundMessage.Purpose.REPLY,
        recipient=text.sender,
        customer_id=text.customer_id,
        body=f"{active_programme().name}: {body}",
        dedupe_key=f"reply:{text.code}",
        now=now,
        expires_at=now + HOUR,
    )


@answers("help", "help", "info", "hilfe")
def _help(text: InboundMessage, now: datetime) -> str:
    return _("BALANCE tells your points, REWARDS what you can have, JOIN makes you a member, STOP ends all texts.")
