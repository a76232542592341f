"""The till in a real browser: by keyboard, by double click, with undo, on a phone, and without JavaScript."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from e2e.conftest import PHONE, TABLET, arrive

pytestmark = pytest.mark.e2e
AXE = Axe()

# Every element that a finger may want, of the whole page; a box stands for its label.
TARGETS_TOO_SMALL = """(size) => [...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')]
  .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest('.sr-only, dialog:not([open])')
    && !one.matches('.sr-only, .sr-only *'))
  .map((one) => [one.getAttribute('aria-label') || one.textContent.trim() || one.name || one.outerHTML.slice(0, 60),
    (one.matches('.bare-input') ? one.closest('.focus-host') : one.closest('label') || one).getBoundingClientRect()])
  .filter(([, box]) => box.height < size - 0.5 || box.width < size - 0.5)
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


WIDE = {"width": 1280, "height": 800}


@pytest.mark.parametrize("size", [PHONE, TABLET, WIDE], ids=["phone", "tablet", "wide"])
def test_every_page_fits_and_is_big_enough_to_touch(size, open_browser, server):
    page = open_browser("sam@example.com", size=size)

    def check(step, landmark):
        arrive(page, landmark)
        page.evaluate("document.fonts.ready")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, step
        assert page.evaluate(TARGETS_TOO_SMALL, 56) == [], step
        violations = AXE.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(one["id"], one["nodes"][0]["target"]) for one in violations] == [], step

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
    page.get_by_role("link", name="Receipt").click()
    check("receipt", page.get_by_role("button", name="Print"))
    page.get_by_role("link", name="Next customer").click()
    check("served today", page.locator("#match").get_by_role("link"))
    page.locator("#match").get_by_role("link").click()
    ready_for_an_amount(page)
    page.get_by_role("link", name="Redeem").locator("visible=true").click()
    check("redeem", page.get_by_label("Points to redeem"))
    page.get_by_label("Points to redeem").fill("2")
    page.get_by_label("What for").fill("A biscuit")
    page.keyboard.press("Enter")
    check("redeemed", page.get_by_role("heading", name="2 points redeemed"))
    page.get_by_role("button", name=re.compile("Undo")).click()
    check("undone", page.get_by_text("2 points came back: “A biscuit” is not redeemed."))
    page.goto(server.url("/till/kept/"))
    check("kept", page.get_by_role("link", name="Back to the till"))
    page.context.set_offline(True)
    check("without a connection", page.get_by_role("button", name="Go on"))
    page.get_by_label("Phone number", exact=True).fill("07700 9")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount paid")).to_be_focused()
    check("amount to keep", page.get_by_role("button", name="Save, send later"))
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    check("kept sale", page.get_by_role("heading", name="£3.00 kept"))
    page.context.set_offline(False)
    check("refused", page.get_by_role("button", name="Correct"))
    page.get_by_role("button", name="Remove").click()
    check("removing", page.get_by_role("button", name="Remove it"))
    page.get_by_role("button", name="Remove it").click()
    check("nothing is kept", page.get_by_role("heading", name="Nothing is waiting"))


def test_a_known_customer_is_two_taps_and_an_amount(open_browser, server):
    page = as_a_till(open_browser("sam@example.com", size=PHONE, has_touch=True), server)
    add_customer(page, "07700 900205", "Mo")
    page.goto(server.url("/till/"))
    ready_for_a_number(page)
    taps = []

    def tapped(name):
        taps.append(name)

    page.expose_function("tapped", tapped)
    page.add_init_script("""addEventListener('click', ({target}) => {
      if (!target.closest('[data-key]')) tapped(target.textContent.trim());
    }, true)""")
    page.reload()
    ready_for_a_number(page)
    sold = page.locator("#match").get_by_role("link", name=re.compile("Mo"))
    if not sold.count():  # nothing was sold to Mo yet: the first sale makes them known here
        page.get_by_label("Phone number", exact=True).fill("07700 900205")
        page.keyboard.press("Enter")
        ready_for_an_amount(page)
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="1 point added")).to_be_visible()
        page.goto(server.url("/till/"))
        ready_for_a_number(page)
    taps.clear()
    sold.tap()
    ready_for_an_amount(page)
    pad = page.get_by_role("group", name="Number pad")
    for digit in "12":
        pad.get_by_role("button", name=digit, exact=True).tap()
    page.get_by_role("button", name="Add 12 points").tap()
    expect(page.get_by_role("heading", name="12 points added")).to_be_visible()
    assert len(taps) == 2, taps


def test_keys_alone_sell_redeem_undo_and_lead_on(open_browser, server):
    page = as_a_till(open_browser("sam@example.com"), server)
    page.keyboard.type("07700 900206")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Phone number", exact=True)).to_have_value("")
    page.keyboard.type("07700900206")
    page.keyboard.press("Enter")
    arrive(page, page.get_by_role("heading", name="New customer"))
    page.get_by_role("button", name="Add customer").press("Enter")
    ready_for_an_amount(page)
    page.get_by_role("link", name="Change customer").focus()
    page.keyboard.type("40")  # digits reach the amount from anywhere
    expect(page.get_by_role("button", name="Add 40 points")).to_be_visible()
    page.keyboard.press("Enter")
    arrive(page, page.get_by_role("heading", name="40 points added"))
    page.keyboard.press("r")
    arrive(page, page.get_by_label("Points to redeem"))
    expect(page.get_by_label("Points to redeem")).to_be_focused()
    page.keyboard.type("15")
    page.keyboard.press("Tab")
    page.keyboard.type("Rumpuncup?")  # letters in a text are letters
    expect(page.get_by_label("What for")).to_have_value("Rumpuncup?")
    page.keyboard.press("Enter")
    arrive(page, page.get_by_role("heading", name="15 points redeemed"))
    expect(page.locator("[data-undo-left]")).to_have_text(re.compile(r"^(1:00|0:\d\d)$"))
    page.keyboard.press("u")
    arrive(page, page.get_by_text("15 points came back: “Rumpuncup?” is not redeemed."))
    page.keyboard.press("p")
    arrive(page, page.get_by_role("heading", name="15 points brought back"))
    page.keyboard.press("n")
    ready_for_a_number(page)


def test_the_list_of_keys_opens_with_one_and_letters_can_be_switched_off(open_browser, server):
    page = as_a_till(open_browser("sam@example.com"), server)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    page.get_by_label("Letters are keys").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(page.get_by_label("Phone number", exact=True)).to_be_focused()
    page.reload()
    ready_for_a_number(page)
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    page.get_by_role("button", name="Keys").press("Enter")
    expect(page.get_by_label("Letters are keys")).not_to_be_checked()


def test_esc_leads_back_step_by_step(open_browser, server):
    page = as_a_till(open_browser("sam@example.com"), server)
    add_customer(page, "07700 900207")
    page.keyboard.press("r")
    arrive(page, page.get_by_label("Points to redeem"))
    page.keyboard.press("Escape")
    ready_for_an_amount(page)
    page.keyboard.press("Escape")
    ready_for_a_number(page)


def test_a_receipt_prints_alone_and_is_offered_without_javascript(open_browser, server):
    page = as_a_till(open_browser("sam@example.com"), server)
    add_customer(page, "07700 900208", "Ida")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Receipt").click()
    arrive(page, page.get_by_role("button", name="Print"))
    page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("document.body.dataset.printed") == "yes"
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="9 points added")).to_be_visible()
    for name in ("Print", "Send by e-mail"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()
    expect(page.get_by_role("link", name="Leave the till")).to_be_hidden()
    address = page.url
    plain = open_browser(java_script_enabled=False)
    plain.context.add_cookies(page.context.cookies())
    plain.goto(address)
    expect(plain.get_by_role("heading", name="9 points added")).to_be_visible()
    plain.get_by_label("E-mail address").fill("ida@example.com")
    plain.get_by_role("button", name="Send by e-mail").click()
    expect(plain.get_by_text(re.compile("E-mail: (Waiting|Being sent|Sent)"))).to_be_visible()
