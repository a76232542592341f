"""Log-in with Google in a real browser: the policy lets the button lead there, and the person comes back into work."""

from __future__ import annotations

import os

import pytest
from django.db import connection
from playwright.sync_api import expect

from config.database import embedded
from config.embedded_postgres import APP_ROLE
from conftest import _clone, _connect_to
from devservers.google import Client, Google, Person, serve
from e2e.conftest import arrive, people
from e2e.server import free_port
from e2e.server import serve as serve_regulars
from programs.actions.people import create_person

pytestmark = pytest.mark.e2e

NINA, ADA = Person("1", "nina@gmail.com", "Nina Novak"), Person("2", "ada@example.com", "Ada", hd="example.com")
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker, tmp_path_factory):
    """A server of its own, which knows Google from its start."""
    port = free_port()
    client = Client("shop", "s3cret", (f"http://localhost:{port}/accounts/google/login/callback/",))
    shared = connection.settings_dict["NAME"]
    with serve(Google(client, [NINA, ADA])) as google, django_db_blocker.unblock(), _clone() as name:
        _connect_to(name, APP_ROLE)
        people()
        connection.set_schema_to_public()
        create_person(email="ada@example.com", password=PASSWORD, name="Ada Byron", is_verified=True)
        connection.close()
        names = ("GOOGLE_OAUTH_CLIENT_ID", "GOOGLE_OAUTH_CLIENT_SECRET", "GOOGLE_OAUTH_ORIGIN")
        os.environ |= dict(zip(names, (client.id, client.secret, google.origin), strict=True))
        try:
            log = tmp_path_factory.mktemp("server") / "log"
            with serve_regulars(embedded().url(APP_ROLE, name), port, log) as running:
                yield running
        finally:
            for one in names:
                del os.environ[one]
            connection.close()
    _connect_to(shared, APP_ROLE)


def test_a_new_person_signs_up_with_google(open_browser, server):
    page = open_browser()
    page.goto(server.url("/accounts/signup/?next=/programmes/", programme=""))
    page.get_by_role("button", name="Sign up with Google").click()
    page.get_by_role("link", name="nina@gmail.com").click()
    arrive(page, page.get_by_role("heading", name="My programmes"))
    page.goto(server.url("/accounts/2fa/", programme=""))
    expect(page.get_by_text("nina@gmail.com").last).to_be_visible()
    expect(page.get_by_text("None yet. With one you can log in wherever you are.")).to_be_visible()


def test_an_account_with_a_password_is_joined_after_its_log_in(open_browser, server):
    page = open_browser()
    page.goto(server.url("/accounts/login/?next=/programmes/", programme=""))
    page.get_by_role("button", name="Log in with Google").click()
    page.get_by_role("link", name="ada@example.com").click()
    arrive(page, page.get_by_text("ada@example.com has an account here already."))
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    arrive(page, page.get_by_role("heading", name="My programmes"))
    page.goto(server.url("/accounts/2fa/", programme=""))
    page.get_by_role("link", name="Manage Google").click()
    expect(page.get_by_text("Connected on")).to_be_visible()


def test_who_says_no_is_led_back(open_browser, server):
    page = open_browser()
    page.goto(server.url("/accounts/login/", programme=""))
    page.get_by_role("button", name="Log in with Google").click()
    page.get_by_role("link", name="Cancel").click()
    arrive(page, page.get_by_role("heading", name="You said no to Google"))
    page.get_by_role("link", name="Back to log-in").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
