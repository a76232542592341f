"""Adding, changing and archiving customers. `Identifier` alone decides who somebody is; it is kept in step here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypedDict

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from core.phones import parse_phone
from customers import attributes
from customers.actions import events
from customers.events import CUSTOMER_ARCHIVED, CUSTOMER_CHANGED, CUSTOMER_CREATED, CUSTOMER_RESTORED
from customers.models import Customer, CustomerFacts, Identifier
from workspace.actions import audit

OLDEST_BIRTHDAY = date(1900, 1, 1)


class IdentifierTaken(DomainError):
    """Another customer has this phone number, e-mail address or external id; `field` says which."""

    code = "identifier_taken"
    message = _("Another customer has this already.")


class InvalidEmail(InvalidInput):
    code = "invalid_email"
    message = _("This is not a complete e-mail address.")


class CustomerValues(TypedDict, total=False):
    """What may be given. Text may be empty; `phone` is as typed, in any spelling."""

    first_name: str
    last_name: str
    phone: str
    email: str
    external_id: str
    address: str
    city: str
    region: str
    postcode: str
    country: str
    birthday: date | None
    language: str
    attributes: dict[str, object]


# Which field holds the value of which kind of identifier.
IDENTIFYING: Mapping[str, str] = {
    "phone": Identifier.Kind.PHONE,
    "email": Identifier.Kind.EMAIL,
    "external_id": Identifier.Kind.EXTERNAL,
}


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    customer: Customer
    is_new: bool


def create_customer(*, values: CustomerValues, source: str, region: str, actor: Actor, now: datetime) -> Customer:
    """A customer with at least a name or one identifier; consent to marketing is never part of it.

    `region` (ISO 3166 alpha-2) reads national phone numbers. Raises InvalidPhone, InvalidEmail, InvalidInput and
    IdentifierTaken; nothing is then written.
    """
    cleaned = clean_values(values, region=region, now=now)
    if not any(cleaned.get(name) for name in (*IDENTIFYING, "first_name", "last_name")):
        raise InvalidInput(_("Give a name, a phone number, an e-mail address or an external id."))
    with transaction.atomic():
        cleaned["attributes"] = attributes.merged({}, values.get("attributes") or {})
        _refuse_taken(cleaned, own=None)
        customer = Customer(source=source, created_at=now, **cleaned)
        customer.save(force_insert=True)
        CustomerFacts.objects.create(customer=customer)
        _add_identifiers(customer, {name: str(cleaned[name]) for name in IDENTIFYING if cleaned.get(name)}, now=now)
        events.append(
            CUSTOMER_CREATED,
            actor=actor,
            occurred_at=now,
            customer_id=customer.pk,
            business_id=actor.business_id,
            data={"source": source},
        )
        audit.record(actor, "customers.customer.created", subject=f"customer:{customer.code}", data={"source": source})
    return customer


def update_customer(*, customer_id: int, values: CustomerValues, region: str, actor: Actor, now: datetime) -> Customer:
    """Write the values that differ; a changed phone, e-mail or external id replaces the old one as identifier.

    Attributes are merged key by key: what is not named stays, None takes a key away. Nothing different: nothing is
    written, no event. Returns the customer as stored. Raises NotFound (gone or erased) and what `create_customer`
    refuses.
    """
    cleaned = clean_values(values, region=region, now=now)
    with transaction.atomic():
        customer = Customer.objects.select_for_update().filter(pk=customer_id).known().first()
        if customer is None:
            raise NotFound()
        if "attributes" in cleaned:
            cleaned["attributes"] = attributes.merged(customer.attributes, values["attributes"])
        changed = {name: value for name, value in cleaned.items() if getattr(customer, name) != value}
        if set(changed) <= {"phone_typed"}:
            return customer
        identifying = {name: str(value) for name, value in changed.items() if name in IDENTIFYING}
        _refuse_taken(identifying, own=customer.pk)
        for name in identifying:
            customer.identifiers.filter(kind=IDENTIFYING[name], value=getattr(customer, name)).delete()
        for name in said_names(changed, before=customer.attributes):
            customer.said_at[name] = said(now)
        for name, value in changed.items():
            setattr(customer, name, value)
        if not any((customer.name, customer.phone, customer.email, customer.external_id)):
            raise InvalidInput(_("Give a name, a phone number, an e-mail address or an external id."))
        customer.save(update_fields=[*changed, "said_at", "updated_at"])
        _add_identifiers(customer, {name: value for name, value in identifying.items() if value}, now=now)
        names = sorted(set(changed) - {"phone_typed"})
        events.append(
            CUSTOMER_CHANGED,
            actor=actor,
            occurred_at=now,
            customer_id=customer.pk,
            business_id=actor.business_id,
            data={"fields": names},
        )
        # Names of fields only: what they held is personal and must go when the person is erased.
        audit.record(actor, "customers.customer.changed", subject=f"customer:{customer.code}", data={"fields": names})
    return customer


def said_names(changed: Mapping[str, object], *, before: Mapping[str, object]) -> list[str]:
    """The keys of `Customer.said_at` for changed values; attributes count one by one."""
    after = changed.get("attributes", before)
    assert isinstance(after, Mapping)
    names = [name for name in changed if name not in ("attributes", "phone_typed")]
    return names + [f"attributes.{key}" for key in {*before, *after} if before.get(key) != after.get(key)]


def said(at: datetime) -> str:
    """A time as `Customer.said_at` keeps it: texts that compare as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def archive_customer(*, customer_id: int, actor: Actor, now: datetime) -> None:
    """Take a customer out of lists and sending. Orders and points stay; a new sale or `restore` brings them back.

    Safe to repeat. Raises NotFound for an unknown or erased one.
    """
    _set_state(customer_id, Customer.State.ARCHIVED, actor=actor, now=now)


def restore_customer(*, customer_id: int, actor: Actor, now: datetime) -> None:
    """Undo `archive_customer`. Safe to repeat."""
    _set_state(customer_id, Customer.State.ACTIVE, actor=actor, now=now)


def find_or_create_by_phone(*, phone: str, region: str, source: str, actor: Actor, now: datetime) -> FoundCustomer:
    """The customer with this number in any spelling, made when there is none. An archived one becomes active again.

    Safe under concurrency: two calls at once give the same customer. Raises InvalidPhone.
    """
    number = parse_phone(phone, region)
    found = _by_phone(number, actor=actor, now=now)
    if found is not None:
        return FoundCustomer(found, is_new=False)
    try:
        with transaction.atomic():
            customer = create_customer(values={"phone": phone}, source=source, region=region, actor=actor, now=now)
        return FoundCustomer(customer, is_new=True)
    except IdentifierTaken:  # somebody was faster
        winner = _by_phone(number, actor=actor, now=now)
        assert winner is not None
        return FoundCustomer(winner, is_new=False)


def _by_phone(number: str, *, actor: Actor, now: datetime) -> Customer | None:
    customer = Customer.objects.filter(identifiers__kind=Identifier.Kind.PHONE, identifiers__value=number).first()
    if customer is not None and customer.state == Customer.State.ARCHIVED:
        restore_customer(customer_id=customer.pk, actor=actor, now=now)
        customer.state = Customer.State.ACTIVE
    return customer


def _set_state(customer_id: int, state: Customer.State, *, actor: Actor, now: datetime) -> None:
    kind = CUSTOMER_ARCHIVED if state == Customer.State.ARCHIVED else CUSTOMER_RESTORED
    with transaction.atomic():
        customer = Customer.objects.select_for_update().filter(pk=customer_id).known().first()
        if customer is None:
            raise NotFound()
        if customer.state == state:
            return
        customer.state = state
        customer.save(update_fields=["state", "updated_at"])
        events.append(
            kind, actor=actor, occurred_at=now, customer_id=customer.pk, business_id=actor.business_id, data={}
        )
        audit.record(actor, kind.name, subject=f"customer:{customer.code}")


def clean_values(values: CustomerValues, *, region: str, now: datetime) -> dict[str, object]:
    """The values as they are stored: E.164, lower-case e-mail, trimmed text."""
    cleaned: dict[str, object] = {
        name: value.strip() if isinstance(value, str) else value for name, value in values.items()
    }
    if "phone" in cleaned:
        typed = str(cleaned["phone"])
        cleaned["phone"] = parse_phone(typed, region) if typed else ""
        cleaned["phone_typed"] = typed
    if cleaned.get("email"):
        cleaned["email"] = clean_email(str(cleaned["email"]))
    birthday = cleaned.get("birthday")
    if isinstance(birthday, date) and not OLDEST_BIRTHDAY <= birthday <= now.date():
        raise InvalidInput(_("This birthday cannot be right."), field="birthday")
    return cleaned


def clean_email(text: str) -> str:
    lowered = text.lower()
    try:
        validate_email(lowered)
    except ValidationError as error:
        raise InvalidEmail(field="email") from error
    if len(lowered) > 254:  # "İ" becomes two characters
        raise InvalidEmail(field="email")
    return lowered


def _refuse_taken(values: Mapping[str, object], *, own: int | None) -> None:
    for name, kind in IDENTIFYING.items():
        value = values.get(name)
        others = Identifier.objects.filter(kind=kind, value=value)
        if own is not None:
            others = others.exclude(customer_id=own)
        if value and others.exists():
            raise IdentifierTaken(field=name)


def _add_identifiers(customer: Customer, values: Mapping[str, str], *, now: datetime) -> None:
    """The unique constraint decides between two calls at once; the slower one is refused."""
    for name, value in values.items():
        try:
            with transaction.atomic():
                Identifier.objects.create(customer=customer, kind=IDENTIFYING[name], value=value, created_at=now)
        except IntegrityError as error:
            if customer.identifiers.filter(kind=IDENTIFYING[name], value=value).exists():
                continue  # it was theirs already, as a second identifier of this kind
            raise IdentifierTaken(field=name) from error
