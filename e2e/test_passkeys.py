"""Passkeys in a real Chromium, with the authenticator that its developer tools pretend to have plugged in."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from core.permissions import Role
from e2e.conftest import PHONE, arrive
from e2e.test_every_page import in_the_servers_database
from programs.actions.people import create_person
from programs.models import Membership

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery"


class Authenticator:
    """What `WebAuthn.*` of the DevTools protocol offers: a device that says yes, or stays silent."""

    def __init__(self, page) -> None:
        self.tools = page.context.new_cdp_session(page)
        self.tools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def credentials(self) -> list[dict]:
        return self.tools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def put_back(self, credential: dict) -> None:
        """The device as it was at an earlier time: a copy."""
        self.tools.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})
        self.tools.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def refuse_the_person(self) -> None:
        self.tools.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})


def person(server, name):
    """A person with a verified address who works in the programme."""
    email = f"{name.lower()}@example.com"

    def make(programme):
        user = create_person(email=email, password=PASSWORD, name=name, is_verified=True)
        Membership.objects.create(user=user, programme=programme, role=Role.ANALYST)

    in_the_servers_database(server, make)
    return email


def log_in(page, server, email, password=PASSWORD):
    page.goto(server.url("/accounts/login/?next=/programmes/", programme=""))
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def log_out(page, server):
    page.goto(server.url("/accounts/logout/", programme=""))
    page.get_by_role("button", name="Log out").click()
    page.wait_for_load_state("load")


def add_passkey(page, server, name="Work laptop"):
    page.goto(server.url("/accounts/2fa/", programme=""))
    page.get_by_role("link", name="a passkey").click()
    arrive(page, page.get_by_role("heading", name="Is it you?"))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    arrive(page, page.get_by_role("heading", name="Add a passkey"))
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Go on").click()


def has_no_fault(page):
    broken = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in broken] == []


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE])
def test_from_adding_a_passkey_to_working_in_the_programme_without_a_password(open_browser, server, size):
    email = person(server, f"Priya{size['width']}")
    page = open_browser(size=size)
    device = Authenticator(page)
    log_in(page, server, email)
    arrive(page, page.get_by_role("heading", name="My programmes"))
    add_passkey(page, server)
    arrive(page, page.get_by_role("heading", name="Recovery codes"))
    assert len(device.credentials()) == 1

    page.goto(server.url("/accounts/2fa/passkeys/", programme=""))
    expect(page.get_by_role("paragraph").filter(has_text="Work laptop")).to_be_visible()
    expect(page.get_by_text("not used yet")).to_be_visible()
    has_no_fault(page)
    page.goto(server.url("/accounts/2fa/passkeys/add/", programme=""))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("has a passkey of yours already")).to_be_visible()
    log_out(page, server)

    page.goto(server.url("/"))  # the programme sends its people to the public host, and gets them back
    arrive(page, page.get_by_role("button", name="Log in with a passkey"))
    has_no_fault(page)
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(server.url("/"))
    expect(page.get_by_role("main")).to_be_visible()
    page.goto(server.url("/accounts/2fa/passkeys/", programme=""))
    expect(page.get_by_text("last used on")).to_be_visible()


def test_after_a_password_the_passkey_is_the_second_step(open_browser, server):
    email = person(server, "Quentin")
    page = open_browser()
    Authenticator(page)
    log_in(page, server, email)
    add_passkey(page, server)
    arrive(page, page.get_by_role("heading", name="Recovery codes"))
    code = page.locator("ul.well li").first.inner_text()
    log_out(page, server)

    log_in(page, server, email)
    arrive(page, page.get_by_role("heading", name="One more step"))
    has_no_fault(page)
    page.get_by_role("button", name="Use a passkey").click()
    arrive(page, page.get_by_role("heading", name="My programmes"))
    log_out(page, server)

    elsewhere = open_browser()  # the laptop with the passkey is lost
    log_in(elsewhere, server, email)
    arrive(elsewhere, elsewhere.get_by_role("heading", name="One more step"))
    elsewhere.get_by_label("Code").fill(code)
    elsewhere.get_by_role("button", name="Log in").click()
    arrive(elsewhere, elsewhere.get_by_role("heading", name="My programmes"))


def test_a_copy_of_a_passkey_is_refused(open_browser, server):
    email = person(server, "Rosa")
    page = open_browser()
    device = Authenticator(page)
    log_in(page, server, email)
    add_passkey(page, server)
    arrive(page, page.get_by_role("heading", name="Recovery codes"))
    copy = device.credentials()[0]
    assert copy["rpId"] == "localhost"
    assert copy["isResidentCredential"]
    log_out(page, server)
    page.goto(server.url("/accounts/login/?next=/programmes/", programme=""))
    page.get_by_role("button", name="Log in with a passkey").click()
    arrive(page, page.get_by_role("heading", name="My programmes"))
    log_out(page, server)

    device.put_back(copy)
    page.goto(server.url("/accounts/login/", programme=""))
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("may have been copied")).to_be_visible()


def test_a_silent_device_leaves_the_page_usable(open_browser, server):
    page = open_browser()
    device = Authenticator(page)  # without any passkey
    page.goto(server.url("/accounts/login/", programme=""))
    button = page.get_by_role("button", name="Log in with a passkey")
    button.click()
    expect(page.get_by_role("alert").filter(has_text="passkey")).to_be_visible()
    button.click()  # may be tried again
    expect(page.get_by_role("alert").filter(has_text="passkey")).to_be_visible()
    device.refuse_the_person()
    has_no_fault(page)


def test_a_page_of_a_programme_gets_no_answer_for_the_public_host(open_browser, server):
    """Here the browser refuses. Below a registered domain it would sign, and the server refuses: programs/tests."""
    email = person(server, "Sunil")
    page = open_browser()
    Authenticator(page)
    log_in(page, server, email)
    add_passkey(page, server)
    arrive(page, page.get_by_role("heading", name="Recovery codes"))
    page.goto(server.url("/p/sign-in/"))
    refused = page.evaluate(
        "navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: 'localhost'}})"
        ".then(() => 'signed', (error) => error.name)"
    )
    assert refused == "SecurityError"


def test_without_scripts_or_passkeys_the_page_says_what_is_missing(open_browser, server):
    page = open_browser(java_script_enabled=False)
    page.goto(server.url("/accounts/login/", programme=""))
    assert "A passkey needs JavaScript" in page.content()
    expect(page.get_by_role("button", name="Log in with a passkey")).to_be_hidden()
    old = open_browser()
    old.add_init_script("delete window.PublicKeyCredential")
    old.goto(server.url("/accounts/login/", programme=""))
    expect(old.get_by_text("This browser cannot use passkeys.")).to_be_visible()
    expect(old.get_by_role("button", name="Log in with a passkey")).to_be_hidden()
