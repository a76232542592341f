"""Erasing a person: what this room knows of them. `screens.actions.privacy` asks every room, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, NotFound
from customers.actions import events
from customers.actions.turns import turn_to_take_away
from customers.bulk_files import delete_files
from customers.events import CUSTOMER_ERASED
from customers.imports import forgetting
from customers.models import (
    BulkRun,
    ConsentRecord,
    Customer,
    CustomerArchetype,
    CustomerFacts,
    CustomerMerge,
    CustomerScores,
    CustomerTag,
    Event,
    Identifier,
    ImportPerson,
    ImportRow,
    ImportRun,
    ImportUndo,
    Note,
    Refund,
)
from workspace.actions import audit

# What is left of a customer: a row without a face, to which orders and points still belong.
EMPTY: dict[str, object] = {
    "first_name": "",
    "last_name": "",
    "phone": "",
    "phone_typed": "",
    "email": "",
    "external_id": "",
    "address": "",
    "city": "",
    "region": "",
    "postcode": "",
    "country": "",
    "birthday": None,
    "language": "",
    "attributes": {},
    "said_at": {},
}
# Free text of events, in which people write names.
FREE_TEXT = ("reason", "note", "text", "tag_name")


class ImportUnderWay(DomainError):
    """A file that names the person is being imported: it would bring them back."""

    code = "import_under_way"
    message = _("A file that names this person is being imported. Try again when that is over.")


@dataclass(frozen=True, slots=True)
class Traces:
    """What a person is known by, to be looked for in texts that other people wrote. Never stored, never queued."""

    code: str
    phones: frozenset[str]  # E.164
    emails: frozenset[str]
    external_ids: frozenset[str]
    name: str  # first and last name, or "" where one is missing: a first name alone is many people's

    @property
    def words(self) -> list[str]:
        """What cannot be in a text by chance."""
        long_ids = {found for found in self.external_ids if len(found) >= 6}
        return sorted({*self.phones, *self.emails, *long_ids, *([self.name] if self.name else [])})


def lock_for_erasing(customer_id: int) -> Customer:
    """The customer, locked until the end of the transaction. Raises NotFound for one who is not there (any more).

    Waits for runs that are writing about everybody.
    """
    turn_to_take_away()
    found = Customer.objects.select_for_update().filter(pk=customer_id).known().first()
    if found is None:
        raise NotFound()
    return found


def traces_of(customer: Customer) -> Traces:
    """What the person is and was known by here. Two queries."""
    kinds = Identifier.Kind
    found = list(Identifier.objects.filter(customer=customer).values_list("kind", "value"))

    def values(kind: str, own: str) -> frozenset[str]:
        return frozenset(filter(None, [own, *(value for of, value in found if of == kind)]))

    return Traces(
        code=customer.code,
        phones=values(kinds.PHONE, customer.phone),
        emails=values(kinds.EMAIL, customer.email),
        external_ids=values(kinds.EXTERNAL, customer.external_id),
        name=customer.name if customer.first_name and customer.last_name else "",
    )


def refuse_while_imported(traces: Traces) -> None:
    """Raise ImportUnderWay while rows that name the person wait to be written."""
    if ImportPerson.objects.filter(_named(traces)).exists() or ImportRow.objects.filter(_named(traces)).exists():
        raise ImportUnderWay


def _named(traces: Traces) -> Q:
    named = Q(phone__in=traces.phones) | Q(email__in=traces.emails)
    return named | Q(customer_external_id__in=traces.external_ids)


def erase_person(*, customer: Customer, traces: Traces, actor: Actor, now: datetime) -> None:
    """Empty a locked customer: state erased, no name, number, address or attribute, no identifier, no consent.

    Orders, figures and events stay, with nobody behind them. Files of imports that name the person go. In the
    caller's transaction.
    """
    with transaction.atomic():
        for name, value in EMPTY.items():
            setattr(customer, name, value)
        customer.state = Customer.State.ERASED
        customer.save(update_fields=[*EMPTY, "state", "updated_at"])
        Identifier.objects.filter(customer=customer).delete()
        CustomerTag.objects.filter(customer=customer).delete()
        _forget_undo_rows(customer)
        Note.objects.filter(customer=customer).delete()
        CustomerFacts.objects.filter(customer=customer).update(
            rfm_recency=None, rfm_frequency=None, rfm_monetary=None, rfm_group="", rfm_at=None
        )
        _empty_events(customer)
        Refund.objects.filter(customer=customer).exclude(reason="").update(reason="")
        forget_append_only(customer)
        events.append(CUSTOMER_ERASED, actor=actor, occurred_at=now, customer_id=customer.pk)
        audit.record(actor, CUSTOMER_ERASED.name, subject=f"customer:{customer.code}")
        BulkRun.objects.exclude(job__finished_at__isnull=True).update(filters={}, ids=[])
        transaction.on_commit(delete_files)  # a day old at most; anybody may be in them
        transaction.on_commit(lambda: forgetting.delete_files_that_name(traces))


def _forget_undo_rows(customer: Customer) -> None:
    """What imports wrote over in the profiles of the person and their duplicates, and over reasons of their refunds."""
    everybody = [customer.pk, *Customer.objects.parts_of(customer).values_list("pk", flat=True)]
    runs = ImportRun.objects.values_list("pk", flat=True)
    noted = ImportUndo.objects.filter(import_id__in=list(runs))
    noted.filter(kind=ImportUndo.Kind.CUSTOMER, row_id__in=everybody).delete()
    refunds = noted.filter(kind=ImportUndo.Kind.REFUND, before__customer_id__in=everybody)
    for row in refunds.exclude(before__reason=""):
        refunds.filter(import_id=row.import_id, row_id=row.row_id).update(before={**(row.before or {}), "reason": ""})


def _empty_events(customer: Customer) -> None:
    """Facts about points and orders stay; what people wrote beside them, and what others sent us, does not."""
    own = Event.objects.filter(customer=customer)
    own.exclude(tracked="").delete()
    for event in own.filter(data__has_any_keys=list(FREE_TEXT)):
        kept = {name: value for name, value in event.data.items() if name not in FREE_TEXT}
        Event.objects.filter(pk=event.pk).update(data=kept)
    own.filter(Q(message_id__isnull=False) | Q(anonymous_id__isnull=False)).update(
        data={}, message_id=None, anonymous_id=None
    )


def forget_append_only(customer: Customer) -> None:
    """Proofs of consent and the person's name in the audit log, which the application itself may not change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_forget(%s::bigint)", [customer.pk])
    assert not ConsentRecord.objects.filter(customer=customer).exists()


def names_before(customer: Customer) -> list[str]:
    """Every first and last name that merges of a customer remember."""
    found = []
    for merge in CustomerMerge.objects.filter(survivor__in=[customer, *Customer.objects.parts_of(customer)]).exclude(
        before={}
    ):
        for side in ("survivor", "duplicate"):
            first, last = merge.before[side]["first_name"], merge.before[side]["last_name"]
            found += [f"{first} {last}"] if first and last else []
    return found


def erase_parts(customer: Customer) -> list[Customer]:
    """With an erased customer go what their merges remember, what is computed of all, duplicates' proofs of consent.

    In the caller's transaction. Returns the duplicates, which are erased as well.
    """
    parts = list(Customer.objects.parts_of(customer))
    everybody = [customer.pk, *(part.pk for part in parts)]
    for side in ("survivor", "duplicate"):
        CustomerMerge.objects.filter(**{f"{side}__in": everybody}).update(before={}, moved={})
    CustomerScores.objects.filter(customer__in=everybody).delete()
    CustomerArchetype.objects.filter(customer__in=everybody).delete()
    for part in parts:
        part.state = Customer.State.ERASED
        part.save(update_fields=["state", "updated_at"])
        forget_append_only(part)
    return parts
