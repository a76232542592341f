"""Marking customers with tags: on the profile, as a filter, by API; renaming, merging, deleting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.errors import InvalidInput
from core.permissions import Role
from customers.actions import tags as actions
from customers.actions.rollups import rebuild_rollups
from customers.actions.tags import delete_tag, merge_tags, set_tags, tag_customer
from customers.models import Customer, CustomerTag, Event, Tag
from customers.tests.queries import own_queries
from customers.tests.test_actions_facts import sale
from customers.tests.test_api_customers import problem
from customers.tests.test_views_customers import LIST, names, person
from programs.models import Programme, User
from workspace.models import AuditEntry, Business, Job

TAGS = "/customers/tags/"
HTMX = {"HX-Request": "true", "HX-Target": "customer-tags"}


def mark(customer: Customer, *words: str) -> None:
    tag_customer(customer_id=customer.pk, names=words, actor=SYSTEM, now=timezone.now())


def tags_of(customer: Customer) -> list[str]:
    return sorted(customer.customer_tags.values_list("tag__name", flat=True))


@pytest.fixture
def ada(programme: Programme) -> Customer:
    return person("Ada", phone="+447700900142")


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


def test_a_word_is_one_tag_whatever_its_capitals(ada: Customer) -> None:
    mark(ada, "VIP", " vip ", "allergic  to nuts")
    mark(ada, "Vip")
    assert tags_of(ada) == ["VIP", "allergic to nuts"]
    assert Tag.objects.count() == 2
    told = Event.objects.filter(name="customers.tag.added")
    assert sorted(event.data["tag_name"].lower() for event in told) == ["allergic to nuts", "vip"]
    assert AuditEntry.objects.filter(action="customers.customer.tagged").count() == 1
    for wrong in (["a,b"], [""], ["x" * 41], [f"t{n}" for n in range(49)]):
        with pytest.raises(InvalidInput):
            mark(ada, *wrong)
    assert (Tag.objects.count(), CustomerTag.objects.count()) == (2, 2)


def test_setting_tags_takes_away_and_adds(ada: Customer) -> None:
    mark(ada, "Old", "Kept")
    set_tags(customer_id=ada.pk, names=["kept", "New"], actor=SYSTEM, now=timezone.now())
    assert tags_of(ada) == ["Kept", "New"]
    assert [event.data["tag_name"] for event in Event.objects.filter(name="customers.tag.removed")] == ["Old"]


def test_tags_on_the_profile_with_and_without_htmx(browser: Client, ada: Customer) -> None:
    url = f"/customers/{ada.code}/tags/"
    assert browser.post(url, {"name": "VIP, Regular"})["Location"] == f"/customers/{ada.code}/"
    part = browser.post(url, {"name": "Vegan"}, headers=HTMX)
    assert part.text.lstrip().startswith('<section id="customer-tags"')
    assert tags_of(ada) == ["Regular", "VIP", "Vegan"]
    refused = browser.post(url, {"name": "x" * 41}, headers=HTMX)
    assert (refused.status_code, "at most 40" in refused.text) == (422, True)
    page = browser.get(f"/customers/{ada.code}/")
    assert [tag.name for tag in page.context["customer_tags"]] == ["Regular", "Vegan", "VIP"]
    assert "Tag added: VIP" in page.text
    browser.post(f"{url}remove/", {"tag": Tag.objects.get(name="VIP").code})
    assert tags_of(ada) == ["Regular", "Vegan"]
    assert browser.post(f"{url}remove/", {"tag": "nothing"}).status_code == 404


def test_the_list_finds_by_tags_and_shows_them(browser: Client, ada: Customer, business: Business) -> None:
    ben, cleo = person("Ben"), person("Cleo")
    mark(ada, "VIP", "Vegan")
    mark(ben, "Vegan")
    rebuild_rollups(now=timezone.now())
    vip, vegan = (Tag.objects.get(name=name).code for name in ("VIP", "Vegan"))
    assert sorted(names(browser.get(f"{LIST}?tag={vip}&tag={vegan}"))) == ["Ada", "Ben"]
    assert names(browser.get(f"{LIST}?tag={vegan}&no_tag={vip}")) == ["Ben"]
    assert names(browser.get(f"{LIST}?no_tag={vegan}")) == [cleo.first_name]
    response = browser.get(f"{LIST}?tag={vip}&tag={vegan}&col=tags")
    assert [(chip.label, chip.value) for chip in response.context["chips"]] == [("Tag", "VIP / Vegan")]
    rows = {row.name: [tag.name for tag in row.tags] for row in response.context["listed"].page.rows}
    assert rows == {"Ada": ["Vegan", "VIP"], "Ben": ["Vegan"]}
    assert len(names(browser.get(f"{LIST}?tag=nothing"))) == 3, "what does not exist is left out"


def test_queries_do_not_grow_with_rows_or_tags(browser: Client, ada: Customer) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"{LIST}?col=tags").status_code == 200
        return own_queries(captured)

    mark(ada, "VIP")
    rebuild_rollups(now=timezone.now())
    queries()
    before = queries()
    for number in range(9):
        mark(person(f"P{number}"), "VIP", f"T{number}")
    rebuild_rollups(now=timezone.now())
    assert queries() == before


def test_tags_are_renamed_merged_and_deleted(browser: Client, ada: Customer) -> None:
    ben = person("Ben")
    mark(ada, "VIP", "V.I.P.")
    mark(ben, "V.I.P.")
    short, long = (Tag.objects.get(name=name) for name in ("VIP", "V.I.P."))
    rows = browser.get(TAGS).context["rows"]
    assert [(row.tag.name, row.customers.value) for row in rows] == [("V.I.P.", 2), ("VIP", 1)]
    assert browser.post(f"{TAGS}{long.code}/", {"name": "vip", "tone": "1"}).status_code == 422
    assert browser.post(f"{TAGS}{long.code}/", {"name": "Very dear", "tone": "1"}).status_code == 303
    browser.post(f"{TAGS}{long.code}/merge/", {"into": short.code})
    assert (tags_of(ada), tags_of(ben), Tag.objects.count()) == (["VIP"], ["VIP"], 1)
    assert browser.post(f"{TAGS}{short.code}/delete/").status_code == 303
    assert (Tag.objects.count(), CustomerTag.objects.count()) == (0, 0)
    acts = AuditEntry.objects.filter(action__startswith="customers.tag.").order_by("id")
    assert [act.action.rpartition(".")[2] for act in acts] == ["created", "created", "changed", "merged", "deleted"]


@pytest.mark.parametrize("act", ["merge", "delete"])
def test_a_tag_of_many_goes_in_the_background(
    ada: Customer, act: str, monkeypatch: pytest.MonkeyPatch, run_queue: Callable[[], None]
) -> None:
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    for number in range(5):
        mark(person(f"P{number}"), "Many")
    mark(ada, "One")
    many, one = (Tag.objects.get(name=name) for name in ("Many", "One"))
    if act == "merge":
        merge_tags(code=many.code, into=one.code, actor=SYSTEM, now=timezone.now())
    else:
        delete_tag(code=many.code, actor=SYSTEM, now=timezone.now())
    assert list(Tag.objects.in_use()) == [one]
    mark(ada, "Many")  # the name is free at once
    run_queue()
    assert Job.objects.get(kind=actions.EMPTY_TAG).result == {"customers": 5}
    assert one.customer_tags.count() == (6 if act == "merge" else 1)
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["Many", "One"]


def test_who_may_change_tags(
    ada: Customer, browser: Client, client_of: Callable[..., Client], analyst: User, business: Business,
    make_member: Callable[..., User], other_programme: Programme,
) -> None:  # fmt: skip
    mark(ada, "VIP")
    tag = Tag.objects.get()
    reader = client_of(analyst)
    assert reader.get(TAGS).status_code == 200
    assert reader.post(f"/customers/{ada.code}/tags/", {"name": "x"}).status_code == 403
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    assert bound.post(f"{TAGS}{tag.code}/delete/").status_code == 403
    assert "1 customer" not in bound.get(TAGS).text
    assert bound.post(f"/customers/{ada.code}/tags/", {"name": "x"}).status_code == 404, "never bought there"
    sale(business, ada, "a1", "5.00", placed_at=timezone.now())
    assert bound.post(f"/customers/{ada.code}/tags/", {"name": "Local"}).status_code == 303
    assert tags_of(ada) == ["Local", "VIP"]
    with tenant_context(other_programme):
        assert not Tag.objects.exists()


def test_tags_over_the_api(api: Callable[..., Client], ada: Customer) -> None:
    client, call = api("write"), {"content_type": "application/json"}
    own = f"/api/v1/customers/{ada.code}/tags"
    assert [tag["name"] for tag in client.post(own, {"tags": ["VIP"]}, **call).json()["data"]] == ["VIP"]
    put = client.put(own, {"tags": ["vegan", "Regular"]}, **call)
    assert [tag["name"] for tag in put.json()["data"]] == ["Regular", "vegan"]
    assert client.get(f"/api/v1/customers/{ada.code}").json()["tags"] == ["Regular", "vegan"]
    assert [row["id"] for row in client.get("/api/v1/customers/?tag=VEGAN").json()["data"]] == [ada.code]
    assert client.get("/api/v1/customers/?without_tag=vegan").json()["data"] == []
    vip = next(row for row in client.get("/api/v1/tags/").json()["data"] if row["name"] == "VIP")
    problem(client.post("/api/v1/tags/", {"name": "vip"}, **call), 409, "tag_taken")
    problem(api("read").put(own, {"tags": []}, **call), 403, "permission_denied")
    vegan = put.json()["data"][1]["id"]
    assert client.patch(f"/api/v1/tags/{vegan}", {"tone": "2"}, **call).json()["tone"] == "2"
    merged = client.post(f"/api/v1/tags/{vegan}/merge", {"into": vip["id"]}, **call)
    assert (merged.status_code, tags_of(ada)) == (200, ["Regular", "VIP"])
    assert client.delete(f"{own}/{vip['id']}").status_code == 204
    assert client.delete(f"/api/v1/tags/{vip['id']}").status_code == 204
    assert tags_of(ada) == ["Regular"]
