"""The only way to queue work: in the caller's transaction, for the programme active now, by dotted path and ids.

`django_q.tasks.async_task` is called nowhere else: it takes arguments named `group` or `timeout` for its own
options, silently, and knows nothing of programmes.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from django.db import connection
from django.utils.module_loading import import_string
from django_q.tasks import async_task
from django_tenants.utils import get_public_schema_name, get_tenant_model, tenant_context

from core.tenancy import active_schema


class WrongSchema(RuntimeError):
    """Work was queued outside a programme, or the connection is not where the job belongs."""


def enqueue(func: Callable[..., object], **kwargs: object) -> None:
    """Queue `func(**kwargs)` for the programme active now. Values must be JSON-safe ids, not objects.

    The queue row is part of the transaction: no job without its cause, no cause without its job. Delivery is at
    least once; `func` must be safe to run twice. Raises WrongSchema in the public schema, TypeError for other values.
    """
    schema = active_schema()
    if schema == get_public_schema_name():
        raise WrongSchema(f"{func.__qualname__} was queued outside a programme")
    json.dumps(kwargs)
    async_task("core.jobs.run_in_programme", schema, f"{func.__module__}.{func.__qualname__}", json.dumps(kwargs))


def run_in_programme(schema: str, path: str, arguments: str) -> object:
    """The worker's side of `enqueue`. A programme that is gone fails here, never in public."""
    programme = get_tenant_model().objects.get(schema_name=schema)
    with tenant_context(programme):
        assert_schema(schema)
        return import_string(path)(**json.loads(arguments))


def assert_schema(schema: str) -> None:
    """Raise WrongSchema unless the server itself says that the connection is in `schema`.

    PostgreSQL 18 reports search_path with every change, so the check costs no query; older servers are asked.
    """
    connection.ensure_connection()
    with connection.cursor() as cursor:  # opening a cursor applies a pending SET
        reported = connection.connection.pgconn.parameter_status(b"search_path")
        if reported is None:
            cursor.execute("SHOW search_path")
            path = cursor.fetchone()[0]
        else:
            path = reported.decode()
    first = path.split(",")[0].strip().strip('"')
    if first != schema:
        raise WrongSchema(f"connection is in {first}, work belongs to {schema}")
