"""What others send about people, made fit to be taken in: who it is about, when it was, what was said. No database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import cast

import msgspec
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.phones import parse_phone
from core.texts import can_be_kept
from customers import attributes
from customers.actions.customers import CustomerValues, clean_email, clean_values
from customers.models import AttributeDefinition, Customer, Identifier

Kind = Identifier.Kind

AHEAD = timedelta(hours=1)  # clocks differ by so much; what is further ahead is a mistake
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
MAX_EVENT_NAME = 100
MAX_ID = 120  # of a message, a visitor, a customer in the sender's own system
MAX_PROPERTIES = 100
MAX_PROPERTIES_BYTES = 32 * 1024
MAX_DEPTH = 4  # objects and lists in each other

# What identifies somebody, most telling first: of two people named in one call, the first of these decides.
IDENTITIES: Mapping[str, str] = {
    "external_id": Kind.EXTERNAL,
    "phone": Kind.PHONE,
    "email": Kind.EMAIL,
    "anonymous_id": Kind.ANONYMOUS,
}
# Fields of a customer that a trait may fill; every other trait is an attribute.
FIELDS = frozenset(
    {"first_name", "last_name", "address", "city", "region", "postcode", "country", "birthday", "language"}
)


@dataclass(frozen=True, slots=True)
class Person:
    """How a sender names somebody. `identities`: kind of identifier → value as it is stored, most telling first."""

    customer_id: str = ""  # our own code
    identities: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """More than a browser."""
        return bool(self.customer_id or set(self.identities) - {Kind.ANONYMOUS})


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that was sent. Without `event` it says who somebody is: `fields` and `attributes` hold what of them."""

    person: Person
    occurred_at: datetime
    message_id: str = ""
    business_id: int | None = None
    event: str = ""
    properties: Mapping[str, object] = field(default_factory=dict)
    fields: Mapping[str, object] = field(default_factory=dict)
    attributes: Mapping[str, object] = field(default_factory=dict)


def read_person(given: Mapping[str, str], *, country: str) -> Person:
    """`given` has any of customer_id, external_id, phone, email and anonymous_id, as typed; empty ones do not count.

    Raises InvalidPhone, InvalidEmail and InvalidInput, also where nobody is named.
    """
    identities: dict[str, str] = {}
    for name, kind in IDENTITIES.items():
        typed = given.get(name, "").strip()
        if typed:
            identities[kind] = _identity(name, typed, country)
    person = Person(given.get("customer_id", "").strip(), identities)
    if not person.customer_id.isprintable():
        raise InvalidInput(_("There is no such customer."), field="customer_id")
    if not person.customer_id and not identities:
        message = _("Say who it is: customer_id, external_id, phone, email or anonymous_id.")
        raise InvalidInput(message, field="external_id")
    return person


def _identity(name: str, typed: str, country: str) -> str:
    if name == "phone":
        return parse_phone(typed, country)
    if name == "email":
        return clean_email(typed)
    if len(typed) > MAX_ID or not typed.isprintable():
        raise InvalidInput(_("An id is up to 120 printable characters."), field=name)
    return typed


def read_time(timestamp: datetime | None, *, sent_at: datetime | None, received_at: datetime) -> datetime:
    """When it was. With `sent_at`, both by the sender's clock, the clock's own error is taken out.

    Source: Segment, "Spec: Common Fields", timestamp = receivedAt - (sentAt - originalTimestamp). A time up to AHEAD
    from now counts as now. Raises InvalidInput for a later one, one before 2000, and one without its zone.
    """
    if timestamp is None:
        return received_at
    if timestamp.tzinfo is None or (sent_at is not None and sent_at.tzinfo is None):
        raise InvalidInput(_("A time needs its zone, such as 2026-11-22T10:30:00Z."), field="timestamp")
    try:
        at = received_at - (sent_at - timestamp) if sent_at is not None else timestamp
    except OverflowError:
        at = OLDEST - AHEAD
    if at > received_at + AHEAD:
        raise InvalidInput(_("This time has not come yet."), field="timestamp")
    if at < OLDEST:
        raise InvalidInput(_("This time is too long ago."), field="timestamp")
    return min(at, received_at).astimezone(UTC)


def read_event(name: str) -> str:
    """The sender's name for what happened. Raises InvalidInput."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > MAX_EVENT_NAME or not can_be_kept(cleaned):
        raise InvalidInput(_("The name of an event is 1 to 100 printable characters."), field="event")
    return cleaned


def read_message_id(text: str) -> str:
    if len(text) > MAX_ID or not text.isprintable():
        raise InvalidInput(_("An id is up to 120 printable characters."), field="message_id")
    return text


def read_properties(given: Mapping[str, object]) -> dict[str, object]:
    """What comes with an event, as JSON. Raises InvalidInput for more than can be kept."""
    message = _("Properties are up to 100 names with 32 kB of values, not nested more than 4 deep.")
    if len(given) > MAX_PROPERTIES or _depth(given) > MAX_DEPTH:
        raise InvalidInput(message, field="properties")
    encoded = msgspec.json.encode(given)
    if len(encoded) > MAX_PROPERTIES_BYTES:
        raise InvalidInput(message, field="properties")
    if b"\\u0000" in encoded:  # PostgreSQL keeps no NUL
        raise InvalidInput(_("This text has characters that cannot be kept."), field="properties")
    return dict(given)


def _depth(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def read_traits(
    given: Mapping[str, object], *, known: Mapping[str, AttributeDefinition], country: str, now: datetime
) -> tuple[dict[str, object], dict[str, object]]:
    """What is said of a person, as their fields and their attributes, as they are stored; null empties.

    Raises InvalidInput with the name of the trait as its field.
    """
    texts = {name: "" if value is None else value for name, value in given.items() if name in FIELDS - {"birthday"}}
    for name, value in texts.items():
        most = int(getattr(Customer._meta.get_field(name), "max_length", 0))
        if not isinstance(value, str) or len(value) > most or not can_be_kept(value):
            message = _("This is a text of up to %(most)s characters.") % {"most": most}
            raise InvalidInput(message, field=f"traits.{name}")
    values: dict[str, object] = dict(texts)
    if "birthday" in given:
        values["birthday"] = _birthday(given["birthday"])
    cleaned = clean_values(cast("CustomerValues", values), region=country, now=now)
    own = {name: value for name, value in given.items() if name not in FIELDS and name not in IDENTITIES}
    return cleaned, attributes.typed(own, known)


def _birthday(value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput(_("A date is written 1990-05-17."), field="traits.birthday") from error
