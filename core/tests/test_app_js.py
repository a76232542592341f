"""What static/js/app.js does on every page, tried on the component sheet in a real browser."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser

from core.tests.sheet import ORIGIN, open_sheet, progress


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
