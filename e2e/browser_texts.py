"""Texts in a real browser, with the stand-in for Twilio: an account, a test, what is in doubt, what people text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from devservers.twilio import Switches, Twilio
from devservers.twilio import serve as serve_twilio
from e2e.browser_rewards import looks_right
from e2e.conftest import DESK, PHONE, arrive
from e2e.test_till import add_customer, as_a_till

pytestmark = pytest.mark.e2e
TEXTS, IN_DOUBT, RECEIVED = "/settings/texts/", "/settings/texts/unconfirmed/", "/settings/texts/received/"
PRIYA, STRANGER = "+447700900381", "+447700900382"


@pytest.fixture(scope="module")
def twilio() -> Iterator[Twilio]:
    """Listens before the server starts, which is told where."""
    with serve_twilio(Twilio()) as twilio, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWILIO_ORIGIN", twilio.origin)
        yield twilio


@pytest.fixture(scope="module")
def server(twilio, server):
    twilio.inbound_url = server.url("/sms/inbound", programme="")
    return server


def shows(page, name):
    """It reads well in both themes, on a desk and in a hand. TEXTS_PICTURES names a folder for pictures of it."""
    folder = os.environ.get("TEXTS_PICTURES")
    for size, where in ((DESK, "desk"), (PHONE, "phone")):
        page.set_viewport_size(size)
        for theme in ("dark", "light"):
            page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            if folder:
                page.screenshot(path=Path(folder) / f"{name}-{where}-{theme}.png", full_page=True)
            looks_right(page)
    page.set_viewport_size(DESK)


def send_a_test(page, server, expected):
    page.goto(server.url(TEXTS))
    page.get_by_label("Your number").fill("07700 900142")
    page.get_by_role("button", name="Send a test text").click()
    expect(page.locator("#texts-test")).to_contain_text(expected)


def test_an_account_is_chosen_tried_and_put_right(open_browser, server, twilio):
    page = open_browser("maya@example.com")
    page.goto(server.url(TEXTS))
    shows(page, "texts-none")
    page.get_by_role("link", name="Choose Twilio").click()
    page.get_by_label("Account SID").fill(twilio.account_sid)
    page.get_by_label("Auth token").fill("2" * 32)
    page.get_by_label("Sender").fill(twilio.numbers[0])
    page.get_by_role("button", name="Save").click()
    arrive(page, page.get_by_text("Send a test text to be sure."))
    send_a_test(page, server, "Failed")
    expect(page.locator("#texts-test")).to_contain_text("the account SID or the token is not right")
    shows(page, "texts-failed")
    assert twilio.texts == []

    page.get_by_label("Auth token").fill(twilio.auth_token)
    page.get_by_role("button", name="Save").click()
    arrive(page, page.get_by_text("Send a test text to be sure."))
    send_a_test(page, server, "Sent")
    assert [(text.to, text.body) for text in twilio.texts] == [("+447700900142", "A test: texts of Harbour arrive.")]
    twilio.report_all()
    assert twilio.answered == [200, 200]
    page.reload()
    expect(page.locator("#texts-test")).to_contain_text("Delivered")
    shows(page, "texts-delivered")


def test_what_is_in_doubt_is_decided(open_browser, server, twilio):
    page = open_browser("maya@example.com")
    page.goto(server.url(IN_DOUBT))
    expect(page.get_by_role("heading", name="Nothing is in doubt")).to_be_visible()
    shows(page, "doubt-none")
    before = len(twilio.texts)
    for switches in (Switches(drop=True), Switches(fail=1), Switches(fail=1), Switches(fail=1)):
        twilio.switches = switches
        send_a_test(page, server, "Perhaps sent")
    twilio.switches = Switches()
    page.goto(server.url(TEXTS))
    shows(page, "texts-doubt")
    page.get_by_role("link", name="Open Perhaps sent").click()
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(5)  # the head, too
    shows(page, "doubt-four")

    twilio.report_all()  # Twilio had the first
    page.reload()
    expect(rows).to_have_count(4)
    rows.nth(1).get_by_role("button", name="Mark as sent").dblclick()
    expect(rows).to_have_count(3)
    page.get_by_label("Select all on this page").check()
    bar = page.get_by_role("region", name="Actions for the selection")
    expect(bar).to_contain_text("2 selected")
    shows(page, "doubt-selected")
    bar.get_by_role("button", name="Send again").click()
    arrive(page, page.get_by_role("heading", name="Send 2 messages again?"))
    shows(page, "doubt-again")
    page.get_by_role("button", name="Send 2 messages again").dblclick()
    arrive(page, page.get_by_role("heading", name="Nothing is in doubt"))
    page.goto(server.url(TEXTS))
    expect(page.locator("#texts-test")).to_contain_text("Sent")
    assert len(twilio.texts) == before + 3  # the one that was taken, and two that were sent again, once each


def test_what_people_text_is_answered_or_decided(open_browser, server, twilio):
    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, "07700 900381", "Priya")
    till.keyboard.type("12")
    till.keyboard.press("Enter")
    arrive(till, till.get_by_role("heading", name="12 points added"))
    page = open_browser("maya@example.com")
    page.goto(server.url(RECEIVED))
    shows(page, "received-none")
    for sender, words in (
        (PRIYA, "Balance"),
        (STRANGER, "Are you open on Sunday?"),
        (PRIYA, "Thanks for the coffee, but please no more texts"),
        (STRANGER, "STOP"),
    ):
        twilio.receive(sender, words)
    while not page.get_by_text("(Sent)").is_visible():  # a worker answers
        page.reload()
    expect(page.get_by_text("You have 12 points")).to_be_visible()
    assert any(text.to == PRIYA and "You have 12 points" in text.body for text in twilio.texts)
    shows(page, "received-four")
    page.get_by_role("link", name="To decide").click()
    arrive(page, page.get_by_role("button", name="Not an opt-out"))
    shows(page, "received-to-decide")
    page.get_by_role("button", name="Stop texts to this number").dblclick()
    arrive(page, page.get_by_text("Texts stopped"))
    expect(page.get_by_role("button", name="Not an opt-out")).to_have_count(0)
    shows(page, "received-decided")
