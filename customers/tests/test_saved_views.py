"""Views of the customer list that people keep: tabs over the list, whose they are, which one opens first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.actions.rollups import rebuild_rollups
from customers.models import SavedView
from customers.tests.test_views_customers import LIST, names, person
from programs.models import Programme, User
from workspace.models import AuditEntry, Business

SAVE = "/customers/views/new/"


def tabs(response: object) -> list[str]:
    return [str(tab["label"]) for tab in response.context["tabs"][5:]]  # type: ignore[attr-defined]


@pytest.fixture
def browser(client_of: Callable[..., Client], owner: User) -> Client:
    return client_of(owner)


@pytest.fixture
def people(programme: Programme) -> None:
    person("Ada", country="GB")
    person("Ben", country="DE")
    rebuild_rollups(now=timezone.now())


def test_the_list_as_it_is_becomes_a_tab(browser: Client, people: None) -> None:
    assert SAVE not in browser.get(LIST).text
    listed = browser.get(f"{LIST}?sort=name&country=DE&q=ben&member=perhaps")
    assert listed.context["save_url"] == f"{SAVE}?country=DE&sort=name", "filters and order, not what was typed"
    answer = browser.post(listed.context["save_url"], {"name": "From  Germany"})
    assert answer["Location"] == f"{LIST}?country=DE&sort=name"
    shown = browser.get(answer["Location"])
    assert (tabs(shown), names(shown)) == (["From Germany"], ["Ben"])
    assert [tab["current"] for tab in shown.context["tabs"]] == [False] * 5 + [True]
    assert [tab["current"] for tab in browser.get(f"{LIST}?country=GB").context["tabs"]] == [False] * 6
    browser.post(f"{SAVE}?country=GB", {"name": "from germany"})
    assert list(SavedView.objects.values_list("name", "query")) == [("from germany", "country=GB")]


def test_one_of_them_may_open_first(browser: Client, people: None) -> None:
    browser.post(f"{SAVE}?country=DE", {"name": "Shared", "shared": "on", "default": "on"})
    assert browser.get(LIST)["Location"] == "?country=DE"
    browser.post(f"{SAVE}?country=GB", {"name": "Mine", "default": "on"})
    assert browser.get(LIST)["Location"] == "?country=GB"
    everyone = browser.get(LIST + "?view=everyone")
    assert (sorted(names(everyone)), everyone.context["tabs"][0]["current"]) == (["Ada", "Ben"], True)
    mine = SavedView.objects.get(name="Mine")
    browser.post(f"/customers/views/{mine.code}/", {"name": "My own"})
    assert browser.get(LIST)["Location"] == "?country=DE", "no default of one's own any more"
    assert browser.post(f"/customers/views/{mine.code}/", {"name": "x" * 41}).status_code == 422
    browser.post(f"/customers/views/{mine.code}/delete/")
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Shared"]
    acts = AuditEntry.objects.filter(action__startswith="customers.view.").order_by("id")
    assert [act.action.rpartition(".")[2] for act in acts] == ["saved", "saved", "changed", "deleted"]


def test_whose_they_are(
    browser: Client, people: None, client_of: Callable[..., Client], analyst: User, business: Business,
    make_member: Callable[..., User], other_programme: Programme,
) -> None:  # fmt: skip
    browser.post(f"{SAVE}?country=DE", {"name": "Shared", "shared": "on"})
    browser.post(f"{SAVE}?country=DE", {"name": "Mine"})
    shared, mine = SavedView.objects.order_by("pk")
    reader = client_of(analyst)
    assert tabs(reader.get(LIST)) == ["Shared"]
    assert reader.get(f"/customers/views/{mine.code}/").status_code == 404
    assert reader.post(f"/customers/views/{mine.code}/delete/").status_code == 404
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    for client in (reader, bound):
        assert client.post(f"/customers/views/{shared.code}/delete/").status_code == 403
        client.post(f"{SAVE}?country=GB", {"name": "Own", "shared": "on"})
    assert SavedView.objects.filter(user_id__isnull=True).count() == 1
    assert tabs(reader.get(LIST)) == ["Shared", "Own"]
    with tenant_context(other_programme):
        assert not SavedView.objects.exists()


def test_views_over_the_api(
    api: Callable[..., Client], people: None, owner: User, analyst: User, business: Business
) -> None:
    url, call = "/api/v1/customer-views/", {"content_type": "application/json"}
    key, hers, his = api("write"), api(user=owner), api(user=analyst)
    made = key.post(url, {"name": "Germany", "query": "sort=name&country=DE", "is_shared": True}, **call)
    assert made.status_code == 201
    assert (made.json()["query"], made.json()["is_shared"], made.json()["is_default"]) == (
        "country=DE&sort=name", True, False,
    )  # fmt: skip
    hers.post(url, {"name": "Mine", "query": "member=yes", "is_default": True}, **call)
    listed = [[one["name"] for one in client.get(url).json()["data"]] for client in (key, hers, his)]
    assert listed == [["Germany"], ["Germany", "Mine"], ["Germany"]]
    mine, shared = SavedView.objects.get(name="Mine"), SavedView.objects.get(name="Germany")
    for client in (key, his):
        assert client.get(f"{url}{mine.code}").status_code == client.delete(f"{url}{mine.code}").status_code == 404
    assert his.delete(f"{url}{shared.code}").status_code == 403, "everybody sees it"
    for wrong, name in (
        ({"name": "A", "query": "country=DE"}, "is_shared"), ({"name": "", "query": "", "is_shared": True}, "name"),
        ({"name": "A", "query": "country=XX&q=ann", "is_shared": True}, "query"),
        ({"name": "A", "query": "first=within", "is_shared": True}, "query"),
        ({"name": "A", "is_shared": True}, "query"),
    ):  # fmt: skip
        answer = key.post(url, wrong, **call)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)
    assert api("read").post(url, {"name": "A", "query": "", "is_shared": True}, **call).status_code == 403
    bound = api("write", business=business)
    assert bound.post(url, {"name": "A", "query": "", "is_shared": True}, **call).status_code == 403
    assert SavedView.objects.count() == 2
    assert key.delete(f"{url}{shared.code}").status_code == 204
    assert list(SavedView.objects.all()) == [mine]
    acts = ["customers.view.saved", "customers.view.saved", "customers.view.deleted"]
    noted = AuditEntry.objects.filter(action__startswith="customers.view.").order_by("pk")
    assert list(noted.values_list("action", flat=True)) == acts
