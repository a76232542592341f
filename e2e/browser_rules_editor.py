"""The editor of earning rules in a real browser: the example sale follows each change, and nothing is saved before."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from e2e.conftest import PHONE

pytestmark = pytest.mark.e2e


def test_the_example_follows_the_rule(open_browser, server):
    page = open_browser("maya@example.com")
    page.goto(server.url("/loyalty/rules/"))
    page.get_by_role("link", name="Add a rule").first.click()
    page.get_by_role("link", name="A category").click()
    trial = page.locator("#rule-trial")
    expect(trial).to_contain_text("points on coffee: ×2 on £12.00")
    page.get_by_label("Times the points").fill("3")
    expect(trial).to_contain_text("×3 on £12.00")
    page.get_by_label("Category of line 1").fill("cake")
    expect(trial).to_contain_text("This rule changes nothing here.")
    page.get_by_label("Only these categories").fill("Cake")
    expect(trial).to_contain_text("×3 on £12.00")
    page.get_by_label("Times the points").fill("1")
    expect(trial).to_contain_text("not 1")
    page.get_by_label("Times the points").fill("3")
    page.get_by_role("button", name="Add this rule").click()
    expect(page).to_have_url(server.url("/loyalty/rules/"))
    expect(page.get_by_role("main")).to_contain_text("Triple points on cake")


def test_the_editor_fits_a_phone_and_works_by_keyboard(open_browser, server):
    page = open_browser("maya@example.com", size=PHONE)
    page.goto(server.url("/loyalty/rules/new/min-spend/"))
    page.get_by_label("Name").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Points", exact=True)).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("75")
    expect(page.locator("#rule-trial")).to_contain_text("This rule adds 75 here.")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


def test_the_editor_works_without_scripts(open_browser, server):
    page = open_browser("maya@example.com", java_script_enabled=False)
    page.goto(server.url("/loyalty/rules/new/min-spend/"))
    page.get_by_label("Points", exact=True).fill("75")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#rule-trial")).to_contain_text("This rule adds 75 here.")
    page.get_by_role("button", name="Add this rule").click()
    expect(page).to_have_url(server.url("/loyalty/rules/"))
