"""Rewards in a real browser: an owner makes one, a cashier gives it with a tap, a member claims it and shows a code."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from e2e.conftest import DESK, PHONE, arrive
from e2e.test_portal import ask_for_a_code, read_code
from e2e.test_till import TARGETS_TOO_SMALL, add_customer, as_a_till, ready_for_an_amount

pytestmark = pytest.mark.e2e
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


def looks_right(page, target=24):
    assert page.evaluate(OVERFLOW) <= 0
    if target > 24:
        assert page.evaluate(TARGETS_TOO_SMALL, target) == []
    broken = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in broken] == []


def add_reward(page, server, name, points, stock=""):
    page.goto(server.url("/loyalty/rewards/new/"))
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Cost in points").fill(points)
    page.get_by_label("Without a picture, show").select_option("coffee")
    expect(page.locator("#reward-preview")).to_contain_text(name)
    if stock:
        page.get_by_label("How many there are").fill(stock)
    page.get_by_role("button", name="Add the reward").click()
    return arrive(page, page.get_by_role("heading", name=name, exact=True))


def test_a_reward_is_made_given_claimed_and_redeemed(open_browser, server):
    owner = open_browser("maya@example.com")
    owner.goto(server.url("/loyalty/rewards/"))
    looks_right(owner)
    add_reward(owner, server, "Any coffee", "30", stock="4")
    add_reward(owner, server, "Bag of beans", "90")
    looks_right(owner)

    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, "07700 900371", "Priya")
    till.keyboard.type("80")
    till.keyboard.press("Enter")
    arrive(till, till.get_by_role("heading", name="80 points added"))
    till.goto(till.url.replace(re.search(r"/till/.*", till.url).group(0), "/till/"))
    till.get_by_role("link", name=re.compile("Priya")).first.click()
    ready_for_an_amount(till)
    rewards = till.locator("#till-rewards")
    expect(rewards).to_contain_text("1 ready")
    expect(rewards).to_contain_text("10 points to go")
    looks_right(till, 44)
    rewards.get_by_role("button", name="Redeem: Any coffee").dblclick()
    arrive(till, till.get_by_role("heading", name="30 points redeemed"))
    till.get_by_role("button", name=re.compile("Undo")).click()
    arrive(till, till.get_by_role("heading", name="Undone"))

    member = ask_for_a_code(open_browser, server, "07700 900371")
    code = read_code(open_browser(), server, "+447700900371")
    member.get_by_label("6-digit code").press_sequentially(code)
    arrive(member, member.get_by_role("heading", name="Hello Priya"))
    expect(member.get_by_text("10 more for Bag of beans")).to_be_visible()
    looks_right(member, 44)
    member.get_by_role("link", name="Use points for Any coffee").click()
    arrive(member, member.get_by_role("heading", name="Any coffee"))
    looks_right(member, 44)
    member.get_by_role("button", name="Use points").dblclick()
    arrive(member, member.get_by_role("button", name="Give it back"))
    looks_right(member, 44)
    spoken = member.locator("#claim-code").inner_text()
    claim_url = member.url
    member.goto(server.url("/p/rewards/"))
    expect(member.get_by_text("You have 50 points.")).to_be_visible()
    looks_right(member, 44)

    till.goto(server.url("/till/"))
    till.get_by_role("link", name="Customer has a reward code").click()
    arrive(till, till.get_by_label("The customer’s code"))
    till.keyboard.type(spoken)
    till.keyboard.press("Enter")
    arrive(till, till.get_by_role("heading", name="Any coffee"))
    looks_right(till, 44)
    till.get_by_role("button", name="Redeem it").click()
    arrive(till, till.get_by_role("heading", name="30 points redeemed"))
    member.goto(claim_url)
    expect(member.get_by_text("This code was redeemed.")).to_be_visible()
    owner.goto(server.url("/loyalty/rewards/"))
    expect(owner.get_by_role("row", name=re.compile("Any coffee"))).to_contain_text("3 left")


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_without_javascript_a_reward_is_made_and_archived(size, open_browser, server):
    page = open_browser("maya@example.com", size=size, java_script_enabled=False)
    page.goto(server.url("/loyalty/rewards/new/"))
    name = f"Mug {size['width']}"
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Cost in points").fill("900")
    page.get_by_role("button", name="Add the reward").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    page.get_by_label("Count anew").fill("7")
    page.get_by_role("button", name="Save the count").click()
    expect(page.get_by_text("7 left")).to_be_visible()
