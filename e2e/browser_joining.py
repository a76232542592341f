"""A business joins in real browsers: the owner's code, the newcomer's wish, the owner's yes, the first visit."""

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import expect

from e2e.browser_rewards import looks_right
from e2e.conftest import PHONE, arrive
from e2e.test_every_page import in_the_servers_database
from programs.models import User

pytestmark = pytest.mark.e2e
EMAIL, PASSWORD = "ivy@fern.example", "correct horse battery"


def somebody(_programme):
    user = User.objects.create_user(EMAIL, PASSWORD, name="Ivy Fern")
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    return user.pk


def test_a_business_joins_by_the_code_of_the_owner(open_browser, server):
    in_the_servers_database(server, somebody)
    owner = open_browser("maya@example.com")
    owner.goto(server.url("/settings/businesses/"))
    owner.get_by_role("link", name="Joining").click()
    arrive(owner, owner.get_by_role("heading", name="Businesses that join"))
    owner.get_by_label("The join code works").check()
    owner.get_by_role("button", name="Save").dblclick()
    arrive(owner, owner.get_by_alt_text("QR code of the link to join"))
    looks_right(owner)
    link = owner.locator("section[aria-labelledby=joining-code] a.link").get_attribute("href")

    ivy = open_browser(size=PHONE)
    ivy.goto(f"{link.rstrip('/')}x/")
    assert ivy.get_by_text("Harbour").count() == 0  # a wrong code names nobody
    ivy.goto(link)
    arrive(ivy, ivy.get_by_role("heading", name="Join Harbour with your business"))
    looks_right(ivy)
    ivy.get_by_role("link", name="I have an account").click()
    ivy.get_by_label("E-mail").fill(EMAIL)
    ivy.get_by_label("Password", exact=True).fill(PASSWORD)
    ivy.get_by_role("button", name="Log in", exact=True).click()
    arrive(ivy, ivy.get_by_role("heading", name="Your business", exact=True))
    ivy.get_by_label("Name of the business").fill("Fern and Ivy")
    ivy.get_by_label("Contact person").fill("Ivy Fern")
    looks_right(ivy)
    ivy.get_by_label("Address").fill("3 Lock Street")
    ivy.get_by_label("My business agrees to these terms").check()
    ivy.get_by_role("button", name="Ask to join").dblclick()
    arrive(ivy, ivy.get_by_role("button", name="Withdraw the request"))
    looks_right(ivy)
    ivy.goto(server.url("/"))
    assert "Points not yet spent" not in ivy.content()  # nothing of the programme before the yes

    owner.goto(server.url("/settings/businesses/"))
    owner.get_by_role("link", name="Joining").click()
    owner.get_by_role("link", name="Fern and Ivy").click()
    arrive(owner, owner.get_by_role("button", name="Approve"))
    looks_right(owner)
    owner.get_by_role("button", name="Approve").dblclick()
    expect(owner.get_by_role("button", name="Approve")).to_have_count(0)
    owner.goto(server.url("/settings/businesses/"))
    expect(owner.get_by_text("Fern and Ivy", exact=True).first).to_be_visible()

    ivy.goto(server.url("/programmes/", programme=""))
    arrive(ivy, ivy.get_by_role("link", name="Harbour").first)
    ivy.get_by_role("link", name="Harbour").first.click()
    arrive(ivy, ivy.get_by_role("heading", level=1))
    ivy.goto(server.url("/loyalty/transactions/"))
    arrive(ivy, ivy.get_by_role("heading", name="Transactions", exact=True))
    looks_right(ivy)
