"""The outbox sends each message once, asks for consent when it sends, and forgets codes."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from core.errors import PermanentError, RetryableError
from customers.actions.consent import record_consent
from customers.models import ConsentRecord, Customer
from messaging import channels
from messaging.actions import outbox
from messaging.actions.outbox import queue_message
from messaging.models import OutboundMessage
from programs.models import DueWork

SENT = []


class Recorder:
    """A provider of the test's own, joined through the registry like any other."""

    name = "recorder"
    trouble = None

    def send(self, message):
        SENT.append(message)
        if Recorder.trouble is not None:
            raise Recorder.trouble
        return f"id-{len(SENT)}"


@pytest.fixture(autouse=True)
def recorder(settings, monkeypatch):
    SENT.clear()
    Recorder.trouble = None
    monkeypatch.setitem(channels.PROVIDERS, "recorder", f"{__name__}.Recorder")
    settings.SMS_CHANNEL = "recorder"


@pytest.fixture
def customer(programme):
    return Customer.objects.create(first_name="Priya", phone="+447700900142")


def queue(customer=None, *, key="one", purpose="one_time_code", **more):
    values = {"channel": "sms", "recipient": "+447700900142", "body": "Hello 482731", **more}
    return queue_message(
        purpose=purpose,
        customer_id=customer.pk if customer else None,
        dedupe_key=key,
        now=timezone.now(),
        **values,
    )


def agree(customer, actor, *, is_granted=True, purpose="service"):
    return record_consent(
        customer=customer,
        channel="sms",
        purpose=purpose,
        is_granted=is_granted,
        source="till",
        wording=f"till-{purpose}-1",
        actor=actor,
        now=timezone.now(),
    )


def test_a_message_is_sent_once_however_often_the_task_runs(programme):
    message = queue()
    for _ in range(3):
        outbox.send_message(message.pk)
    message.refresh_from_db()
    assert [sent.body for sent in SENT] == ["Hello 482731"]
    assert (message.state, message.attempts, message.provider, message.provider_id) == ("sent", 1, "recorder", "id-1")


def test_the_same_cause_is_one_message_and_one_task(programme):
    assert queue().pk == queue().pk
    assert OutboundMessage.objects.count() == 1
    assert OrmQ.objects.count() == 1


def test_a_text_has_plain_spaces_because_others_double_its_price(programme):
    assert queue(body="1\u202f250,00\u00a0€").body == "1 250,00 €"
    letter = queue(key="two", channel="email", recipient="a@example.org", body="1250,00\u00a0€")
    assert letter.body == "1250,00\u00a0€"


def test_a_rolled_back_cause_leaves_no_message(programme):
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert OutboundMessage.objects.count() == 0
    assert OrmQ.objects.count() == 0


def test_without_consent_a_service_text_is_suppressed(customer):
    message = queue(customer, purpose="service")
    outbox.send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.error, SENT) == ("suppressed", "no consent", [])


def test_with_consent_a_service_text_is_sent(customer, actor):
    agree(customer, actor)
    outbox.send_message(queue(customer, purpose="service").pk)
    assert len(SENT) == 1


def test_consent_to_one_purpose_is_not_consent_to_another(customer, actor):
    agree(customer, actor)
    outbox.send_message(queue(customer, purpose="marketing").pk)
    assert SENT == []


def test_stop_between_queueing_and_sending_is_honoured(customer, actor):
    agree(customer, actor)
    message = queue(customer, purpose="service")
    agree(customer, actor, is_granted=False)
    outbox.send_message(message.pk)
    assert SENT == []


def test_consent_is_recorded_with_its_words_and_only_when_it_changes(customer, actor):
    record = agree(customer, actor)
    assert agree(customer, actor) is None
    assert record.proof["text"] == "Texts about their points, after each visit"
    assert agree(customer, actor, is_granted=False).is_granted is False
    assert ConsentRecord.objects.count() == 2


def test_a_first_no_is_no_statement(customer, actor):
    assert agree(customer, actor, is_granted=False) is None
    assert ConsentRecord.objects.count() == 0


def test_after_its_time_a_message_is_not_sent(programme):
    message = queue(expires_at=timezone.now() - timedelta(seconds=1))
    outbox.send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.error, SENT) == ("suppressed", "expired", [])


def test_a_provider_that_took_nothing_is_tried_again_later(programme):
    Recorder.trouble = RetryableError("no connection")
    message = queue()
    outbox.send_message(message.pk)
    message.refresh_from_db()
    assert message.state == "queued"
    assert message.next_attempt_at > timezone.now()
    outbox.send_message(message.pk)  # what the sweep does once the time has come
    Recorder.trouble = None
    outbox.send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("sent", 3)


def test_retries_end(programme):
    Recorder.trouble = RetryableError("no connection")
    message = queue()
    for _ in range(9):
        outbox.send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.attempts, len(SENT)) == ("failed", outbox.MAX_ATTEMPTS, outbox.MAX_ATTEMPTS)


def test_a_refused_number_fails_at_once(programme):
    Recorder.trouble = PermanentError("no such number")
    message = queue()
    outbox.send_message(message.pk)
    outbox.send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, message.error, len(SENT)) == ("failed", "no such number", 1)


def test_an_answer_nobody_understands_is_not_sent_again(programme):
    Recorder.trouble = TimeoutError("read timed out")
    message = queue()
    outbox.send_message(message.pk)
    outbox.send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, len(SENT)) == ("unconfirmed", 1)


def test_what_a_dead_worker_left_is_unconfirmed_and_stays_so(programme):
    message = queue()
    long_ago = timezone.now() - timedelta(hours=1)
    OutboundMessage.objects.update(state="claimed", claimed_at=long_ago, attempts=1)
    outbox.sweep(now=timezone.now())
    outbox.send_message(message.pk)
    message.refresh_from_db()
    assert (message.state, SENT) == ("unconfirmed", [])


def test_a_claim_that_is_young_is_left_alone(programme):
    queue()
    OutboundMessage.objects.update(state="claimed", claimed_at=timezone.now(), attempts=1)
    outbox.sweep(now=timezone.now())
    assert OutboundMessage.objects.get().state == "claimed"


def test_the_sweep_queues_again_what_the_queue_lost(programme):
    message = queue()
    OrmQ.objects.all().delete()
    assert outbox.sweep(now=timezone.now()) > timezone.now()
    assert OrmQ.objects.count() == 1
    outbox.send_message(message.pk)
    assert outbox.sweep(now=timezone.now()) is None


def test_a_code_that_ran_out_is_blanked(programme):
    queue(expires_at=timezone.now() + timedelta(minutes=10))
    outbox.sweep(now=timezone.now())
    assert OutboundMessage.objects.get().body == "Hello 482731"
    outbox.sweep(now=timezone.now() + timedelta(minutes=11))
    message = OutboundMessage.objects.get()
    assert message.body == ""
    assert message.redacted_at is not None


def test_queueing_asks_for_the_sweep(programme):
    queue()
    assert DueWork.objects.get().kind == outbox.OUTBOX


def test_a_message_of_one_programme_is_not_sent_from_another(programme, other_programme):
    message = queue()
    connection.set_tenant(other_programme)
    outbox.send_message(message.pk)
    assert SENT == []
    assert OutboundMessage.objects.count() == 0


def test_the_console_writes_a_file_per_programme(programme, settings, tmp_path):
    settings.SMS_CHANNEL = "console"
    settings.CONSOLE_MESSAGES_DIR = tmp_path
    outbox.send_message(queue().pk)
    lines = (tmp_path / "p_harbour.jsonl").read_text().splitlines()
    assert [json.loads(line)["body"] for line in lines] == ["Hello 482731"]


def test_outside_development_the_console_hides_codes(programme, settings, tmp_path):
    settings.SMS_CHANNEL = "console"
    settings.CONSOLE_MESSAGES_DIR = tmp_path
    settings.DEVELOPMENT = False
    outbox.send_message(queue().pk)
    assert "482731" not in (tmp_path / "p_harbour.jsonl").read_text()


def test_e_mail_leaves_through_django(customer, actor, mailoutbox):
    record_consent(
        customer=customer, channel="email", purpose="service", is_granted=True, source="till",
        wording="till-service-1", actor=actor, now=timezone.now(),
    )  # fmt: skip
    message = queue_message(
        channel="email", purpose="service", recipient="priya@example.com", subject="Your points", body="You have 5.",
        customer_id=customer.pk, dedupe_key="mail", now=timezone.now(),
    )  # fmt: skip
    outbox.send_message(message.pk)
    assert [(mail.to, mail.subject, mail.body) for mail in mailoutbox] == [
        (["priya@example.com"], "Your points", "You have 5.")
    ]


def test_no_number_is_logged(programme, caplog):
    caplog.set_level("DEBUG")
    Recorder.trouble = TimeoutError("+447700900142 timed out")
    outbox.send_message(queue().pk)
    Recorder.trouble = None
    outbox.send_message(queue(key="two").pk)
    logged = " ".join(str(record.__dict__) for record in caplog.records if record.name.startswith("messaging"))
    assert "message_code" in logged
    assert "7700900142" not in logged
