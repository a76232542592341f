"""`make screenshots`: the pictures of the README and the docs, taken from the running demo by a real browser.

Needs `make demo` in another terminal. Writes docs/screenshots/*.png; each is a page of the demo as a new user sees it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, sync_playwright

from config.demo.log_ins import LAPTOP_PASSWORD, OWNER

PORT = os.environ.get("PORT", "8000")
PUBLIC = f"http://localhost:{PORT}"
COFFEE = f"http://coffee.localhost:{PORT}"
RETAIL = f"http://retail.localhost:{PORT}"
FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
GUEST, GUEST_TYPED = "07700 900001", "+447700900001"
CODE = re.compile(r"\b\d{6}\b")
NAME = re.compile(r"[A-Z][a-z]+ [A-Z][a-z]+")  # not everybody gave one


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-dev-shm-usage"])
        try:
            take_staff_pages(browser)
            take_customer_pages(browser)
        except Error as error:
            sys.exit(f"Is `make demo` running on {PUBLIC}? The browser says: {error.message.splitlines()[0]}")
        finally:
            browser.close()


def take_staff_pages(browser: Browser) -> None:
    page = browser.new_context(viewport=DESKTOP, reduced_motion="reduce").new_page()
    log_in(page)
    for theme in ("dark", "light"):
        set_theme(page, theme)
        take(page, f"{COFFEE}/", f"home-{theme}")
        take(page, f"{RETAIL}/customers/", f"customers-{theme}")
        page.goto(f"{COFFEE}/customers/")
        page.locator("main table tbody a", has_text=NAME).first.click()
        page.wait_for_load_state("networkidle")
        snap(page, f"profile-{theme}")
        take(page, f"{RETAIL}/intelligence/rfm/", f"groups-{theme}")
        take(page, f"{RETAIL}/intelligence/archetypes/", f"archetypes-{theme}")
        take_segment(page, f"segment-{theme}")
        take(page, f"{RETAIL}/segments/", f"segments-{theme}")
        take(page, f"{RETAIL}/intelligence/backtest/", f"backtest-{theme}")
        take(page, f"{RETAIL}/intelligence/analysis/", f"insights-{theme}")
        take(page, f"{RETAIL}/analytics/?days=90", f"analytics-{theme}")
        take(page, f"{RETAIL}/analytics/cohorts/", f"cohorts-{theme}")
        take(page, f"{RETAIL}/stock/", f"stock-{theme}")
        take_import(page, f"import-{theme}")
        take(page, f"{COFFEE}/loyalty/", f"programme-{theme}")
        take(page, f"{COFFEE}/loyalty/tiers/", f"tiers-{theme}")
        take(page, f"{COFFEE}/loyalty/stamp-cards/", f"stamp-cards-{theme}")
        take(page, f"{COFFEE}/rewards/", f"rewards-{theme}")
        take_till(page, f"till-{theme}")
    page.set_viewport_size(PHONE)
    set_theme(page, "dark")
    take(page, f"{COFFEE}/", "home-phone")
    take(page, f"{COFFEE}/customers/", "customers-phone")


def take_customer_pages(browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE, reduced_motion="reduce").new_page()
    page.goto(f"{COFFEE}/p/")
    page.get_by_label("Phone number", exact=True).fill(GUEST)
    page.get_by_role("button", name="Text me a code").click()
    page.wait_for_url("**/p/code/")
    page.get_by_label("6-digit code").press_sequentially(code_of_guest(page.context.new_page()))
    page.wait_for_url("**/p/")
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        snap(page, f"points-page-{theme}")


def code_of_guest(messages: Page) -> str:
    """The newest text says it; in development it is on a page."""
    for _try in range(40):
        messages.goto(f"{COFFEE}/dev/messages/")
        texts = messages.locator(f'[data-to="{GUEST_TYPED}"]', has_text=CODE)
        if texts.count():
            return CODE.search(texts.first.inner_text()).group()  # type: ignore[union-attr]
        messages.wait_for_timeout(500)
    sys.exit("No text with a code has arrived.")


def take_import(page: Page, name: str) -> None:
    """The largest import of the demo: a million lines of sales."""
    page.goto(f"{RETAIL}/customers/imports/")
    page.get_by_role("link", name="online_retail_ii.csv").click()
    page.wait_for_load_state("networkidle")
    snap(page, name)


def take_segment(page: Page, name: str) -> None:
    """Rows that were filled in from words, counted; nothing is saved."""
    page.goto(f"{RETAIL}/segments/new/")
    page.get_by_label("Name", exact=True).fill("Slipping regulars")
    page.get_by_label("Describe who you want").last.fill(
        "Customers in Germany, France or the United Kingdom who spent over £500 in the last 12 months, bought lanterns"
        " or candles, have not ordered for 6 weeks, and have a churn risk over 20%"
    )
    page.get_by_role("button", name="Fill in").click()
    page.get_by_text("Filled in").wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)  # the panel counts after the rows
    snap(page, name)


def take_till(page: Page, name: str) -> None:
    """A known customer, an amount typed, nothing booked."""
    page.goto(f"{COFFEE}/till/")
    if page.url.endswith("/device/"):
        page.get_by_role("button", name="Start").click()
        page.wait_for_load_state("networkidle")
    page.keyboard.type(GUEST)
    page.wait_for_timeout(1500)
    page.keyboard.press("Enter")
    amount = page.get_by_label("Amount paid")
    amount.wait_for()
    amount.press_sequentially("12.40")
    page.get_by_role("button", name=re.compile(r"Add \d+ points")).wait_for()
    snap(page, name)


def log_in(page: Page) -> None:
    """On the public host first, then into both programmes by hand-over."""
    page.goto(f"{PUBLIC}/accounts/login/")
    page.locator("[name=login]").fill(OWNER)
    page.locator("[name=password]").fill(LAPTOP_PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_load_state("networkidle")
    for host in (COFFEE, RETAIL):
        page.goto(f"{host}/login/")
        page.wait_for_url(f"{host}/**")


def set_theme(page: Page, theme: str) -> None:
    cookies = [{"name": "theme", "value": theme, "url": url} for url in (PUBLIC, COFFEE, RETAIL)]
    page.context.add_cookies(cookies)


def take(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    snap(page, name)


def snap(page: Page, name: str) -> None:
    page.wait_for_timeout(400)  # charts draw after the page
    page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/screenshots/{name}.png")


if __name__ == "__main__":
    main()
