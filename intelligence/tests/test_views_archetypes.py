"""The pages of archetypes: before the first run, with what was found, one of them, the runs, and the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from django.test import Client
from django.utils import timezone

from core.actor import SYSTEM
from core.permissions import Role
from customers.models import Archetype, Customer, CustomerArchetype
from intelligence.actions.archetypes import find_archetypes
from intelligence.actions.requests import ARCHETYPES, request_run
from intelligence.actions.settings import settings_now
from intelligence.models import ArchetypeRun
from programs.models import User
from workspace.actions.jobs import run_job
from workspace.models import AuditEntry, Business, Job

PAGE, RUNS, SETTINGS = "/intelligence/archetypes/", "/intelligence/archetypes/runs/", "/intelligence/settings/"
RUN, PROGRESS = f"{PAGE}run/", f"{PAGE}progress/"
Clients = Callable[..., Client]


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_before_the_first_run_who_may_can_start_it(client_of: Clients, owner: User, analyst: User) -> None:
    assert "Find them now" in text(client_of(owner), PAGE)
    assert "Find them now" not in text(client_of(analyst), PAGE)
    assert client_of(analyst).post(RUN).status_code == 403
    assert "No runs yet" in text(client_of(owner), RUNS)


def test_a_run_is_started_followed_and_shown(
    client_of: Clients, owner: User, crowd: list[Customer], one_thread: None
) -> None:
    browser = client_of(owner)
    assert browser.post(RUN, {"min_k": "3", "max_k": "5"}).status_code == 303
    job = Job.objects.get(kind=ARCHETYPES)
    assert job.params == {"min_k": 3, "max_k": 5}
    assert "Waiting to start" in text(browser, PAGE)
    assert 'hx-trigger="every 2s"' in browser.get(PROGRESS, headers={"HX-Request": "true"}).content.decode()
    run_job(job.pk)
    assert browser.get(PROGRESS, headers={"HX-Request": "true"})["HX-Redirect"] == PAGE
    page = text(browser, PAGE)
    for archetype in Archetype.objects.filter(level=2):
        assert archetype.name.replace("&", "&amp;") in page
    assert page.count("<circle") >= 100
    assert "Nobody has moved yet" in page


def test_a_wrong_range_is_said_at_the_field(client_of: Clients, owner: User, crowd: list[Customer]) -> None:
    answer = client_of(owner).post(RUN, {"min_k": "6", "max_k": "5"})
    assert answer.status_code == 422
    assert not Job.objects.filter(kind=ARCHETYPES).exists()


def test_stopping_a_waiting_run(client_of: Clients, owner: User, crowd: list[Customer]) -> None:
    request_run(ARCHETYPES, actor=SYSTEM, now=timezone.now())
    assert f'<form method="post" action="{PAGE}stop/"' in text(client_of(owner), PAGE)  # also without scripts
    answer = client_of(owner).post(f"{PAGE}stop/", headers={"HX-Request": "true"})
    assert "Stopped" in answer.content.decode()
    assert Job.objects.get(kind=ARCHETYPES).state == Job.State.CANCELLED


def test_a_run_that_goes_on_says_that_it_was_asked_to_stop(client_of: Clients, owner: User) -> None:
    request_run(ARCHETYPES, actor=SYSTEM, now=timezone.now())
    Job.objects.update(state=Job.State.RUNNING)
    answer = client_of(owner).post(f"{PAGE}stop/", headers={"HX-Request": "true"}).content.decode()
    assert "Stopping" in answer
    assert f'action="{PAGE}stop/"' not in answer


def test_who_may_only_look_gets_no_button_that_would_be_refused(
    client_of: Clients, owner: User, analyst: User, crowd: list[Customer], one_thread: None
) -> None:
    find_archetypes(now=timezone.now())
    request_run(ARCHETYPES, actor=SYSTEM, now=timezone.now())
    browser, htmx = client_of(analyst), {"HX-Request": "true"}
    assert SETTINGS in text(client_of(owner), PAGE)
    assert SETTINGS not in text(browser, PAGE)
    seen = [text(browser, PAGE), text(browser, RUNS), browser.get(PROGRESS, headers=htmx).content.decode()]
    Job.objects.update(state=Job.State.FAILED, error="It broke.")
    seen.append(browser.get(PROGRESS, headers=htmx).content.decode())
    assert "It broke." in seen[-1]
    assert not [shown for shown in seen if f"{PAGE}stop/" in shown or f'"{RUN}"' in shown]


def test_who_moved_is_drawn_and_listed(
    client_of: Clients, owner: User, crowd: list[Customer], one_thread: None
) -> None:
    find_archetypes(now=timezone.now())
    find_archetypes(now=timezone.now(), kind=ArchetypeRun.Kind.NIGHTLY)
    browser = client_of(owner)
    assert "Everybody is where they were." in text(browser, PAGE)
    first, second = Archetype.objects.filter(level=2).order_by("place")[:2]
    run = ArchetypeRun.objects.order_by("-pk")[0]
    run.moves = [[first.pk, first.pk, 60], [first.pk, second.pk, 12], [second.pk, second.pk, 40], [None, second.pk, 3]]
    run.save()
    page = text(browser, PAGE)
    assert f"archetype={second.code}&amp;archetype_before={first.code}" in page
    assert page.count("flow-stayed") == 2
    assert ">Change<" in page
    assert "another division" not in page
    run.moves = [[first.pk, second.pk, 12]]
    run.save()
    assert "another division" in text(browser, PAGE)
    detail = text(browser, f"{PAGE}of/{second.code}/")
    assert "+12" in detail
    assert "−12" in text(browser, f"{PAGE}of/{first.code}/")
    run.next_moves_since = timezone.now().date() + timedelta(days=1)  # a weekly run: members know the one before it
    run.save()
    page = text(browser, PAGE)
    assert f"archetype={second.code}&amp;archetype_before={first.code}" in page
    assert ">Change<" not in page  # of another division


def test_one_archetype_can_be_renamed_by_who_may(
    client_of: Clients, owner: User, analyst: User, crowd: list[Customer], one_thread: None
) -> None:
    find_archetypes(now=timezone.now())
    first, second = Archetype.objects.filter(level=2).order_by("place")[:2]
    url = f"{PAGE}of/{first.code}/"
    assert "What sets them apart" in text(client_of(owner), url)
    assert client_of(analyst).post(f"{url}name/", {"name": "Mine"}).status_code == 403
    assert client_of(owner).post(f"{url}name/", {"name": "Mine"}).status_code == 303
    refused = client_of(owner).post(f"{PAGE}of/{second.code}/name/", {"name": "mine"})
    assert refused.status_code == 422
    assert "Another archetype has this name." in refused.content.decode()
    assert client_of(owner).get(f"{PAGE}of/nothere123/").status_code == 404


def test_an_earlier_run_is_taken_again(
    client_of: Clients, owner: User, analyst: User, crowd: list[Customer], one_thread: None
) -> None:
    now = timezone.now()
    first = find_archetypes(now=now)
    find_archetypes(now=now, asked={"min_k": 2, "max_k": 2})
    assert first is not None
    url = f"{RUNS}{first.code}/roll-back/"
    assert client_of(analyst).post(url).status_code == 403
    assert client_of(owner).post(f"{RUNS}nothere123/roll-back/").status_code == 404
    assert client_of(owner).post(url).status_code == 303
    assert client_of(owner).post(url).status_code == 303  # a double click
    assert AuditEntry.objects.filter(action="intelligence.archetypes.rolled_back").count() == 1
    run_job(Job.objects.get(kind=ARCHETYPES).pk)
    assert ArchetypeRun.objects.order_by("-pk")[0].kind == "back"
    assert CustomerArchetype.objects.values("archetype").distinct().count() == first.k


def test_a_run_that_goes_on_is_not_taken_for_a_rollback(
    client_of: Clients, owner: User, crowd: list[Customer], one_thread: None
) -> None:
    first = find_archetypes(now=timezone.now())
    assert first is not None
    request_run(ARCHETYPES, actor=SYSTEM, now=timezone.now())
    answer = client_of(owner).post(f"{RUNS}{first.code}/roll-back/")
    assert answer.status_code == 409
    assert not AuditEntry.objects.filter(action="intelligence.archetypes.rolled_back").exists()


def test_people_of_one_business_see_no_archetypes(
    client_of: Clients, make_member: Callable[..., User], business: Business
) -> None:
    limited = client_of(make_member("l@example.com", Role.MANAGER, business=business))
    for url in (PAGE, RUNS, f"{PAGE}of/nothere123/"):
        assert limited.get(url).status_code == 403


def test_settings_are_entered_in_percent(client_of: Clients, owner: User, marketer: User) -> None:
    browser = client_of(owner)
    given = {
        "margin": "35", "discount_rate": "8.5", "horizon_days": "", "nightly_sample": "1000", "weekly_sample": "",
        "min_k": "3", "max_k": "8", "is_dynamic": "on", "vip_value": "1500", "vip_customers": "50",
        "retention_churn": "70", "vip_customer_value": "900",
    }  # fmt: skip
    assert 'value="100"' in text(browser, SETTINGS)  # all of what is spent
    assert browser.post(SETTINGS, given).status_code == 303
    found = settings_now()
    assert (found.margin, found.discount_rate, found.retention_churn) == (Decimal("0.35"), Decimal("0.085"), 0.7)
    assert (found.weekly_sample, found.horizon_days, found.is_robust) == (None, None, False)
    refused = browser.post(SETTINGS, given | {"max_k": "2"})
    assert refused.status_code == 422
    assert "The most cannot be below the fewest." in refused.content.decode()
    assert settings_now().max_k == 8
    assert client_of(marketer).get(SETTINGS).status_code == 403
