"""Recommendations in a real browser: the owner's word reaches the member's page and the cashier, and is taken back."""

import pytest

from e2e.browser_rewards import looks_right
from e2e.conftest import PHONE, arrive
from e2e.test_portal import ask_for_a_code, read_code
from e2e.test_till import add_customer, as_a_till

pytestmark = pytest.mark.e2e


def test_what_the_owner_wants_said_is_said(open_browser, server):
    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, "07700 900491", "Noor")
    till.keyboard.type("80")
    till.keyboard.press("Enter")
    arrive(till, till.get_by_role("heading", name="80 points added"))

    owner = open_browser("maya@example.com")
    owner.goto(server.url("/loyalty/recommendations/kind/co_visits/"))
    owner.get_by_label("Left out by chance").fill("70")
    owner.get_by_role("button", name="Save").click()
    arrive(owner, owner.get_by_text("Leave out between 0 and 50 of 100 members.").first)
    looks_right(owner)
    owner.get_by_label("Left out by chance").fill("0")
    owner.get_by_role("button", name="Save").dblclick()
    arrive(owner, owner.get_by_role("heading", name="Nobody was told yet"))

    owner.goto(server.url("/loyalty/recommendations/other-businesses/"))
    owner.get_by_label("Business", exact=True).select_option(label="Mill Lane")
    owner.get_by_label("Why, for members").fill("A tenth off with this page.")
    owner.get_by_role("button", name="Save").dblclick()
    arrive(owner, owner.get_by_text("“A tenth off with this page.”"))
    looks_right(owner)

    member = ask_for_a_code(open_browser, server, "07700 900491")
    member.get_by_label("6-digit code").press_sequentially(read_code(open_browser(), server, "+447700900491"))
    arrive(member, member.get_by_role("heading", name="Hello Noor"))
    arrive(member, member.get_by_text("Have you been to Mill Lane?"))
    looks_right(member, 44)

    till.goto(server.url("/till/"))
    till.get_by_label("Phone number", exact=True).fill("07700 900491")
    till.keyboard.press("Enter")
    arrive(till, till.get_by_text("Has not been to Mill Lane"))
    looks_right(till, 44)

    small = open_browser("maya@example.com", size=PHONE)
    small.goto(server.url("/loyalty/recommendations/kind/co_visits/"))
    arrive(small, small.get_by_role("link", name="Noor"))
    assert small.get_by_role("row").count() == 2  # the head and one member, however often it was said
    small.goto(server.url("/loyalty/recommendations/other-businesses/"))
    small.get_by_role("button", name="Delete your word on Mill Lane").click()
    arrive(small, small.get_by_role("heading", name="Nothing counted yet"))
    member.reload()
    assert member.get_by_text("Have you been to Mill Lane?").count() == 0
