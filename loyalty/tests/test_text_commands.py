"""BALANCE, REWARDS, JOIN and HELP by text: what is answered, to whom, and how often."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.consent import has_consent
from customers.models import Customer
from loyalty.actions.settings import change_settings
from loyalty.models import Account, EarningRule, Reward
from loyalty.tests.given import PHONE
from messaging.actions.inbound import receive_text
from messaging.actions.outbox import send_message
from messaging.commands import ANSWERED_AN_HOUR, command_of
from messaging.models import InboundMessage, OutboundMessage
from messaging.providers.console.provider import Console
from messaging.providers.contract import Inbound
from programs.models import Programme

NUMBER = "+447700900123"


@pytest.fixture
def text(programme, now):
    """text("balance") → the answer that was queued, or None."""
    ids = iter(range(1000))

    def call(body, sender=NUMBER, provider_id="", at=now):
        inbound = Inbound(provider_id or f"in-{next(ids)}", sender, "+447700900000", body)
        received = receive_text(provider=Console(), inbound=inbound, now=at)
        return OutboundMessage.objects.filter(dedupe_key=f"reply:{received.code}").first()

    return call


@pytest.fixture
def member(add, actor):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("100", phone=PHONE)
    return Account.objects.select_related("customer").get()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("BALANCE", "balance"), ("  Balance! ", "balance"), ("Punkte?", "balance"), ("rewards", "rewards"),
        ("Prämien", "rewards"), ("join", "join"), ("help", "help"), ("Hilfe", "help"),
        ("what is my balance", ""), ("", ""), ("stop", ""), ("joint", ""),
    ],
)  # fmt: skip
def test_a_whole_text_is_a_command_or_none(body, name):
    assert command_of(body) == name


def test_balance(text, member, programme):
    answer = text("Balance")
    assert answer.body == (f"{programme.name}: You have 100 points, worth £1.00. 100 run out after 17 July.")
    assert (answer.purpose, answer.recipient, answer.customer_id) == ("reply", NUMBER, member.pk)


def test_an_answer_needs_no_consent_and_none_goes_after_stop(text, member):
    today = timezone.now()
    send_message(text("balance", at=today).pk)
    assert OutboundMessage.objects.get(purpose="reply").state == "sent"
    text("STOP", at=today)
    late = text("balance", at=today)
    send_message(late.pk)
    late.refresh_from_db()
    assert (late.state, late.error) == ("suppressed", "stopped")
    text("START", at=today)
    again = text("balance", at=today)
    send_message(again.pk)
    again.refresh_from_db()
    assert again.state == "sent"


def test_rewards_in_reach_and_next(text, member):
    assert "There are no rewards at the moment. You have 100 points" in text("rewards").body
    for name, points in (("Coffee", 35), ("Bun", 40), ("Cake", 60), ("Tea", 30), ("Beans", 155), ("Hamper", 900)):
        Reward.objects.create(name=name, points=points)
    said = text("rewards").body
    assert said.count("(") == 3
    assert "Coffee (35)" in said
    assert said.endswith("Next: Beans, 55 points to go.")


@pytest.mark.parametrize("body", ["balance", "rewards"])
def test_who_is_no_member_is_told_how_to_become_one(text, programme, body):
    assert "Text JOIN to begin." in text(body).body
    assert not Customer.objects.exists()


def test_join_makes_a_member_who_agreed_to_texts(text, programme):
    EarningRule.objects.create(name="Welcome", trigger="join", effect="bonus", points=25)
    answer = text("Join")
    assert "Welcome." in answer.body
    assert "You have 25 points" in answer.body
    customer = Customer.objects.get()
    assert (customer.phone, Account.objects.get().pk, answer.customer_id) == (NUMBER, customer.pk, customer.pk)
    assert has_consent(customer_id=customer.pk, channel="sms", purpose="service")
    assert not has_consent(customer_id=customer.pk, channel="sms", purpose="marketing")
    assert "You are a member already." in text("join").body
    assert Account.objects.get().available == 25
    assert InboundMessage.objects.order_by("pk").first().customer_id == customer.pk


def test_the_same_text_again_is_one_answer(text):
    for _again in range(2):
        text("join", provider_id="twice")
    assert OutboundMessage.objects.filter(purpose="reply").count() == 1


def test_two_machines_that_answer_each_other_come_to_an_end(text, member, now):
    answered = [text("balance") is not None for _place in range(ANSWERED_AN_HOUR + 3)]
    assert answered == [True] * ANSWERED_AN_HOUR + [False] * 3
    assert text("balance", at=now + timedelta(hours=2)) is not None


def test_who_is_no_number_and_who_says_something_else_gets_nothing(text, member):
    assert text("balance", sender="HARBOUR") is None
    assert text("see you tomorrow") is None


def test_in_the_language_of_the_member(text, member):
    Customer.objects.update(language="de")
    assert "Du hast 100 Punkte" in text("Punkte").body


def test_each_programme_answers_for_itself(text, member, other_programme, programme):
    with tenant_context(Programme.objects.get(pk=other_programme.pk)):
        assert "Text JOIN to begin." in text("balance").body
        assert OutboundMessage.objects.count() == 1
