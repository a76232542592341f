"""The page of groups, its button and progress bar, and the API's three acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import Customer
from customers.tests.test_actions_facts import sale
from intelligence.actions.rfm import JOB, score_customers
from programs.models import User
from workspace.actions.jobs import run_job
from workspace.models import Business, Job

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)
PAGE, RUN, PROGRESS = "/intelligence/rfm/", "/intelligence/rfm/run/", "/intelligence/rfm/progress/"
HTMX = {"HX-Request": "true", "HX-Target": "rfm-job"}


@pytest.fixture
def crowd(business: Business, other_business: Business) -> None:
    for number in range(10):
        customer = Customer.objects.create(first_name=f"c{number}")
        sale(
            business if number < 7 else other_business,
            customer,
            str(number),
            "10.00",
            placed_at=NOW - timedelta(days=number),
        )
    rebuild_rollups(now=NOW)
    score_customers(now=NOW)


def test_before_the_first_run_there_is_a_button_for_those_who_may(
    client_of: Callable[..., Client], owner: User, analyst: User
) -> None:
    assert "Score customers now" in client_of(owner).get(PAGE).content.decode()
    assert "Score customers now" not in client_of(analyst).get(PAGE).content.decode()
    assert client_of(analyst).post(RUN).status_code == 403


def test_button_progress_and_result(client_of: Callable[..., Client], owner: User, business: Business) -> None:
    sale(business, Customer.objects.create(first_name="Ann"), "1", "5.00", placed_at=timezone.now())
    rebuild_rollups(now=timezone.now())
    browser = client_of(owner)
    started = browser.post(RUN, headers=HTMX).content.decode()
    assert 'id="rfm-job"' in started
    assert "Waiting to start" in started
    assert browser.post(RUN).status_code == 303
    job = Job.objects.get(kind=JOB)
    assert 'hx-trigger="every 2s"' in browser.get(PROGRESS, headers=HTMX).content.decode()
    run_job(job.pk)
    finished = browser.get(PROGRESS, headers=HTMX)
    assert (finished.status_code, finished["HX-Redirect"]) == (204, PAGE)
    content = browser.get(PAGE).content.decode()
    assert "Champions" in content
    assert "Score again" in content


@pytest.mark.usefixtures("crowd")
def test_every_group_and_cell_opens_its_people(client_of: Callable[..., Client], owner: User) -> None:
    browser = client_of(owner)
    content = browser.get(PAGE).content.decode()
    assert 'href="/customers/?group=champions"' in content
    assert 'href="/customers/?r=5&amp;f=5"' in content
    listed = browser.get("/customers/?r=5&f=5")
    assert listed.context["listed"].count.value == 2


@pytest.mark.usefixtures("crowd")
def test_people_of_one_business_see_its_customers_only(
    client_of: Callable[..., Client], make_member: Callable[..., User], other_business: Business
) -> None:
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=other_business))
    overview = bound.get(PAGE).context["overview"]
    assert overview.customers == 3
    assert sum(row.spent for row in overview.groups) == 30
    assert overview.moves == []


@pytest.mark.usefixtures("crowd")
def test_people_of_one_business_neither_score_the_programme_nor_follow_it(
    client_of: Callable[..., Client],
    make_member: Callable[..., User],
    api: Callable[..., Client],
    owner: User,
    business: Business,
) -> None:
    """The progress counts all customers."""
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    limited = api("write", business=business)
    assert bound.post(RUN).status_code == 403
    assert limited.post("/api/v1/intelligence/rfm").status_code == 403
    assert not Job.objects.exists()
    client_of(owner).post(RUN)
    page = bound.get(PAGE)
    assert page.context["job"] is None
    assert not page.context["can_run"]
    assert bound.get(PROGRESS).status_code == 403
    status = limited.get("/api/v1/intelligence/rfm/status").json()
    assert status["job"] is None
    assert status["scored_at"] is not None


@pytest.mark.usefixtures("crowd")
def test_the_api_runs_follows_and_reads(make_key: Callable[..., Any], public_client: Client) -> None:
    def call(method: str, path: str, scope: str) -> Any:
        headers = {"host": "harbour.localhost", "x-api-key": make_key(scope).secret}
        return getattr(public_client, method)(f"/api/v1/intelligence/{path}", headers=headers)

    read = call("get", "rfm", "read").json()
    assert read["customers"] == 10
    assert read["groups"][0]["id"] == "champions"
    assert len(read["groups"]) == 11
    assert call("post", "rfm", "read").status_code == 403
    started = call("post", "rfm", "write")
    assert started.status_code == 202
    assert call("post", "rfm", "write").json()["id"] == started.json()["id"]
    run_job(Job.objects.get(code=started.json()["id"]).pk)
    status = call("get", "rfm/status", "read").json()
    assert (status["job"]["state"], status["job"]["percent"]) == ("done", 100)
    assert status["scored_at"] is not None
