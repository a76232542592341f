"""Taking in what others send: who somebody is (identify) and what they did (track), many at a time.

The same message twice is taken in once. A statement about somebody changes what was said before it and nothing that
was said after it, in whatever order the two arrive.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, OperationalError, models, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.errors import DeadlockDetected

from core.actor import Actor
from core.errors import DomainError, InvalidInput, PermissionRefused
from customers import attributes
from customers.actions.customers import said
from customers.actions.events import wake_readers
from customers.events import CUSTOMER_CHANGED, CUSTOMER_CREATED, EVENT_TRACKED, VISITOR_RECOGNISED, EventType
from customers.ingestion import IDENTITIES, Arrival, Kind, Person
from customers.models import Customer, CustomerFacts, Event, Identifier

TRIES = 4
MAX_BATCH = 1000
# Where a customer keeps the current value of an identifier.
CURRENT: Mapping[str, str] = {kind: name for name, kind in IDENTITIES.items() if kind != Kind.ANONYMOUS}
Identity = tuple[str, str]  # kind, value


class MessageIdReused(DomainError):
    """Something else was sent under this message id: nothing is written, nothing is lost silently."""

    code = "message_id_reused"
    message = _("Something else was sent with this message id before.")


class TooManyEvents(InvalidInput):
    code = "too_many_events"
    message = _("Send at most 1,000 at a time.")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one thing that was sent. `customer` is a code, empty for a visitor who is nobody's yet.

    `unlinked` names identifiers that belong to somebody else and stayed theirs: the two may be one person.
    """

    customer: str
    is_new: bool = False
    is_repeated: bool = False
    changed: Sequence[str] = ()
    unlinked: Sequence[str] = ()


Outcome = Taken | DomainError


def take_in(arrivals: Sequence[Arrival | DomainError], *, source: str, actor: Actor, now: datetime) -> list[Outcome]:
    """Take in up to MAX_BATCH things in their order; a refused one (given as its error or refused here) stops no other.

    All that is not refused is written, or nothing is. About ten queries for a batch, whatever its size, and one more
    for each recognised visitor. Raises TooManyEvents.
    """
    if len(arrivals) > MAX_BATCH:
        raise TooManyEvents(field="batch")
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                return _Intake(source=source, actor=actor, now=now).take_in(arrivals)
        except (IntegrityError, OperationalError) as error:
            # Somebody else made the same person, or sent the same message, at the same moment.
            is_twin = isinstance(error, IntegrityError) or isinstance(error.__cause__, DeadlockDetected)
            if attempt == TRIES or not is_twin:
                raise
            time.sleep(random.uniform(0, 0.01 * attempt))  # noqa: S311
    raise AssertionError("unreachable")


@dataclass
class _Intake:
    """One attempt at a batch: loads whom it is about, decides in memory, writes in bulk."""

    source: str
    actor: Actor
    now: datetime
    owners: dict[Identity, Customer] = field(default_factory=dict)
    by_code: dict[str, Customer] = field(default_factory=dict)
    invisible: set[int] = field(default_factory=set)
    sent: dict[str, Event | Arrival] = field(default_factory=dict)  # what came under a message id
    new: list[Customer] = field(default_factory=list)
    changed: dict[int, Customer] = field(default_factory=dict)
    changed_fields: set[str] = field(default_factory=set)
    gained: dict[Identity, Customer] = field(default_factory=dict)
    lost: set[Identity] = field(default_factory=set)
    recognised: list[tuple[str, Customer]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def take_in(self, arrivals: Sequence[Arrival | DomainError]) -> list[Outcome]:
        fit = [arrival for arrival in arrivals if isinstance(arrival, Arrival)]
        self._load(fit)
        outcomes = [self._one(one) if isinstance(one, Arrival) else one for one in arrivals]
        self._write()
        return outcomes

    # -- loading ------------------------------------------------------------------------------------------------------

    def _load(self, arrivals: Sequence[Arrival]) -> None:
        messages = {one.message_id for one in arrivals if one.message_id}
        for event in Event.objects.filter(message_id__in=messages).select_related("customer"):
            self.sent[str(event.message_id)] = event
        found = list(_identifiers({pair for one in arrivals for pair in one.person.identities.items()}))
        codes = {one.person.customer_id for one in arrivals if one.person.customer_id}
        named = Customer.objects.filter(code__in=codes).values_list("code", "pk", "merged_into")
        of_code = {code: merged_into or pk for code, pk, merged_into in named}
        ids = {identifier.customer_id for identifier in found} | set(of_code.values())
        # Not FOR UPDATE: a sale that names the customer at this moment need not wait.
        people = Customer.objects.select_for_update(no_key=True).filter(pk__in=ids).exclude(state=Customer.State.ERASED)
        loaded = {customer.pk: customer for customer in people.order_by("pk")}
        for identifier in found:
            if identifier.customer_id in loaded:
                self.owners[identifier.kind, identifier.value] = loaded[identifier.customer_id]
        self.by_code = {code: loaded[pk] for code, pk in of_code.items() if pk in loaded}
        if self.actor.business_id is not None:
            seen = Customer.objects.visible_to(self.actor).filter(pk__in=loaded)
            self.invisible = set(loaded) - set(seen.values_list("pk", flat=True))

    # -- deciding -----------------------------------------------------------------------------------------------------

    def _one(self, arrival: Arrival) -> Outcome:
        try:
            before = self.sent.get(arrival.message_id) if arrival.message_id else None
            if before is not None:
                return self._repeated(arrival, before)
            taken = self._track(arrival) if arrival.event else self._identify(arrival)
        except DomainError as error:
            return error
        if arrival.message_id:
            self.sent[arrival.message_id] = arrival
        return taken

    def _repeated(self, arrival: Arrival, before: Event | Arrival) -> Taken:
        customer = self._find(arrival.person)
        if isinstance(before, Arrival):
            is_same = (before.event, before.properties, before.person) == (
                arrival.event, arrival.properties, arrival.person
            )  # fmt: skip
        else:
            visitor = arrival.person.identities.get(Kind.ANONYMOUS)
            is_theirs = customer is not None and customer == before.customer
            is_theirs |= visitor is not None and visitor == before.anonymous_id
            is_same = is_theirs and before.tracked == arrival.event
            is_same &= not arrival.event or before.data.get("properties") == arrival.properties
            customer = before.customer
        if not is_same:
            raise MessageIdReused(field="message_id")
        return Taken(customer.code if customer else "", is_repeated=True)

    def _find(self, person: Person) -> Customer | None:
        """Whom the sender means. Raises InvalidInput for a code that nobody has."""
        if person.customer_id:
            named = self.by_code.get(person.customer_id)
            if named is None:
                raise InvalidInput(_("There is no such customer."), field="customer_id")
            return named
        external = person.identities.get(Kind.EXTERNAL, "")
        for kind, value in person.identities.items():
            owner = self.owners.get((kind, value))
            # Two numbers in the sender's own system are two people there, whatever address they share.
            is_another = bool(external and owner and owner.external_id not in ("", external))
            if owner is not None and (kind == Kind.EXTERNAL or not is_another):
                return owner
        return None

    def _track(self, arrival: Arrival) -> Taken:
        customer, is_new = self._find(arrival.person), False
        unlinked: list[str] = []
        if customer is None and arrival.person.is_known:
            customer, is_new = self._make(arrival), True
            unlinked = self._link(arrival, customer)
            self._append(CUSTOMER_CREATED, arrival, customer, {"source": self.source}, with_id=False)
        data = {"event": arrival.event, "properties": dict(arrival.properties)}
        event = self._append(EVENT_TRACKED, arrival, customer, data)
        event.tracked = arrival.event
        if customer is None:
            event.anonymous_id = arrival.person.identities[Kind.ANONYMOUS]
        return Taken(customer.code if customer else "", is_new=is_new, unlinked=unlinked)

    def _identify(self, arrival: Arrival) -> Taken:
        if not arrival.person.is_known:
            message = _("Say who the visitor is: customer_id, external_id, phone or email.")
            raise InvalidInput(message, field="external_id")
        customer = self._find(arrival.person)
        is_new = customer is None
        if customer is None:
            customer = self._make(arrival)
        elif customer.pk in self.invisible:
            raise PermissionRefused(_("Your own access is limited to one business, where this person never bought."))
        attributes_after = self._attributes(customer, arrival)
        unlinked = self._link(arrival, customer)
        changed = self._say(customer, arrival, attributes_after)
        if is_new:
            self._append(CUSTOMER_CREATED, arrival, customer, {"source": self.source})
        elif changed:
            self._append(CUSTOMER_CHANGED, arrival, customer, {"fields": changed})
        return Taken(customer.code, is_new=is_new, changed=() if is_new else changed, unlinked=unlinked)

    def _make(self, arrival: Arrival) -> Customer:
        customer = Customer(source=self.source, created_at=self.now)
        self.new.append(customer)
        self.by_code[customer.code] = customer
        return customer

    def _link(self, arrival: Arrival, customer: Customer) -> list[str]:
        """Make the identifiers of the call the customer's; returns the kinds that are somebody else's."""
        unlinked = []
        for kind, value in arrival.person.identities.items():
            owner = self.owners.get((kind, value))
            if kind == Kind.ANONYMOUS:
                # A browser is whose it was said to be last.
                if owner is not customer:
                    self._give((kind, value), customer)
                    self.recognised.append((value, customer))
            elif owner is not None and owner is not customer:
                unlinked.append(kind)
            elif self._is_newest(customer, CURRENT[kind], arrival):
                self._replace(customer, kind, value, arrival)
        return unlinked

    def _replace(self, customer: Customer, kind: str, value: str, arrival: Arrival) -> None:
        name = CURRENT[kind]
        current = getattr(customer, name)
        customer.said_at[name] = said(arrival.occurred_at)
        self._note(customer, "said_at")
        if current == value:
            return
        if self.owners.get((kind, value)) is not customer:
            # An old number of the sender's own system still means this person; an old address may be another's one day.
            if current and kind != Kind.EXTERNAL:
                self.lost.add((kind, current))
                self.gained.pop((kind, current), None)
                self.owners.pop((kind, current), None)
            self._give((kind, value), customer)
        setattr(customer, name, value)
        self._note(customer, name)
        if kind == Kind.PHONE:
            customer.phone_typed = value
            self._note(customer, "phone_typed")

    def _give(self, identity: Identity, customer: Customer) -> None:
        if identity in self.owners:
            self.lost.add(identity)
        self.owners[identity] = customer
        self.gained[identity] = customer

    def _attributes(self, customer: Customer, arrival: Arrival) -> dict[str, object]:
        newer = {
            key: value
            for key, value in arrival.attributes.items()
            if self._is_newest(customer, f"attributes.{key}", arrival)
        }
        return attributes.joined(customer.attributes, newer)

    def _say(self, customer: Customer, arrival: Arrival, attributes_after: Mapping[str, object]) -> list[str]:
        """Write what was said unless something newer was; returns the names of what is different now."""
        changed = []
        for name, value in arrival.fields.items():
            if self._is_newest(customer, name, arrival):
                customer.said_at[name] = said(arrival.occurred_at)
                if getattr(customer, name) != value:
                    setattr(customer, name, value)
                    self._note(customer, name)
                    changed.append(name)
        for key in arrival.attributes:
            if self._is_newest(customer, f"attributes.{key}", arrival):
                customer.said_at[f"attributes.{key}"] = said(arrival.occurred_at)
        if attributes_after != customer.attributes:
            customer.attributes = dict(attributes_after)
            self._note(customer, "attributes")
            changed.append("attributes")
        if arrival.fields or arrival.attributes:
            self._note(customer, "said_at")
        return sorted(changed)

    def _is_newest(self, customer: Customer, name: str, arrival: Arrival) -> bool:
        """Of two things said at one moment the later call stands."""
        return str(customer.said_at.get(name, "")) <= said(arrival.occurred_at)

    def _note(self, customer: Customer, name: str) -> None:
        if customer.pk is not None:
            self.changed[customer.pk] = customer
            self.changed_fields.add(name)

    def _append(
        self,
        kind: EventType,
        arrival: Arrival,
        customer: Customer | None,
        data: Mapping[str, object],
        *,
        with_id: bool = True,
    ) -> Event:
        event = Event(
            name=kind.name,
            customer=customer,
            business_id=arrival.business_id or self.actor.business_id,
            occurred_at=arrival.occurred_at,
            actor=self.actor.reference,
            data=dict(data),
            message_id=(arrival.message_id or None) if with_id else None,
        )
        self.events.append(event)
        return event

    # -- writing ------------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        Customer.objects.bulk_create(self.new)
        CustomerFacts.objects.bulk_create([CustomerFacts(customer=customer) for customer in self.new])
        if self.changed:
            for customer in self.changed.values():
                customer.updated_at = self.now
            fields = sorted(self.changed_fields | {"updated_at"})
            Customer.objects.bulk_update(list(self.changed.values()), fields, batch_size=200)
        if self.lost:
            _identifiers(self.lost).delete()
        # In one order for everybody: two batches with the same people wait for each other and do not lock up.
        Identifier.objects.bulk_create(
            Identifier(kind=kind, value=value, customer=customer, created_at=self.now)
            for (kind, value), customer in sorted(self.gained.items(), key=lambda pair: pair[0])
        )
        Event.objects.bulk_create(self.events)
        for visitor, customer in self.recognised:
            self._recognise(visitor, customer)
        if self.events or self.recognised:
            wake_readers()

    def _recognise(self, visitor: str, customer: Customer) -> None:
        """What the visitor did before is the customer's now."""
        found = Event.objects.filter(anonymous_id=visitor, customer=None).update(customer=customer)
        if found:
            Event.objects.create(
                name=VISITOR_RECOGNISED.name,
                customer=customer,
                occurred_at=self.now,
                actor=self.actor.reference,
                data={"events": found},
            )


def _identifiers(identities: Iterable[Identity]) -> models.QuerySet[Identifier]:
    """By kind and list of values: each is one range of the unique index."""
    by_kind: dict[str, list[str]] = {}
    for kind, value in identities:
        by_kind.setdefault(kind, []).append(value)
    found = models.Q(pk__in=[])
    for kind, values in by_kind.items():
        found |= models.Q(kind=kind, value__in=values)
    return Identifier.objects.filter(found)
