"""Large adjustments need two people; small ones do not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.actor import Actor
from core.errors import InvalidInput
from core.idempotency import IdempotencyKeyReused
from customers.models import Customer
from loyalty import errors
from loyalty.actions import points
from loyalty.actions.approvals import approve_adjustment, ask_for_adjustment, decline_adjustment
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.models import Account, Transaction
from loyalty.operations import AdjustPoints
from loyalty.tests.given import PHONE
from workspace.models import AuditEntry

pytestmark = pytest.mark.usefixtures("audited")
ANNA = Actor(kind="user", id="1", label="Anna")
BEN = Actor(kind="user", id="2", label="Ben")


@pytest.fixture
def member(programme, add, now):
    change_point_settings(settings=PointSettings(point_value=Decimal("0.01"), approval_above=100), actor=ANNA, now=now)
    add("50")
    return Customer.objects.get()


@pytest.fixture
def ask(member, now):
    def call(number=500, key="k", **changes):
        given = {"customer_id": member.pk, "points": number, "reason": "Sorry", "key": key, "actor": ANNA, "now": now}
        return ask_for_adjustment(**{**given, **changes})

    return call


def adjust(number, now):
    return points.adjust_points(points=number, reason="x", phone=PHONE, key=f"a{number}", actor=ANNA, now=now)


@pytest.mark.usefixtures("member")
def test_one_person_moves_no_more_than_the_limit(now):
    assert adjust(100, now).balance == 150
    assert adjust(-100, now).balance == 50
    for number in (101, -101):
        with pytest.raises(errors.ApprovalRequired) as refused:
            adjust(number, now)
        assert refused.value.data == {"limit": 100}


@pytest.mark.usefixtures("member")
def test_a_batch_does_not_get_round_it(now):
    operations = [AdjustPoints(points=number, reason="x", phone=PHONE, key=f"b{number}") for number in (500, 5)]
    large, small = points.post_batch(operations=operations, owner="", source="api", actor=ANNA, now=now)
    assert isinstance(large, errors.ApprovalRequired)
    assert small.balance == 55


def test_what_was_done_before_the_limit_came_answers_as_it_did(add, now):
    add("50")
    first = adjust(500, now)
    change_point_settings(settings=PointSettings(point_value=Decimal("0.01"), approval_above=100), actor=ANNA, now=now)
    again = adjust(500, now)
    assert (again.transaction, again.balance, again.is_replayed) == (first.transaction, 550, True)
    call = {"reason": "x", "phone": PHONE, "actor": ANNA, "now": now}
    with pytest.raises(IdempotencyKeyReused):
        points.adjust_points(**call, points=501, key="a500")
    with pytest.raises(errors.ApprovalRequired):
        points.adjust_points(**call, points=500, key="a500", owner="api:other")
    assert Account.objects.get().available == 550


def test_another_person_approves_once(ask, now):
    request = ask()
    assert Account.objects.get().available == 50
    first, again = (approve_adjustment(code=request.code, actor=BEN, now=now) for _time in range(2))
    assert (first.balance, again.transaction) == (550, first.transaction)
    request.refresh_from_db()
    assert (request.state, request.asked_by_label, request.decided_by_label) == ("approved", "Anna", "Ben")
    assert request.transaction == Transaction.objects.get(kind="adjust")
    actions = AuditEntry.objects.filter(action__startswith="loyalty.adjustment").order_by("pk")
    assert [(entry.action, entry.actor_label) for entry in actions] == [
        ("loyalty.adjustment.asked", "Anna"),
        ("loyalty.adjustment.approved", "Ben"),
    ]
    with pytest.raises(errors.RequestDecided):
        decline_adjustment(code=request.code, actor=BEN, now=now)


def test_nobody_decides_their_own(ask, now):
    request = ask()
    for decide in (approve_adjustment, decline_adjustment):
        with pytest.raises(errors.OwnRequest):
            decide(code=request.code, actor=ANNA, now=now)
    assert Account.objects.get().available == 50


def test_declined_is_declined(ask, now):
    request = ask()
    decline_adjustment(code=request.code, actor=BEN, now=now)
    decline_adjustment(code=request.code, actor=BEN, now=now)
    with pytest.raises(errors.RequestDecided):
        approve_adjustment(code=request.code, actor=BEN, now=now)
    assert Account.objects.get().available == 50


def test_what_cannot_be_taken_goes_on_waiting(ask, now):
    request = ask(-500)
    with pytest.raises(errors.NotEnoughPoints):
        approve_adjustment(code=request.code, actor=BEN, now=now)
    request.refresh_from_db()
    assert request.state == "waiting"


def test_a_repeated_question_is_one(ask):
    assert ask().pk == ask().pk
    with pytest.raises(IdempotencyKeyReused):
        ask(501)


def test_nonsense_is_refused(ask, member, now):
    for changes in ({"number": 0}, {"reason": " "}):
        with pytest.raises(InvalidInput):
            ask(**changes)
    with pytest.raises(errors.UnknownMember):
        ask(customer_id=member.pk + 1)
    with pytest.raises(errors.UnknownRequest):
        approve_adjustment(code="nothing", actor=BEN, now=now)


def test_people_of_one_shop_decide_only_there(ask, business, now):
    elsewhere = Actor(kind="user", id="3", label="Cy", business_id=business.pk)
    with pytest.raises(errors.UnknownRequest):
        approve_adjustment(code=ask().code, actor=elsewhere, now=now)
    here = ask(key="here", business=business.pk)
    assert approve_adjustment(code=here.code, actor=elsewhere, now=now).balance == 550
