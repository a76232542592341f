"""Templates and components: nothing that the strict CSP forbids, every icon there, the sheet whole and accessible."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.http import Http404
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Browser

from core import icons
from core.component_sheet import component_sheet
from core.css import ROOT
from core.tests.sheet import open_sheet, progress, sheet

TEMPLATES = sorted([*ROOT.glob("templates/**/*.html"), *ROOT.glob("*/templates/**/*.html")])
# A file that a customer takes along brings its style with it, as an e-mail does.
ALONE = {ROOT / "screens/templates/screens/portal/export.html"}
PAGES = [path for path in TEMPLATES if "emails" not in path.parts and "admin" not in path.parts and path not in ALONE]
SHEET = {ROOT / "core/templates/core/component_sheet.html", ROOT / "core/templates/core/_sheet_dialog.html"}
WORDED = [path for path in TEMPLATES if path not in SHEET]  # the sheet is for those who build pages
NUMBERED = [f"{name}.html" for name in ("400", "403", "403_csrf", "404", "405", "429", "500")]
ERRORS = [*NUMBERED, "errors/unknown_programme.html"]
PROPER_NAMES = {"Regulars", "Harbour &amp; Pine", "Quayside", "Mill Lane", "Ctrl K", "rg_live_", "ms"}
COUNTED = r"(?:points?|days?|weeks?|months?|rows?|people|customers?|orders?|codes?|permissions?|businesses|texts)\b"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_keeps_to_the_policy(path: Any) -> None:
    source = path.read_text()
    assert not re.search(r"\sstyle\s*=", source), "style attributes are refused by the CSP"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "inline handlers are refused by the CSP"
    assert not re.search(r"\shx-on", source), "hx-on needs eval"
    assert "<style" not in source
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", source)
    assert scripts == [], "inline scripts are refused by the CSP"


@pytest.mark.parametrize("path", WORDED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_word_of_a_template_can_be_translated(path: Any) -> None:
    source = re.sub(r"\{#.*?#\}|<style.*?</style>", "", path.read_text(), flags=re.DOTALL)
    source = re.sub(r"\{% blocktranslate.*?\{% endblocktranslate %\}", "", source, flags=re.DOTALL)
    heard = re.findall(r"\s(?:aria-label|placeholder|alt|title)=\"([^\"{]*[A-Za-z]{3}[^\"{]*)\"", source)
    tags = " ".join(re.findall(r"\{%.*?%\}", source))
    handed = re.findall(r"\b(?:label|title|text|noun|\w+_label)=\"([^\"]*[A-Za-z]{3}[^\"]*)\"", tags)
    written = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<(?:[^<>\"]|\"[^\"]*\")*>", "\n", source).split("\n")
    words = [text.strip(" ·…") for text in [*heard, *handed, *written] if re.search("[A-Za-z]{2}", text)]
    classes = re.compile(r"[a-z]+(?:-[\w\[\]]+)+")  # in a block of classes
    assert [text for text in words if text not in PROPER_NAMES and not classes.fullmatch(text)] == []


@pytest.mark.parametrize("path", WORDED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_counted_noun_has_a_plural(path: Any) -> None:
    for head, body in re.findall(
        r"\{% blocktranslate(.*?)%\}(.*?)\{% endblocktranslate %\}", path.read_text(), re.DOTALL
    ):
        assert " count " in head or not re.search(r"\{\{ \w+ \}\} " + COUNTED, body), body


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_parts_of_a_template_have_names_of_their_own(path: Any) -> None:
    """A reader of landmarks hears where it is: no table is called as the card around it."""
    parts = re.findall(r"<(?:section|div|nav|figure)\b(?:[^<>]|\{%.*?%\})*>", path.read_text())
    found = [re.search(r'aria-label(?:ledby)?="(\{%.*?%\}|[^"]*)"', part) for part in parts]
    names = [name.group(1) for name in found if name]
    assert sorted({name for name in names if names.count(name) > 1}) == []


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


@pytest.mark.parametrize("name", ERRORS)
def test_error_page_needs_neither_person_nor_programme(name: str) -> None:
    html = render_to_string(name)
    assert html.count("<h1") == 1
    assert "css/app.css" in html


def test_callout_escapes_what_people_typed() -> None:
    html = render_to_string("components/_callout.html", {"tone": "danger", "title": "<b>bold</b>"})
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert 'role="alert"' in html


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


def test_progress_says_what_it_does_and_how_long_it_takes() -> None:
    html = progress(state="running", message="Reading", left="About 40 seconds left")
    assert "Reading · About 40 seconds left · You can leave this page" in html


def test_progress_of_unknown_length_claims_no_number() -> None:
    assert "aria-valuenow" not in progress(state="running")


def test_meter_width_survives_a_comma_language() -> None:
    with translation.override("de"):
        assert 'width="68.7%"' in render_to_string("components/_meter.html", {"percent": 68.7})


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


def test_last_column_that_a_phone_shows_keeps_its_distance_from_the_edge(chromium: Browser) -> None:
    page, _ = open_sheet(chromium, theme="dark", width=390)
    padding = page.evaluate(
        """[...document.querySelectorAll("#sheet-rows tbody tr")].map((row) => [...row.cells]
        .filter((cell) => cell.offsetParent).map((cell) => getComputedStyle(cell).paddingRight).at(-1))"""
    )
    page.close()
    assert padding == ["16px"] * 3


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
