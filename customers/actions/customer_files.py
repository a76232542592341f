"""Customers as a CSV file: written line by line, kept for a day where it was made in the background."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from core.actor import Actor
from core.codes import random_code
from core.errors import NotFound
from core.money import quantise
from core.spreadsheets import harmless
from core.tenancy import active_programme
from customers.actions.bulk import CHUNK, finish
from customers.attributes import definitions
from customers.bulk import Selection, scope_of_run, selection_of
from customers.bulk_files import FOLDER, KEPT, delete_files
from customers.models import (
    AttributeDefinition,
    BulkRun,
    BusinessCustomerFacts,
    Customer,
    CustomerArchetype,
    CustomerFacts,
    CustomerScores,
    Tag,
)
from customers.reports.customer_list import Scope
from customers.reports.tags import tags_of
from workspace.actions import audit
from workspace.actions.jobs import JobRun

RUNS_KEPT = timedelta(days=30)
_COPIED = (
    "external_id", "first_name", "last_name", "phone", "email", "address", "postcode", "city", "region", "country",
    "birthday", "language",
)  # fmt: skip


class _Line:
    """What csv.writer writes to: keeps the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def csv_lines(selection: Selection, *, upper_id: int, scope: Scope) -> Iterator[tuple[int, str]]:
    """The file line by line, each with the key of its customer (0: the header). A chunk at a time is in memory.

    Figures are of the business that the reader is limited to, or of all.
    """
    line, fields, position = _Line(), definitions(), 0
    writer = csv.writer(line)
    writer.writerow(_header(fields, scope))
    yield 0, "\ufeff" + line.text
    while ids := selection.after(position, upper_id=upper_id, scope=scope, size=CHUNK):
        for pk, cells in _rows(ids, fields, scope):
            writer.writerow([_harmless(cell) for cell in cells])
            yield pk, line.text
        position = ids[-1]


def _header(fields: Sequence[AttributeDefinition], scope: Scope) -> list[object]:
    names = [
        _("Id"), _("External id"), _("First name"), _("Last name"), _("Phone"), _("E-mail"), _("Address"),
        _("Postcode"), _("Town or city"), _("Region"), _("Country"), _("Birthday"), _("Language"), _("Orders"),
        _("Spent"), _("Last order"), _("Member"), _("Points"), _("Tier"), _("Tags"), _("Added"),
    ]  # fmt: skip
    if scope.actor.business_id is None:
        names += [_("Churn, %"), _("Churn"), _("Worth in 12 months"), _("Archetype")]
    return [*names, *(_harmless(field.label) for field in fields)]


def _rows(
    ids: Sequence[int], fields: Sequence[AttributeDefinition], scope: Scope
) -> Iterator[tuple[int, list[object]]]:
    """Four queries for a chunk, and one more for scores, which are of the whole programme as archetypes are."""
    people = Customer.objects.known().filter(pk__in=ids).select_related("archetype__archetype").order_by("pk")
    facts = {one.pk: one for one in CustomerFacts.objects.filter(pk__in=ids)}
    sees_all = scope.actor.business_id is None
    scores = CustomerScores.objects.in_bulk(ids) if sees_all else {}
    figures: dict[int, CustomerFacts | BusinessCustomerFacts] = dict(facts)
    if scope.actor.business_id is not None:
        own = BusinessCustomerFacts.objects.filter(customer_id__in=ids, business_id=scope.actor.business_id)
        figures = {one.customer_id: one for one in own}
    tags, currency = tags_of(ids), active_programme().currency
    for person in people:
        rest, bought = facts.get(person.pk) or CustomerFacts(customer=person), figures.get(person.pk)
        yield (
            person.pk,
            [
                person.code,
                *(getattr(person, name) for name in _COPIED),
                bought.orders_count if bought else 0,
                quantise(bought.total_spent if bought else Decimal(0), currency),
                _moment(bought.last_order_at if bought else None, scope),
                _yes_no(rest.is_member),
                rest.balance,
                rest.tier,
                _names(tags.get(person.pk, ())),
                _moment(person.created_at, scope),
                *((*_score_cells(scores.get(person.pk), currency), _archetype(person)) if sees_all else ()),
                *(_plain(person.attributes.get(field.key)) for field in fields),
            ],
        )


def _score_cells(found: CustomerScores | None, currency: str) -> tuple[object, ...]:
    """Empty for who never bought, and before the first forecast."""
    if found is None:
        return "", "", ""
    return round(found.churn * 100, 1), found.get_band_display(), quantise(found.value_12, currency)


def _archetype(person: Customer) -> str:
    member: CustomerArchetype | None = getattr(person, "archetype", None)
    return member.archetype.name if member else ""


def _moment(at: datetime | None, scope: Scope) -> str:
    return at.astimezone(scope.zone).isoformat(timespec="seconds") if at else ""


def _yes_no(value: bool) -> str:  # noqa: FBT001
    return _("yes") if value else _("no")


def _names(tags: Sequence[Tag]) -> str:
    return ", ".join(tag.name for tag in tags)


def _plain(value: object) -> object:
    return _yes_no(value) if isinstance(value, bool) else value


def _harmless(cell: object) -> object:
    """A text that no spreadsheet takes for a formula; numbers stay numbers. Source: OWASP, CSV injection."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    return harmless(cell)


def note_export(*, customers: int, actor: Actor) -> None:
    """Taking people's data out is an act of consequence."""
    audit.record(actor, "customers.list.exported", data={"customers": customers})


def write_export(job: JobRun, run: BulkRun, *, now: datetime) -> dict[str, object]:
    """The job's work. A second run writes the file anew."""
    run.matched, selection, scope = 0, selection_of(run), scope_of_run(run)
    total = selection.total(scope, upper_id=run.upper_id)
    with tempfile.TemporaryFile() as target:
        lines = csv_lines(selection, upper_id=run.upper_id, scope=scope)
        for pk, text in lines:
            target.write(text.encode())
            run.matched += bool(pk)
            job.report(min(run.matched, total), total)
        target.seek(0)
        run.path = default_storage.save(f"{FOLDER}/{random_code(24).lower()}.csv", File(target))
    BulkRun.objects.filter(pk=run.pk).update(matched=run.matched)
    finish(run, now=now)
    return {"bulk": run.code, "matched": run.matched}


def open_export(run: BulkRun, *, now: datetime) -> IO[bytes]:
    """The finished file. Raises NotFound when it is not there, or not any more."""
    is_kept = run.finished_at is not None and run.finished_at + KEPT > now
    if not run.path or not is_kept or not default_storage.exists(run.path):
        raise NotFound()
    return default_storage.open(run.path, "rb")


def sweep(*, now: datetime) -> datetime | None:
    """Delete files after a day and runs after a month; returns when the next ones are due, None when none is left."""
    delete_files(before=now - KEPT)
    BulkRun.objects.filter(created_at__lt=now - RUNS_KEPT, path="").delete()
    return now + KEPT if BulkRun.objects.exists() else None
