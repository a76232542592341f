"""What static/js/app.js does on every page, tried on the component sheet in a real browser."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Route

from core.tests.sheet import ORIGIN, open_sheet, progress


def put_first(page: Page, html: str) -> None:
    """Into the page as htmx would bring it."""
    page.evaluate(
        """(html) => { const main = document.getElementById("main");
        main.insertAdjacentHTML("afterbegin", html); htmx.process(main); }""",
        html,
    )


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


def test_command_palette_finds_a_page_and_people_by_the_keyboard(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.keyboard.press("Control+k")
    palette = page.locator("#command-palette")
    page.keyboard.type("webh")
    assert palette.get_by_role("option", selected=True).inner_text().startswith("Webhooks")
    page.keyboard.press("ArrowDown")
    assert palette.get_by_role("option", selected=True).inner_text() == "Find customers: webh"
    page.keyboard.press("Escape")
    assert not palette.evaluate("dialog => dialog.open")
    page.keyboard.press("Control+k")
    page.keyboard.type("07700 900142")
    with page.expect_request("**/customers/?q=07700%20900142"):
        page.keyboard.press("Enter")
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
    assert re.fullmatch(r"0:[0-3]\d", waiting.locator("[data-countdown-left]").inner_text())
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


@pytest.mark.parametrize(("status", "said"), [(403, "Ask an owner"), (404, "not there")])
def test_refused_request_is_said_in_a_toast(chromium: Browser, status: int, said: str) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.route("**/broken/", lambda route: route.fulfill(status=status, body="<h1>no</h1>", content_type="text/html"))
    page.evaluate("htmx.ajax('GET', '/broken/', { target: '#main' })")
    page.locator("#toasts [data-toast=danger]").wait_for()
    assert said in page.locator("#toasts").inner_text()
    assert page.locator("h1").inner_text() == "Components and states"
    page.close()


@pytest.mark.parametrize(("how", "said"), [("broken", "did not work on our side"), ("offline", "No connection")])
def test_failed_request_is_told_above_the_page_and_tried_again_there(chromium: Browser, how: str, said: str) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    put_first(page, '<a href="#" hx-get="/rows/" hx-target="#sheet-rows">Rows</a>')
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.fulfill(body="<p id=answer>3 rows</p>", content_type="text/html")
        elif how == "offline":
            route.abort()
        else:
            route.fulfill(status=502, body="<h1>Bad gateway</h1>", content_type="text/html")

    page.route("**/rows/", answer)
    page.get_by_role("link", name="Rows").click()
    alert = page.locator("#alerts").get_by_role("alert")
    alert.wait_for()
    assert said in alert.inner_text()
    assert page.locator("#sheet-rows tbody tr").count() == 3
    alert.get_by_role("button", name="Try again").click()
    page.locator("#answer").wait_for()
    assert alert.count() == 0
    page.close()


def test_failed_save_is_told_in_its_form_and_pressed_again_by_its_own_button(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.route("**/save/", lambda route: route.fulfill(status=500, body="no"))
    put_first(
        page,
        """<form id="save" hx-post="/save/" method="post"><div data-form-errors></div>
        <input name="points" value="350" aria-label="Points"><button>Save it</button></form>""",
    )
    page.get_by_role("button", name="Save it").click()
    form = page.locator("#save")
    form.get_by_role("alert").wait_for()
    assert form.get_by_role("button").all_inner_texts() == ["Save it"]
    assert form.locator("input").input_value() == "350"
    page.close()


@pytest.mark.parametrize(
    ("answer", "focused"),
    [
        ('<div id="rows"><a href="#">Next</a><a href="#">By name</a></div>', "By name"),
        ('<div id="rows"><button disabled>By name</button><h2>Nobody found</h2></div>', "Nobody found"),
    ],
)
def test_focus_stays_where_it_was_or_goes_to_the_new_heading(chromium: Browser, answer: str, focused: str) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    page.route("**/rows/", lambda route: route.fulfill(body=answer, content_type="text/html"))
    put_first(
        page,
        """<section aria-label="People"><div id="rows">
        <a href="#" hx-get="/rows/" hx-target="#rows" hx-swap="outerHTML">By name</a></div></section>""",
    )
    page.get_by_role("link", name="By name").press("Enter")
    page.wait_for_function("(name) => document.activeElement.textContent === name", arg=focused)
    page.close()


def test_count_of_a_search_is_read_out(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=1440)
    found = render_to_string("components/_pagination.html", {"first": "1", "last": "3", "total": "3"})
    page.route("**/rows/", lambda route: route.fulfill(body=f"<div>{found}</div>", content_type="text/html"))
    page.evaluate("htmx.ajax('GET', '/rows/', { target: '#sheet-rows' })")
    page.locator("#said").get_by_text("1 to 3 of 3").wait_for(state="attached")
    page.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_no_bar_covers_what_has_the_focus(chromium: Browser, width: int) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=width)
    covered = """() => { const one = document.activeElement, box = one.getBoundingClientRect();
        const bars = [...document.querySelectorAll(".topbar, .tabbar")].filter((bar) => !bar.contains(one));
        const lies = (bar) => {
          const its = bar.getBoundingClientRect();
          return box.top < its.bottom - 1 && its.top + 1 < box.bottom && box.left < its.right && its.left < box.right;
        };
        return one.matches("[href='#main']") || !bars.some(lies) ? "" : one.outerHTML.slice(0, 80); }"""
    seen = []
    for key in ["Tab"] * 60 + ["Shift+Tab"] * 50:
        page.keyboard.press(key)
        seen.append(page.evaluate(covered))
    page.close()
    assert [name for name in seen if name] == []


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
