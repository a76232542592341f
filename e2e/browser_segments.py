"""The builder of segments in a real browser: search, drag, keyboard, counts that follow, nothing lost by accident."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


@pytest.fixture
def builder(open_browser, server):
    page = open_browser("maya@example.com")
    page.goto(server.url("/segments/new/"))
    return page


def add(page, place: str, label: str) -> None:
    page.get_by_role("button", name="Condition", exact=True).last.click()
    button = page.locator(f"#field-{place}")
    page.get_by_role("option", name=label, exact=True).click()
    expect(button).to_contain_text(label)  # the server made its row
    expect(button).to_be_focused()


def fields(page) -> list[str]:
    return [row.input_value() for row in page.locator("input[name$='.field']").all()]


def test_a_row_is_searched_for_filled_and_counted(builder):
    page = builder
    expect(page.locator("#segment-panel")).to_contain_text("As soon as there is a condition")
    page.get_by_role("button", name="Condition", exact=True).click()
    expect(page.get_by_role("combobox", name="Search", exact=True)).to_be_focused()
    page.keyboard.type("amo")
    expect(page.get_by_role("listbox").get_by_role("option").filter(visible=True).first).to_have_text("Amount spent")
    page.keyboard.press("Enter")
    expect(page.locator("#value-match-of-0")).to_be_visible()
    expect(page.locator("#field-match-of-0")).to_be_focused()
    page.locator("#value-match-of-0").fill("-1")
    page.keyboard.press("Tab")
    expect(page.locator("#count-match-of-0")).to_contain_text("match this line alone")
    expect(page.locator("#segment-panel")).to_contain_text("Counted at")
    page.locator("#value-match-of-0").fill("many")
    page.keyboard.press("Enter")  # looks at it, saves nothing
    expect(page.locator("#told-match-of-0")).to_contain_text("This takes a number.")
    expect(page.locator("#value-match-of-0")).to_be_focused()


def test_rows_are_dragged_moved_by_keys_and_undone(builder):
    page = builder
    for place, label in enumerate(("Town or city", "Points", "Orders")):
        add(page, f"match-of-{place}", label)
    grip, goal = page.locator("#grip-match-of-2").bounding_box(), page.locator("#node-match-of-0").bounding_box()
    page.mouse.move(grip["x"] + 8, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(goal["x"] + 60, goal["y"] + 30, steps=4)
    page.mouse.move(goal["x"] + 60, goal["y"] + 4, steps=4)
    page.mouse.up()
    expect(page.locator("#grip-match-of-0")).to_be_focused()
    assert fields(page) == ["orders", "city", "points"]
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#grip-match-of-1")).to_be_focused()
    assert fields(page) == ["city", "orders", "points"]
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Leave these people out").click()
    expect(page.locator("#node-leave_out-0")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#node-leave_out-0")).to_have_count(0)
    assert fields(page) == ["city", "orders", "points"]


def test_values_are_checked_in_a_list_and_words_fill_rows(builder):
    page = builder
    add(page, "match-of-0", "Language")
    button, chosen = page.locator("#value-match-of-0"), page.locator("input[name='match.of.0.value']")
    button.click()
    page.keyboard.type("germ")  # the search has the focus
    page.get_by_label("German", exact=True).check()
    expect(button).to_contain_text("German")
    page.get_by_role("searchbox", name="Search", exact=True).fill("fren")
    page.get_by_label("French", exact=True).check()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_contain_text("German, French")
    assert chosen.input_value() == "de\nfr"  # what another search does not show is kept
    button.press("ArrowDown")
    page.get_by_label("German", exact=True).uncheck()
    page.keyboard.press("Escape")
    assert chosen.input_value() == "fr"
    page.locator("#segment-words").fill("Members who ordered at least 2 times")
    page.get_by_role("button", name="Fill in").click()
    expect(page.locator("#segment-reading")).to_contain_text("Filled in 2 conditions")
    assert fields(page) == ["member", "orders"]


def test_a_list_opens_and_closes_by_its_button(builder):
    page = builder
    add(page, "match-of-0", "Points")
    button, options = page.locator("#field-match-of-0"), page.locator("#field-search-list [role=option]")
    button.click()
    expect(options.first).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(options).to_have_count(0)
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    expect(options.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    button.press("s")
    page.keyboard.type("pent")
    page.keyboard.press("Tab")  # goes on, and chooses nothing
    expect(options).to_have_count(0)
    assert fields(page) == ["points"]


def test_the_builder_works_without_scripts(open_browser, server):
    page = open_browser("maya@example.com", java_script_enabled=False)
    page.goto(server.url("/segments/new/"))
    page.get_by_role("button", name="Condition", exact=True).click()
    page.locator("#field-match-of-0").select_option("language")
    page.get_by_role("button", name="Show what I chose").click()
    page.get_by_label("German", exact=True).check()
    page.get_by_role("button", name="Condition", exact=True).click()
    page.locator("#field-match-of-1").select_option("orders")
    page.get_by_role("button", name="Show what I chose").click()
    page.locator("input[name='match.of.1.value']").fill("2")
    page.get_by_role("button", name="Move the condition Orders", exact=True).click()
    page.get_by_role("button", name="Move up").click()
    assert fields(page) == ["orders", "language"]
    page.get_by_role("button", name="What to ask about: Orders").click()
    page.locator("#field-match-of-0").select_option("points")
    page.get_by_label("Name", exact=True).fill("Plain")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Plain")).to_be_attached()
    assert fields(page) == ["points", "language"]
    expect(page.locator("#value-match-of-1")).to_contain_text("German")


def test_leaving_asks_while_something_is_not_saved(builder, server):
    page, asked = builder, []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    add(page, "match-of-0", "Member")
    page.locator(".sidebar").get_by_role("link", name="Customers", exact=True).click()
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    page.get_by_label("Name", exact=True).fill("Members")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Members")).to_be_attached()
    page.locator(".sidebar").get_by_role("link", name="Customers", exact=True).click()
    expect(page).to_have_url(server.url("/customers/"))
    assert asked == ["beforeunload"]
