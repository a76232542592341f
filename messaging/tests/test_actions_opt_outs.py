"""Opt-outs in words of their own: a person decides, and offers wait until then; old texts are forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.errors import NotFound, PermissionRefused
from customers.actions.consent import record_consent
from customers.consent import has_consent
from customers.models import Customer, Identifier
from messaging.actions import opt_outs, outbox
from messaging.actions.inbound import receive_text
from messaging.actions.opt_outs import keep_texts, stop_texts, sweep_received
from messaging.actions.outbox import queue_message
from messaging.actions.privacy import forget_person
from messaging.models import InboundMessage, OutboundMessage, Suppression
from messaging.providers import all_providers
from messaging.providers.contract import Inbound
from messaging.tasks import forget_old_texts
from programs.models import DueWork
from workspace.models import AuditEntry

NUMBER, OTHER = "+447700900142", "+447700900143"
PLEASE = "please remove me"


@pytest.fixture(autouse=True)
def console(settings, tmp_path):
    settings.CONSOLE_MESSAGES_DIR = tmp_path


@pytest.fixture
def customer(programme):
    return make_customer()


def make_customer():
    customer = Customer.objects.create(first_name="Priya", phone=NUMBER)
    Identifier.objects.create(customer=customer, kind="phone", value=NUMBER)
    for purpose in ("service", "marketing"):
        record_consent(
            customer=customer, channel="sms", purpose=purpose, is_granted=True, source="till",
            wording=f"till-{purpose}-1", actor=SYSTEM, now=timezone.now(),
        )  # fmt: skip
    return customer


def receive(body=PLEASE, *, sender=NUMBER, key="SM1", now=None):
    return receive_text(
        provider=all_providers()["twilio"],
        inbound=Inbound(key, sender, "+447700900100", body),
        now=now or timezone.now(),
    )


def offer(customer, *, key="offer", purpose="marketing", now=None):
    message = queue_message(
        channel="sms", purpose=purpose, recipient=NUMBER, body="Offer", dedupe_key=key, now=now or timezone.now(),
        customer_id=customer.pk,
    )  # fmt: skip
    return sent(message)


def sent(message):
    outbox.send_message(message.pk)
    message.refresh_from_db()
    return message


@pytest.mark.parametrize(
    ("body", "reading"),
    [
        ("STOP", "stop"),
        ("start", "start"),
        ("help", "command"),
        (PLEASE, "unclear"),
        ("bitte keine SMS mehr", "unclear"),
        ("please don't stop", ""),
        ("remove the onions", ""),
    ],
)
def test_each_text_is_read_once(programme, body, reading):
    text = receive(body)
    text.refresh_from_db()
    assert (text.reading, text.decision) == (reading, "")
    assert Suppression.objects.exists() is (reading == "stop")
    assert receive(PLEASE).pk == text.pk  # the same id again, whatever it says now
    assert InboundMessage.objects.get().reading == reading


def test_offers_wait_until_somebody_has_decided(customer, actor, run_queue):
    receive()
    held = offer(customer)
    assert (held.state, held.attempts, held.error) == ("queued", 0, outbox.HELD)
    assert held.next_attempt_at > timezone.now()
    assert offer(customer, key="points", purpose="service").state == "sent"  # about their points, which they asked for
    keep_texts(code=InboundMessage.objects.get().code, actor=actor, now=timezone.now())
    run_queue()
    held.refresh_from_db()
    assert (held.state, held.error) == ("sent", "")


def test_an_offer_does_not_wait_for_ever(customer):
    receive()
    old = offer(customer, now=timezone.now() - outbox.HELD_FOR)
    assert (old.state, old.error) == ("suppressed", outbox.HELD)


def test_it_was_an_opt_out(customer, actor, run_queue):
    first, second = receive(), receive("leave me alone", key="SM2")
    held = offer(customer)
    now = timezone.now()
    text = stop_texts(code=second.code, actor=actor, now=now)
    first.refresh_from_db()
    for one in (first, text):
        assert (one.decision, one.decided_at, one.decided_by) == ("stopped", now, actor.label)
    assert [(row.address, row.reason) for row in Suppression.objects.all()] == [(NUMBER, "staff")]
    assert not has_consent(customer_id=customer.pk, channel="sms", purpose="service")
    assert (sent(held).state, held.error) == ("suppressed", "stopped")
    entries = AuditEntry.objects.filter(action__in=["messaging.text.was_opt_out", "messaging.number.suppressed"])
    assert {(entry.actor, entry.subject) for entry in entries} == {(actor.reference, f"customer:{customer.code}")}
    assert entries.count() == 2
    receive("START", key="SM3")
    assert not Suppression.objects.exists()


def test_the_first_decision_stands(customer, actor):
    text = receive()
    keep_texts(code=text.code, actor=actor, now=timezone.now())
    assert stop_texts(code=text.code, actor=actor, now=timezone.now()).decision == "kept"
    assert keep_texts(code=text.code, actor=actor, now=timezone.now()).decision == "kept"
    assert not Suppression.objects.exists()
    assert AuditEntry.objects.filter(action__startswith="messaging.text.").count() == 1


def test_another_text_of_the_number_keeps_it_held(customer, actor):
    first, second = receive(), receive("leave me alone", key="SM2")
    held = offer(customer)
    keep_texts(code=first.code, actor=actor, now=timezone.now())
    assert sent(held).state == "queued"
    keep_texts(code=second.code, actor=actor, now=timezone.now())
    assert sent(held).state == "sent"


@pytest.mark.parametrize(("body", "decision"), [("STOP", "stopped"), ("START", "kept")])
def test_their_own_word_decides(customer, body, decision):
    text = receive()
    receive(body, key="SM2")
    text.refresh_from_db()
    assert (text.decision, text.decided_by) == (decision, "")


def test_a_number_of_nobody_is_named_by_its_last_digits(programme, actor):
    stop_texts(code=receive(sender=OTHER).code, actor=actor, now=timezone.now())
    assert AuditEntry.objects.get(action="messaging.text.was_opt_out").subject == "number:•••••••••143"


def test_only_what_asks_can_be_decided(programme, actor, business):
    limited = Actor(kind="user", id="1", label="Lead", business_id=business.pk)
    plain, unclear = receive("Thanks"), receive(key="SM2")
    for decide in (stop_texts, keep_texts):
        with pytest.raises(NotFound):
            decide(code=plain.code, actor=actor, now=timezone.now())
        with pytest.raises(PermissionRefused):
            decide(code=unclear.code, actor=limited, now=timezone.now())
    assert InboundMessage.objects.undecided().count() == 1


def test_the_other_programme_decides_for_itself(customer, actor, other_programme):
    text = receive()
    with tenant_context(other_programme):
        theirs = make_customer()
        assert offer(theirs).state == "sent"
        with pytest.raises(NotFound):
            stop_texts(code=text.code, actor=actor, now=timezone.now())
        assert not Suppression.objects.exists()
    assert offer(customer).state == "queued"


def test_old_texts_are_forgotten_and_what_waits_stays(programme, actor, settings):
    settings.RECEIVED_TEXTS_DAYS = 30
    now = timezone.now()
    old, waiting = receive("Thanks", now=now - timedelta(days=31)), receive(key="SM2", now=now - timedelta(days=40))
    young = receive("Hello", key="SM3", now=now - timedelta(days=29))
    due = DueWork.objects.get(kind=opt_outs.RECEIVED)
    assert due.next_due_at == waiting.received_at + timedelta(days=30)
    assert sweep_received(now=now) <= now + timedelta(seconds=1)
    assert set(InboundMessage.objects.values_list("pk", flat=True)) == {waiting.pk, young.pk}
    assert forget_old_texts(now) > now + timedelta(hours=23)  # the young one's last day
    keep_texts(code=waiting.code, actor=actor, now=now)
    sweep_received(now=now)
    assert not InboundMessage.objects.filter(pk__in=[old.pk, waiting.pk]).exists()
    InboundMessage.objects.all().delete()
    assert sweep_received(now=now) is None


def test_the_sweep_goes_on_where_there_is_more(programme, settings, monkeypatch):
    settings.RECEIVED_TEXTS_DAYS = 30
    monkeypatch.setattr(opt_outs, "SWEEP_BATCH", 1)
    now = timezone.now()
    for key in ("SM1", "SM2"):
        receive("Thanks", key=key, now=now - timedelta(days=31))
    assert sweep_received(now=now) <= now + timedelta(seconds=1)
    assert InboundMessage.objects.count() == 1
    sweep_received(now=now)
    assert InboundMessage.objects.count() == 0


def test_an_erased_person_leaves_nothing_to_decide(customer):
    receive()
    forget_person(customer_id=customer.pk, recipients=[NUMBER], now=timezone.now())
    assert not InboundMessage.objects.undecided().exists()
    assert OutboundMessage.objects.filter(recipient=NUMBER).count() == 0
