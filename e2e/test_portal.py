"""The points page in a real browser, with the code read where development shows it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from e2e.conftest import PHONE, arrive
from e2e.test_till import TARGETS_TOO_SMALL, add_customer, as_a_till

pytestmark = pytest.mark.e2e


def read_code(page, server, number):
    """The newest code sent to `number`, from the development page, which refreshes itself."""
    page.goto(server.url("/dev/messages/"))
    text = page.locator(f'[data-to="{number}"]', has_text=re.compile(r"\d{6} is your code")).first
    expect(text).to_be_visible()
    return re.search(r"(\d{6}) is your code", text.inner_text()).group(1)


def ask_for_a_code(open_browser, server, number):
    page = open_browser(size=PHONE)
    page.goto(server.url("/p/"))
    page.get_by_label("Phone number", exact=True).fill(number)
    page.get_by_role("button", name="Text me a code").click()
    return arrive(page, page.get_by_role("heading", name="Enter the code"))


def test_a_customer_signs_in_and_sees_what_the_till_gave(open_browser, server):
    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, "07700 900301", "Aisha")
    till.keyboard.type("42")
    till.keyboard.press("Enter")
    expect(till.get_by_role("heading", name="42 points added")).to_be_visible()

    page = ask_for_a_code(open_browser, server, "07700 900301")
    code = read_code(open_browser(), server, "+447700900301")

    page.get_by_label("6-digit code").press_sequentially(f"{(int(code) + 1) % 10**6:06d}")
    arrive(page, page.get_by_text("tries left: 4"))
    assert page.evaluate("scrollX") == 0
    page.get_by_label("6-digit code").fill("")
    page.get_by_label("6-digit code").press_sequentially(code)  # sends itself
    expect(page.get_by_role("heading", name="Hello Aisha")).to_be_visible()
    expect(page.locator("#balance")).to_have_text("42")
    expect(page.get_by_text("Quayside, £42.00")).to_be_visible()

    for path in ("/p/", "/p/history/", "/p/account/"):
        page.goto(server.url(path))
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.evaluate(TARGETS_TOO_SMALL, 44) == []
        broken = Axe().run(page).response["violations"]
        assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in broken] == []

    page.get_by_label("Texts about my points").check()
    page.get_by_role("button", name="Save").click()
    arrive(page, page.get_by_text("Saved."))
    expect(page.get_by_label("Texts about my points")).to_be_checked()
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("button", name="Text me a code")).to_be_visible()


def test_an_unknown_number_sees_the_same_page_and_gets_no_text(open_browser, server):
    add_customer(as_a_till(open_browser("sam@example.com"), server), "07700 900302")
    page = ask_for_a_code(open_browser, server, "07700 900999")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(TARGETS_TOO_SMALL, 44) == []

    ask_for_a_code(open_browser, server, "07700 900302")
    messages = open_browser()
    read_code(messages, server, "+447700900302")  # asked for later, and there: the first one would be, too
    assert messages.locator('[data-to="+447700900999"]').count() == 0
