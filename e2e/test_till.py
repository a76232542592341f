"""The till in a real browser: by keyboard, by double click, with undo, on a phone, and without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from e2e.conftest import DESK, PHONE, TABLET, arrive

pytestmark = pytest.mark.e2e

TARGETS_TOO_SMALL = """(size) => [...document.querySelectorAll('main a, main button, main input:not([type=hidden])')]
  .filter((one) => one.offsetParent && !one.closest('.sr-only') && !one.closest('label'))
  .map((one) => [one.textContent.trim() || one.getAttribute('aria-label') || one.name,
    (one.matches('input') ? one.parentElement : one).getBoundingClientRect()])
  .filter(([, box]) => box.height < size - 0.5 || box.width < 44)
  .map(([name, box]) => `${name} ${Math.round(box.width)}×${Math.round(box.height)}`)"""


def as_a_till(page, server):
    page.goto(server.url("/till/"))
    if page.url.endswith("/device/"):
        page.get_by_role("button", name="Start").click()
    return ready_for_a_number(page)


def ready_for_a_number(page):
    arrive(page, page.get_by_role("heading", name="Customer’s phone number"))
    expect(page.get_by_label("Phone number", exact=True)).to_be_focused()
    return page


def ready_for_an_amount(page):
    arrive(page, page.get_by_label("Amount paid"))
    expect(page.get_by_label("Amount paid")).to_be_focused()
    return page


def add_customer(page, number, name=""):
    page.get_by_label("Phone number", exact=True).fill(number)
    page.keyboard.press("Enter")
    page.get_by_label("First name").fill(name)
    page.get_by_role("button", name="Add customer").click()
    ready_for_an_amount(page)


def test_a_sale_by_keyboard_alone_and_its_undo(open_browser, server):
    page = as_a_till(open_browser("sam@example.com"), server)
    page.keyboard.type("07700 900201")
    expect(page.get_by_text("No one has this number yet")).to_be_visible()
    page.keyboard.press("Enter")
    arrive(page, page.get_by_role("heading", name="New customer"))
    page.get_by_label("First name").focus()
    page.keyboard.type("Ruth")
    page.keyboard.press("Enter")
    ready_for_an_amount(page)
    expect(page.get_by_role("heading", name="Ruth")).to_be_visible()
    page.keyboard.type("12.40")
    expect(page.get_by_role("button", name="Add 12 points")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="12 points added")).to_be_visible()
    expect(page.get_by_role("link", name="Next customer")).to_be_focused()

    page.get_by_role("button", name=re.compile("Undo")).press("Enter")
    expect(page.get_by_role("heading", name="Undone")).to_be_visible()
    expect(page.locator("#card-balance")).to_have_text("0")

    page.get_by_role("link", name="Next customer").press("Enter")
    ready_for_a_number(page)
    page.keyboard.type("07700900201")
    expect(page.locator("#match").get_by_role("link", name=re.compile("Ruth"))).to_be_visible()


def test_a_double_click_is_one_sale(open_browser, server):
    page = as_a_till(open_browser("sam@example.com"), server)
    add_customer(page, "07700 900202", "Joe")
    page.keyboard.type("20")
    page.get_by_role("button", name="Add 20 points").dblclick()
    expect(page.get_by_role("heading", name="20 points added")).to_be_visible()
    expect(page.locator("#card-balance")).to_have_text("20")


def test_number_pad_redeem_and_the_refusal_of_too_much(open_browser, server):
    page = as_a_till(open_browser("sam@example.com", size=TABLET, has_touch=True), server)
    pad = page.get_by_role("group", name="Number pad")
    for digit in "07700900203":
        pad.get_by_role("button", name=digit, exact=True).tap()
    expect(page.get_by_label("Phone number", exact=True)).to_have_value("07700 900203")
    page.get_by_role("button", name="Find customer").tap()
    page.get_by_role("button", name="Add customer").tap()
    for key in ("3", "0", "Decimal point", "5", "Delete last digit", "9"):
        pad.get_by_role("button", name=key, exact=True).tap()
    expect(page.get_by_label("Amount paid")).to_have_value("30.9")
    page.get_by_role("button", name="Add 30 points").tap()
    page.get_by_role("link", name="Redeem").tap()
    page.get_by_label("Points to redeem").fill("31")
    page.get_by_label("What for").fill("A coffee")
    page.get_by_role("button", name="Redeem points").tap()
    expect(page.get_by_text("Only 30 points are there: 1 too few. Nothing was taken.")).to_be_visible()
    expect(page.get_by_label("Points to redeem")).to_be_focused()
    page.get_by_label("Points to redeem").fill("30")
    page.get_by_role("button", name="Redeem points").tap()
    expect(page.get_by_role("heading", name="30 points redeemed")).to_be_visible()


def test_without_javascript_the_till_sells(open_browser, server):
    page = open_browser("sam@example.com", java_script_enabled=False)
    page.goto(server.url("/till/"))
    page.get_by_role("button", name="Start").click()
    page.get_by_label("Phone number", exact=True).fill("07700 900204")
    page.get_by_role("button", name="Find customer").click()
    page.get_by_role("button", name="Add customer").click()
    page.get_by_label("Amount paid").fill("7")
    page.get_by_role("button", name="Add points").click()
    expect(page.get_by_role("heading", name="7 points added")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, TABLET, DESK], ids=["phone", "tablet", "desk"])
def test_every_step_fits_and_is_big_enough_to_touch(size, open_browser, server):
    page = open_browser("sam@example.com", size=size)

    def check(step, landmark):
        arrive(page, landmark)
        page.evaluate("document.fonts.ready")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, step
        assert page.evaluate(TARGETS_TOO_SMALL, 56) == [], step

    page.goto(server.url("/till/"))
    check("device", page.get_by_role("button", name="Start"))
    as_a_till(page, server)
    check("find", page.get_by_role("button", name="Find customer"))
    page.get_by_label("Phone number", exact=True).fill(f"07700 9004{size['width'] % 90:02d}")
    page.keyboard.press("Enter")
    check("create", page.get_by_role("heading", name="New customer"))
    page.get_by_role("button", name="Add customer").click()
    ready_for_an_amount(page)
    page.keyboard.type("5")
    check("amount", page.get_by_role("button", name="Add 5 points"))
    page.keyboard.press("Enter")
    check("done", page.get_by_role("heading", name="5 points added"))
    page.get_by_role("link", name="Redeem").click()
    check("redeem", page.get_by_label("Points to redeem"))
