"""The only way to queue work: in the caller's transaction, for the programme active now, by dotted path and ids.

`django_q.tasks.async_task` is called nowhere else: it takes arguments named `group` or `timeout` for its own
options, silently, and knows nothing of programmes.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.tasks import async_task
from django_tenants.utils import get_public_schema_name, get_tenant_model, schema_context, tenant_context

from core.errors import DomainError, PermanentError
from core.tenancy import active_schema

logger = logging.getLogger(__name__)

# The wait after a failed try: 10 s, 40 s, 160 s, 10 minutes, and 10 minutes from then on. Without jitter: what fails
# together is taken up again by the few workers of a cluster, one after the other.
FIRST_RETRY_SECONDS = 10
RETRY_GROWTH = 4
LONGEST_RETRY_SECONDS = 600
RETRIES = 4


class WrongSchema(RuntimeError):
    """Work was queued outside a programme, or the connection is not where the job belongs."""


class _Later(ORM):  # type: ignore[misc]  # the library is untyped
    """The queue, for a task that no cluster takes before `delay` is over: a row's lock is when it may be taken."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(list_key=Conf.CLUSTER_NAME)
        self.delay = delay

    def enqueue(self, task: str) -> int:
        row = self.get_connection().create(key=self.list_key, payload=task, lock=timezone.now() + self.delay)
        return int(row.pk)


def enqueue(func: Callable[..., object], /, **kwargs: object) -> None:
    """Queue `func(**kwargs)` for the programme active now. Values must be JSON-safe ids, not objects.

    The queue row is part of the transaction: no job without its cause, no cause without its job. Delivery is at
    least once; `func` must be safe to run twice. A call that raises is not repeated: for work whose row does not
    decide about that itself, there is `enqueue_with_retries`.

    Raises WrongSchema in the public schema, TypeError for other values.
    """
    _queue(_programme(func), _dotted(func), json.dumps(kwargs))


def enqueue_in(delay: timedelta, func: Callable[..., object], /, **kwargs: object) -> None:
    """`enqueue`, but not before `delay` is over. A cluster that is restarted meanwhile may take it earlier."""
    _queue(_programme(func), _dotted(func), json.dumps(kwargs), delay=delay)


def enqueue_with_retries(func: Callable[..., object], /, **kwargs: object) -> None:
    """`enqueue`, and a call that raises is repeated up to RETRIES times, after longer and longer waits.

    DomainError and PermanentError say that a repetition cannot help, so they end it.
    """
    _queue(_programme(func), _dotted(func), json.dumps(kwargs), retries_left=RETRIES)


def enqueue_in_public(func: Callable[..., object], /, **kwargs: object) -> None:
    """`enqueue_with_retries` for what belongs to no programme, such as the e-mails of a person's own log-in.

    `func` runs in the public schema. Raises WrongSchema inside a programme.
    """
    if active_schema() != get_public_schema_name():
        raise WrongSchema(f"{_dotted(func)} belongs to no programme")
    _queue(get_public_schema_name(), _dotted(func), json.dumps(kwargs), retries_left=RETRIES)


def retry_delay(failures: int) -> timedelta:
    """How long to wait before trying again what has failed `failures` times (1 or more)."""
    return timedelta(seconds=min(FIRST_RETRY_SECONDS * RETRY_GROWTH ** (failures - 1), LONGEST_RETRY_SECONDS))


def _dotted(func: Callable[..., object]) -> str:
    return f"{func.__module__}.{func.__qualname__}"


def _programme(func: Callable[..., object]) -> str:
    schema = active_schema()
    if schema == get_public_schema_name():
        raise WrongSchema(f"{_dotted(func)} was queued outside a programme")
    return schema


def _queue(schema: str, path: str, arguments: str, *, retries_left: int = 0, delay: timedelta | None = None) -> None:
    options: dict[str, Any] = {"broker": _Later(delay)} if delay else {}
    retries = [retries_left] if retries_left else []
    async_task("core.jobs.run_in_programme", schema, path, arguments, *retries, **options)


def run_in_programme(schema: str, path: str, arguments: str, retries_left: int = 0) -> object:
    """The worker's side. A programme that is gone fails here, never in public."""
    try:
        with _inside(schema):
            return import_string(path)(**json.loads(arguments))
    except (DomainError, PermanentError):
        raise
    except Exception as error:
        if not retries_left:
            raise
        # Only the kind of the error: its text may hold an address.
        logger.warning("task.retry", extra={"task": path, "error": type(error).__name__, "retries_left": retries_left})
        delay = retry_delay(RETRIES - retries_left + 1)
        _queue(schema, path, arguments, retries_left=retries_left - 1, delay=delay)
        return None


@contextmanager
def _inside(schema: str) -> Iterator[None]:
    is_public = schema == get_public_schema_name()
    place = schema_context(schema) if is_public else tenant_context(get_tenant_model().objects.get(schema_name=schema))
    with place:
        assert_schema(schema)
        yield


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
