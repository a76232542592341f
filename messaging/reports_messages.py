"""What pages and API say of single messages: those perhaps sent, and texts that people sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from core.clock import local_day
from core.phones import mask_phone
from customers.models import Customer
from customers.reports.customer_list import name_and_contact
from messaging.models import InboundMessage, OutboundMessage
from messaging.providers.contract import Words
from messaging.rules import HONOURED_WITHIN, business_days_after, can_be_sent_again

LATE_WITHIN = 3  # days before an opt-out must be honoured at which it is urgent
Reading = InboundMessage.Reading
# What the outbox writes down where the provider said nothing that can be read.
WHY: Mapping[str, Words] = {
    "worker died": _("The process that sent it ended before the answer came."),
    "Unclear": _("The provider’s answer was lost, or could not be understood."),
}
WHY_ELSE = _("Something went wrong between sending it and the answer.")


@dataclass(frozen=True, slots=True)
class Person:
    """Who a message went to or came from: a customer by name, anybody else by a number of which little is shown."""

    name: str
    code: str  # of the customer; "" for nobody that is known


@dataclass(frozen=True, slots=True)
class UnconfirmedLine:
    message: OutboundMessage
    person: Person
    address: str  # masked
    text: str  # "" for codes: they are not shown to anybody
    why: Words
    can_be_sent_again: bool


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """`answer` is what became of our answer; `days` the age of what may be an opt-out, `honour_by` its last day."""

    text: InboundMessage
    person: Person
    address: str
    answer: OutboundMessage | None
    is_open: bool
    days: int
    honour_by: date
    tone: str


@dataclass(frozen=True, slots=True)
class ToDecide:
    """What waits for a person: messages perhaps sent, texts that may be opt-outs."""

    unconfirmed: int
    opt_outs: int


MOST_COUNTED = 1000


def to_decide() -> ToDecide:
    """Counted up to MOST_COUNTED. Two queries."""
    return ToDecide(
        OutboundMessage.objects.unconfirmed()[:MOST_COUNTED].count(),
        InboundMessage.objects.undecided()[:MOST_COUNTED].count(),
    )


def mask_address(address: str) -> str:
    """A number or an e-mail address of which only so much is shown that two of them can be told apart."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}" if at else mask_phone(address)


def why_unconfirmed(message: OutboundMessage) -> Words:
    return WHY.get(message.error, WHY_ELSE)


def unconfirmed_lines(messages: Sequence[OutboundMessage], *, country: str, now: datetime) -> Sequence[UnconfirmedLine]:
    """Of messages with their customers."""
    return [
        UnconfirmedLine(
            message=one,
            person=_person(one.customer, one.recipient, country),
            address=mask_address(one.recipient),
            text="" if one.purpose == OutboundMessage.Purpose.ONE_TIME_CODE else one.body,
            why=why_unconfirmed(one),
            can_be_sent_again=can_be_sent_again(one.expires_at, one.redacted_at, now),
        )
        for one in messages
    ]


def received_lines(
    texts: Sequence[InboundMessage], *, country: str, zone: ZoneInfo, now: datetime
) -> Sequence[ReceivedLine]:
    """Of texts with their customers. One query."""
    answers = answers_to(texts)
    return [_received(one, answers.get(one.code), country, zone, now) for one in texts]


def answers_to(texts: Sequence[InboundMessage]) -> Mapping[str, OutboundMessage]:
    """What was answered, by the text's code. One query."""
    keys = {f"{kind}:{one.code}": one.code for one in texts for kind in ("reply", "stop")}
    found = OutboundMessage.objects.filter(dedupe_key__in=keys)
    return {keys[one.dedupe_key]: one for one in found}


def honour_by(text: InboundMessage, zone: ZoneInfo) -> date:
    """The last day on which what it asks for must be done, if it is an opt-out."""
    return business_days_after(local_day(text.received_at, zone), HONOURED_WITHIN)


def _received(
    text: InboundMessage, answer: OutboundMessage | None, country: str, zone: ZoneInfo, now: datetime
) -> ReceivedLine:
    last, today = honour_by(text, zone), local_day(now, zone)
    is_open = text.reading == Reading.UNCLEAR and not text.decision
    left = (last - today).days
    tone = ("danger" if left < 0 else "warning" if left <= LATE_WITHIN else "") if is_open else ""
    return ReceivedLine(
        text=text,
        person=_person(text.customer, text.sender, country),
        address=mask_address(text.sender),
        answer=answer,
        is_open=is_open,
        days=(today - local_day(text.received_at, zone)).days,
        honour_by=last,
        tone=tone,
    )


def _person(customer: Customer | None, address: str, country: str) -> Person:
    if customer is None:
        return Person(mask_address(address), "")
    name, _contact = name_and_contact(customer, country)
    # Somebody who is known by nothing but the number is called by it, and it is not shown here.
    return Person(name if customer.name else mask_address(address), customer.code)
