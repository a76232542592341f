"""Archetypes over the API: asking for them, following the run, reading what was found, going back, settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import Archetype, Customer
from intelligence.actions.archetypes import find_archetypes
from intelligence.actions.requests import ARCHETYPES
from intelligence.models import ArchetypeRun
from programs.models import Programme
from workspace.actions.jobs import run_job
from workspace.models import Business, Job

PATH = "/api/v1/intelligence/"
Api = Callable[..., Client]


def test_asked_for_followed_and_read(api: Api, crowd: list[Customer], one_thread: None) -> None:
    caller = api("write")
    assert caller.get(f"{PATH}archetypes").json() == {"found_at": None, "by_rules": False, "archetypes": []}
    asked = caller.post(f"{PATH}cluster", {"max_k": 4}, content_type="application/json")
    assert asked.status_code == 202
    again = caller.post(f"{PATH}cluster", {}, content_type="application/json")
    assert again.json()["id"] == asked.json()["id"], "one at a time"
    assert caller.get(f"{PATH}cluster/status").json()["job"]["state"] == "queued"
    run_job(Job.objects.get(kind=ARCHETYPES).pk)
    status = caller.get(f"{PATH}cluster/status").json()
    assert (status["job"]["state"], status["customers"]) == ("done", 120)
    found = caller.get(f"{PATH}archetypes").json()["archetypes"]
    kinds = [one for one in found if one["level"] == 2]
    assert (len(kinds), sum(one["customer_count"] for one in kinds)) == (status["archetypes"], 120)
    assert len({one["name"] for one in kinds}) == len(kinds)
    tiers = {one["id"] for one in found if one["level"] == 1}
    assert {one["tier"]["id"] for one in kinds} <= tiers
    best = kinds[0]["characteristics"]
    assert best["frequency"] == best["order_days"] == 8
    assert {"recency_days", "monetary_avg", "average_order"} <= best.keys()


def test_a_customer_is_told_with_their_archetype_and_found_by_search(
    api: Api, crowd: list[Customer], one_thread: None
) -> None:
    find_archetypes(now=timezone.now())
    caller = api("read")
    one = caller.get(f"{PATH}customers/{crowd[0].code}").json()
    assert one["archetype"].keys() == {"id", "name", "level"}
    assert 0 < one["confidence"] <= 1
    found = caller.get(f"{PATH}customers/search", {"query": "Guest 000", "limit": "5"}).json()["data"]
    assert [(row["customer_id"], row["archetype"]) for row in found[:1]] == [(crowd[0].code, one["archetype"])]
    assert caller.get(f"{PATH}customers/search").status_code == 422
    assert caller.get(f"{PATH}customers/search", {"query": "Guest", "limit": "51"}).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"min_k": 1}, "min_k"),
        ({"min_k": 5, "max_k": 4}, "max_k"),
        ({"sample_size": 99}, "sample_size"),
        ({"k": 3}, "k"),
    ],
)
def test_a_wrong_question_is_answered_at_the_field(
    api: Api, crowd: list[Customer], wrong: dict[str, int], field: str
) -> None:
    answer = api("write").post(f"{PATH}cluster", wrong, content_type="application/json")
    assert answer.status_code == 422
    assert field in str(answer.json())
    assert not Job.objects.filter(kind=ARCHETYPES).exists()


def test_runs_are_listed_and_taken_again(api: Api, crowd: list[Customer], one_thread: None) -> None:
    first = find_archetypes(now=timezone.now())
    second = find_archetypes(now=timezone.now(), asked={"min_k": 2, "max_k": 2})
    assert first is not None
    assert second is not None
    caller = api("write")
    listed = caller.get(f"{PATH}runs/").json()["data"]
    assert [(run["id"], run["kind"]) for run in listed] == [(second.code, "asked"), (first.code, "asked")]
    one = caller.get(f"{PATH}runs/{second.code}").json()
    assert sum(move["customers"] for move in one["moves"]) == 120
    assert [row["archetypes"] for row in one["candidates"]] == [2]
    assert caller.get(f"{PATH}runs/nothere").status_code == 404
    assert caller.post(f"{PATH}runs/{first.code}/rollback").status_code == 202
    refused = caller.post(f"{PATH}runs/{second.code}/rollback")
    assert (refused.status_code, refused.json()["code"]) == (409, "run_under_way")
    assert caller.delete(f"{PATH}cluster/status").status_code == 204
    assert Job.objects.get(kind=ARCHETYPES).state == Job.State.CANCELLED
    assert ArchetypeRun.objects.count() == 2


def test_names_and_settings_are_changed(api: Api, crowd: list[Customer], one_thread: None) -> None:
    find_archetypes(now=timezone.now())
    kind = Archetype.objects.filter(level=2)[0]
    writer = api("write")
    url = f"{PATH}archetypes/{kind.code}"
    assert writer.patch(url, {"name": "Ours"}, content_type="application/json").json()["name"] == "Ours"
    assert api("read").patch(url, {"name": "Mine"}, content_type="application/json").status_code == 403
    tier = Archetype.objects.filter(level=1)[0]
    refused = writer.patch(f"{PATH}archetypes/{tier.code}", {"name": "x"}, content_type="application/json")
    assert refused.status_code == 404, "value tiers have names of ours"
    missing = writer.patch(f"{PATH}archetypes/nothere", {"name": "x"}, content_type="application/json")
    assert missing.status_code == 404
    settings = f"{PATH}settings"
    assert writer.get(settings).json()["margin"] == "1.0000"


def test_who_may_ask(api: Api, business: Business, crowd: list[Customer], other_programme: Programme) -> None:
    assert api("read").post(f"{PATH}cluster", {}, content_type="application/json").status_code == 403
    limited = api("write", business=business)
    for path in ("archetypes", "cluster/status", "runs/", "settings", "customers/search?query=a"):
        assert limited.get(f"{PATH}{path}").status_code == 403
    assert limited.post(f"{PATH}cluster", {}, content_type="application/json").status_code == 403
    find_archetypes(now=timezone.now())
    code = Archetype.objects.filter(level=2)[0].code
    with tenant_context(other_programme):
        assert not Archetype.objects.filter(code=code).exists()
