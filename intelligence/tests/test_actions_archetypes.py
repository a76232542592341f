"""Finding archetypes in the database: who belongs where, what stays the same from run to run, and going back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from core.errors import InvalidInput, NotFound
from customers.actions.archetypes import rename_archetype
from customers.models import Archetype, Customer, CustomerArchetype, Order
from customers.tests.test_actions_facts import sale
from intelligence.actions.archetype_figures import count_archetypes
from intelligence.actions.archetypes import SEARCH_AGAIN, find_archetypes, newest_run, use_again
from intelligence.actions.features import rebuild_features
from intelligence.actions.forecasts import forecast_customers
from intelligence.actions.requests import ARCHETYPES, FORECAST, request_run
from intelligence.actions.settings import SettingsValues, change_settings
from intelligence.models import ArchetypeRun
from intelligence.reports_archetype import most_valued
from intelligence.tasks import (
    AFTER_ANOTHER_RUN,
    ARCHETYPES_NIGHTLY_AT,
    SUNDAY,
    find_archetypes_nightly,
    find_archetypes_weekly,
    next_night,
)
from programs.models import Programme
from workspace.actions.jobs import JobCancelled, request_cancel, run_job
from workspace.models import AuditEntry, Business, Job

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)  # a Wednesday
Kind = ArchetypeRun.Kind


@pytest.fixture
def crowd(business: Business, programme: Programme) -> dict[str, list[Customer]]:
    """60 who come each week and spend 10 or so, 60 who came once for 200 or so and 60 who came once long ago for 5."""
    made: dict[str, list[Customer]] = {"weekly": [], "once": [], "gone": []}
    orders = []
    for group, visits, gap, spent, last in (("weekly", 9, 7, 10, 1), ("once", 1, 0, 200, 20), ("gone", 1, 0, 5, 300)):
        for number in range(60):
            customer = Customer.objects.create(first_name=f"{group} {number:02}")
            made[group].append(customer)
            for visit in range(visits):
                at = NOW - timedelta(days=last + number % 6 + visit * (gap + number % 2), hours=2)
                total = spent + number % 7
                orders.append(
                    Order(business=business, customer=customer, source="api", reference=f"{group}{number}-{visit}",
                          placed_at=at, total=total)
                )  # fmt: skip
    Order.objects.bulk_create(orders)
    return made


def _members() -> dict[int, CustomerArchetype]:
    return {member.customer_id: member for member in CustomerArchetype.objects.select_related("archetype")}


def test_those_who_behave_alike_belong_together(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    never = Customer.objects.create(first_name="Never bought")
    run = find_archetypes(now=NOW)
    assert run is not None
    members = _members()
    assert len(members) == 180
    assert never.pk not in members
    groups = {name: {members[one.pk].archetype.pk for one in people} for name, people in crowd.items()}
    assert not groups["weekly"] & groups["gone"]
    assert not groups["weekly"] & groups["once"]
    typical = {name: members[people[0].pk].archetype.typical for name, people in crowd.items()}
    assert ["mean_gap_days" in typical[name] for name in ("weekly", "once", "gone")] == [True, False, False]
    assert all(0 < member.confidence <= 1 and member.since == date(2026, 6, 17) for member in members.values())
    kinds = Archetype.objects.filter(is_current=True, level=Archetype.Level.KIND).order_by("place")
    assert [kind.place for kind in kinds] == list(range(1, run.k + 1))
    assert len({kind.name for kind in kinds}) == run.k
    assert sum(kind.customers for kind in kinds) == 180
    assert {kind.tier.name for kind in kinds if kind.tier} <= {"High value", "Middle value", "Low value"}
    tiers = Archetype.objects.filter(is_current=True, level=Archetype.Level.TIER)
    assert sum(tier.customers for tier in tiers) == 180
    assert sum(tier.spent for tier in tiers) == sum(order.total for order in Order.objects.all())
    assert (run.moves, run.customers, run.kind) == ([], 180, Kind.ASKED)
    assert {archetype for _x, _y, archetype in run.people["points"]} == {kind.pk for kind in kinds}  # and no customer


def test_archetypes_keep_their_ids_and_follow_people(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    first = find_archetypes(now=NOW)
    before = {pk: member.archetype.pk for pk, member in _members().items()}
    back = crowd["gone"][0]
    sale(crowd_business(crowd), back, "again", "215.00", placed_at=NOW + timedelta(days=1))
    rebuild_features(now=NOW + timedelta(days=2))
    later = find_archetypes(now=NOW + timedelta(days=2), kind=Kind.NIGHTLY)
    assert first is not None
    assert later is not None
    assert later.because == "kept"
    assert later.searched_at == first.searched_at
    assert [row["id"] for row in later.found] == [row["id"] for row in first.found]
    moved = {pk for pk, member in _members().items() if member.archetype.pk != before[pk]}
    assert back.pk in moved
    assert len(moved) <= 4
    assert sum(count for old, new, count in later.moves if old != new) == len(moved)
    assert sum(count for _old, _new, count in later.moves) == 180
    assert later.moves_since == date(2026, 6, 17)
    assert _members()[back.pk].since == date(2026, 6, 19)
    assert _members()[crowd["weekly"][0].pk].since == date(2026, 6, 17)


def test_movement_is_told_since_the_last_weekly_run_but_one_and_members_know_it(
    crowd: dict[str, list[Customer]], one_thread: None
) -> None:
    def moved(days: int, kind: str) -> tuple[date | None, int]:
        run = find_archetypes(now=NOW + timedelta(days=days), kind=kind)
        assert run is not None
        for before, after, count in run.moves:
            assert CustomerArchetype.objects.filter(earlier=before, archetype=after).count() == count
        assert sum(count for _before, _after, count in run.moves) == CustomerArchetype.objects.count()
        return run.moves_since, sum(count for old, new, count in run.moves if old != new)

    find_archetypes(now=NOW)
    new = Customer.objects.create(first_name="Newcomer")
    sale(crowd_business(crowd), new, "first", "10.00", placed_at=NOW)
    rebuild_features(now=NOW)
    first, second = date(2026, 6, 17), date(2026, 6, 21)
    assert moved(1, Kind.NIGHTLY) == (first, 1)
    assert moved(2, Kind.NIGHTLY) == (first, 1)  # still told
    assert moved(4, Kind.WEEKLY) == (first, 1)
    assert moved(5, Kind.NIGHTLY) == (first, 1)
    assert moved(11, Kind.WEEKLY) == (second, 0)
    assert moved(11, Kind.WEEKLY) == (second, 0)  # a repeated job
    assert moved(12, Kind.NIGHTLY) == (second, 0)
    assert moved(18, Kind.WEEKLY) == (date(2026, 6, 28), 0)


def crowd_business(crowd: dict[str, list[Customer]]) -> Business:
    return Order.objects.filter(customer=crowd["weekly"][0])[0].business


def test_their_number_is_searched_for_anew_when_it_is_old_or_another_range_holds(
    crowd: dict[str, list[Customer]], one_thread: None
) -> None:
    find_archetypes(now=NOW)
    soon = find_archetypes(now=NOW + timedelta(days=1), kind=Kind.WEEKLY)
    assert soon is not None
    assert soon.because == "kept"
    old = find_archetypes(now=NOW + SEARCH_AGAIN, kind=Kind.WEEKLY)
    assert old is not None
    assert old.because != "kept"
    other = find_archetypes(now=NOW + SEARCH_AGAIN, kind=Kind.WEEKLY, asked={"max_k": 4, "sample_size": 150})
    assert other is not None
    assert other.because != "kept"
    assert (other.options["max_k"], other.looked_at) == (4, 150)
    assert other.k <= 4


def test_nights_go_on_from_what_was_asked_for_or_taken_again(
    crowd: dict[str, list[Customer]], one_thread: None
) -> None:
    def night(days: int) -> ArchetypeRun:
        run = find_archetypes(now=NOW + timedelta(days=days), kind=Kind.NIGHTLY)
        assert run is not None
        return run

    two = find_archetypes(now=NOW, asked={"min_k": 2, "max_k": 2})
    assert two is not None
    assert (night(1).k, night(2).because) == (2, "kept")
    find_archetypes(now=NOW + timedelta(days=2), asked={"min_k": 3, "max_k": 3})
    use_again(run=two.code, now=NOW + timedelta(days=2))
    assert (night(3).k, night(4).because) == (2, "kept")
    change_settings(values=SettingsValues(max_k=6), actor=SYSTEM)
    assert night(5).because != "kept"
    assert night(6).because == "kept"
    ArchetypeRun.objects.update(customers=120)  # of 180 now: an import came
    assert night(7).because != "kept"


def test_who_is_archived_belongs_nowhere(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    find_archetypes(now=NOW)
    Customer.objects.filter(pk=crowd["weekly"][0].pk).update(state=Customer.State.ARCHIVED)
    run = find_archetypes(now=NOW + timedelta(days=1), kind=Kind.NIGHTLY)
    assert run is not None
    assert crowd["weekly"][0].pk not in _members()
    assert run.customers == 179
    assert sum(row["customers"] for row in run.found) == 179
    assert sum(kind.customers for kind in Archetype.objects.filter(is_current=True, level=2)) == 179


def test_a_run_that_is_stopped_at_its_end_changes_nothing(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    def stop(done: int, total: int, _message: str) -> None:
        if done == total:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        find_archetypes(now=NOW, report=stop)
    assert not ArchetypeRun.objects.exists()
    assert not Archetype.objects.exists()
    assert not CustomerArchetype.objects.exists()


def test_rules_divide_few_buyers(business: Business, one_thread: None) -> None:
    for number in range(8):
        customer = Customer.objects.create(first_name=f"c{number}")
        sale(business, customer, f"{number}", "10.00", placed_at=NOW - timedelta(days=20 * number))
    run = find_archetypes(now=NOW)
    assert run is not None
    assert (run.because, run.k) == ("few_buyers", 4)
    assert {member.confidence for member in _members().values()} == {1.0}
    again = find_archetypes(now=NOW + timedelta(days=1), kind=Kind.NIGHTLY)
    assert again is not None
    assert [row["id"] for row in again.found] == [row["id"] for row in run.found]


def test_nobody_bought(programme: Programme) -> None:
    assert find_archetypes(now=NOW) is None
    assert not ArchetypeRun.objects.exists()


def test_nobody_belongs_anywhere_when_no_purchase_is_left(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    find_archetypes(now=NOW)
    Order.objects.all().delete()
    rebuild_features(now=NOW)
    find_archetypes_nightly(NOW)
    run_job(Job.objects.get(kind=ARCHETYPES).pk)
    assert not CustomerArchetype.objects.exists()
    assert set(Archetype.objects.values_list("customers", "spent")) == {(0, 0)}
    find_archetypes_nightly(NOW + timedelta(days=1))
    assert Job.objects.filter(kind=ARCHETYPES).count() == 1


def test_an_earlier_run_is_used_again(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    first = find_archetypes(now=NOW)
    assert first is not None
    before = {pk: member.archetype.pk for pk, member in _members().items()}
    find_archetypes(now=NOW, asked={"min_k": 2, "max_k": 2})
    assert len({member.archetype.pk for member in _members().values()}) == 2
    back = use_again(run=first.code, now=NOW)
    assert back is not None
    assert back.kind == Kind.BACK
    assert {pk: member.archetype.pk for pk, member in _members().items()} == before
    assert newest_run() == back
    with pytest.raises(NotFound):
        use_again(run="nothere", now=NOW)


def test_forecasts_tell_what_archetypes_are_worth(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    find_archetypes(now=NOW)
    assert Archetype.objects.filter(value_12__isnull=False).count() == 0
    run_job(request_run(FORECAST, actor=SYSTEM, now=NOW).pk)
    assert not Archetype.objects.filter(value_12=None).exists()
    forecast_customers(now=NOW)
    count_archetypes()
    weekly = _members()[crowd["weekly"][0].pk].archetype
    gone = _members()[crowd["gone"][0].pk].archetype
    assert weekly.value_12 is not None
    assert gone.value_12 is not None
    assert weekly.value_12 > gone.value_12
    assert weekly.churn is not None
    assert gone.churn is not None
    assert weekly.churn < gone.churn


def test_who_was_not_forecast_yet_is_not_worth_most(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    find_archetypes(now=NOW)
    forecast_customers(now=NOW)
    archetype = _members()[crowd["weekly"][0].pk].archetype
    new = Customer.objects.create(first_name="Newcomer")
    CustomerArchetype.objects.create(customer=new, archetype=archetype, confidence=1, since=NOW.date())
    shown = [member.customer for member in most_valued(archetype, count=1000)]
    assert shown[-1] == new
    values = [customer.scores.value_12 for customer in shown[:-1]]
    assert values == sorted(values, reverse=True)


def test_staff_rename_an_archetype_and_runs_keep_the_name(crowd: dict[str, list[Customer]], one_thread: None) -> None:
    find_archetypes(now=NOW)
    first, second = Archetype.objects.filter(is_current=True, level=2).order_by("place")[:2]
    rename_archetype(code=first.code, name="  My   best ", actor=SYSTEM)
    with pytest.raises(InvalidInput) as refused:
        rename_archetype(code=second.code, name="my best", actor=SYSTEM)
    assert refused.value.field == "name"
    find_archetypes(now=NOW + timedelta(days=1), kind=Kind.NIGHTLY)
    first.refresh_from_db()
    assert first.name == "My best"
    said = AuditEntry.objects.get(action="customers.archetype.renamed")
    assert said.data["changes"]["name"]["after"] == "My best"
    rename_archetype(code=second.code, name=first.found_name, actor=SYSTEM)
    with pytest.raises(InvalidInput):  # the name by rules is in use now
        rename_archetype(code=first.code, name="", actor=SYSTEM)
    find_archetypes(now=NOW + timedelta(days=2), kind=Kind.NIGHTLY)
    assert len({one.name for one in Archetype.objects.filter(is_current=True, level=2)}) == 3
    rename_archetype(code=first.code, name="", actor=SYSTEM)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.name == first.found_name != second.name


def test_one_run_at_a_time_and_a_stopped_one_changes_nothing(
    crowd: dict[str, list[Customer]], one_thread: None
) -> None:
    job = request_run(ARCHETYPES, actor=SYSTEM, now=NOW, params={"max_k": 3})
    assert request_run(ARCHETYPES, actor=SYSTEM, now=NOW) == job
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING)
    request_cancel(job=job, actor=SYSTEM, now=NOW)
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not ArchetypeRun.objects.exists()
    other = request_run(ARCHETYPES, actor=SYSTEM, now=NOW)
    run_job(other.pk)
    other.refresh_from_db()
    assert other.state == Job.State.DONE, other.error
    assert other.result["customers"] == 180


def test_nightly_at_two_and_sundays_at_three(programme: Programme, business: Business) -> None:
    zone = programme.zone
    assert next_night(NOW, zone, at=ARCHETYPES_NIGHTLY_AT) == datetime(2026, 6, 18, 2, 0, tzinfo=zone)
    assert find_archetypes_weekly(NOW) == datetime(2026, 6, 21, 3, 0, tzinfo=zone)
    assert find_archetypes_weekly(datetime(2026, 6, 21, 3, 0, tzinfo=zone)) == datetime(2026, 6, 28, 3, 0, tzinfo=zone)
    assert next_night(datetime(2026, 6, 21, 2, 59, tzinfo=zone), zone, weekday=SUNDAY).day == 28
    assert not Job.objects.exists()  # nobody has bought
    sale(business, Customer.objects.create(), "1", "10.00", placed_at=NOW)
    find_archetypes_weekly(NOW)
    assert Job.objects.get().params == {"kind": "weekly"}


def test_the_weekly_run_waits_for_the_nightly_one(programme: Programme, business: Business) -> None:
    sale(business, Customer.objects.create(), "1", "10.00", placed_at=NOW)
    morning = datetime(2026, 6, 21, 8, 0, tzinfo=programme.zone)  # the machine slept at 2 and at 3
    find_archetypes_nightly(morning)
    nightly = Job.objects.get()
    assert find_archetypes_weekly(morning) == morning + AFTER_ANOTHER_RUN
    assert Job.objects.get() == nightly
    nightly.state, nightly.finished_at = Job.State.DONE, morning
    nightly.save()
    assert find_archetypes_weekly(morning + AFTER_ANOTHER_RUN) == datetime(2026, 6, 28, 3, 0, tzinfo=programme.zone)
    assert Job.objects.latest("pk").params == {"kind": "weekly"}


def test_archetypes_stay_in_their_programme(
    crowd: dict[str, list[Customer]], other_programme: Programme, one_thread: None
) -> None:
    find_archetypes(now=NOW)
    with tenant_context(other_programme):
        Customer.objects.create(pk=crowd["weekly"][0].pk, first_name="Same key")
        assert find_archetypes(now=NOW) is None
        assert not Archetype.objects.exists()
    assert CustomerArchetype.objects.count() == 180
