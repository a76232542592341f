"""Acts on many customers: checked rows, all that the filters find, in the background, over the API, as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.permissions import Role
from customers import views_bulk
from customers.actions import bulk as actions
from customers.actions.attributes import switch_attribute
from customers.actions.customer_files import sweep
from customers.actions.rollups import rebuild_rollups
from customers.actions.tags import delete_tag
from customers.bulk import Selection
from customers.models import BulkRun, Customer, CustomerTag, Event, Tag
from customers.reports.customer_list import CustomerFilters
from customers.tests.test_actions_facts import sale
from customers.tests.test_api_customers import problem
from customers.tests.test_attributes import field
from customers.tests.test_tags import mark, tags_of
from customers.tests.test_views_customers import LIST, person
from programs.models import Programme, User
from screens.actions.privacy import erase_customer
from workspace.actions.jobs import request_cancel
from workspace.models import AuditEntry, Business, Job

BULK = "/customers/bulk/"


@pytest.fixture
def people(programme: Programme) -> list[Customer]:
    made = [person(name, country="GB" if name < "C" else "DE") for name in ("Ada", "Ben", "Cleo", "Dan")]
    rebuild_rollups(now=timezone.now())
    return made


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


@pytest.fixture
def in_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two, and nobody waits for more than one customer."""
    monkeypatch.setattr(actions, "CHUNK", 2)
    monkeypatch.setattr(actions, "AT_ONCE", 1)
    monkeypatch.setattr(views_bulk, "EXPORT_AT_ONCE", 1)


def chosen(*people: Customer, act: str = "tag") -> str:
    return f"{BULK}?act={act}&" + "&".join(f"selected={one.code}" for one in people)


def start(act: str, values: dict[str, object], filters: CustomerFilters) -> BulkRun:
    return actions.start_bulk(
        act=act, values=values, selection=Selection(filters=filters), is_small=False, actor=SYSTEM, now=timezone.now()
    )


def tag_of(name: str) -> dict[str, object]:
    return actions.tag_values(name, is_new=True, actor=SYSTEM, now=timezone.now())


def table(response: Any) -> list[list[str]]:
    body = b"".join(response.streaming_content).decode()
    assert body.startswith("\ufeff")
    return list(csv.reader(io.StringIO(body.removeprefix("\ufeff"))))


def test_checked_rows_are_tagged_at_once(browser: Client, people: list[Customer]) -> None:
    ada, ben, *_others = people
    mark(ben, "VIP")
    asked = browser.get(chosen(ada, ben))
    assert asked.context["titles"]["title"] == "Tag 2 customers"
    assert not BulkRun.objects.exists(), "looking changes nothing"
    assert browser.post(chosen(ada, ben), {"name": ""}).status_code == 422
    assert browser.post(chosen(ada, ben), {"name": "vip"})["Location"] == LIST
    assert (tags_of(ada), tags_of(ben), CustomerTag.objects.count()) == (["VIP"], ["VIP"], 2)
    assert Event.objects.filter(name="customers.tag.added").count() == 2
    run = BulkRun.objects.get()
    assert (run.matched, run.changed, run.job, run.ids) == (2, 1, None, [])
    noted = AuditEntry.objects.get(action="customers.bulk.done")
    assert noted.data == {"act": "tag", "customers": 2, "changed": 1, "stopped": False}


def test_all_that_the_filters_find_are_archived_and_come_back(browser: Client, people: list[Customer]) -> None:
    listed = browser.get(f"{LIST}?country=DE&sort=name")
    assert [act["value"] for act in listed.context["bulk_actions"]] == ["tag", "untag", "set", "archive", "export"]
    answer = browser.post(f"{BULK}?country=DE&sort=name&act=archive&all=1&selected={people[0].code}")
    assert answer["Location"] == f"{LIST}?country=DE&sort=name"
    assert list(Customer.objects.filter(state="archived").order_by("pk")) == people[2:], "not who was checked before"
    assert Event.objects.filter(name="customers.customer.archived").count() == 2
    browser.post(f"{BULK}?country=DE&state=archived&act=restore&all=1")
    assert Customer.objects.filter(state="active").count() == 4


def test_a_field_is_chosen_first_then_set_and_taken_away(browser: Client, people: list[Customer]) -> None:
    size = field("Size", "number", key="size")
    url = chosen(*people[:2], act="set")
    asked = browser.get(url)
    assert asked.context["field_choices"] == [(size.code, "Size")]
    assert 'name="value"' not in asked.text
    assert browser.post(url, {"value": "42"}).status_code == 422
    url = f"{url}&field={size.code}"
    refused = browser.post(url, {"value": "large"})
    assert refused.status_code == 422
    assert refused.context["form"].errors == {"value": ["“Size” is a number."]}
    assert not BulkRun.objects.exists()
    assert browser.post(url, {"value": "42"})["Location"] == LIST
    assert [one.attributes for one in Customer.objects.order_by("pk")] == [{"size": 42}, {"size": 42}, {}, {}]
    browser.post(f"{chosen(people[0], act='set')}&field={size.code}", {"value": ""})
    assert Customer.objects.get(pk=people[0].pk).attributes == {}
    assert Event.objects.filter(name="customers.customer.changed").count() == 3


@pytest.mark.parametrize(
    ("kind", "widget", "typed", "stored", "wrong"),
    [
        ("text", '<input type="text" name="value"', "Oat", "Oat", "x" * 501),
        ("number", 'inputmode="decimal"', "41,5", 41.5, "wide"),
        ("date", '<input type="date" name="value"', "2026-11-22", "2026-11-22", "tomorrow"),
        ("yes_no", '<option value="yes">Yes</option>', "no", False, "perhaps"),
        ("choice", '<option value="Bar">Bar</option>', "Bar", "Bar", "Roof"),
    ],
)
def test_the_value_is_asked_as_its_kind_is(
    browser: Client, people: list[Customer], kind: str, widget: str, typed: str, stored: object, wrong: str
) -> None:
    own = field("Own", kind, *(["Bar", "Window"] if kind == "choice" else []), key="own")
    url = f"{chosen(people[0], act='set')}&field={own.code}"
    assert widget in browser.get(url).text
    assert "value" in browser.post(url, {"value": wrong}).context["form"].errors
    browser.post(url, {"value": typed})
    assert Customer.objects.get(pk=people[0].pk).attributes == {"own": stored}


def test_more_than_a_list_counts_are_all_counted_where_they_are_changed(
    browser: Client, people: list[Customer], in_background: None, run_queue: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("core.keyset.COUNT_CAP", 2)
    listed = browser.get(LIST).text
    assert "2+" in listed
    assert "All that match" in listed
    assert browser.get(f"{BULK}?act=tag&all=1").context["titles"]["title"] == "Tag 4 customers"
    browser.post(f"{BULK}?act=tag&all=1", {"name": "Known"})
    browser.post(f"{BULK}?act=export&all=1")
    assert AuditEntry.objects.get(action="customers.list.exported").data == {"customers": 4}
    run_queue()
    assert list(Job.objects.filter(kind="customers.bulk").values_list("total_count", flat=True)) == [4, 4]


def test_the_filters_of_the_list_stay_along_the_way(
    browser: Client, people: list[Customer], in_background: None
) -> None:
    here = "country=DE&sort=name"
    at = browser.post(f"{BULK}?act=archive&all=1&{here}")["Location"]
    assert at == f"{BULK}{BulkRun.objects.get().code}/?{here}"
    page = browser.get(at)
    assert page.context["list_url"] == f"{LIST}?{here}"
    assert page.context["here"] == at
    assert browser.post(page.context["stop_url"])["Location"] == at


@pytest.mark.parametrize(
    "days", ["cohort={month}", "active={month}", "bought_from={day}&bought_to={day}&first=within", "min=5&new=7"]
)
def test_days_and_amounts_are_frozen_as_well(
    browser: Client, business: Business, people: list[Customer], in_background: None, run_queue: Callable[[], None],
    programme: Programme, days: str,
) -> None:  # fmt: skip
    now = timezone.now()
    for number, one in enumerate(people[:2]):
        sale(business, one, f"s{number}", "10.00", placed_at=now)
    rebuild_rollups(now=now)
    today = now.astimezone(programme.zone).date()
    query = days.format(month=f"{today:%Y-%m}", day=today)
    assert browser.post(f"{BULK}?{query}&act=archive&all=1").status_code == 303
    run_queue()
    assert list(Customer.objects.filter(state="archived").order_by("pk")) == people[:2]


def test_a_filter_that_is_lost_never_means_everybody(
    browser: Client, api: Callable[..., Client], people: list[Customer]
) -> None:
    size = field("Size", "number", key="size")
    mark(people[0], "VIP")
    tag = Tag.objects.get()
    urls = [f"tag={tag.code}", f"attr_{size.code}_min=40", "country=%00", "q=" + "x" * 121]
    view = {"name": "VIPs", "query": urls[0], "is_shared": True}
    shared = api("write").post("/api/v1/customer-views/", view, content_type="application/json").json()["id"]
    delete_tag(code=tag.code, actor=SYSTEM, now=timezone.now())
    switch_attribute(code=size.code, is_archived=True, actor=SYSTEM)
    for url in urls:
        assert "is left out" in browser.get(f"{LIST}?{url}").text
        for ask in (browser.get, browser.post):
            assert ask(f"{BULK}?{url}&act=archive&all=1").status_code == 409
    body = {"act": "archive", "view": shared}
    refused = api("write").post("/api/v1/customers/bulk", body, content_type="application/json")
    problem(refused, 409, "filter_lost")
    assert not BulkRun.objects.exists()
    assert "is left out" not in browser.get(f"{LIST}?country=GB&col=gone&sort=name&first=").text


def test_many_are_a_job_whose_selection_is_frozen(
    browser: Client, people: list[Customer], in_background: None, run_queue: Callable[[], None]
) -> None:
    answer = browser.post(f"{BULK}?act=tag&all=1", {"name": "Known"})
    run = BulkRun.objects.get()
    assert answer["Location"] == f"{BULK}{run.code}/"
    assert "Waiting to start" in browser.get(answer["Location"]).text
    late = person("Late")
    rebuild_rollups(now=timezone.now())
    run_queue()
    assert (CustomerTag.objects.count(), tags_of(late)) == (4, [])
    run.refresh_from_db()
    assert (run.matched, run.changed, run.filters) == (4, 4, {})
    assert "4 customers of 4 changed." in browser.get(answer["Location"]).text
    assert Job.objects.get(kind="customers.bulk").result == {"bulk": run.code, "matched": 4, "changed": 4}


def test_an_interrupted_job_goes_on_behind_its_last_chunk(
    people: list[Customer], in_background: None, run_queue: Callable[[], None]
) -> None:
    run = start("archive", {}, CustomerFilters())
    assert actions.run_chunk(run, now=timezone.now()) == 2  # and then the worker was killed
    Customer.objects.filter(pk=people[0].pk).update(state="active")
    run_queue()
    assert list(Customer.objects.filter(state="active")) == [people[0]]
    run.refresh_from_db()
    assert (run.matched, run.changed) == (4, 4)
    assert Event.objects.filter(name="customers.customer.archived").count() == 4


def test_a_stopped_job_and_a_tag_that_goes(
    people: list[Customer], in_background: None, run_queue: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.actions.jobs.REPORT_SECONDS", 0)
    stopped = start("tag", tag_of("Some"), CustomerFilters())
    chunk = actions.run_chunk

    def stop_after(run: BulkRun, *, now: Any) -> int:
        done = chunk(run, now=now)
        request_cancel(job=run.job, actor=SYSTEM, now=now)
        return done

    monkeypatch.setattr(actions, "run_chunk", stop_after)
    run_queue()
    assert (Job.objects.get(pk=stopped.job_id).state, CustomerTag.objects.count()) == ("cancelled", 2)
    assert AuditEntry.objects.get(action="customers.bulk.done").data["stopped"] is True
    monkeypatch.setattr(actions, "run_chunk", chunk)
    going = start("tag", tag_of("Gone"), CustomerFilters())
    Tag.objects.filter(name="Gone").update(is_going=True)
    run_queue()
    job = Job.objects.get(pk=going.job_id)
    assert (job.state, job.error) == ("failed", "The tag was deleted meanwhile.")


def test_a_file_for_spreadsheets(browser: Client, people: list[Customer], business: Business) -> None:
    ada = people[0]
    vegan = field("Vegan", "yes_no", key="vegan")
    Customer.objects.filter(pk=ada.pk).update(
        last_name="=HYPERLINK(1)", phone="+447700900142", attributes={"vegan": True}
    )
    mark(ada, "VIP", "Local")
    sale(business, ada, "a1", "12.50", placed_at=timezone.now())
    rebuild_rollups(now=timezone.now())
    response = browser.post(f"{BULK}?act=export&all=1&country=GB")
    head, first, second = table(response)
    row = dict(zip(head, first, strict=True))
    assert (row["Id"], row["Last name"], row["Phone"]) == (ada.code, "'=HYPERLINK(1)", "'+447700900142")
    assert (row["Orders"], row["Spent"], row["Tags"], row[vegan.label]) == ("1", "12.50", "Local, VIP", "yes")
    assert second[2] == "Ben"
    assert response["Cache-Control"] == "private, no-store"
    assert AuditEntry.objects.get(action="customers.list.exported").data == {"customers": 2}
    assert not BulkRun.objects.exists()


def test_a_large_file_is_written_in_the_background_and_goes_after_a_day(
    browser: Client, client_of: Callable[..., Client], people: list[Customer], in_background: None,
    run_queue: Callable[[], None], manager: User, settings: Any, tmp_path: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    settings.MEDIA_ROOT = tmp_path
    url = browser.post(f"{BULK}?act=export&all=1")["Location"]
    run_queue()
    assert f"{url}customers.csv" in browser.get(url).text
    rows = table(browser.get(f"{url}customers.csv"))
    assert [row[2] for row in rows] == ["First name", "Ada", "Ben", "Cleo", "Dan"]
    assert client_of(manager).get(f"{url}customers.csv").status_code == 404, "of who asked for it alone"
    path = BulkRun.objects.get().path
    sweep(now=timezone.now() + timedelta(hours=25))
    assert not default_storage.exists(path)
    assert browser.get(f"{url}customers.csv").status_code == 404
    browser.post(f"{BULK}?act=export&all=1")
    run_queue()
    path = BulkRun.objects.latest("pk").path
    with django_capture_on_commit_callbacks(execute=True):
        erase_customer(customer_id=people[0].pk, actor=SYSTEM, now=timezone.now())
    assert not default_storage.exists(path), "whoever is erased may be in it"


def test_who_may_do_what(
    client_of: Callable[..., Client], people: list[Customer], analyst: User, make_member: Callable[..., User],
    business: Business, other_programme: Programme,
) -> None:  # fmt: skip
    reader = client_of(analyst)
    assert reader.get(LIST).context["bulk_actions"] == []
    for act in ("tag", "archive", "export"):
        assert reader.post(chosen(*people, act=act), {"name": "x"}).status_code == 403
    assert reader.get(f"{BULK}?act=nothing").status_code == 404
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    sale(business, people[0], "a1", "5.00", placed_at=timezone.now())
    rebuild_rollups(now=timezone.now())
    bound.post(f"{BULK}?act=tag&all=1", {"name": "Local"})
    bound.post(chosen(*people), {"name": "Mine"})
    assert tags_of(people[0]) == ["Local", "Mine"]
    assert CustomerTag.objects.count() == 2, "others never bought there"
    with tenant_context(other_programme):
        assert not BulkRun.objects.exists()


def test_many_over_the_api(api: Callable[..., Client], people: list[Customer], run_queue: Callable[[], None]) -> None:
    client, url, call = api("write"), "/api/v1/customers/bulk", {"content_type": "application/json"}
    field("Size", "number", key="size")
    made = client.post(url, {"act": "tag", "tag": "German", "filter": {"country": "DE"}}, **call)
    assert (made.status_code, made.json()["state"]) == (202, "queued")
    run_queue()
    assert client.get(f"/api/v1/jobs/{made.json()['id']}").json()["result"]["changed"] == 2
    ids = [one.code for one in people[:2]]
    client.post(url, {"act": "set", "attribute": "size", "value": "41", "ids": ids}, **call)
    client.post(url, {"act": "archive", "filter": {"tags": ["german"], "attributes": {"size": None}}}, **call)
    run_queue()
    states = Customer.objects.order_by("pk").values_list("attributes", "state")
    assert list(states) == [({"size": 41}, "active")] * 2 + [({}, "archived")] * 2
    for wrong, field_name in (
        ({"act": "tag", "tag": "x"}, "ids"),
        ({"act": "tag", "ids": ids}, "tag"),
        ({"act": "untag", "tag": "nothing", "ids": ids}, "name"),
        ({"act": "archive", "ids": [*ids, "nobody12345x"]}, "ids"),
        ({"act": "archive", "filter": {"tags": ["nothing"]}}, "tags"),
        ({"act": "set", "attribute": "size", "value": "wide", "ids": ids}, "attributes"),
        ({"act": "export", "ids": ids}, "act"),
    ):
        answer = client.post(url, wrong, **call)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field_name)
    problem(api("read").post(url, {"act": "archive", "filter": {}}, **call), 403, "permission_denied")
    assert BulkRun.objects.count() == 3


def test_a_file_over_the_api(
    api: Callable[..., Client], people: list[Customer], in_background: None, run_queue: Callable[[], None],
    settings: Any, tmp_path: Any,
) -> None:  # fmt: skip
    settings.MEDIA_ROOT = tmp_path
    client, url, call = api("admin"), "/api/v1/customers/export", {"content_type": "application/json"}
    view = client.post("/api/v1/customer-views/", {"name": "DE", "query": "country=DE", "is_shared": True}, **call)
    asked = client.post(url, {"view": view.json()["id"]}, **call)
    assert asked.status_code == 202
    file = f"/api/v1/customers/exports/{asked.json()['id']}"
    assert client.get(file).status_code == 404, "not yet"
    run_queue()
    job = client.get(f"/api/v1/jobs/{asked.json()['id']}").json()
    assert (job["state"], job["result"]["matched"], job["result"]["file"]) == ("done", 2, file)
    answer = client.get(file)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/csv", "private, no-store")
    assert [row[2] for row in table(answer)] == ["First name", "Cleo", "Dan"]
    assert AuditEntry.objects.get(action="customers.list.exported").data == {"customers": 2}
    assert api("admin").get(file).status_code == 404, "of who asked for it alone"
    for wrong, status in (({}, 422), ({"filter": {}, "ids": ["x"]}, 422), ({"view": "nothing12345"}, 404)):
        assert client.post(url, wrong, **call).status_code == status
    problem(api("write").post(url, {"filter": {}}, **call), 403, "permission_denied")
    assert BulkRun.objects.count() == 1
