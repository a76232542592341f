"""A server with two programmes and their people, one for the tests of a file: what one file sells surprises none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django_tenants.utils import tenant_context
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from config.database import embedded
from config.embedded_postgres import APP_ROLE
from conftest import _clone, _connect_to
from core.permissions import Role
from e2e.server import Server, free_port, serve
from programs.models import Membership, Programme, User
from workspace.models import Business

TIMEOUT_MS = 30_000  # a busy machine is no failure
expect.set_options(timeout=TIMEOUT_MS)

PHONE, TABLET, DESK = {"width": 390, "height": 844}, {"width": 768, "height": 1024}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker, tmp_path_factory) -> Iterator[Server]:
    shared = connection.settings_dict["NAME"]
    with django_db_blocker.unblock(), _clone() as name:
        _connect_to(name, APP_ROLE)
        sessions = people()
        connection.close()
        database_url = embedded().url(APP_ROLE, name)
        with serve(database_url, free_port(), tmp_path_factory.mktemp("server") / "log") as running:
            running.sessions.update(sessions)
            yield running
        connection.close()
    _connect_to(shared, APP_ROLE)


def people() -> dict[str, str]:
    """An owner and a cashier at Quayside, in the programme "harbour"; gives their session cookies by e-mail."""
    sessions = {}
    connection.set_schema_to_public()
    programme = Programme.objects.get(slug="harbour")
    with tenant_context(programme):
        business, _made = Business.objects.get_or_create(name="Quayside", defaults={"category": Business.Category.CAFE})
        Business.objects.get_or_create(name="Mill Lane", defaults={"category": Business.Category.BAKERY})
    for name, role, business_id in (("Maya", Role.OWNER, None), ("Sam", Role.CASHIER, business.pk)):
        user = User.objects.create_user(f"{name.lower()}@example.com", "correct horse battery", name=name)
        Membership.objects.create(user=user, programme=programme, role=role, business_id=business_id)
        client = Client()
        with tenant_context(programme):
            client.force_login(user)
        sessions[user.email] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return sessions


def arrive(page: Page, landmark: Locator) -> Page:
    """Wait for the next page, which shows `landmark`, and for its scripts: what is typed before they run is lost."""
    expect(landmark).to_be_visible()
    page.wait_for_load_state("load")
    return page


@pytest.fixture
def open_browser(server: Server, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """open_browser("maya@example.com", size=PHONE) → a page of a fresh browser, signed in; None: nobody.

    Anything that the policy or a script complains about fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(email: str | None = None, *, size: dict[str, int] = DESK, **options: object) -> Page:
        context = chromium.new_context(viewport=size, reduced_motion="reduce", **options)
        contexts.append(context)
        if email is not None:
            context.add_cookies([{"name": "sessionid", "value": server.sessions[email], "url": server.url()}])
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []
