"""What somebody earned, spent and took, whom they brought, and in which segments they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection

from customers.models import Customer
from loyalty.models import Account, Lot, LoyaltySettings, Referral, Reward, Tier, TierChange, Transaction
from segments.actions.living import count_due
from segments.actions.segments import create_segment
from segments.compiler import check, members
from segments.fields.registry import FIELDS
from segments.models import Segment
from segments.rules import read
from segments.statement import Moment
from segments.tests.people import NOW, ZONE
from segments.tests.test_living_laws import MAYA

DAY = timedelta(days=1)
LAST_30 = {"type": "last", "count": 30}
NEXT_30 = {"type": "next", "count": 30}
Post = Callable[..., Transaction]


@pytest.fixture
def people(business) -> dict[str, Account]:
    return {name: Account.objects.create(customer=Customer.objects.create(first_name=name)) for name in "ABC"}


@pytest.fixture
def post(people, business) -> Post:
    def make(who: str, kind: str, points: int, ago: int, **more: object) -> Transaction:
        return Transaction.objects.create(
            account=people[who], kind=kind, points=points, at=NOW - ago * DAY, business=business, request_digest=b"",
            actor="user:1", **more,
        )  # fmt: skip

    return make


def found(field: str, op: str, value: object = None, *, window: object = None, where: object = ()) -> str:
    condition = {"type": "condition", "field": field, "op": op, "value": value, "window": window, "where": where}
    rules = read({"version": 1, "match": condition})
    check(rules, FIELDS)
    query = members(rules, FIELDS, Moment(NOW, ZONE))
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        keys = [pk for (pk,) in cursor.fetchall()]
    return "".join(sorted(Customer.objects.filter(pk__in=keys).values_list("first_name", flat=True)))


def test_points_earned_less_what_was_undone_on_its_own_day(post):
    earned = post("A", "earn", 100, 40)
    undone = post("A", "reverse", -60, 20, reverses=earned)
    post("B", "earn", 60, 20)
    post("B", "bonus", 500, 20)  # no sale
    assert found("points_earned", "at_least", 60, window=LAST_30) == "B"
    assert found("points_earned", "less", 0, window=LAST_30) == "A"
    post("A", "reverse", 60, 10, reverses=undone)
    assert found("points_earned", "is", 0, window=LAST_30) == "AC"
    assert found("points_earned", "at_least", 100, window={"type": "last", "count": 41}) == "A"


def test_points_spent_and_rewards_taken(post, business):
    tea, cake = (Reward.objects.create(code=name, name=name, points=50) for name in ("tea", "cake"))
    post("A", "redeem", -50, 5, reward=tea)
    post("A", "redeem", -30, 5)  # money off
    given_back = post("B", "redeem", -50, 5, reward=cake, reversed_points=50, reversed_at=NOW)
    post("B", "reverse", 50, 0, reverses=given_back)
    post("C", "redeem", 0, 5, reward=tea, status="refused")
    assert found("points_spent", "is", 80) == "A"
    assert found("points_spent", "is", 0) == "BC"
    assert found("rewards", "is", 1) == "A"
    assert found("rewards", "is", 0, window=LAST_30) == "BC"
    tea_only = [{"property": "reward", "op": "is_one_of", "value": ["tea"]}]
    cake_only = [{"property": "reward", "op": "is_one_of", "value": ["cake"]}]
    assert found("rewards", "at_least", 1, where=tea_only) == "A"
    assert found("rewards", "at_least", 1, where=cake_only) == ""
    here = [{"property": "business", "op": "is_one_of", "value": [business.code]}]
    assert found("points_spent", "more", 0, where=here) == "A"


def lot(account: Account, transaction: Transaction, points: int, expires_at: datetime | None, **more: object) -> None:
    Lot.objects.create(
        account=account, transaction=transaction, amount=points, remaining=points, available_at=transaction.at,
        expires_at=expires_at, **more,
    )  # fmt: skip


def test_points_that_run_out_with_their_day_or_by_inactivity(people, post):
    lot(people["A"], post("A", "earn", 100, 9), 100, NOW + 10 * DAY)
    lot(people["A"], post("A", "earn", 50, 8), 50, NOW + 90 * DAY)
    lot(people["B"], post("B", "earn", 70, 9), 70, None)
    lot(people["C"], post("C", "earn", 90, 9), 90, NOW + 10 * DAY, is_pending=True)
    Account.objects.filter(pk=people["B"].pk).update(lapses_at=NOW + 20 * DAY)
    assert found("points_expiring", "is", 100, window=NEXT_30) == "A"
    assert found("points_expiring", "is", 150) == "A"
    assert found("points_expiring", "more", 0) == "A"
    LoyaltySettings.objects.update_or_create(pk=1, defaults={"expiry_policy": "inactivity", "expiry_months": 6})
    assert found("points_expiring", "more", 0, window=NEXT_30) == "AB"


def test_time_brings_who_has_points_that_run_out_soon(people, post):
    lot(people["A"], post("A", "earn", 100, 9), 100, NOW + 10 * DAY)
    asked = {"type": "condition", "field": "points_expiring", "op": "at_least", "value": 50, "window": NEXT_30}
    soon = {**asked, "window": {"type": "next", "count": 5}}
    segment = create_segment(name="Soon", document={"version": 1, "match": soon}, actor=MAYA, now=NOW)
    sizes = []
    for days in (0, 4, 6, 10, 12):
        count_due(now=NOW + days * DAY)
        segment.refresh_from_db()
        sizes.append(segment.people)
    assert sizes == [0, 0, 1, 0, 0]  # within five days before, not on the day itself


def test_a_tier_that_was_kept_began_when_it_was_reached(people):
    silver = Tier.objects.create(name="Silver", rank=1, threshold=100)
    for who, cause, tier, ago in (("A", "reached", silver, 90), ("A", "renewed", silver, 5), ("B", "dropped", None, 5)):
        TierChange.objects.create(
            account=people[who], tier=tier, cause=cause, basis="points", figure=100, actor="system:system",
            at=NOW - ago * DAY,
        )  # fmt: skip
    people["A"].tier, people["A"].tier_since = silver, NOW - 90 * DAY
    people["A"].save()
    assert found("tier_since", "exists") == "A"
    assert found("tier_since", "within", window=LAST_30) == ""
    assert found("tier_since", "within", window={"type": "over", "count": 89}) == "A"


def test_who_brought_a_friend_and_who_was_brought(people):
    def bring(who: str, friend: str, state: str) -> None:
        Referral.objects.create(
            referrer=people[who], friend_id=people[friend].pk, channel="till", state=state, referrer_points=1,
            friend_points=1, min_spend=0, expires_at=NOW, ended_at=None if state == "pending" else NOW - 5 * DAY,
        )  # fmt: skip

    bring("A", "B", "completed")
    bring("B", "C", "pending")
    assert found("friends", "at_least", 1) == "A"
    assert found("friends", "is", 0, window={"type": "last", "count": 2}) == "ABC"
    assert found("was_brought", "is", True) == "B"
    assert found("was_brought", "is", False) == "AC"


def test_a_segment_of_segments_follows_its_parts(people):
    rules = {"type": "condition", "field": "first_name", "op": "is_not", "value": "C"}
    part = create_segment(name="Not C", document={"version": 1, "match": rules}, actor=MAYA, now=NOW)
    asked = {"type": "condition", "field": "in_segment", "op": "has_one_of", "value": [part.code]}
    whole = create_segment(name="Of it", document={"version": 1, "match": asked}, actor=MAYA, now=NOW)
    count_due(now=NOW)
    assert found("in_segment", "has_one_of", [part.code]) == "AB"
    assert found("in_segment", "has_none_of", [part.code]) == "C"
    assert Segment.objects.get(pk=whole.pk).people == 2
