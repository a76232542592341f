"""Callers of the API: systems with keys, people with tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from core.actor import SYSTEM
from core.jobs import run_in_programme
from programs import api_limits
from programs.actions.api_sessions import TokenPair, open_session
from programs.models import Programme, User
from workspace.actions.api_keys import IssuedKey, create_client
from workspace.models import Business


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """What a process remembers of its limits does not outlive the test, whose rows are rolled back."""
    api_limits.forget()
    yield
    api_limits.forget()


@pytest.fixture
def run_queue() -> Callable[[], None]:
    """run_queue() → what a worker does with everything that is queued, and with what that queues."""

    def run() -> None:
        for _round in range(20):
            rows = list(OrmQ.objects.order_by("id"))
            if not rows:
                return
            OrmQ.objects.filter(pk__in=[row.pk for row in rows]).delete()
            for row in rows:
                run_in_programme(*SignedPackage.loads(row.payload)["args"])
        raise AssertionError("The queue never ends.")

    return run


@pytest.fixture
def make_key(programme: Programme) -> Callable[..., IssuedKey]:
    """make_key("write", business=None, name="Web shop") → a key in the programme active now."""

    def make(*scopes: str, business: Business | None = None, name: str = "Web shop") -> IssuedKey:
        return create_client(
            name=name, scopes=scopes or ("admin",), business=business, actor=SYSTEM, now=timezone.now()
        )

    return make


@pytest.fixture
def make_tokens(programme: Programme) -> Callable[..., TokenPair]:
    """make_tokens(user) → tokens of that person in the programme."""

    def make(user: User, *, of: Programme | None = None) -> TokenPair:
        return open_session(user=user, programme=of or programme, now=timezone.now())

    return make


@pytest.fixture
def api(programme: Programme, make_key: Callable[..., IssuedKey], make_tokens: Callable[..., TokenPair]) -> Any:
    """api("write"), api("read", business=b), api(user=ann) or api(None) → a JSON client on the programme's host."""

    def make(
        *scopes: str | None, user: User | None = None, business: Business | None = None, on: Programme | None = None
    ) -> Client:
        headers = {"host": f"{(on or programme).slug}.localhost", "accept": "application/json"}
        if user is not None:
            headers["authorization"] = f"Bearer {make_tokens(user).access}"
        elif scopes != (None,):
            headers["x-api-key"] = make_key(*[scope for scope in scopes if scope], business=business).secret
        return Client(headers=headers, raise_request_exception=False)

    return make
