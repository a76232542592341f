"""Taking a file in, starting its import, stopping it. The work itself is `customers.imports`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, BinaryIO, cast

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.codes import public_code
from core.errors import DomainError, InvalidInput, NotFound
from core.tenancy import active_schema
from customers.attributes import definitions
from customers.imports.fields import fields_of, guess_date_order, guess_kind, guess_mapping, required_of, squeeze
from customers.imports.options import DateOrder, ImportOptions
from customers.imports.presets import mapping_of, recognise
from customers.imports.problems import PROBLEMS
from customers.imports.reading import AS_FOUND, Inspection, Layout, inspect
from customers.imports.run import SWEEP_AFTER, reading_of
from customers.imports.staging import ATTRIBUTE, REFUND, SALE, Record, TypedRows
from customers.imports.values import NULL, unescape
from customers.models import ImportRun
from programs.actions.due_work import ensure_due
from programs.models import Programme
from workspace.actions import audit
from workspace.actions.jobs import request_cancel, start_job
from workspace.models import Business, Job

JOB_KIND = "customers.import"
SWEEP = "customers.imports.sweep"  # the due work that takes away what given-up imports leave
KEPT = "customers.imports.kept"  # the due work that forgets what is older than
KEPT_DAYS = 30  # uploads, error files, and what undoing takes; written in docs/how-to/import.md
MAX_FILE_BYTES = 512 * 1024 * 1024  # some five million sales lines; above it, split the file or use the command line
MAX_BODY_BYTES = MAX_FILE_BYTES + 1024 * 1024  # with what a form puts around the file
MAX_API_ROWS = 10_000


class FileTooLarge(DomainError):
    code = "file_too_large"
    status = 413
    message = _("The file is too large. Split it, or ask for it to be imported on the server.")


class AlreadyImported(DomainError):
    """The same file with the same columns and choices was imported, or its import was begun: `data["import"]`."""

    code = "already_imported"
    message = _("This file was imported before. Nothing was changed.")


class NotStartable(DomainError):
    code = "import_not_startable"
    message = _("This import has been started already.")


def receive_file(
    *,
    file: BinaryIO,
    name: str,
    kind: str | None,
    business: Business,
    actor: Actor,
    now: datetime,
    layout: Layout = AS_FOUND,
    as_before: bool = False,
) -> ImportRun:
    """Look at an upload, keep it, and guess what it is; nothing is imported yet.

    Raises UnreadableFile and FileTooLarge; nothing is then kept. `kind` None: guessed by the columns. `as_before`: what
    was chosen for the latest file with the same columns is chosen again.
    """
    file.seek(0, io.SEEK_END)
    if file.tell() > MAX_FILE_BYTES:
        raise FileTooLarge
    found = inspect(file, layout)
    code = public_code()
    file.seek(0)
    path = default_storage.save(f"imports/{code}.{'xlsx' if found.layout.sheet else 'csv'}", File(file))
    run = ImportRun(
        code=code,
        business=business,
        file_name=_file_name(name),
        path=path,
        digest=found.digest,
        created_by=actor.label[:160],
        created_at=now,
    )
    _guess(run, found, kind=kind, as_before=as_before)
    run.save()
    ensure_due(kind=KEPT, by=now + timedelta(days=KEPT_DAYS))
    audit.record(
        actor,
        "customers.import.uploaded",
        subject=f"import:{run.code}",
        business_id=business.pk,
        data={"file": run.file_name, "bytes": found.size, "rows": found.rows, "digest": found.digest},
    )
    return run


def _guess(run: ImportRun, found: Inspection, *, kind: str | None, as_before: bool) -> None:
    """Put on the run how the file is read, and what its rows and columns probably are."""
    preset, earlier = recognise(found.header), earlier_import(found.header) if as_before else None
    if earlier is not None:
        options = ImportOptions.of(earlier.options)
        chosen, mapping, run.preset = ImportRun.Kind(earlier.kind), earlier.mapping, earlier.preset
    elif preset is not None and kind in (None, preset.kind):
        options = ImportOptions(date_order=preset.date_order, repeats=preset.repeats)  # type: ignore[arg-type]
        chosen, mapping, run.preset = preset.kind, mapping_of(preset, found.header), preset.name
    else:
        chosen = ImportRun.Kind(kind) if kind else guess_kind(found.header)
        mapping, run.preset = guess_mapping(chosen, found.header) | _guess_own(chosen, found.header), ""
        options = ImportOptions(date_order=_date_order(mapping, found))
    run.encoding, run.delimiter, run.sheet = found.layout.encoding, found.layout.delimiter, found.layout.sheet
    run.sheets, run.header, run.rows_total = list(found.sheets), list(found.header), found.rows
    run.kind, run.mapping, run.options = chosen, mapping, options.as_json()


def _guess_own(kind: str, header: Sequence[str]) -> dict[str, int]:
    """Columns that are called as a field of the programme's own, by key, label, or its name in a mapping."""
    if kind != ImportRun.Kind.CUSTOMERS:
        return {}
    at = {squeeze(name): position for position, name in reversed(list(enumerate(header)))}
    found = {}
    for own in definitions():
        names = [squeeze(name) for name in (ATTRIBUTE + own.key, own.key, own.label)]
        position = next((at[name] for name in names if name in at), None)
        if position is not None:
            found[ATTRIBUTE + own.key] = position
    return found


def earlier_import(header: Sequence[str], *, before: ImportRun | None = None) -> ImportRun | None:
    """The latest import of a file with the same columns that was started: what was chosen then is chosen again."""
    started = ImportRun.objects.filter(header=list(header), job__isnull=False, undone_at=None)
    if before is not None:
        started = started.filter(pk__lt=before.pk)
    return started.order_by("-pk").first()


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as it is understood: what it becomes or why it cannot, and its values in the order of the mapping."""

    line: int
    problem: str
    text: str | Promise
    values: Sequence[str]


def preview_rows(
    *, run: ImportRun, kind: str, mapping: Mapping[str, int], records: Sequence[Record], now: datetime
) -> list[PreviewRow]:
    """The first records (with the header) as the import would read them; nothing while a needed column is missing."""
    if not mapping or not all(field.name in mapping for field in required_of(kind)):
        return []
    tried = ImportRun(pk=0, kind=kind, mapping=dict(mapping), header=run.header, options=run.options)
    typed = TypedRows(tried, reading_of(run, now=now), ImportOptions.of(run.options))
    found = []
    for text in typed.lines(records):
        _run, line, _chunk, problem, document, _person, *cells = text.rstrip("\n").split("\t")
        code = "" if problem == NULL else problem
        meaning = PROBLEMS[code] if code else BECOMES[kind, document]
        found.append(PreviewRow(int(line), code, meaning, [unescape(cell) for cell in cells]))
    return found


BECOMES: Mapping[tuple[str, str], str | Promise] = {
    (ImportRun.Kind.CUSTOMERS, NULL): _("A customer"),
    (ImportRun.Kind.PRODUCTS, SALE): _("A product"),
    (ImportRun.Kind.PRODUCTS, NULL): _("Left out"),
    (ImportRun.Kind.STOCK, SALE): _("A count of a product"),
    (ImportRun.Kind.ORDERS, SALE): _("An order"),
    (ImportRun.Kind.ORDERS, REFUND): _("A refund"),
    (ImportRun.Kind.ORDERS, NULL): _("Left out: nothing was paid"),
    (ImportRun.Kind.LINES, SALE): _("A line of an order"),
    (ImportRun.Kind.LINES, REFUND): _("A line of a refund"),
    (ImportRun.Kind.LINES, NULL): _("Left out: nothing was paid"),
}


def _date_order(mapping: Mapping[str, int], found: Inspection) -> DateOrder:
    dated = mapping.get("placed_at", mapping.get("birthday"))
    samples = [row[dated] for row in found.preview if dated is not None and dated < len(row)]
    country = Programme.objects.values_list("country", flat=True).get(schema_name=active_schema())
    return cast(DateOrder, guess_date_order(samples, country))


def read_again(*, run: ImportRun, layout: Layout) -> ImportRun:
    """Read an upload in another way: another sheet, encoding or separator. Its columns are guessed anew.

    Raises UnreadableFile when it cannot be read so, NotStartable after the start; nothing is then changed.
    """
    if not _is_new(run):
        raise NotStartable
    with default_storage.open(run.path, "rb") as file:
        found = inspect(cast(BinaryIO, file.file), layout)
    _guess(run, found, kind=None, as_before=True)
    run.save()
    return run


def _is_new(run: ImportRun) -> bool:
    return run.phase == ImportRun.Phase.UPLOADED and run.job_id is None


def receive_rows(
    *, rows: Sequence[Mapping[str, object]], kind: str, business: Business, actor: Actor, now: datetime
) -> ImportRun:
    """Rows of the API, as a file whose columns are our own fields. Raises InvalidInput for fields that do not exist."""
    known = {field.name for field in fields_of(kind)} | _own_fields(kind)
    header = sorted({name for row in rows for name in row})
    if not rows or len(rows) > MAX_API_ROWS:
        raise InvalidInput(_("Send between 1 and 10,000 rows."), field="rows")
    if unknown := [name for name in header if name not in known]:
        raise InvalidInput(_("There is no field called “%(name)s”.") % {"name": unknown[0]}, field="rows")
    with tempfile.TemporaryFile() as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerows(["" if row.get(name) is None else str(row[name]) for name in header] for row in rows)
        text.flush()
        run = receive_file(file=file, name="rows.csv", kind=kind, business=business, actor=actor, now=now)
        text.detach()
    return run


def configure_import(
    *, run: ImportRun, kind: str, mapping: Mapping[str, int], options: ImportOptions, is_dry_run: bool = False
) -> ImportRun:
    """Set what the columns are. Raises NotStartable after the start, InvalidInput for a mapping that cannot work."""
    known = {field.name for field in fields_of(kind)} | _own_fields(kind)
    if not _is_new(run):
        raise NotStartable
    for name, column in mapping.items():
        if name not in known or not 0 <= column < len(run.header):
            raise InvalidInput(_("This column cannot be used so."), field=name)
    if len(set(mapping.values())) < len(mapping):
        raise InvalidInput(_("One column is used for two fields."), field="mapping")
    for field in required_of(kind):
        if field.name not in mapping:
            raise InvalidInput(_("Choose the column for “%(field)s”.") % {"field": field.label}, field=field.name)
    if kind == ImportRun.Kind.CUSTOMERS and not {"customer_external_id", "email", "phone"} & set(mapping):
        message = _("Choose a column that tells who somebody is: customer number, e-mail or phone.")
        raise InvalidInput(message, field="customer_external_id")
    run.kind, run.mapping, run.options, run.is_dry_run = kind, dict(mapping), options.as_json(), is_dry_run
    run.save(update_fields=["kind", "mapping", "options", "is_dry_run"])
    return run


def _own_fields(kind: str) -> set[str]:
    """The programme's own fields of customers, as a mapping names them."""
    return {ATTRIBUTE + found.key for found in definitions()} if kind == ImportRun.Kind.CUSTOMERS else set()


def claim_content(run: ImportRun) -> None:
    """Make this run the one import of its content. Raises AlreadyImported, with the code of the run that is."""
    if run.is_dry_run or run.content_key:
        return
    asked = [run.business_id, run.kind, run.digest, sorted(run.mapping.items()), sorted(run.options.items())]
    if run.sheet:
        asked.append(run.sheet)
    key = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
    try:
        with transaction.atomic():
            ImportRun.objects.filter(pk=run.pk).update(content_key=key)
    except IntegrityError as error:
        earlier = ImportRun.objects.get(content_key=key)
        raise AlreadyImported(**{"import": earlier.code}) from error
    run.content_key = key


def start_import(*, run: ImportRun, actor: Actor, now: datetime) -> Job:
    """Queue the import, or go on with one that was stopped or failed. Safe to repeat while it runs.

    Raises AlreadyImported when the same content is being or was imported, and NotStartable when this one is done.
    """
    with transaction.atomic():
        run = ImportRun.objects.select_for_update(of=("self",)).select_related("job").get(pk=run.pk)
        if run.job is not None and not run.job.is_finished:
            return run.job
        if run.phase == ImportRun.Phase.DONE or run.undo_job_id is not None or not run.path:
            raise NotStartable
        claim_content(run)
        attempt = 1 if run.job is None else int(run.job.key.rpartition(":")[2]) + 1
        run.job = start_job(
            kind=JOB_KIND, key=f"{run.code}:{attempt}", actor=actor, now=now, params={"import": run.code}
        )
        run.save(update_fields=["job"])
        ensure_due(kind=SWEEP, by=now + SWEEP_AFTER)
        audit.record(
            actor,
            "customers.import.started",
            subject=f"import:{run.code}",
            business_id=run.business_id,
            data={"kind": run.kind, "dry_run": run.is_dry_run},
        )
    return run.job


def start_after_dry_run(*, run: ImportRun, actor: Actor, now: datetime) -> ImportRun:
    """The import that a dry run tried: same file, columns and choices, now for good.

    Raises AlreadyImported when somebody was faster, NotStartable when the dry run has not ended; nothing is then made.
    """
    if not run.is_dry_run or run.phase != ImportRun.Phase.DONE or not run.path:
        raise NotStartable
    with transaction.atomic():
        real = ImportRun.objects.create(
            kind=run.kind,
            business_id=run.business_id,
            file_name=run.file_name,
            path=run.path,
            digest=run.digest,
            encoding=run.encoding,
            delimiter=run.delimiter,
            sheet=run.sheet,
            sheets=run.sheets,
            preset=run.preset,
            header=run.header,
            rows_total=run.rows_total,
            mapping=run.mapping,
            options=run.options,
            created_by=actor.label[:160],
            created_at=now,
        )
        start_import(run=real, actor=actor, now=now)
    return real


def stop_import(*, run: ImportRun, actor: Actor, now: datetime) -> None:
    """Ask a running import to stop after its current chunk; what it wrote stays, starting it again goes on."""
    if run.job is not None:
        request_cancel(job=run.job, actor=actor, now=now)


def open_refused_rows(run: ImportRun) -> tuple[IO[bytes], str]:
    """The file of the rows that were not imported, and what to call it. Raises NotFound when there is none."""
    if not run.error_path or not default_storage.exists(run.error_path):
        raise NotFound
    name = run.file_name.rpartition(".")[0] or run.file_name
    return default_storage.open(run.error_path, "rb"), f"{name}-not-imported.csv"


def _file_name(name: str) -> str:
    plain = name.replace("\\", "/").rpartition("/")[2].strip()
    return "".join(character for character in plain if character.isprintable())[-120:] or "import.csv"


def drop_upload(*, run: ImportRun) -> None:
    """Take an upload away that was never started, with its file."""
    if _is_new(run):
        default_storage.delete(run.path)
        run.delete()
