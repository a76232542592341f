"""The page of insights in each of its states, its buttons, and the same over the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context
from msgspec.structs import replace

from core.permissions import Role
from intelligence.actions.requests import ANALYSIS
from intelligence.analysis.findings import Product
from intelligence.models import AnalysisRun
from intelligence.tests.findings import changed, keep, quiet
from intelligence.tests.test_insights import SPEAKS
from programs.models import Programme, User
from workspace.actions.jobs import run_job
from workspace.models import Business, Job

AT = datetime(2026, 6, 17, 2, 15, tzinfo=UTC)
PAGE, RUN, STOP, PROGRESS = (f"/intelligence/analysis/{end}" for end in ("", "run/", "stop/", "progress/"))
HTMX = {"HX-Request": "true", "HX-Target": "analysis-job"}
LATEST, TRIGGER = "/api/v1/analysis/latest", "/api/v1/analysis/trigger"


def test_before_the_first_look(client_of: Callable[..., Client], owner: User, analyst: User) -> None:
    content = client_of(owner).get(PAGE).content.decode()
    assert "Nobody has looked yet" in content
    assert "Look now" in content
    assert "Look now" not in client_of(analyst).get(PAGE).content.decode()
    assert client_of(analyst).post(RUN).status_code == 403
    assert client_of(analyst).post(STOP).status_code == 403
    assert client_of(owner).get(RUN).status_code == 405
    assert not Job.objects.exists()


def test_what_stands_out_opens_its_customers(client_of: Callable[..., Client], owner: User) -> None:
    keep(changed("second", waiting=75))
    browser = client_of(owner)
    content = browser.get(PAGE).content.decode()
    assert "75 people bought once and may come again now" in content
    assert "About £225" in content
    assert "if a fifth of them spent as much once more" in content
    link = "/customers/?orders=1&amp;bought_from=2026-05-02&amp;bought_to=2026-06-02&amp;first=within"
    assert f'href="{link}"' in content
    listed = browser.get(link.replace("&amp;", "&"))
    assert listed.context["form"].lost == []
    assert "13 more things were looked at" in content


def test_every_filter_of_a_card_is_one_that_the_list_knows(client_of: Callable[..., Client], owner: User) -> None:
    browser = client_of(owner)
    lists = [href for _found, _title, _money, href in SPEAKS.values() if href.startswith("/customers/?")]
    assert len(lists) == 4
    for href in lists:
        shown = browser.get(href)
        assert shown.context["form"].lost == []
        kept = dict(shown.context["form"].kept)
        assert kept.keys() == QueryDict(href.partition("?")[2]).keys() - {"sort"}


def test_figures_charts_and_tables(client_of: Callable[..., Client], owner: User) -> None:
    keep(quiet())
    found = client_of(owner).get(PAGE)
    content = found.content.decode()
    assert "Nothing stands out" in content
    assert [figure.value for figure in found.context["figures"]] == [
        "£19,000", "1,000", "£20.00", "400", "128", "68.0%", "5.0%", "2.4%",
    ]  # fmt: skip
    assert "90 days, against a year before" in content
    assert [chart.id for chart in found.context["charts"]] == [
        "analysis-season", "analysis-second", "analysis-concentration", "analysis-categories",
    ]  # fmt: skip
    assert "/orders/?from=2026-03-19&amp;to=2026-06-16&amp;weekday=7&amp;hour=16" in content
    assert "/analytics/products/jug00001/" in content


def test_a_young_shop_says_what_it_cannot(client_of: Callable[..., Client], owner: User) -> None:
    found = quiet()
    young = replace(
        found, sales=replace(found.sales, before=None, year=None), risk=None, discounts=None,
        season=replace(found.season, months=found.season.months[:4], index=[]),
        second=replace(found.second, newer=[], older=[]),
        held=replace(found.held, customers=None, products=None, largest=None),
        hours=replace(found.hours, cells=[], weekdays=[]),
        basket=replace(found.basket, units=None, products=None, categories=[], pairs=[]),
    )  # fmt: skip
    keep(young)
    shown = client_of(owner).get(PAGE)
    assert "Sales do not go back far enough to compare." in shown.content.decode()
    (months,) = shown.context["charts"]
    assert months.finding == "January 2024 brought most, £6,000. What is season shows after two whole years."
    assert {figure.change for figure in shown.context["figures"]} == {None}


def test_button_progress_stop_and_result(client_of: Callable[..., Client], owner: User, business: Business) -> None:
    browser = client_of(owner)
    started = browser.post(RUN, headers=HTMX).content.decode()
    assert 'id="analysis-job"' in started
    assert f'hx-post="{STOP}"' in started
    assert browser.post(RUN)["Location"] == PAGE
    job = Job.objects.get(kind=ANALYSIS)
    assert "Waiting to start" in browser.get(PAGE).content.decode()
    assert "Stopped" in browser.post(STOP, headers=HTMX).content.decode()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    browser.post(RUN)
    run_job(Job.objects.latest("pk").pk)
    finished = browser.get(PROGRESS, headers=HTMX)
    assert (finished.status_code, finished["HX-Redirect"]) == (204, PAGE)


def test_a_failed_look_is_told_and_tried_again(client_of: Callable[..., Client], owner: User) -> None:
    browser = client_of(owner)
    browser.post(RUN)
    Job.objects.update(state=Job.State.FAILED, finished_at=AT, error="It broke.")
    failed = browser.get(PROGRESS, headers=HTMX).content.decode()
    assert "It broke." in failed
    assert f'hx-post="{RUN}"' in failed


def test_people_of_one_business_are_told_why_they_see_nothing(
    client_of: Callable[..., Client], make_member: Callable[..., User], business: Business, api: Callable[..., Client]
) -> None:
    keep(changed("second", waiting=75))
    browser = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    content = browser.get(PAGE).content.decode()
    assert "Insights are about all businesses together" in content
    assert "75 people" not in content
    assert [browser.post(RUN).status_code, browser.post(STOP).status_code] == [403, 403]
    assert browser.get(PROGRESS).status_code == 403
    limited = api("write", business=business)
    assert [limited.get(LATEST).status_code, limited.post(TRIGGER).status_code] == [403, 403]
    assert not Job.objects.exists()


def test_the_page_costs_the_same_whatever_was_found(client_of: Callable[..., Client], owner: User) -> None:
    browser = client_of(owner)
    counts = []
    for found in (quiet(), changed("second", waiting=75)):
        keep(found)
        browser.get(PAGE)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_api_asks_and_reads(api: Callable[..., Client]) -> None:
    nothing = {"as_of": None, "finished_at": None, "summary": {}}
    assert api("read").get(LATEST).json() == {**nothing, "insights": [], "findings": {}}
    assert api("read").get(LATEST, {"budget": 800}).json() == nothing
    assert api("read").post(TRIGGER).status_code == 403
    started = api("write").post(TRIGGER)
    assert started.status_code == 202
    assert api("write").post(TRIGGER).json()["id"] == started.json()["id"]
    run = keep(changed("second", waiting=75))
    whole = api("read").get(LATEST).json()
    assert (whole["as_of"], whole["finished_at"]) == ("2026-06-16", "2026-06-17T02:15:00Z")
    assert whole["summary"] == run.summary
    assert whole["findings"]["second"]["waiting"] == 75
    (one,) = whole["insights"]
    assert (one["code"], one["money"], one["is_good"]) == ("second_purchase", "225.00", True)
    assert one["path"].startswith("/customers/?orders=1")
    short = api("read").get(LATEST, {"budget": 200}).json()
    assert set(short) == {"as_of", "finished_at", "summary"}
    assert len(json.dumps(short["summary"])) < len(json.dumps(run.summary))
    assert api("read").get(LATEST, {"budget": 99}).status_code == 422


def test_each_programme_sees_its_own(
    client_of: Callable[..., Client], owner: User, api: Callable[..., Client], other_programme: Programme
) -> None:
    with tenant_context(other_programme):
        keep(changed("held", largest=Product("Theirs", "their001", 0.4, 32_000)), finished_at=AT + timedelta(days=1))
    assert "Nobody has looked yet" in client_of(owner).get(PAGE).content.decode()
    assert api("read").get(LATEST).json()["as_of"] is None
    keep(changed("held", largest=Product("Ours", "ours0001", 0.4, 32_000)))
    for content in (client_of(owner).get(PAGE).content, api("read").get(LATEST).content):
        assert b"Ours brings 40.0% of the revenue" in content
        assert b"Theirs" not in content


def test_what_another_release_kept_is_no_analysis(client_of: Callable[..., Client], owner: User) -> None:
    keep(quiet())
    AnalysisRun.objects.update(findings={"as_of": "2026-06-16"})
    assert "Nobody has looked yet" in client_of(owner).get(PAGE).content.decode()
