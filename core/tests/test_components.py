"""Templates and components: nothing that the strict CSP forbids, every icon there, the sheet whole and accessible."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.http import Http404
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Browser, Page, Route, sync_playwright

from core import icons
from core.component_sheet import component_sheet
from core.css import ROOT
from core.permissions import permissions_of

TEMPLATES = sorted([*ROOT.glob("templates/**/*.html"), *ROOT.glob("*/templates/**/*.html")])
PAGES = [path for path in TEMPLATES if "emails" not in path.parts and "admin" not in path.parts]
ORIGIN = "http://sheet.localhost"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'self'"
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


def sheet(theme: str = "dark") -> str:
    request = RequestFactory().get("/components/", {"theme": theme})
    request.programme = SimpleNamespace(pk=3, name="Harbour & Pine", currency="GBP", logo="")
    request.user = SimpleNamespace(pk=5, is_authenticated=True, get_full_name="Maya Okafor")
    request.membership = SimpleNamespace(permissions=permissions_of("owner"), get_role_display="Owner")
    return component_sheet(request).content.decode()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_keeps_to_the_policy(path: Any) -> None:
    source = path.read_text()
    assert not re.search(r"\sstyle\s*=", source), "style attributes are refused by the CSP"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "inline handlers are refused by the CSP"
    assert not re.search(r"\shx-on", source), "hx-on needs eval"
    assert "<style" not in source
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", source)
    assert scripts == [], "inline scripts are refused by the CSP"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_names_only_icons_that_are_there(path: Any) -> None:
    for name in re.findall(r'\{%\s*icon\s+"([^"]+)"', path.read_text()):
        assert icons.shapes(name)
    for name in re.findall(r'\b(?:icon|action_icon)="([a-z0-9-]+)"', path.read_text()):
        assert icons.shapes(name)


def test_every_icon_that_is_shipped_is_used() -> None:
    """By its quoted name, in a template or in Python that hands it to one."""
    python = [path for path in ROOT.glob("*/**/*.py") if not {"tests", ".venv"} & set(path.parts)]
    named = {name for path in [*TEMPLATES, *python] for name in re.findall(r"[\"']([a-z0-9-]+)[\"']", path.read_text())}
    assert {path.stem for path in icons.FOLDER.glob("*.svg")} <= named


def test_sheet_shows_every_component() -> None:
    source = (ROOT / "core/templates/core/component_sheet.html").read_text()
    partials = {path.name for path in (ROOT / "templates/components").glob("_*.html")}
    reached = set(re.findall(r"components/(_\w+\.html)", source))
    tags = {
        "_delta.html": "delta",
        "_interval_bar.html": "interval_bar",
        "_stacked_bar.html": "stacked_bar",
        "_table_head.html": "sort_header",
    }
    reached |= {name for name, tag in tags.items() if "{% " + tag + " " in source}
    for path in [*(ROOT / "templates/components").glob("_*.html"), *(ROOT / "templates").rglob("*.html")]:
        reached |= set(re.findall(r"components/(_\w+\.html)", path.read_text()))
    reached.add("_sparkline.html")  # through the KPI card
    assert partials - reached == set()


def test_sheet_is_closed_outside_development(settings: Any) -> None:
    settings.DEVELOPMENT = False
    with pytest.raises(Http404):
        component_sheet(RequestFactory().get("/components/"))


def test_sheet_has_no_duplicate_ids() -> None:
    found = re.findall(r'\sid="([^"]+)"', sheet())
    assert sorted({name for name in found if found.count(name) > 1}) == []


def test_confirm_dialog_carries_the_token() -> None:
    dialog = sheet().split('<dialog id="sheet-confirm"')[1].split("</dialog>")[0]
    assert re.search(r'name="csrfmiddlewaretoken" value="\w{64}"', dialog)


def test_theme_comes_from_the_server() -> None:
    assert 'data-theme="light"' in sheet("light")
    assert 'data-theme="dark"' in sheet("purple")


@pytest.mark.parametrize("name", ["404.html", "403.html", "403_csrf.html", "500.html", "errors/unknown_programme.html"])
def test_error_page_needs_neither_person_nor_programme(name: str) -> None:
    html = render_to_string(name)
    assert html.count("<h1") == 1
    assert "css/app.css" in html


def test_callout_escapes_what_people_typed() -> None:
    html = render_to_string("components/_callout.html", {"tone": "danger", "title": "<b>bold</b>"})
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert 'role="alert"' in html


def progress(**values: Any) -> str:
    return render_to_string(
        "components/_job_progress.html", {"id": "job-7", "url": "/jobs/7/", "title": "Import", **values}
    )


def test_running_job_asks_again_and_a_finished_one_does_not() -> None:
    assert 'hx-trigger="every 2s"' in progress(state="running", done=6120, total=8914, percent=68.7)
    assert 'hx-trigger="every 2s"' in progress(state="queued")
    for state in ("done", "failed", "cancelled"):
        assert "hx-trigger" not in progress(state=state)


def test_progress_is_said_in_words_and_to_screen_readers() -> None:
    html = progress(state="running", done=6120, total=8914, percent=68.7)
    assert "6,120 of 8,914" in html
    assert 'aria-valuenow="69"' in html
    assert 'width="68.7%"' in html


def test_progress_of_unknown_length_claims_no_number() -> None:
    assert "aria-valuenow" not in progress(state="running")


def test_meter_width_survives_a_comma_language() -> None:
    with translation.override("de"):
        assert 'width="68.7%"' in render_to_string("components/_meter.html", {"percent": 68.7})


# -- in a browser, under the policy --


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert binary, "Chromium is missing: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--disable-dev-shm-usage"])
        yield browser
        browser.close()


def open_sheet(chromium: Browser, *, theme: str, width: int) -> tuple[Page, list[str]]:
    """The sheet as a real page of one origin, with the production policy, and what the console said."""
    html = sheet(theme)
    complaints: list[str] = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).split("?")[0]
        if path == "/components/" and not route.request.headers.get("hx-request"):
            route.fulfill(body=html, content_type="text/html", headers={"Content-Security-Policy": POLICY})
        elif path.startswith("/static/"):
            file = ROOT / "static" / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
        else:
            route.fulfill(status=204)

    page = chromium.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/components/")
    page.evaluate("document.fonts.ready")
    return page, complaints


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 390])
def test_sheet_is_accessible_and_obeys_the_policy(chromium: Browser, theme: str, width: int) -> None:
    page, complaints = open_sheet(chromium, theme=theme, width=width)
    results = Axe().run(page).response
    page.close()
    assert [(broken["id"], [node["target"] for node in broken["nodes"]]) for broken in results["violations"]] == []
    assert len(results["passes"]) > 25, "axe did not look at the page"
    assert complaints == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_opened_parts_are_accessible(chromium: Browser, theme: str) -> None:
    page, _ = open_sheet(chromium, theme=theme, width=1440)

    def violations() -> list[Any]:
        found = Axe().run(page).response["violations"]
        return [(broken["id"], [node["target"] for node in broken["nodes"]]) for broken in found]

    page.keyboard.press("Control+k")
    assert violations() == []
    for opener in ("Actions for Elif Demir", "Open dialog", "Send 286 texts"):
        page.keyboard.press("Escape")
        page.get_by_role("button", name=opener).click()
        assert violations() == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Table").click()
    page.get_by_label("Select Ruth Hagen").check()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('toast', { bubbles: true, detail: 'Saved' }))")
    assert violations() == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="More", exact=True).last.click()
    assert violations() == []
    page.close()


@pytest.mark.parametrize("width", [320, 390, 768, 1024])
def test_sheet_never_scrolls_sideways(chromium: Browser, width: int) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=width)
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.close()
    assert overflow <= 0


def test_touch_targets_on_a_phone_are_24_pixels(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=390)
    small = page.evaluate(
        """[...document.querySelectorAll('main button, main a, main select, nav a, nav button')]
        .filter((one) => one.offsetParent && !one.closest('p'))
        .map((one) => [one.textContent.trim() || one.ariaLabel, one.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""
    )
    page.close()
    assert small == []


def test_theme_toggle_keeps_the_choice_in_a_cookie_and_redraws(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.wait_for_selector("canvas[data-chart][style]", state="attached")
    before = page.evaluate("document.querySelector('canvas').toDataURL()")
    page.locator("[data-theme-toggle]").first.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert [(cookie["name"], cookie["value"]) for cookie in page.context.cookies()] == [("theme", "light")]
    assert page.evaluate("document.querySelector('canvas').toDataURL()") != before
    page.close()


def test_menu_and_dialog_give_focus_back(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    button = page.get_by_role("button", name="Actions for Elif Demir")
    button.click()
    page.wait_for_function("document.activeElement.textContent === 'Open profile'")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Give points"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.ariaLabel") == "Actions for Elif Demir"

    page.get_by_role("button", name="Open dialog").click()
    assert page.locator("#sheet-dialog").evaluate("dialog => dialog.open")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Open dialog"
    page.close()


def test_toast_is_announced_and_offers_undo(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.evaluate(
        """document.body.dispatchEvent(new CustomEvent('toast', { bubbles: true, detail:
        { message: '<b>62</b> points added', level: 'success', action_label: 'Undo', action_url: '/undo/' } }))"""
    )
    toast = page.locator("#toasts [data-toast]")
    assert toast.locator("[data-toast-message]").inner_text() == "<b>62</b> points added"
    with page.expect_request(f"{ORIGIN}/undo/") as sent:
        toast.get_by_role("button", name="Undo").click()
    assert sent.value.method == "POST"
    assert "x-csrftoken" in sent.value.headers
    assert toast.count() == 0
    page.close()


def test_second_click_does_not_send_a_form_twice(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.evaluate(
        """() => { window.sent = 0;
        const main = document.getElementById('main');
        main.insertAdjacentHTML('afterbegin', '<form method="post" id="f"><button>Pay once</button></form>');
        const form = document.getElementById('f');
        form.addEventListener('submit', (event) => { window.sent += 1; event.preventDefault(); }); }"""
    )
    page.get_by_role("button", name="Pay once").click()
    page.get_by_role("button", name="Pay once").click()
    assert page.evaluate("window.sent") == 1
    page.close()


def test_selection_shows_the_bulk_bar_with_its_count(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    bar = page.locator("[data-bulk-bar]")
    assert bar.is_hidden()
    page.get_by_label("Select Ruth Hagen").check()
    assert bar.locator("[data-bulk-count]").inner_text() == "1"
    page.get_by_label("Select all on this page").check()
    assert bar.locator("[data-bulk-count]").inner_text() == "3"
    bar.get_by_role("button", name="Clear selection").click()
    assert bar.is_hidden()
    assert not page.get_by_label("Select all on this page").is_checked()
    page.close()


def test_command_palette_finds_a_page(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.keyboard.press("Control+k")
    palette = page.locator("#command-palette")
    assert palette.evaluate("dialog => dialog.open")
    palette.get_by_role("combobox").fill("zzzz")
    assert palette.get_by_text("Nothing found").is_visible() or palette.locator("[data-palette-search]").is_visible()
    page.keyboard.press("Escape")
    assert not palette.evaluate("dialog => dialog.open")
    page.close()


def test_code_sends_itself_at_the_sixth_digit(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=390)
    page.evaluate(
        """() => { window.sent = [];
        const form = document.createElement('form');
        form.method = 'post';
        const field = document.getElementById('field-code');
        field.replaceWith(form);
        form.append(field);
        form.addEventListener('submit', (event) => {
            window.sent.push(form.elements.code.value); event.preventDefault(); }); }"""
    )
    code = page.locator("#id_code")
    code.fill("")
    code.press_sequentially("48x27")
    assert page.evaluate("window.sent") == []
    code.fill("482 731")
    assert page.evaluate("window.sent") == ["482731"]
    page.close()


def test_countdown_gives_way_to_its_button(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=390)
    waiting = page.get_by_text("New code in")
    assert waiting.locator("[data-countdown-left]").inner_text() in ("0:34", "0:33")
    assert page.locator("#sheet-resend").is_hidden()
    page.evaluate("""() => { const now = Date.now(); Date.now = () => now + 60000; }""")
    page.locator("#sheet-resend").wait_for(state="visible")
    assert waiting.is_hidden()
    page.close()


def test_refused_act_is_told_inside_its_form_and_input_is_kept(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    alert = render_to_string(
        "errors/_alert.html", {"error": SimpleNamespace(code="short", message="Not enough points.")}
    )
    page.route("**/redeem/", lambda route: route.fulfill(status=409, body=alert, content_type="text/html"))
    page.evaluate(
        """() => { const main = document.getElementById('main');
        main.insertAdjacentHTML('afterbegin', `<form id="redeem" hx-post="/redeem/" hx-swap="outerHTML" method="post">
        <div data-form-errors></div><input name="points" value="350"><button>Redeem</button></form>`);
        htmx.process(main); }"""
    )
    page.get_by_role("button", name="Redeem").click()
    form = page.locator("#redeem")
    form.get_by_role("alert").wait_for()
    assert "Not enough points." in form.get_by_role("alert").inner_text()
    assert form.locator("input").input_value() == "350"
    page.close()


def test_job_that_is_left_alone_says_on_another_page_that_it_ended(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    answers = [progress(state="running", done=1, total=2, percent=50), progress(state="done")]
    page.route("**/jobs/7/", lambda route: route.fulfill(body=answers.pop(0), content_type="text/html"))
    page.evaluate("""sessionStorage.setItem("jobs", JSON.stringify({"/jobs/7/": ["Import", "job-7"]}))""")
    page.clock.install()
    for _asked in range(2):
        page.reload()
        with page.expect_response("**/jobs/7/"):
            page.clock.fast_forward(5000)
    page.locator("#toasts").get_by_text("Done: Import").wait_for()
    assert "/jobs/7/" not in page.evaluate("sessionStorage.jobs")
    page.close()


def test_tab_of_this_page_is_in_sight_on_a_phone(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=390)
    tabs = '<a href="#">Another page</a>' * 9 + '<a href="#" aria-current="page">Here</a>'
    page.evaluate(
        """(tabs) => { const main = document.getElementById("main");
        main.innerHTML = `<nav class="tabs">${tabs}</nav>`;
        main.dispatchEvent(new CustomEvent("htmx:afterSettle", {bubbles: true, detail: {elt: main}})); }""",
        tabs,
    )
    box = page.get_by_role("link", name="Here").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= 390 - box["width"]
    page.close()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("07700900142", "07700 900142"), ("+447700900142", "+447700900142"), ("02079460958", "02079460958")],
)
def test_phone_number_is_grouped_as_the_countrys_mobile_numbers_are(chromium: Browser, typed: str, shown: str) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.evaluate(
        """document.getElementById("main").innerHTML = '<p data-phone="07400 123456"><input type="tel"></p>'"""
    )
    field = page.locator("#main input")
    field.press_sequentially(typed)
    assert field.input_value() == shown
    field.press("End")
    for _digit in range(4):
        field.press("Backspace")
    assert field.input_value() == shown[:-4]
    page.close()


@pytest.mark.parametrize(
    ("status", "said"), [(500, "did not work on our side"), (403, "Ask an owner"), (404, "not there")]
)
def test_failed_request_is_said_in_a_toast(chromium: Browser, status: int, said: str) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.route("**/broken/", lambda route: route.fulfill(status=status, body="<h1>no</h1>", content_type="text/html"))
    page.evaluate("htmx.ajax('GET', '/broken/', { target: '#main' })")
    page.locator("#toasts [data-toast=danger]").wait_for()
    assert said in page.locator("#toasts").inner_text()
    assert page.locator("h1").inner_text() == "Components and states"
    page.close()


def test_pages_with_personal_data_are_not_kept_in_the_browser(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.route(
        "**/components/?view=1", lambda route: route.fulfill(body="<p id=swapped>rows</p>", content_type="text/html")
    )
    page.evaluate(
        """() => { const main = document.getElementById('main');
        main.insertAdjacentHTML('afterbegin',
        '<button hx-get="?view=1" hx-target="#sheet-rows" hx-push-url="true">Swap</button>'); htmx.process(main); }"""
    )
    page.get_by_role("button", name="Swap").click()
    page.locator("#swapped").wait_for()
    assert page.url.endswith("?view=1")
    assert page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])").count("Elif Demir") == 0
    page.close()


def test_programme_switcher_loads_its_menu_and_takes_the_focus(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    menu = "".join(f'<a class="menu-item" role="menuitem" href="#">{name}</a>' for name in ("Harbour", "Meadow"))
    page.route("**/switcher/", lambda route: route.fulfill(body=menu, content_type="text/html"))
    page.get_by_role("button", name="Switch programme").click()
    page.wait_for_function("document.activeElement.textContent === 'Harbour'")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Meadow"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "brand"
    page.close()
