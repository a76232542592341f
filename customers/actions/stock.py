"""Stock: places, and every movement at them. A level is the sum of its movements; both are written by one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from customers.actions import events
from customers.events import STOCK_LOW
from customers.models import StockLevel, StockLocation, StockMovement
from workspace.actions import audit

Kind = StockMovement.Kind
MAX_LINES = 500  # of one delivery or count that a person sends; files go through `set_levels`
MAX_QUANTITY = Decimal(10_000_000)
STEP = Decimal("0.001")
MAX_DAYS = 365
REASON_LENGTH = 120

# Levels that are written are locked in the order of their ids, so that a count and the reader of sales cannot deadlock.
_LOCK = """
    SELECT count(*) FROM (
        SELECT level.id FROM customers_stocklevel AS level
        JOIN (SELECT DISTINCT product_id, location_id FROM unnest(%(products)s::bigint[], %(locations)s::bigint[])
              AS given (product_id, location_id)) AS given USING (product_id, location_id)
        ORDER BY level.id FOR NO KEY UPDATE OF level
    ) AS locked
"""
_TRACK = """
    INSERT INTO customers_stocklevel (code, product_id, location_id, quantity, counted_at, updated_at)
    SELECT DISTINCT ON (product_id, location_id) public_code(), product_id, location_id, 0, at, clock_timestamp()
    FROM unnest(%(products)s::bigint[], %(locations)s::bigint[], %(times)s::timestamptz[])
         AS given (product_id, location_id, at)
    ORDER BY product_id, location_id
    ON CONFLICT (product_id, location_id) DO NOTHING
"""
# Of a count, what is given is what is there; the movement is the difference. Only what is tracked moves.
_WRITE = """
    WITH written AS (
        INSERT INTO customers_stockmovement
            (code, product_id, location_id, kind, quantity, reason, reference, origin, actor, actor_label, at)
        SELECT public_code(), given.product_id, given.location_id, %(kind)s::text,
               given.quantity - CASE WHEN %(kind)s::text = 'counted' THEN level.quantity ELSE 0 END,
               %(reason)s::text, given.reference, given.origin, %(actor)s::text, %(actor_label)s::text, given.at
        FROM unnest(%(products)s::bigint[], %(locations)s::bigint[], %(quantities)s::numeric[], %(references)s::text[],
                    %(origins)s::text[], %(times)s::timestamptz[])
             AS given (product_id, location_id, quantity, reference, origin, at)
        JOIN customers_stocklevel AS level USING (product_id, location_id)
        ON CONFLICT (origin) WHERE NOT origin = '' DO NOTHING
        RETURNING product_id, location_id, quantity, at
    ), moved AS (
        SELECT product_id, location_id, sum(quantity) AS quantity, max(at) AS at FROM written
        GROUP BY product_id, location_id
    ), changed AS (
        UPDATE customers_stocklevel AS level
        SET quantity = level.quantity + moved.quantity, updated_at = clock_timestamp(),
            counted_at = CASE WHEN %(kind)s::text = 'counted' THEN greatest(level.counted_at, moved.at)
                         ELSE level.counted_at END
        FROM moved WHERE moved.product_id = level.product_id AND moved.location_id = level.location_id
        RETURNING level.product_id, level.location_id, level.quantity, level.low_at,
                  level.quantity - moved.quantity AS before, moved.at
    ), told AS (
        INSERT INTO customers_event (name, business_id, occurred_at, actor, data)
        SELECT %(low)s::text, place.business_id, changed.at, %(actor)s::text, jsonb_build_object(
            'product', product.code, 'sku', product.sku, 'location', place.code,
            'quantity', trim_scale(changed.quantity)::text, 'low_at', trim_scale(changed.low_at)::text
        )
        FROM changed
        JOIN customers_stocklocation AS place ON place.id = changed.location_id
        JOIN customers_product AS product ON product.id = changed.product_id
        WHERE changed.before > changed.low_at AND changed.quantity <= changed.low_at
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM told)
"""


_SET_MARKS = """
    UPDATE customers_stocklevel AS level SET low_at = given.low_at, updated_at = clock_timestamp()
    FROM unnest(%(products)s::bigint[], %(locations)s::bigint[], %(marks)s::numeric[])
         AS given (product_id, location_id, low_at)
    JOIN customers_stocklevel AS old USING (product_id, location_id)
    WHERE level.id = old.id AND old.low_at IS DISTINCT FROM given.low_at
    RETURNING level.id, old.low_at, level.low_at
"""


class LocationNameTaken(DomainError):
    code = "stock_location_name_taken"
    message = _("This business has a place of this name.")


class DefaultLocation(DomainError):
    code = "default_stock_location"
    message = _("What is sold leaves this place. Make another one the default first.")


@dataclass(frozen=True, slots=True)
class StockRow:
    """`quantity` is signed; of a count, it is what is there. `origin`, if given, is written once for ever."""

    product_id: int
    location_id: int
    quantity: Decimal
    at: datetime
    reference: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class StockLine:
    """What a person says of one product."""

    product_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class LowMark:
    """At `low_at` or below, the product is low at this place."""

    product_id: int
    location_id: int
    low_at: Decimal


@dataclass(frozen=True, slots=True)
class ChangedMark:
    level_id: int
    before: Decimal | None
    after: Decimal


@dataclass(frozen=True, slots=True)
class Written:
    movements: int
    low: int  # how many levels fell to their mark


# -- places -----------------------------------------------------------------------------------------------------------


def create_location(*, business_id: int, name: str, actor: Actor, now: datetime) -> StockLocation:
    """A place of a business; its first one is what sales leave. Raises LocationNameTaken and InvalidInput."""
    with transaction.atomic():
        is_first = not StockLocation.objects.filter(business_id=business_id).exists()
        location = StockLocation(business_id=business_id, name=_name(name), is_default=is_first, created_at=now)
        _save(location)
        _note(actor, "stock_location", "created", location)
    return location


def change_location(
    *, code: str, actor: Actor, name: str | None = None, is_default: bool | None = None
) -> StockLocation:
    """Rename a place, or make it the one that sales leave. Raises NotFound, LocationNameTaken and InvalidInput."""
    with transaction.atomic():
        location = _locked_location(code, actor)
        if name is not None:
            location.name = _name(name)
        if is_default and not location.is_default:
            StockLocation.objects.filter(business_id=location.business_id).update(is_default=False)
            location.is_default = True
            location.archived_at = None
        _save(location)
        _note(actor, "stock_location", "changed", location)
    return location


def archive_location(*, code: str, actor: Actor, now: datetime) -> StockLocation:
    """Take a place out of lists; its movements stay. Safe to repeat. Raises NotFound and DefaultLocation."""
    with transaction.atomic():
        location = _locked_location(code, actor)
        if location.is_default:
            raise DefaultLocation()
        if location.archived_at is None:
            location.archived_at = now
            _save(location)
            _note(actor, "stock_location", "archived", location)
    return location


def _locked_location(code: str, actor: Actor) -> StockLocation:
    location = StockLocation.objects.visible_to(actor).select_for_update(of=("self",)).filter(code=code).first()
    if location is None:
        raise NotFound()
    return location


def _name(given: str) -> str:
    name = " ".join(given.split())
    if not name or len(name) > 80 or "\x00" in name:
        raise InvalidInput(_("Give the place a name of up to 80 characters."), field="name")
    return name


def _save(location: StockLocation) -> None:
    try:
        with transaction.atomic():
            location.save()
    except IntegrityError as error:
        raise LocationNameTaken(field="name") from error


def _note(actor: Actor, noun: str, act: str, location: StockLocation, **data: object) -> None:
    subject = f"stock_location:{location.code}"
    audit.record(actor, f"customers.{noun}.{act}", subject=subject, business_id=location.business_id, data=data)


# -- movements --------------------------------------------------------------------------------------------------------


def receive_stock(
    *, location: StockLocation, lines: Sequence[StockLine], actor: Actor, now: datetime, reference: str = "",
    reason: str = "",
) -> Written:  # fmt: skip
    """A delivery came. Products that were not tracked here are from now on. Raises InvalidInput."""
    rows = _rows(location, lines, now, lowest=STEP, reference=reference)
    return _act("received", location, rows, actor, reference=reference, reason=reason)


def count_stock(
    *, location: StockLocation, lines: Sequence[StockLine], actor: Actor, now: datetime, reason: str = ""
) -> Written:
    """So much is there now, whatever was thought before. Raises InvalidInput (also for a product named twice)."""
    rows = _rows(location, lines, now, lowest=Decimal(0))
    if len({row.product_id for row in rows}) < len(rows):
        raise InvalidInput(_("A product is counted once."), field="lines")
    return _act("counted", location, rows, actor, reason=reason)


def correct_stock(
    *, location: StockLocation, lines: Sequence[StockLine], actor: Actor, now: datetime, reason: str
) -> Written:
    """More or less than thought, such as breakage (below zero), with the `reason`. Raises InvalidInput."""
    if not reason.strip():
        raise InvalidInput(_("Say why, so that the history explains itself."), field="reason")
    rows = _rows(location, lines, now, lowest=-MAX_QUANTITY)
    if any(row.quantity == 0 for row in rows):
        raise InvalidInput(_("Enter how many more or less, not 0."), field="lines")
    return _act("corrected", location, rows, actor, reason=reason)


def move_stock(
    *, location: StockLocation, to: StockLocation, lines: Sequence[StockLine], actor: Actor, now: datetime,
    reason: str = "",
) -> Written:  # fmt: skip
    """From one place to another, perhaps of another business. Raises InvalidInput."""
    if location.pk == to.pk:
        raise InvalidInput(_("Choose two different places."), field="to")
    gone = _rows(location, lines, now, lowest=STEP)
    rows = [
        moved
        for row in gone
        for moved in (
            StockRow(row.product_id, location.pk, -row.quantity, now),
            StockRow(row.product_id, to.pk, row.quantity, now),
        )
    ]
    return _act("moved", location, rows, actor, reason=reason, to=to.name)


def set_levels(*, rows: Iterable[StockRow], actor: Actor, reason: str = "") -> Written:
    """Counts of many products at many places in one statement, as an import knows them; the last of a product counts.

    The caller writes the audit entry of its own act.
    """
    last = {(row.product_id, row.location_id): row for row in rows}
    return write_movements(kind="counted", rows=list(last.values()), actor=actor, reason=reason, tracks=True)


def set_low_marks(marks: Iterable[LowMark]) -> list[ChangedMark]:
    """When many tracked products are low, in one statement; returns those that changed. The caller writes the audit."""
    given = list(marks)
    values: dict[str, Any] = {
        "products": [mark.product_id for mark in given],
        "locations": [mark.location_id for mark in given],
        "marks": [mark.low_at for mark in given],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SET_MARKS, values)
        return [ChangedMark(*row) for row in cursor.fetchall()]


def change_level(*, code: str, actor: Actor, low_at: Decimal | None, lead_days: int, target_days: int) -> StockLevel:
    """When the product is low at this place, and how it is ordered. Raises NotFound and InvalidInput."""
    if low_at is not None and not (low_at.is_finite() and 0 <= low_at <= MAX_QUANTITY):
        raise InvalidInput(_("Enter 0 or more, or nothing."), field="low_at")
    for name, days, least in (("lead_days", lead_days, 0), ("target_days", target_days, 1)):
        if not least <= days <= MAX_DAYS:
            raise InvalidInput(_("Enter days of up to a year."), field=name)
    with transaction.atomic():
        level = StockLevel.objects.visible_to(actor).select_for_update(of=("self",)).filter(code=code).first()
        if level is None:
            raise NotFound()
        wanted = {"low_at": low_at, "lead_days": lead_days, "target_days": target_days}
        changed = {name: value for name, value in wanted.items() if getattr(level, name) != value}
        if changed:
            for name, value in changed.items():
                setattr(level, name, value)
            level.save(update_fields=[*changed, "updated_at"])
            audit.record(
                actor,
                "customers.stock.settings_changed",
                subject=f"product:{level.product.code}",
                business_id=level.location.business_id,
                data={"fields": sorted(changed)},
            )
    return level


def _rows(
    location: StockLocation, lines: Sequence[StockLine], now: datetime, *, lowest: Decimal, reference: str = ""
) -> list[StockRow]:
    if not lines:
        raise InvalidInput(_("Name at least one product."), field="lines")
    if len(lines) > MAX_LINES:
        raise InvalidInput(_("Send at most 500 products at a time."), field="lines")
    for number, line in enumerate(lines):
        fits = line.quantity.is_finite() and lowest <= line.quantity <= MAX_QUANTITY
        if not fits or line.quantity != line.quantity.quantize(STEP):
            raise InvalidInput(_("Enter a quantity such as 12 or 0.5."), field=f"lines.{number}.quantity")
    return [StockRow(line.product_id, location.pk, line.quantity, now, reference) for line in lines]


Act = Literal["received", "counted", "corrected", "moved"]


def _act(
    kind: Act, location: StockLocation, rows: Sequence[StockRow], actor: Actor, *, reason: str = "", **said: object
) -> Written:
    if len(reason) > REASON_LENGTH or len(str(said.get("reference", ""))) > 120:
        raise InvalidInput(_("This is too long."), field="reason" if len(reason) > REASON_LENGTH else "reference")
    with transaction.atomic():
        written = write_movements(kind=kind, rows=rows, actor=actor, reason=reason, tracks=True)
        data = {"products": len({row.product_id for row in rows}), "reason": reason, **said}
        _note(actor, "stock", kind, location, **{name: value for name, value in data.items() if value})
    return written


def write_movements(
    *, kind: str, rows: Sequence[StockRow], actor: Actor, reason: str = "", tracks: bool = False
) -> Written:
    """Movements and levels in one statement. Only tracked products move, unless `tracks` begins it.

    A row whose `origin` is written already is left out, so doing it twice is doing it once. Of a count, a product is
    named once for each place.
    """
    if not rows:
        return Written(0, 0)
    values: dict[str, Any] = {
        "kind": kind,
        "products": [row.product_id for row in rows],
        "locations": [row.location_id for row in rows],
        "quantities": [row.quantity for row in rows],
        "references": [row.reference for row in rows],
        "origins": [row.origin for row in rows],
        "times": [row.at for row in rows],
        "reason": reason,
        "actor": actor.reference,
        "actor_label": actor.label,
        "low": STOCK_LOW.name,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        if tracks:
            cursor.execute(_TRACK, values)
        cursor.execute(_LOCK, values)
        cursor.execute(_WRITE, values)
        movements, low = cursor.fetchone()
    if low:
        events.wake_readers()
    return Written(movements, low)


def levels_that_differ() -> list[str]:
    """Levels that are not the sum of their movements, as public ids: an audit finds none. One pass over all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT level.code FROM customers_stocklevel AS level"
            " LEFT JOIN (SELECT product_id, location_id, sum(quantity) AS quantity FROM customers_stockmovement"
            "   GROUP BY 1, 2) AS moved USING (product_id, location_id)"
            " WHERE level.quantity <> coalesce(moved.quantity, 0) ORDER BY level.id LIMIT 100"
        )
        return [code for (code,) in cursor.fetchall()]
