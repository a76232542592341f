"""Stamp cards and tiers in a real browser: stamps tapped and undone, members counted while a tier is typed."""

import re

import pytest
from playwright.sync_api import expect

from e2e.browser_rewards import looks_right
from e2e.conftest import arrive
from e2e.test_till import add_customer, as_a_till, ready_for_an_amount

pytestmark = pytest.mark.e2e


def open_customer(till, server, name):
    till.goto(server.url("/till/"))
    till.get_by_role("link", name=re.compile(name)).first.click()
    ready_for_an_amount(till)


def test_stamps_are_tapped_undone_and_a_full_card_is_given(open_browser, server):
    owner = open_browser("maya@example.com")
    owner.goto(server.url("/loyalty/stamp-cards/new/"))
    owner.get_by_label("Name", exact=True).fill("Coffee card")
    owner.get_by_label("A full card gives").fill("A free coffee")
    owner.get_by_label("Stamps on a card").fill("2")
    looks_right(owner)
    owner.get_by_role("button", name=re.compile("Add")).click()
    arrive(owner, owner.get_by_role("heading", name="Coffee card", exact=True))

    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, "07700 900381", "Noor")
    stamps = till.locator("#till-stamps")
    expect(stamps).to_contain_text("0 of 2 stamps")
    looks_right(till, 44)
    stamps.get_by_role("button", name="Give a stamp on Coffee card").dblclick()
    arrive(till, stamps.get_by_text("1 stamp was given on Coffee card."))
    expect(stamps).to_contain_text("1 of 2 stamps")
    stamps.get_by_role("button", name=re.compile("Undo")).click()
    expect(stamps).to_contain_text("0 of 2 stamps")

    for left in ("1 of 2 stamps", "0 of 2 stamps"):
        stamps.get_by_role("button", name="Give a stamp on Coffee card").click()
        expect(stamps).to_contain_text(left)
    stamps.get_by_role("button", name="Give it: A free coffee").dblclick()
    arrive(till, stamps.get_by_text("A free coffee was given."))
    looks_right(till, 44)
    stamps.get_by_role("button", name="Undo: A free coffee was given.").click()
    arrive(till, stamps.get_by_role("button", name="Give it: A free coffee"))

    note = till.get_by_text("Stamps by hand need the network.")
    expect(note).to_be_hidden()
    till.context.set_offline(True)
    expect(note).to_be_visible()
    till.context.set_offline(False)
    expect(note).to_be_hidden()


def test_members_are_counted_while_a_tier_is_typed(open_browser, server):
    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, "07700 900382", "Ines")
    till.keyboard.type("80")
    till.keyboard.press("Enter")
    arrive(till, till.get_by_role("heading", name="80 points added"))
    owner = open_browser("maya@example.com")
    owner.goto(server.url("/loyalty/tiers/new/"))
    owner.get_by_label("Name", exact=True).fill("Silver")
    reach = owner.locator("#tier-reach")
    for asked, members in (("80", "1"), ("81", "0")):
        owner.get_by_label("Asks for").fill(asked)
        expect(reach.get_by_role("listitem").filter(has_text="Silver")).to_contain_text(members)
    looks_right(owner)
    owner.get_by_label("Asks for").fill("80")
    owner.get_by_role("button", name="Add this tier").dblclick()
    arrive(owner, owner.get_by_role("link", name="Silver", exact=True))
    expect(owner.get_by_role("link", name="Silver", exact=True)).to_have_count(1)
