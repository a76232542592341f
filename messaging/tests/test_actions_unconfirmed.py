"""What was perhaps sent: marked, sent again, given up, once; a late report settles it by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import PermissionRefused
from devservers.twilio import Switches
from messaging.actions import outbox, unconfirmed
from messaging.actions.outbox import queue_message
from messaging.actions.unconfirmed import settle_unconfirmed
from messaging.models import OutboundMessage
from workspace.models import AuditEntry

NUMBER = "+447700900142"


@pytest.fixture
def in_doubt(programme, twilio, connect):
    """in_doubt("one") → a text of which the provider took one and never answered."""
    connect(twilio)

    def make(key="one", *, is_taken=True, **more):
        twilio.switches = Switches(drop=True) if is_taken else Switches(fail=1)
        message = queue_message(
            **{"channel": "sms", "purpose": "receipt", "recipient": NUMBER, "body": f"Hello {key}", **more},
            dedupe_key=key,
            now=timezone.now(),
        )
        outbox.send_message(message.pk)
        message.refresh_from_db()
        assert message.state == "unconfirmed"
        twilio.switches = Switches()
        return message

    return make


def settle(actor, decision, *messages, codes=(), seen_at=None):
    now = timezone.now()
    chosen = None if codes is None else [*codes, *(one.code for one in messages)]
    return settle_unconfirmed(codes=chosen, decision=decision, seen_at=seen_at or now, actor=actor, now=now)


def state_of(message):
    message.refresh_from_db()
    return message.state


@pytest.mark.parametrize(
    ("decision", "state", "error", "act"),
    [("sent", "sent", "", "marked_sent"), ("given_up", "failed", "given up by hand", "given_up")],
)
def test_a_decision_stands_once_and_is_in_the_log(in_doubt, actor, decision, state, error, act):
    message, other = in_doubt("one"), in_doubt("two")
    assert settle(actor, decision, message).done == 1
    assert (state_of(message), message.error) == (state, error)
    assert settle(actor, decision, message).done == 0  # the second click
    assert state_of(other) == "unconfirmed"
    entry = AuditEntry.objects.get(action=f"messaging.message.{act}")
    assert (entry.subject, entry.data) == (f"message:{message.code}", {"channel": "sms", "purpose": "receipt"})


def test_sent_again_leaves_once_more_and_no_oftener(in_doubt, actor, twilio, run_queue):
    message = in_doubt(is_taken=False)
    assert twilio.texts == []
    seen = timezone.now()
    assert settle(actor, "again", message, seen_at=seen).done == 1
    assert settle(actor, "again", message, seen_at=seen).done == 0
    run_queue()
    assert (state_of(message), message.attempts, len(twilio.texts)) == ("sent", 1, 1)
    assert AuditEntry.objects.filter(action="messaging.message.sent_again").count() == 1


def test_the_second_click_does_not_reach_the_second_try(in_doubt, actor, twilio, run_queue):
    message, seen = in_doubt(is_taken=False), timezone.now()
    settle(actor, "again", message, seen_at=seen)
    twilio.switches = Switches(fail=1)
    run_queue()
    assert state_of(message) == "unconfirmed"  # again, but after the list was shown
    assert settle(actor, "again", message, seen_at=seen).done == 0
    assert settle(actor, "again", codes=None, seen_at=seen).done == 0
    assert not OrmQ.objects.exists()


def test_sent_again_asks_for_stop_and_consent_again(in_doubt, actor, twilio, run_queue):
    message = in_doubt()
    twilio.receive(NUMBER, "STOP")
    settle(actor, "again", message)
    run_queue()
    assert (state_of(message), message.error) == ("suppressed", "stopped")


def test_what_came_too_late_is_not_sent_again(in_doubt, actor, monkeypatch):
    code = in_doubt("code", purpose="one_time_code", expires_at=timezone.now() + timedelta(minutes=10))
    blank, fresh = in_doubt("blank"), in_doubt("fresh")
    OutboundMessage.objects.filter(pk=code.pk).update(expires_at=timezone.now())
    OutboundMessage.objects.filter(pk=blank.pk).update(body="", redacted_at=timezone.now())
    settled = settle(actor, "again", codes=None)
    assert (settled.done, settled.too_late) == (1, 2)
    assert [state_of(one) for one in (code, blank, fresh)] == ["unconfirmed", "unconfirmed", "queued"]
    assert settle(actor, "given_up", code, blank).done == 2


def test_all_of_them_come_in_bites(in_doubt, actor, monkeypatch):
    monkeypatch.setattr(unconfirmed, "MOST_AT_ONCE", 2)
    for key in ("one", "two", "three"):
        in_doubt(key)
    first = settle(actor, "sent", codes=None)
    assert (first.done, first.left) == (2, 1)
    second = settle(actor, "sent", codes=None)
    assert (second.done, second.left) == (1, 0)


def test_a_late_report_settles_it(in_doubt, actor, twilio):
    reported, marked, given_up = in_doubt("one"), in_doubt("two"), in_doubt("three")
    settle(actor, "sent", marked)
    settle(actor, "given_up", given_up)
    twilio.report_all()
    assert [state_of(one) for one in (reported, marked, given_up)] == ["delivered"] * 3
    assert settle(actor, "again", reported).done == 0


def test_a_report_on_the_first_try_while_the_second_waits_ends_it(in_doubt, actor, twilio, run_queue):
    message = in_doubt()
    settle(actor, "again", message)
    twilio.report_all()
    run_queue()
    assert (state_of(message), len(twilio.texts)) == ("delivered", 1)


def test_a_report_that_the_first_try_failed_does_not_stop_the_second(in_doubt, actor, twilio, run_queue):
    message = in_doubt()
    settle(actor, "again", message)
    twilio.report(twilio.texts[0], "undelivered")
    assert state_of(message) == "queued"
    run_queue()
    assert (state_of(message), len(twilio.texts)) == ("sent", 2)
    twilio.report(twilio.texts[0], "undelivered")  # once more, late
    assert state_of(message) == "sent"
    twilio.report(twilio.texts[1], "undelivered")
    assert state_of(message) == "undelivered"


def test_who_stopped_meanwhile_gets_no_second_try(in_doubt, actor, twilio, run_queue):
    message = in_doubt()
    settle(actor, "again", message)
    twilio.switches = Switches(error="21610")
    twilio.report(twilio.texts[0], "undelivered")
    run_queue()
    assert (state_of(message), message.error, len(twilio.texts)) == ("suppressed", "stopped", 1)


def test_only_what_is_in_doubt_can_be_decided(in_doubt, actor):
    message = in_doubt()
    for state in set(OutboundMessage.State.values) - {"unconfirmed"}:
        OutboundMessage.objects.update(state=state)
        assert settle(actor, "given_up", message).done == 0
        assert state_of(message) == state
    assert settle(actor, "sent", codes=["nothere1"]).done == 0


def test_people_of_one_business_decide_nothing(in_doubt, business):
    message = in_doubt()
    limited = Actor(kind="user", id="1", label="Lead", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        settle(limited, "sent", message)
    assert state_of(message) == "unconfirmed"


def test_a_code_of_another_programme_decides_nothing_there(in_doubt, actor, other_programme):
    message = in_doubt()
    with tenant_context(other_programme):
        assert settle(actor, "sent", message).done == 0
        assert settle(actor, "sent", codes=None).done == 0
    assert state_of(message) == "unconfirmed"
