"""page(): a part only when htmx asks for an element that the view listed."""

import pytest
from django.template import engines
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from core.page import done, page

TEMPLATE = "core/tests/page.html"


@pytest.fixture(autouse=True)
def template(monkeypatch, settings, tmp_path):
    folder = tmp_path / "core/tests"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(
        "{% load partials %}<h1>Whole</h1>"
        "{% partialdef ledger inline %}<p id='ledger'>{{ rows }}</p>{% endpartialdef %}"
    )
    monkeypatch.setattr(engines["django"].engine, "dirs", [tmp_path])
    for loader in engines["django"].engine.template_loaders:
        reset = getattr(loader, "reset", None)
        if reset:
            reset()


def request(**headers):
    made = RequestFactory().get("/", headers=headers)
    made.htmx = HtmxDetails(made)
    made.user = None
    return made


def render(made):
    return page(made, TEMPLATE, {"rows": 3}, partials={"ledger"}).content.decode()


def test_a_browser_gets_the_page():
    assert "<h1>Whole</h1>" in render(request())


def test_htmx_gets_the_listed_part():
    assert render(request(HX_Request="true", HX_Target="ledger")) == "<p id='ledger'>3</p>"


def test_htmx_cannot_choose_a_part_that_the_view_did_not_list():
    assert "<h1>Whole</h1>" in render(request(HX_Request="true", HX_Target="secrets"))


def test_a_restored_history_entry_gets_the_whole_page():
    made = request(HX_Request="true", HX_Target="ledger", HX_History_Restore_Request="true")
    assert "<h1>Whole</h1>" in render(made)


def test_caches_keep_the_two_apart():
    assert page(request(), TEMPLATE).headers["Vary"] == "HX-Request, HX-Target"


def test_done_is_303_for_a_browser_and_a_header_for_htmx():
    plain = done(request(), "/next/")
    assert (plain.status_code, plain.headers["Location"]) == (303, "/next/")
    assert done(request(HX_Request="true"), "/next/").headers["HX-Redirect"] == "/next/"
