"""Making segments, changing them, putting people in by hand; and what is written down when people come and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.errors import InvalidInput, NotFound, PermissionRefused
from customers.actions.rollups import refresh_customers
from customers.models import AttributeDefinition, Customer, Event, Order
from customers.tests.test_actions_facts import sale
from segments.actions import counting, living
from segments.actions.counting import Counting
from segments.actions.living import count_due, count_everybody
from segments.actions.marks import mark_people, mark_segments
from segments.actions.ready import make_ready_segments
from segments.actions.segments import (
    SegmentBroken,
    SegmentChanged,
    SegmentInUse,
    archive_segment,
    change_segment,
    choose_people,
    create_segment,
    duplicate_segment,
    restore_segment,
)
from segments.models import Segment, SegmentChange, SegmentDay, SegmentMember, SegmentPart
from segments.rules import Refused
from workspace.models import AuditEntry

NOW = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)
BOUGHT = {"type": "condition", "field": "orders", "op": "at_least", "value": 1}
LATELY = {**BOUGHT, "window": {"type": "last", "count": 7}}


def rules(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "match": {"type": "all", "of": list(nodes)}}


def within(segment: Segment) -> dict[str, Any]:
    return {"type": "condition", "field": "in_segment", "op": "has_one_of", "value": [segment.code]}


@pytest.fixture
def people(business) -> list[Customer]:
    """Ann bought three days ago, Ben a month ago, Cem never."""
    people = [Customer.objects.create(first_name=name) for name in ("Ann", "Ben", "Cem")]
    for customer, days in zip(people, (3, 30), strict=False):
        sale(business, customer, customer.first_name, "10", placed_at=NOW - timedelta(days=days))
    refresh_customers({one.pk for one in people})
    return people


def make(name: str, document: object, *, now: datetime = NOW) -> Segment:
    segment = create_segment(name=name, document=document, actor=SYSTEM, now=now)
    count_due(now=now)
    segment.refresh_from_db()
    return segment


def names(segment: Segment) -> set[str]:
    return set(SegmentMember.objects.filter(segment=segment).values_list("customer__first_name", flat=True))


def history(segment: Segment) -> list[tuple[str, bool, str]]:
    rows = SegmentChange.objects.filter(segment=segment).order_by("pk")
    return list(rows.values_list("customer__first_name", "is_entry", "reason"))


def told() -> list[tuple[str, str, str]]:
    rows = Event.objects.filter(name__startswith="segments.").order_by("pk")
    return [(row.customer.first_name, row.name, row.data["reason"]) for row in rows.select_related("customer")]


def test_whoever_is_there_at_the_first_count_did_not_come_in(people):
    segment = make("Customers", rules(BOUGHT))
    assert names(segment) == {"Ann", "Ben"}
    assert (segment.people, segment.counted_at, segment.is_stale) == (2, NOW, False)
    assert history(segment) == []
    assert told() == []
    assert list(SegmentDay.objects.values_list("day", "people", "entered", "left")) == [(NOW.date(), 2, 0, 0)]


def test_time_takes_people_out_and_a_purchase_brings_them_in(people, business):
    segment = make("Lately", rules(LATELY))
    assert names(segment) == {"Ann"}
    assert segment.next_change_at == datetime(2026, 6, 17, 23, 0, tzinfo=UTC)  # midnight in London
    sale(business, people[1], "again", "5", placed_at=NOW)
    refresh_customers({people[1].pk})
    later = NOW + timedelta(days=4)
    assert count_due(now=later) == datetime(2026, 6, 21, 23, 0, tzinfo=UTC)
    assert names(segment) == {"Ben"}
    assert sorted(history(segment)) == [("Ann", False, "time"), ("Ben", True, "person")]
    assert sorted(told()) == [
        ("Ann", "segments.member.left", "time"),
        ("Ben", "segments.member.entered", "person"),
    ]
    event = Event.objects.get(name="segments.member.left")
    assert event.data == {"segment": segment.code, "segment_name": "Lately", "reason": "time"}
    assert event.occurred_at == later
    assert SegmentDay.objects.filter(day=later.date()).values_list("people", "entered", "left").get() == (1, 1, 1)


def test_an_hour_passes_at_its_moment(people, business):
    sale(business, people[2], "now", "5", placed_at=NOW)
    segment = make("Now", rules({**BOUGHT, "window": {"type": "last", "count": 2, "unit": "hour"}}))
    assert names(segment) == {"Cem"}
    assert segment.next_change_at == NOW + timedelta(hours=2, microseconds=1)
    assert count_due(now=NOW + timedelta(hours=2)) == NOW + timedelta(hours=2, microseconds=1)
    assert names(segment) == {"Cem"}
    assert count_due(now=NOW + timedelta(hours=2, seconds=1)) is None
    assert names(segment) == set()


def test_other_rules_are_history_but_tell_nobody(people):
    segment = make("Customers", rules(BOUGHT))
    later = NOW + timedelta(hours=1)
    change_segment(code=segment.code, name="Customers", document=rules(LATELY), actor=SYSTEM, now=later)
    count_due(now=later)
    assert names(segment) == {"Ann"}
    assert history(segment) == [("Ben", False, "rules")]
    assert told() == []


def test_the_same_again_writes_nothing(people):
    segment = make("Customers", rules(BOUGHT))
    entries = AuditEntry.objects.count()
    change_segment(code=segment.code, name="Customers", document=rules(BOUGHT), actor=SYSTEM, now=NOW)
    assert AuditEntry.objects.count() == entries
    assert not Segment.objects.get().is_stale


def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(people):
    segment = make("Customers", rules(BOUGHT))
    seen = segment.version
    change_segment(code=segment.code, name="Buyers", document=rules(BOUGHT), actor=SYSTEM, now=NOW, seen=seen)
    with pytest.raises(SegmentChanged):
        change_segment(code=segment.code, name="Customers", document=rules(LATELY), actor=SYSTEM, now=NOW, seen=seen)
    segment.refresh_from_db()
    assert (segment.name, segment.rules, segment.is_stale) == ("Buyers", rules(BOUGHT), False)
    same = change_segment(code=segment.code, name="Buyers", document=rules(BOUGHT), actor=SYSTEM, now=NOW, seen=seen)
    assert same.name == "Buyers"  # sent twice


def test_by_hand_survives_every_count(people):
    ann, _ben, cem = people
    segment = make("Customers", rules(BOUGHT))
    choose_people(code=segment.code, customers=[cem.pk], is_in=True, actor=SYSTEM, now=NOW)
    choose_people(code=segment.code, customers=[ann.pk], is_in=False, actor=SYSTEM, now=NOW)
    count_everybody()
    assert names(segment) == {"Ben", "Cem"}
    assert history(segment) == [("Cem", True, "hand"), ("Ann", False, "hand")]
    assert [name for _who, name, _why in told()] == ["segments.member.entered", "segments.member.left"]
    choose_people(code=segment.code, customers=[ann.pk, cem.pk], is_in=None, actor=SYSTEM, now=NOW)
    assert names(segment) == {"Ann", "Ben"}
    Customer.objects.filter(pk=cem.pk).update(state=Customer.State.ARCHIVED)
    choose_people(code=segment.code, customers=[cem.pk], is_in=True, actor=SYSTEM, now=NOW)
    assert names(segment) == {"Ann", "Ben"}  # who is archived is passed over
    segment.choices.create(customer=cem, is_in=True, actor="user:1")
    choose_people(code=segment.code, customers=[cem.pk], is_in=None, actor=SYSTEM, now=NOW)
    assert not segment.choices.exists()


def test_only_who_is_chosen_comes_by_hand(people):
    """Not whom time takes away in the same count, or whom everybody's count brings."""
    ann, ben, cem = people
    segment = make("Lately", rules(LATELY))
    later = NOW + timedelta(days=10)
    choose_people(code=segment.code, customers=[cem.pk], is_in=True, actor=SYSTEM, now=later)
    assert sorted(history(segment)) == [("Ann", False, "time"), ("Cem", True, "hand")]
    mark_segments([segment.pk])
    Order.objects.filter(customer=ann).update(placed_at=later)
    choose_people(code=segment.code, customers=[ben.pk], is_in=True, actor=SYSTEM, now=later)
    assert sorted(history(segment)[2:]) == [("Ann", True, "person"), ("Ben", True, "hand")]


def test_filled_by_hand_alone(people):
    segment = make("Friends", None)
    assert (segment.people, segment.next_change_at) == (0, None)
    choose_people(code=segment.code, customers=[people[0].pk], is_in=True, actor=SYSTEM, now=NOW)
    count_everybody()
    assert names(segment) == {"Ann"}
    copy = duplicate_segment(code=segment.code, actor=SYSTEM, now=NOW)
    count_due(now=NOW)
    assert (copy.name, names(copy)) == ("Friends (2)", {"Ann"})


def test_a_segment_of_a_segment_follows_it(people, business):
    """With whom staff put in, and the complement is everybody else."""
    inner = make("Lately", rules(LATELY))
    outer = make("In it", rules(within(inner)))
    others = make("Not in it", rules({"type": "everyone"}, {"type": "not", "of": within(inner)}))
    assert (names(outer), names(others)) == ({"Ann"}, {"Ben", "Cem"})
    choose_people(code=inner.code, customers=[people[2].pk], is_in=True, actor=SYSTEM, now=NOW)
    count_due(now=NOW)
    assert (names(outer), names(others)) == ({"Ann", "Cem"}, {"Ben"})
    count_due(now=NOW + timedelta(days=30))
    assert (names(outer), names(others)) == ({"Cem"}, {"Ann", "Ben"})


def test_no_circles(people):
    inner = make("Inner", rules(BOUGHT))
    middle = make("Middle", rules(within(inner)))
    outer = make("Outer", rules(within(middle)))
    for of in (inner, middle, outer):
        with pytest.raises(Refused) as refused:
            change_segment(code=inner.code, name="Inner", document=rules(BOUGHT, within(of)), actor=SYSTEM, now=NOW)
        assert [(one.at, one.code) for one in refused.value.problems] == [("match.of.1.value", "circle")]
    with pytest.raises(Refused):
        create_segment(name="Other", document=rules({**within(inner), "value": ["nothing"]}), actor=SYSTEM, now=NOW)
    assert SegmentPart.objects.count() == 2
    with pytest.raises(SegmentInUse) as used:
        archive_segment(code=middle.code, actor=SYSTEM, now=NOW)
    assert used.value.data == {"segments": [{"code": outer.code, "name": "Outer"}]}


def test_archived_it_stays_as_it_was(people, business):
    segment = make("Customers", rules(BOUGHT))
    archive_segment(code=segment.code, actor=SYSTEM, now=NOW)
    sale(business, people[2], "first", "5", placed_at=NOW)
    refresh_customers({people[2].pk})
    assert count_due(now=NOW) is None
    assert names(segment) == {"Ann", "Ben"}
    make("customers", rules(BOUGHT))  # its name is free
    with pytest.raises(InvalidInput):
        restore_segment(code=segment.code, actor=SYSTEM, now=NOW)
    change_segment(code=Segment.objects.get(name="customers").code, name="Others", document=None, actor=SYSTEM, now=NOW)
    restore_segment(code=segment.code, actor=SYSTEM, now=NOW)
    count_due(now=NOW)
    assert names(segment) == {"Ann", "Ben", "Cem"}


def test_what_is_refused_writes_nothing(people, other_programme):
    bound = Actor(kind="user", id="2", label="Ben", business_id=1)
    make("Customers", rules(BOUGHT))
    for name, document, error in (
        ("", rules(BOUGHT), InvalidInput),
        ("CUSTOMERS", rules(BOUGHT), InvalidInput),
        ("x" * 81, rules(BOUGHT), InvalidInput),
        ("Odd", {"version": 2}, Refused),
        ("Odd", rules({**BOUGHT, "field": "nothing"}), Refused),
        ("Odd", rules({"type": "not", "of": BOUGHT}), Refused),
    ):
        with pytest.raises(error):
            create_segment(name=name, document=document, actor=SYSTEM, now=NOW)
    with pytest.raises(PermissionRefused):
        create_segment(name="Odd", document=rules(BOUGHT), actor=bound, now=NOW)
    assert Segment.objects.count() == 1
    with tenant_context(other_programme), pytest.raises(NotFound):
        change_segment(code=Segment.objects.first() or "", name="x", document=None, actor=SYSTEM, now=NOW)


def test_what_its_rules_ask_about_is_gone(people):
    """It stays as it was, says so, and holds up no other segment."""
    segment = make("Customers", rules(BOUGHT))
    Segment.objects.filter(pk=segment.pk).update(
        rules=rules({"type": "condition", "field": "attribute:gone", "op": "exists"}), is_stale=True
    )
    make("Others", rules(BOUGHT))
    segment.refresh_from_db()
    assert (segment.is_broken, names(segment)) == (True, {"Ann", "Ben"})
    assert count_due(now=NOW + timedelta(days=400)) is None
    with pytest.raises(SegmentBroken):
        choose_people(code=segment.code, customers=[people[2].pk], is_in=True, actor=SYSTEM, now=NOW)
    assert not segment.choices.exists()
    change_segment(code=segment.code, name="Renamed", document=segment.rules, actor=SYSTEM, now=NOW)
    assert Segment.objects.get(pk=segment.pk).name == "Renamed"
    archive_segment(code=segment.code, actor=SYSTEM, now=NOW)
    restore_segment(code=segment.code, actor=SYSTEM, now=NOW)
    count_due(now=NOW)
    segment.refresh_from_db()
    assert (segment.archived_at, segment.is_broken, names(segment)) == (None, True, {"Ann", "Ben"})


def test_what_was_gone_is_back(people):
    """Whoever changed meanwhile was not judged: everybody is, with the first of whom something is noted."""
    likes = AttributeDefinition.objects.create(key="likes", label="Likes", kind="text")
    segment = make("Oat", rules({"type": "condition", "field": "attribute:likes", "op": "is", "value": "oat"}))
    AttributeDefinition.objects.all().delete()
    Customer.objects.filter(pk=people[0].pk).update(attributes={"likes": "oat"})
    mark_people([people[0].pk])
    count_due(now=NOW)
    segment.refresh_from_db()
    assert (segment.is_broken, names(segment)) == (True, set())
    likes.save()
    mark_people([people[1].pk])
    count_due(now=NOW)
    segment.refresh_from_db()
    assert (segment.is_broken, segment.is_stale, names(segment)) == (False, False, {"Ann"})


def test_rules_that_are_saved_while_the_worker_counts(people, business):
    """Its moment is older than they are. They are the reason of one count, and nobody is told of that one alone."""
    segment = make("Customers", rules(BOUGHT))
    saved = NOW + timedelta(seconds=10)
    change_segment(code=segment.code, name="Customers", document=rules(LATELY), actor=SYSTEM, now=saved)
    count_due(now=NOW + timedelta(seconds=5))
    sale(business, people[2], "first", "5", placed_at=NOW)
    refresh_customers({people[2].pk})
    count_due(now=NOW + timedelta(minutes=1))
    assert history(segment) == [("Ben", False, "rules"), ("Cem", True, "person")]
    assert told() == [("Cem", "segments.member.entered", "person")]


def test_money_is_compared_to_the_penny(people, business):
    """Facts that are computed later are followed too: the lifetime total comes from the roll-ups."""
    spent = {"type": "condition", "field": "spent", "op": "more", "value": "10"}
    segment = make("Spenders", rules(spent))
    assert names(segment) == set()
    sale(business, people[0], "penny", str(Decimal("0.01")), placed_at=NOW)
    refresh_customers({people[0].pk})
    count_due(now=NOW)
    assert names(segment) == {"Ann"}


def test_counting_costs_the_same_however_many_come(people, django_assert_max_num_queries):
    segment = make("Customers", rules(BOUGHT))
    SegmentMember.objects.all().delete()
    more = Customer.objects.bulk_create(Customer(first_name=f"N{number}") for number in range(50))
    choose_people(code=segment.code, customers=[one.pk for one in more], is_in=True, actor=SYSTEM, now=NOW)
    with django_assert_max_num_queries(20):
        Counting.at(NOW).count_all(Segment.objects.get())
    assert SegmentMember.objects.count() == 52


def test_every_programme_begins_with_six(people):
    assert make_ready_segments(now=NOW) == 6
    count_due(now=NOW)
    found = dict(Segment.objects.values_list("ready", "people"))
    assert found == {"new": 1, "loyal": 0, "big_spenders": 0, "slipping_away": 0, "lost": 0, "near_reward": 0}
    archive_segment(code=Segment.objects.get(ready="lost").code, actor=SYSTEM, now=NOW)
    assert make_ready_segments(now=NOW) == 0
    Segment.objects.get(ready="new").delete()
    make("new this month", rules(BOUGHT))
    assert make_ready_segments(now=NOW) == 1
    assert Segment.objects.get(ready="new").name == "New this month (2)"


def test_whoever_waits_sees_it_counted(people, monkeypatch):
    segment = create_segment(name="Customers", document=rules(BOUGHT), actor=SYSTEM, now=NOW)
    monkeypatch.setattr(living, "PATIENCE", 1)
    lock = "SELECT pg_sleep(0.05)"  # as a count of a million would take
    monkeypatch.setattr(counting, "_MEMBERS", f"WITH slow AS ({lock}), {counting._MEMBERS.strip()[5:]}, slow")
    assert living.count_at_once(segment.pk, now=NOW) is False
    assert Segment.objects.get().is_stale
    monkeypatch.undo()
    assert living.count_at_once(segment.pk, now=NOW) is True
    assert names(segment) == {"Ann", "Ben"}


def test_what_lies_ahead_comes_in_and_passes(people):
    """Both edges of a window of hours ahead, and a day of the programme's own."""
    Customer.objects.filter(first_name="Cem").update(
        created_at=NOW + timedelta(minutes=90), attributes={"renewal": "2026-06-20"}
    )
    AttributeDefinition.objects.create(key="renewal", label="Renewal", kind="date")
    ahead = {"type": "condition", "field": "created", "op": "within"}
    soon = make("Soon", rules({**ahead, "window": {"type": "next", "count": 1, "unit": "hour"}}))
    renews = make("Renews", rules({**ahead, "field": "attribute:renewal", "window": {"type": "next", "count": 2}}))
    lately = make("Lately", rules({**ahead, "window": {"type": "last", "count": 1, "unit": "hour"}}))
    assert (names(soon), names(renews)) == (set(), set())
    assert "Cem" not in names(lately)
    assert soon.next_change_at == NOW + timedelta(minutes=30, microseconds=1)
    count_due(now=soon.next_change_at)
    soon.refresh_from_db()
    assert (names(soon), soon.next_change_at) == ({"Cem"}, NOW + timedelta(minutes=90, microseconds=1))
    assert count_due(now=NOW + timedelta(minutes=91)) == NOW + timedelta(minutes=150, microseconds=1)
    assert (names(soon), names(lately)) == (set(), {"Cem"})
    assert count_due(now=NOW + timedelta(minutes=151)) == datetime(2026, 6, 17, 23, 0, tzinfo=UTC)
    assert names(lately) == set()
    count_due(now=datetime(2026, 6, 17, 23, 0, tzinfo=UTC))  # the 18th begins in London
    assert names(renews) == {"Cem"}
    count_due(now=datetime(2026, 6, 19, 23, 0, tzinfo=UTC))
    assert names(renews) == set()
