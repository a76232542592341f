"""Programmes and people for every test. Names say the role, never `user1`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.permissions import Role
from programs.models import Membership, Programme, User
from workspace.models import Business

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)  # a Wednesday, half past eleven in London


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def programme(db: None) -> Programme:
    """The programme "harbour" (GBP, United Kingdom, London), active on the connection."""
    programme = Programme.objects.get(slug="harbour")
    connection.set_tenant(programme)
    return programme


@pytest.fixture
def other_programme(db: None) -> Programme:
    """The programme "meadow" (EUR, Germany, Berlin), not active."""
    with_schema = connection.tenant
    connection.set_schema_to_public()
    other = Programme.objects.get(slug="meadow")
    connection.set_tenant(with_schema)
    return other


@pytest.fixture
def business(programme: Programme) -> Business:
    return Business.objects.create(name="Quayside", category=Business.Category.CAFE)


@pytest.fixture
def other_business(programme: Programme) -> Business:
    """A second business of the same programme."""
    return Business.objects.create(name="Mill Lane", category=Business.Category.BAKERY)


@pytest.fixture
def make_member(programme: Programme) -> Callable[..., User]:
    """make_member("ann@example.com", Role.MARKETER, business=None, of=None) → a user with that membership."""

    def make(email: str, role: Role, *, business: Business | None = None, of: Programme | None = None) -> User:
        user = User.objects.create_user(email, "correct horse battery", name=email.partition("@")[0].capitalize())
        business_id = business.pk if business else None
        Membership.objects.create(user=user, programme=of or programme, role=role, business_id=business_id)
        return user

    return make


@pytest.fixture
def owner(make_member: Callable[..., User]) -> User:
    return make_member("maya@example.com", Role.OWNER)


@pytest.fixture
def manager(make_member: Callable[..., User]) -> User:
    return make_member("jonas@example.com", Role.MANAGER)


@pytest.fixture
def marketer(make_member: Callable[..., User]) -> User:
    return make_member("elif@example.com", Role.MARKETER)


@pytest.fixture
def analyst(make_member: Callable[..., User]) -> User:
    return make_member("noor@example.com", Role.ANALYST)


@pytest.fixture
def cashier(make_member: Callable[..., User], business: Business) -> User:
    return make_member("sam@example.com", Role.CASHIER, business=business)


@pytest.fixture
def outsider(make_member: Callable[..., User], other_programme: Programme) -> User:
    """Owner of the other programme, nobody here."""
    return make_member("omar@example.com", Role.OWNER, of=other_programme)


@pytest.fixture
def actor(owner: User) -> Actor:
    return Actor(kind="user", id=str(owner.pk), label=str(owner), user_id=owner.pk)


@pytest.fixture
def client_of(programme: Programme) -> Callable[..., Client]:
    """client_of(user) → a browser of that person on the programme's host; client_of(None) is anonymous."""

    def make(user: User | None, *, on: Programme | None = None, **defaults: Any) -> Client:
        target = on or programme
        client = Client(headers={"host": f"{target.slug}.localhost"}, **defaults)
        if user is not None:
            with tenant_context(target):
                client.force_login(user)
        return client

    return make


@pytest.fixture
def public_client(db: None) -> Client:
    """A browser on the public host."""
    return Client(headers={"host": "localhost"})
