"""Texts about points: to those who agreed, once, in their language, about news only."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from customers import stream
from customers.actions.consent import record_consent
from customers.actions.merging import merge_customers, undo_merge
from customers.models import Customer, Event
from customers.reports.customer_list import Scope
from loyalty.actions.points import add_points, award_bonus, redeem_points, reverse_transaction, transfer_points
from loyalty.actions.settings import set_earning_rate
from loyalty.models import EarningRule
from messaging.actions.outbox import send_message
from messaging.models import OutboundMessage
from screens.actions.points_texts import TEXT_AFTER, text_about_points
from screens.reports_portal import history_page
from screens.reports_profile import history


@pytest.fixture
def customer(programme, business, actor):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal(100), actor=actor)
    return Customer.objects.create(first_name="Priya", phone="+447700900142")


def agree(customer, actor, *, is_granted=True):
    record_consent(
        customer=customer, channel="sms", purpose="service", is_granted=is_granted, source="till",
        wording="till-service-1", actor=actor, now=timezone.now(),
    )  # fmt: skip


def sell(customer, business, actor, *, now=None, key="a"):
    return add_points(
        business=business.pk, amount=Decimal("12.34"), customer_id=customer.pk, key=key, actor=actor,
        now=now or timezone.now(),
    )  # fmt: skip


def follow():
    """What the stream's reader does with everything that has happened."""
    return text_about_points(events=list(Event.objects.order_by("pk")), now=timezone.now())


def bodies():
    return list(OutboundMessage.objects.order_by("pk").values_list("body", flat=True))


def test_each_act_is_told_with_points_and_balance(customer, business, actor):
    agree(customer, actor)
    sell(customer, business, actor)
    posting = redeem_points(
        business=business.pk, points=1200, reason="Cake", customer_id=customer.pk, key="r", actor=actor,
        now=timezone.now() - timedelta(seconds=61),
    )  # fmt: skip
    reverse_transaction(transaction=posting.transaction, key="u", actor=actor, now=timezone.now())
    follow()
    assert bodies() == [
        "Harbour: 1,234 points for you. Your balance is 1,234.",
        "Harbour: you used 1,200 points. Your balance is 34.",
        "Harbour: 1,200 points came back to you. Your balance is 1,234.",
    ]


def test_gifts_and_points_passed_on_are_told_and_a_welcome_comes_with_its_sale(customer, business, actor):
    agree(customer, actor)
    now = timezone.now()
    EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=5)
    EarningRule.objects.create(name="Review", trigger="action", action="review", effect="bonus", points=1)
    birthday = EarningRule.objects.create(name="Birthday", trigger="birthday", effect="bonus", points=50)
    friend = Customer.objects.create(first_name="Sam", phone="+447700900143")
    agree(friend, actor)
    sell(customer, business, actor)
    for place, action in enumerate(("review", f"birthday:{birthday.code}")):
        award_bonus(action=action, key=f"b{place}", customer_id=customer.pk, actor=actor, now=now)
    add_points(business=business.pk, amount=Decimal(1), customer_id=friend.pk, key="f", actor=actor, now=now)
    transfer_points(points=90, customer_id=customer.pk, recipient_id=friend.pk, key="t", actor=actor, now=now)
    follow()
    assert bodies() == [
        "Harbour: 1,234 points for you. Your balance is 1,239.",
        "Harbour: 1 point for you. Your balance is 1,240.",
        "Harbour: happy birthday. 50 points for you. Your balance is 1,290.",
        "Harbour: 100 points for you. Your balance is 105.",
        "Harbour: you passed 90 points on. Your balance is 1,200.",
        "Harbour: somebody passed 90 points on to you. Your balance is 195.",
    ]


def test_a_merge_is_told_to_staff_and_to_nobody_else(customer, programme, business, actor, now):
    agree(customer, actor)
    twin = Customer.objects.create(first_name="Priya", phone="+447700900143")
    sell(customer, business, actor)
    sell(twin, business, actor, now=timezone.now() - timedelta(days=30), key="t")
    merge = merge_customers(survivor_id=customer.pk, duplicate_id=twin.pk, choose={}, actor=actor, now=timezone.now())
    follow()
    assert bodies() == ["Harbour: 1,234 points for you. Your balance is 1,234."]
    lines = [(row.what, row.points) for row in history_of(customer, programme)]
    assert lines == [("Earned on £12.34", 1234)] * 2, "what was earned comes along, once"
    scope = Scope(actor=actor, country="GB", zone=programme.zone, now=timezone.now())
    told = [(line.title, line.points) for line in history(customer, scope, "GBP", kind="points").days[0].entries]
    assert ("Points moved by a merge", "+1,234") in told
    undo_merge(code=merge.code, actor=actor, now=timezone.now())
    follow()
    assert len(bodies()) == 1
    assert [row.what for row in history_of(twin, programme)] == ["Earned on £12.34"]


def history_of(customer, programme):
    return history_page(customer=customer, programme=programme, cursor="", size=9, now=timezone.now()).rows


def test_nobody_is_texted_without_consent(customer, business, actor):
    sell(customer, business, actor)
    assert follow() == 0
    assert bodies() == []


def test_consent_withdrawn_meanwhile_stops_the_text(customer, business, actor):
    agree(customer, actor)
    sell(customer, business, actor)
    follow()
    agree(customer, actor, is_granted=False)
    message = OutboundMessage.objects.get()
    send_message(message.pk)
    message.refresh_from_db()
    assert message.state == "suppressed"


def test_reading_the_stream_twice_texts_once(customer, business, actor):
    agree(customer, actor)
    sell(customer, business, actor)
    follow()
    follow()
    assert len(bodies()) == 1


def test_history_is_no_news(customer, business, actor):
    agree(customer, actor)
    sell(customer, business, actor, now=timezone.now() - timedelta(days=30))
    follow()
    assert bodies() == []


def test_somebody_without_a_number_gets_none(customer, business, actor):
    agree(customer, actor)
    Customer.objects.update(phone="")
    sell(customer, business, actor)
    follow()
    assert bodies() == []


def test_what_is_undone_within_the_minute_is_not_told(customer, business, actor):
    agree(customer, actor)
    at = timezone.now() - timedelta(minutes=5)
    slip, kept = sell(customer, business, actor, now=at), sell(customer, business, actor, now=at, key="b")
    undo = {"actor": actor, "now": at + timedelta(seconds=60)}
    reverse_transaction(transaction=slip.transaction, key="u1", **undo)
    reverse_transaction(transaction=kept.transaction, points=34, key="u2", **undo)  # a part: the sale happened
    follow()
    assert bodies() == [
        "Harbour: 1,234 points for you. Your balance is 2,468.",
        "Harbour: 34 points were taken back. Your balance is 1,200.",
    ]


def test_the_text_waits_until_the_till_cannot_undo(customer, business, actor, monkeypatch):
    monkeypatch.setattr(stream, "OldestRunningTransaction", lambda: 2**62)  # all of a test is one open transaction
    agree(customer, actor)
    sell(customer, business, actor)
    received = Event.objects.latest("pk").received_at
    soon, late = received + timedelta(seconds=64), received + TEXT_AFTER
    assert stream.run_readers(now=soon) == late
    assert bodies() == []
    stream.run_readers(now=late)
    assert bodies() == ["Harbour: 1,234 points for you. Your balance is 1,234."]
