"""Setting what lists and segments sort and filter by, for many customers in one statement.

Higher apps compute their own columns and write them here; the columns that come from orders and refunds are computed
here. Every statement locks the rows in the order of their customer, so that two writers wait instead of deadlocking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from customers.following import Figures, tell_followers
from customers.models import CustomerFacts
from programs.actions.due_work import ensure_due

# The due work that computes marked days again.
ROLLUPS = "customers.rollups"
# Rows sent with one statement: large enough to be set-based, small enough to keep the parameters in memory.
CHUNK_ROWS = 20_000
WRITABLE: Mapping[str, models.Field] = {  # type: ignore[type-arg]
    field.name: field for field in CustomerFacts._meta.concrete_fields if field.name not in ("customer", "updated_at")
}


def write_facts(fields: Sequence[str], rows: Iterable[tuple[object, ...]]) -> int:
    """Set `fields` of many customers: each row is (customer id, one value for each field); returns how many.

    Makes the facts of a customer who has none. A customer named twice keeps the last row's values. Raises ValueError
    for a field that does not exist, and when a row has another length; nothing is then written.
    """
    columns = [_field(name) for name in fields]
    if not columns:
        raise ValueError("write_facts needs at least one field")
    latest: dict[object, tuple[object, ...]] = {}
    for row in rows:
        if len(row) != len(columns) + 1:
            raise ValueError(f"a row has {len(row)} values, expected the customer's id and {len(columns)} values")
        latest[row[0]] = row
    ordered = sorted(latest.values(), key=lambda row: int(str(row[0])))
    stale: set[tuple[int, date]] = set()
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(0, len(ordered), CHUNK_ROWS):
            chunk = list(zip(*ordered[start : start + CHUNK_ROWS], strict=True))
            source = ", ".join(["%s::bigint[]", *(f"%s::{column.db_type(connection)}[]" for column in columns)])
            names = ", ".join(["customer_id", *map(_name, columns)])
            # One Python type for each list: the driver refuses to send Decimal and int as one array.
            values = [list(map(column.get_prep_value, given)) for column, given in zip(columns, chunk[1:], strict=True)]
            query = _upsert(columns, f"SELECT {names} FROM unnest({source}) AS given({names})")
            if "member_since" in fields:
                stale |= _days_of_new_members(list(chunk[0]), values[list(fields).index("member_since")])
            cursor.execute(query, [list(chunk[0]), *values])
        # Last, as the roll-ups do: facts are always locked before days.
        if stale:
            mark_stale(stale)
            ensure_due(kind=ROLLUPS, by=timezone.now())
        if ordered:
            tell_followers(Figures.FACTS, [int(str(row[0])) for row in ordered])
    return len(ordered)


def mark_stale(days: set[tuple[int, date]]) -> None:
    """Let the roll-ups compute these (business, day) again, with what the caller's transaction has written.

    A mark that is there already is locked: who computes its day now waits until that is committed.
    """
    ordered = sorted(days)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_staleday (business_id, day)"
            " SELECT * FROM unnest(%s::bigint[], %s::date[])"
            " ON CONFLICT (business_id, day) DO UPDATE SET day = EXCLUDED.day",
            [[business for business, _ in ordered], [day for _, day in ordered]],
        )


def _days_of_new_members(customer_ids: list[object], since: list[object]) -> set[tuple[int, date]]:
    """Days with sales that count as a member's, or no longer do, once these customers are members since then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT sale.business_id, (sale.placed_at AT TIME ZONE state.zone)::date"
            " FROM unnest(%s::bigint[], %s::timestamptz[]) AS given (customer_id, since)"
            " LEFT JOIN customers_customerfacts AS facts ON facts.customer_id = given.customer_id"
            " JOIN customers_rollupstate AS state ON state.zone <> ''"
            " JOIN customers_order AS sale ON sale.customer_id = given.customer_id"
            "  AND sale.placed_at >= least(given.since, facts.member_since) - interval '2 days'"
            " WHERE given.since IS DISTINCT FROM facts.member_since",
            [customer_ids, since],
        )
        return set(cursor.fetchall())


def write_facts_from(fields: Sequence[str], query: str, params: Sequence[Any] = ()) -> int:
    """Set `fields` from a SELECT that gives (customer_id, one column for each field); returns how many rows changed.

    The whole calculation stays in the database. `query` is SQL of our own code, never of a person; its columns bear
    the names of the fields, one row for each customer. Rows whose values stay the same are not rewritten.
    """
    columns = [_field(name) for name in fields]
    names = ", ".join(["customer_id", *map(_name, columns)])
    differs = " OR ".join(f"facts.{_name(column)} IS DISTINCT FROM EXCLUDED.{_name(column)}" for column in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        source = f"SELECT {names} FROM ({query}) AS computed ORDER BY customer_id"
        cursor.execute(_upsert(columns, source, where=differs), list(params))
        changed: int = cursor.rowcount
        return changed


# A cancelled order is no sale, and what was given back for it is no refund of one. A refund may belong to no order.
ORDER_FACTS = """
    SELECT customer.id AS customer_id,
           coalesce(bought.orders, 0) AS orders_count,
           coalesce(bought.total, 0) - coalesce(returned.total, 0) AS total_spent,
           bought.first_at AS first_order_at,
           bought.last_at AS last_order_at
    FROM customers_customer AS customer
    LEFT JOIN (
        SELECT customer_id, count(*) AS orders, sum(total) AS total,
               min(placed_at) AS first_at, max(placed_at) AS last_at
        FROM customers_order WHERE status <> 'cancelled' AND {of_customers} GROUP BY customer_id
    ) AS bought ON bought.customer_id = customer.id
    LEFT JOIN (
        SELECT refund.customer_id, sum(refund.total) AS total
        FROM customers_refund AS refund LEFT JOIN customers_order AS sale ON sale.id = refund.order_id
        WHERE sale.status IS DISTINCT FROM 'cancelled' AND refund.{of_customers} GROUP BY refund.customer_id
    ) AS returned ON returned.customer_id = customer.id
"""
ORDER_FIELDS = ("orders_count", "total_spent", "first_order_at", "last_order_at")


def refresh_order_facts(customer_ids: Sequence[int] | None) -> int:
    """Compute what follows from orders and refunds again, for these customers or (None) for all; says how many changed.

    Set-based: one statement, whatever the number. Running it twice changes nothing the second time.
    """
    if customer_ids is None:
        return write_facts_from(ORDER_FIELDS, ORDER_FACTS.format(of_customers="customer_id IS NOT NULL"))
    ids = sorted(set(customer_ids))
    if not ids:
        return 0
    query = ORDER_FACTS.format(of_customers="customer_id = ANY(%s::bigint[])") + "WHERE customer.id = ANY(%s::bigint[])"
    return write_facts_from(ORDER_FIELDS, query, [ids, ids, ids])


def _name(field: models.Field[Any, Any]) -> str:
    """The field's column; every one of `WRITABLE` has one."""
    return str(field.column)


def _field(name: str) -> models.Field:  # type: ignore[type-arg]
    if name not in WRITABLE:
        raise ValueError(f"customer facts have no field {name!r}; there are {', '.join(sorted(WRITABLE))}")
    return WRITABLE[name]


def _upsert(columns: Sequence[models.Field], source: str, *, where: str = "") -> str:  # type: ignore[type-arg]
    """INSERT … ON CONFLICT UPDATE of `columns` from `source`; columns not named get their model's default."""
    chosen = set(map(_name, columns))
    others = {
        _name(field): field.get_default()
        for field in WRITABLE.values()
        if not field.null and _name(field) not in chosen
    }
    literals = {name: _literal(value) for name, value in others.items()}
    names = ["customer_id", *map(_name, columns)]
    insert = ", ".join([*names, *literals, "updated_at"])
    values = ", ".join([*(f"source.{name}" for name in names), *literals.values(), "clock_timestamp()"])
    sets = ", ".join(
        [*(f"{_name(column)} = EXCLUDED.{_name(column)}" for column in columns), "updated_at = clock_timestamp()"]
    )
    return (
        f"INSERT INTO {CustomerFacts._meta.db_table} AS facts ({insert}) "
        f"SELECT {values} FROM ({source}) AS source "
        f"ON CONFLICT (customer_id) DO UPDATE SET {sets}{f' WHERE {where}' if where else ''}"
    )


def _literal(value: object) -> str:
    """A column default as SQL: only what the model itself declares, numbers, booleans and the empty text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if value == "":
        return "''"
    raise TypeError(f"no SQL for the default {value!r}")
