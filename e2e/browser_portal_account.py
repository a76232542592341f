"""A customer's rights on a phone: PIN, code for the till, own data, deletion; also without JavaScript."""

import io
import json
import re
import zipfile

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from e2e.conftest import PHONE, arrive
from e2e.test_every_page import in_the_servers_database
from e2e.test_portal import ask_for_a_code, read_code
from e2e.test_till import TARGETS_TOO_SMALL, add_customer, as_a_till
from loyalty.models import Reward, StampCard, Tier

pytestmark = pytest.mark.e2e

NARROW = {"width": 320, "height": 640}
PAGES = ("/p/", "/p/history/", "/p/account/", "/p/account/pin/", "/p/data/", "/p/till-code/", "/p/delete/")


def signed_in(open_browser, server, number, name):
    till = as_a_till(open_browser("sam@example.com"), server)
    add_customer(till, number, name)
    till.keyboard.type("42")
    till.keyboard.press("Enter")
    expect(till.get_by_role("heading", name="42 points added")).to_be_visible()
    page = ask_for_a_code(open_browser, server, number)
    code = read_code(open_browser(), server, "+44" + re.sub(r"\D", "", number)[1:])
    page.get_by_label("6-digit code").press_sequentially(code)
    expect(page.get_by_role("heading", name=f"Hello {name}")).to_be_visible()
    return page


def faults_of(page):
    faults = []
    for theme in ("dark", "light"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        for rule in Axe().run(page).response["violations"]:
            faults.append((theme, rule["id"], [node["target"] for node in rule["nodes"]]))
    for size in (NARROW, PHONE):
        page.set_viewport_size(size)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if overflow > 0:
            faults.append(f"{overflow} px wider than {size['width']}")
    return faults + page.evaluate(TARGETS_TOO_SMALL, 44)


def test_every_page_of_a_customer_reads_well(open_browser, server):
    page = signed_in(open_browser, server, "07700 900311", "Noor")
    faults = {}
    for path in PAGES:
        page.goto(server.url(path))
        found = faults_of(page)
        if found:
            faults[path] = found
    page.context.clear_cookies()
    page.goto(server.url("/p/sign-in/pin/"))
    faults |= {"/p/sign-in/pin/": found} if (found := faults_of(page)) else {}
    assert faults == {}


def something_to_reach(_programme):
    """A tier, a stamp card and rewards, with long German names; gives the code of a reward."""
    Tier.objects.create(name="Ehrenstammgast", rank=1, threshold=500, factor=2, benefits="Verlängerungsnachmittage")
    StampCard.objects.create(name="Frühstücksstempelkarte", gives="Kaffeespezialitätenverkostung", stamps=12)
    Reward.objects.create(name="Geburtstagsüberraschungspaket", points=900, position=1)
    return Reward.objects.create(name="Kaffeespezialitätenverkostung", points=30, stock=2, member_limit=3).code


def test_every_page_of_a_customer_reads_well_in_german(open_browser, server):
    """German words are longer: nothing is wider than a small phone."""
    reward = in_the_servers_database(server, something_to_reach)
    page = signed_in(open_browser, server, "07700 900315", "Elif")
    page.goto(server.url("/p/account/"))
    page.get_by_role("combobox", name="Language").select_option("Deutsch")
    page.get_by_role("button", name="Choose").click()
    expect(page.get_by_role("heading", name="Nachrichten und Datenschutz")).to_be_visible()
    faults = {}
    for path in (*PAGES, "/p/rewards/", f"/p/rewards/{reward}/", "/p/stamps/", "/p/nowhere/"):
        page.goto(server.url(path))
        assert page.locator("html").get_attribute("lang") == "de"
        found = faults_of(page)
        if found:
            faults[path] = found
    page.goto(server.url("/p/account/"))
    page.get_by_role("button", name="Abmelden").click()
    expect(page.get_by_role("button", name="Code per SMS anfordern")).to_be_visible()
    for path in ("/p/sign-in/", "/p/sign-in/pin/"):
        page.goto(server.url(path))
        faults |= {path: found} if (found := faults_of(page)) else {}
    assert faults == {}
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Text me a code")).to_be_visible()


def test_a_pin_the_till_code_and_the_own_data(open_browser, server):
    page = signed_in(open_browser, server, "07700 900312", "Tamsin")
    page.goto(server.url("/p/account/pin/"))
    page.get_by_label("New PIN", exact=True).fill("1234")
    page.get_by_label("New PIN again").fill("1234")
    page.get_by_role("button", name="Save PIN").click()
    arrive(page, page.get_by_text("too easy to guess"))
    page.get_by_label("New PIN", exact=True).fill("7391")
    page.get_by_label("New PIN again").fill("7391")
    page.get_by_role("button", name="Save PIN").click()
    arrive(page, page.get_by_text("Your PIN is set."))

    other = open_browser(size=PHONE)
    other.goto(server.url("/p/sign-in/"))
    other.get_by_role("link", name="I have a PIN").click()
    other.get_by_label("Phone number", exact=True).fill("07700 900312")
    other.get_by_label("PIN", exact=True).fill("7391")
    other.get_by_role("button", name="See my points").click()
    expect(other.get_by_role("heading", name="Hello Tamsin")).to_be_visible()

    other.get_by_role("link", name="Show my code at the till").click()
    expect(other.get_by_alt_text("Your code as a square pattern for the scanner")).to_be_visible()
    assert other.evaluate("document.querySelector('#till-code img').naturalWidth") > 20

    other.goto(server.url("/p/data/"))
    other.get_by_role("button", name="Prepare my file").click()
    download = other.get_by_role("link", name="Download", exact=True)
    expect(download).to_be_visible()
    with other.expect_download() as found:
        download.click()
    with zipfile.ZipFile(io.BytesIO(found.value.path().read_bytes())) as archive:
        data = json.loads(archive.read("data.json"))
    assert data["profile"][0]["first_name"] == "Tamsin"
    assert [row["points"] for row in data["transactions"]] == [42]


@pytest.mark.parametrize("with_javascript", [True, False])
def test_a_customer_deletes_themselves(with_javascript, open_browser, chromium, server):
    number = f"07700 90032{int(with_javascript)}"
    page = signed_in(open_browser, server, number, "Wren")
    if not with_javascript:
        context = chromium.new_context(java_script_enabled=False, viewport=PHONE)
        context.add_cookies(page.context.cookies())
        page = context.new_page()
        page.goto(server.url("/p/"))
    page.get_by_role("link", name="Delete me").first.click()
    expect(page.get_by_text("Your 42 points. They cannot be given back.")).to_be_visible()
    page.get_by_role("button", name="Text me the code").click()
    expect(page.get_by_role("heading", name="Delete everything?")).to_be_visible()
    messages = open_browser()
    messages.goto(server.url("/dev/messages/"))
    text = messages.locator(f'[data-to="+44{re.sub(" ", "", number)[1:]}"]', has_text="deletes your points").first
    expect(text).to_be_visible()
    code = re.search(r"(\d{6}) deletes", text.inner_text()).group(1)
    page.get_by_label("6-digit code").fill(code)
    page.get_by_role("button", name="Delete me and 42 points").click()
    expect(page.get_by_text("Your data is deleted.")).to_be_visible()
    page.goto(server.url("/p/"))
    expect(page.get_by_role("button", name="Text me a code")).to_be_visible()
