"""Friends in a real browser: a member passes a link on, friends take it up, the cashier asks for a code."""

import pytest

from e2e.browser_rewards import looks_right
from e2e.conftest import PHONE, arrive
from e2e.test_portal import ask_for_a_code, read_code
from e2e.test_till import add_customer, as_a_till

pytestmark = pytest.mark.e2e


def test_a_link_is_passed_on_and_taken_up(open_browser, server):
    owner = open_browser("maya@example.com")
    owner.goto(server.url("/loyalty/referrals/"))
    looks_right(owner)
    owner.get_by_label("Members bring friends").check()
    owner.get_by_role("button", name="Save").dblclick()
    arrive(owner, owner.get_by_role("heading", name="No friends yet"))
    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, "07700 900391", "Noor")
    till.keyboard.type("80")
    till.keyboard.press("Enter")
    arrive(till, till.get_by_role("heading", name="80 points added"))

    member = ask_for_a_code(open_browser, server, "07700 900391")
    member.get_by_label("6-digit code").press_sequentially(read_code(open_browser(), server, "+447700900391"))
    arrive(member, member.get_by_role("heading", name="Hello Noor"))
    member.get_by_role("link", name="Bring a friend").click()
    arrive(member, member.get_by_role("heading", name="Bring a friend"))
    looks_right(member, 44)
    link = member.locator("#referral-link").inner_text()
    member.get_by_label("Phone number").fill("07700 900392")
    member.get_by_role("button", name="Write the text").click()
    arrive(member, member.get_by_role("link", name="Open the text to 07700 900392"))
    looks_right(member, 44)

    friend = open_browser(size=PHONE)
    friend.goto(link)
    looks_right(friend, 44)
    friend.get_by_label("Phone number").fill("07700 900392")
    friend.get_by_role("button", name="I am coming").dblclick()
    arrive(friend, friend.get_by_role("heading", name="See you soon"))
    looks_right(friend, 44)

    till.goto(server.url("/till/"))
    till.get_by_label("Phone number", exact=True).fill("07700 900393")
    till.keyboard.press("Enter")
    till.get_by_label("Code of who sent them").fill(link.rstrip("/").rpartition("/")[2].lower())
    looks_right(till, 44)
    till.get_by_role("button", name="Add customer").dblclick()
    arrive(till, till.get_by_label("Amount paid"))
    small = open_browser("maya@example.com", size=PHONE)
    small.goto(server.url("/loyalty/referrals/"))
    arrive(small, small.get_by_role("table"))
    assert small.get_by_role("row").count() == 3  # the head and two friends, whatever was tapped twice
    looks_right(small)
