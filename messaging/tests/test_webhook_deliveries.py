"""From an event to a receiver written with the public library: signed, in order, tried again, never lost."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from django_tenants.utils import tenant_context
from standardwebhooks import Webhook, WebhookVerificationError

from core.actor import SYSTEM
from customers.actions import events
from customers.actions.customers import create_customer
from customers.events import CUSTOMER_CHANGED, ORDER_PLACED
from customers.models import Customer, Event
from customers.stream import READERS
from messaging.actions import webhook_deliveries as sending
from messaging.actions import webhooks
from messaging.actions.privacy import forget_person
from messaging.actions.webhook_deliveries import plan_deliveries, send_due, sweep_deliveries
from messaging.models_webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from messaging.tests.webhook_receiver import listening
from messaging.webhooks.errors import DeliveryUnderWay, EndpointIsOff
from messaging.webhooks.rules import FAILING_FOR, MAX_ATTEMPTS, RETRY_AFTER, asked_wait
from messaging.webhooks.signing import ForeignSecret, seal, unseal
from messaging.webhooks.transport import Outcome
from programs.models import DueWork
from workspace.models import AuditEntry

START = timezone.now().replace(microsecond=0)


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def receiver():
    with listening() as found:
        yield found


@pytest.fixture
def endpoint(programme, clock, receiver, actor):
    return make_endpoint(receiver, actor)


def make_endpoint(receiver, actor, **values):
    given = {"url": receiver.url, "description": "Web shop", "event_types": [], "business": None, **values}
    issued = webhooks.create_endpoint(**given, actor=actor, now=timezone.now())
    receiver.secret = issued.secret
    return issued.endpoint


def happen(*, customer=None, business=None, total="12.40"):
    """One sale in the stream; returns its event."""
    events.append(
        ORDER_PLACED,
        actor=SYSTEM,
        occurred_at=timezone.now(),
        customer_id=customer.pk if customer else None,
        business_id=business.pk if business else None,
        data={"order": "abcdefgh2345", "total": total, "source": "till"},
    )
    event = Event.objects.order_by("-pk").first()
    # The database's clock does not travel.
    Event.objects.filter(pk=event.pk).update(received_at=timezone.now())
    event.refresh_from_db()
    return event


def plan(*found):
    plan_deliveries(found, now=timezone.now())


def states():
    return list(WebhookDelivery.objects.order_by("pk").values_list("state", flat=True))


# -- what arrives -----------------------------------------------------------------------------------------------------


def test_a_receiver_verifies_what_arrives(endpoint, receiver, business):
    customer = Customer.objects.create(first_name="Ada", phone="+447700900142", email="ada@example.com")
    plan(happen(customer=customer, business=business))
    send_due(endpoint.pk)
    ((verified, headers, body),) = receiver.received
    assert verified
    assert headers["content-type"] == "application/json"
    delivery = WebhookDelivery.objects.get()
    assert json.loads(body) == {
        "type": "customers.order.placed",
        "timestamp": START.isoformat().replace("+00:00", "Z"),
        "data": {
            "version": 1,
            "customer_id": customer.code,
            "business_id": business.code,
            "order": "abcdefgh2345",
            "total": "12.40",
            "source": "till",
        },
    }
    assert headers["webhook-id"] == delivery.message_id
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 204)
    assert b"Ada" not in body
    assert b"7700900142" not in body


def test_a_flipped_byte_or_header_fails(endpoint, receiver):
    plan(happen())
    send_due(endpoint.pk)
    ((_verified, headers, body),) = receiver.received
    library = Webhook(receiver.secret)
    assert library.verify(body, headers)["type"] == "customers.order.placed"
    for place in (0, len(body) // 2, len(body) - 1):
        flipped = bytearray(body)
        flipped[place] ^= 1
        with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
            library.verify(bytes(flipped), headers)
    for change in ({"webhook-id": "msg_other"}, {"webhook-timestamp": str(int(START.timestamp()) + 1)}):
        with pytest.raises(WebhookVerificationError):
            library.verify(body, {**headers, **change})
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(body, headers)


def test_an_old_message_is_refused_by_the_library(endpoint, receiver, clock):
    plan(happen())
    send_due(endpoint.pk)
    ((_verified, headers, body),) = receiver.received
    clock.shift(timedelta(minutes=6))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(receiver.secret).verify(body, headers)


def test_both_secrets_sign_for_a_day_after_a_new_one_was_made(endpoint, receiver, actor, clock):
    old = receiver.secret
    new = webhooks.rotate_secret(endpoint=endpoint, actor=actor, now=timezone.now()).secret
    plan(happen())
    send_due(endpoint.pk)
    ((verified, headers, body),) = receiver.received
    assert verified  # by the old one
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Webhook(new).verify(body, headers)
    clock.shift(timedelta(hours=24))
    receiver.secret = new
    plan(happen())
    send_due(endpoint.pk)
    verified, headers, body = receiver.received[-1]
    assert verified
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)


def test_events_arrive_in_their_order_and_once(endpoint, receiver):
    found = [happen(total=f"{number}.00") for number in range(5)]
    plan(*found)
    plan(*found)  # read twice
    send_due(endpoint.pk)
    send_due(endpoint.pk)
    assert [json.loads(body)["data"]["total"] for _ok, _headers, body in receiver.received] == [
        f"{number}.00" for number in range(5)
    ]


def test_a_receiver_that_lost_its_answer_sees_the_same_id_again(endpoint, receiver, clock):
    receiver.statuses = [500, 503]
    plan(happen())
    send_due(endpoint.pk)
    clock.shift(RETRY_AFTER[0])
    send_due(endpoint.pk)
    clock.shift(RETRY_AFTER[1])
    send_due(endpoint.pk)
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1
    stamps = [headers["webhook-timestamp"] for _ok, headers, _body in receiver.received]
    assert len(set(stamps)) == 3  # each try is signed anew, so that none is too old
    assert [ok for ok, _headers, _body in receiver.received] == [True] * 3
    assert states() == ["delivered"]
    tries = WebhookAttempt.objects.order_by("pk").values_list("status", "fault")
    assert list(tries) == [(500, "status"), (503, "status"), (204, "")]


def test_who_is_erased_meanwhile_is_not_sent(endpoint, receiver):
    customer = Customer.objects.create(first_name="Ada")
    events.append(
        CUSTOMER_CHANGED, actor=SYSTEM, occurred_at=timezone.now(), customer_id=customer.pk, data={"fields": ["city"]}
    )
    Event.objects.update(received_at=timezone.now(), data={})  # as erasing leaves what others sent
    plan(*Event.objects.all())
    send_due(endpoint.pk)
    data = json.loads(receiver.received[0][2])["data"]
    assert data == {"version": 1, "customer_id": customer.code, "business_id": None}


def test_erasing_empties_what_receivers_answered(endpoint, receiver):
    customer, other = Customer.objects.create(first_name="Ada"), Customer.objects.create(first_name="Ben")
    receiver.statuses, receiver.answer = [200, 200], b"thanks, Ada"
    plan(happen(customer=customer), happen(customer=other))
    send_due(endpoint.pk)
    assert set(WebhookAttempt.objects.values_list("answer", flat=True)) == {"thanks, Ada"}
    forget_person(customer_id=customer.pk, recipients=[], now=timezone.now())
    told = WebhookAttempt.objects.order_by("delivery__event_id").values_list("answer", flat=True)
    assert list(told) == ["", "thanks, Ada"]


# -- who hears what ---------------------------------------------------------------------------------------------------


def test_only_chosen_events_of_the_business_since_it_was_made(
    programme, clock, receiver, actor, business, other_business
):
    before = happen(business=business)
    clock.shift(timedelta(seconds=1))
    every = make_endpoint(receiver, actor)
    chosen = make_endpoint(receiver, actor, event_types=["customers.order.placed"])
    foreign = make_endpoint(receiver, actor, event_types=["customers.order.refunded"])
    limited = make_endpoint(receiver, actor, business=business)
    here, there, nowhere = happen(business=business), happen(business=other_business), happen()
    plan(before, here, there, nowhere)

    def heard(endpoint):
        return list(endpoint.deliveries.order_by("pk").values_list("event_id", flat=True))

    assert heard(every) == heard(chosen) == [here.pk, there.pk, nowhere.pk]
    assert heard(foreign) == []
    assert heard(limited) == [here.pk]


def test_the_stream_leads_to_the_receiver(endpoint, receiver, run_queue, business, actor, now):
    """Through the reader that the stream runs, the queue and the worker's entry."""
    create_customer(values={"first_name": "Ada"}, source="till", region="GB", actor=actor, now=timezone.now())
    Event.objects.update(received_at=timezone.now())
    with transaction.atomic():
        READERS["messaging.webhooks"].handle(list(Event.objects.order_by("pk")))
    run_queue()
    assert receiver.types == ["customers.customer.created"]
    assert DueWork.objects.filter(kind=webhooks.WEBHOOKS, programme=connection.tenant).count() == 1


def test_a_programme_without_webhooks_pays_one_query(programme, django_assert_num_queries):
    found = [happen() for _ in range(3)]
    with django_assert_num_queries(1):
        plan(*found)


def test_planning_asks_the_same_of_ten_events_as_of_fifty(endpoint, django_assert_num_queries):
    few, many = [happen() for _ in range(10)], [happen() for _ in range(50)]
    plan(happen())  # the work is planned from here on
    counts = []
    for found in (few, many):
        with CaptureQueriesContext(connection) as queries:
            plan(*found)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_webhooks_of_one_programme_hear_nothing_of_the_other(endpoint, receiver, other_programme, actor):
    with tenant_context(other_programme):
        own = make_endpoint(receiver, actor)
        there = happen(total="99.00")
        plan(there)
    here = happen()
    plan(here)
    send_due(endpoint.pk)
    assert WebhookDelivery.objects.count() == 1
    receiver_bodies = [body for _ok, _headers, body in receiver.received]
    assert len(receiver_bodies) == 1
    assert b"99.00" not in receiver_bodies[0]
    with tenant_context(other_programme):
        assert list(own.deliveries.values_list("state", flat=True)) == ["waiting"]


def test_a_secret_moved_to_another_programme_or_endpoint_opens_nothing(endpoint, other_programme):
    sealed = seal("whsec_x", endpoint.code)
    assert unseal(sealed, endpoint.code) == "whsec_x"
    assert "whsec_" not in endpoint.secret
    with pytest.raises(ForeignSecret):
        unseal(sealed, "another23456")
    with tenant_context(other_programme), pytest.raises(ForeignSecret):
        unseal(sealed, endpoint.code)


# -- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "waits"), [(429, 90), (503, 90), (500, 5)])
def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(endpoint, receiver, clock, status, waits):
    receiver.statuses, receiver.retry_after = [status], "90"
    plan(happen(), happen())
    send_due(endpoint.pk)
    first = WebhookDelivery.objects.order_by("pk").first()
    assert first.next_attempt_at - timezone.now() == timedelta(seconds=waits)
    if waits == 90:
        assert len(receiver.received) == 1  # nor is it asked to take the next one meanwhile
        clock.shift(timedelta(seconds=91))
        receiver.retry_after = ""
        send_due(endpoint.pk)
        assert states() == ["delivered", "delivered"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("0", 0), ("120", 120), ("999999999999", 36_000), ("-5", 0), ("soon", 0), ("", 0), ("²", 0),
     ("Wed, 21 Oct 2026 07:30:00 GMT", 1800), ("Wed, 21 Oct 2026 06:00:00 GMT", 0), ("Wed, 99 Oct 2026", 0)],
)  # fmt: skip
def test_what_receivers_may_say(said, seconds):
    now = datetime(2026, 10, 21, 7, tzinfo=UTC)
    assert asked_wait(503, said, now=now) == timedelta(seconds=seconds)
    assert asked_wait(500, said, now=now) == timedelta(0)


def test_tries_end_after_a_day_and_a_bit(endpoint, receiver, clock):
    receiver.statuses = [500] * 20
    plan(happen())
    waits = []
    for _ in range(MAX_ATTEMPTS):
        send_due(endpoint.pk)
        delivery = WebhookDelivery.objects.get()
        if delivery.state == "waiting":
            waits.append(delivery.next_attempt_at - timezone.now())
            send_due(endpoint.pk)  # too early: nothing
            clock.move_to(delivery.next_attempt_at)
    assert waits == list(RETRY_AFTER)
    assert states() == ["failed"]
    assert len(receiver.received) == MAX_ATTEMPTS == 8
    assert timedelta(hours=24) < timezone.now() - START < timedelta(hours=30)


def test_gone_switches_off_at_once_and_tells_the_owners(endpoint, receiver, run_queue, owner, manager):
    receiver.statuses = [410]
    plan(happen(), happen())
    send_due(endpoint.pk)
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.off_because) == (False, "gone")
    assert len(receiver.received) == 1
    assert states() == ["missed", "missed"]
    run_queue()
    (letter,) = mail.outbox
    assert letter.to == [owner.email]
    assert "127.0.0.1" in letter.body
    assert f"/settings/webhooks/{endpoint.code}/" in letter.body
    assert AuditEntry.objects.filter(action="messaging.webhook.switched_off").count() == 1


def test_five_days_of_failures_and_nothing_else_switch_it_off(endpoint, receiver, clock, run_queue, owner):
    receiver.statuses = [500] * 20
    plan(happen())
    send_due(endpoint.pk)
    endpoint.refresh_from_db()
    assert endpoint.failing_since == START
    clock.shift(FAILING_FOR - timedelta(seconds=1))
    plan(happen())
    send_due(endpoint.pk)
    endpoint.refresh_from_db()
    assert endpoint.is_active
    clock.shift(timedelta(seconds=1))
    plan(happen())
    send_due(endpoint.pk)
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.off_because, endpoint.off_at) == (False, "failing", timezone.now())
    assert set(states()) == {"missed"}
    run_queue()
    assert [letter.to for letter in mail.outbox] == [[owner.email]]


def test_one_that_arrives_begins_the_five_days_anew(endpoint, receiver, clock):
    receiver.statuses = [500, 204]
    plan(happen())
    send_due(endpoint.pk)
    clock.shift(RETRY_AFTER[0])
    send_due(endpoint.pk)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None
    clock.shift(FAILING_FOR)
    receiver.statuses = [500]
    plan(happen())
    send_due(endpoint.pk)
    endpoint.refresh_from_db()
    assert endpoint.is_active


def test_after_a_slow_failure_the_endpoint_rests(endpoint, receiver, clock, monkeypatch):
    """An address that hangs must not take the workers from everybody else."""

    def hang(url, **kwargs):
        return Outcome(None, "timeout", "", 15_000)

    monkeypatch.setattr(sending, "post", hang)
    plan(happen(), happen())
    send_due(endpoint.pk)
    assert states() == ["waiting", "waiting"]
    assert WebhookAttempt.objects.count() == 1
    monkeypatch.undo()
    clock.shift(timedelta(seconds=149))
    send_due(endpoint.pk)
    assert receiver.received == []
    clock.shift(timedelta(seconds=1))
    send_due(endpoint.pk)
    assert states() == ["delivered", "delivered"]


# -- workers that die, and several of them ----------------------------------------------------------------------------


def abandon(endpoint):
    """What a worker leaves behind that was killed during its call."""
    lease = sending._become_sender(endpoint.pk, now=timezone.now())
    return sending._claim(endpoint.pk, lease, now=timezone.now())


def test_what_a_dead_worker_claimed_is_sent_under_the_same_id(endpoint, receiver, clock, run_queue):
    plan(happen())
    claim = abandon(endpoint)
    send_due(endpoint.pk)
    assert receiver.received == []  # the dead one may still be sending
    clock.shift(sending.LEASE + timedelta(seconds=1))
    sweep_deliveries(now=timezone.now())
    run_queue()
    assert receiver.ids == [claim.delivery.message_id]
    assert states() == ["delivered"]
    assert list(WebhookAttempt.objects.order_by("pk").values_list("fault", flat=True)) == ["unknown", ""]


def test_a_worker_that_comes_late_changes_nothing(endpoint, receiver, clock, run_queue):
    plan(happen())
    claim = abandon(endpoint)
    clock.shift(sending.LEASE + timedelta(seconds=1))
    sweep_deliveries(now=timezone.now())
    run_queue()
    sending._settle(claim, Outcome(500, "status", "", 1), now=timezone.now())
    assert states() == ["delivered"]
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_delivery_that_kills_each_worker_ends(endpoint, clock):
    plan(happen())
    for _ in range(MAX_ATTEMPTS):
        assert abandon(endpoint) is not None
        clock.shift(sending.LEASE + timedelta(seconds=1))
        sweep_deliveries(now=timezone.now())
    assert states() == ["failed"]


def test_what_comes_while_another_sends_is_taken_up(endpoint, receiver):
    """A second task finds the endpoint taken and leaves; the first looks once more before it goes."""
    plan(happen())
    claim = abandon(endpoint)
    plan(happen())
    send_due(endpoint.pk)
    assert receiver.received == []
    sending._settle(claim, sending._call(claim), now=timezone.now())
    WebhookEndpoint.objects.update(busy_until=None)
    send_due(endpoint.pk)
    assert states() == ["delivered", "delivered"]


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_a_test_event_is_tried_once(endpoint, receiver, actor, run_queue):
    receiver.statuses = [500]
    sending.send_test(endpoint=endpoint, actor=actor, now=timezone.now())
    run_queue()
    assert receiver.types == ["webhook.test"]
    assert states() == ["failed"]
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_sending_again_keeps_the_id_and_gives_all_tries_anew(endpoint, receiver, actor, run_queue):
    plan(happen())
    send_due(endpoint.pk)
    delivery = WebhookDelivery.objects.get()
    sending.replay_delivery(delivery=delivery, actor=actor, now=timezone.now())
    with pytest.raises(DeliveryUnderWay):
        sending.replay_delivery(delivery=delivery, actor=actor, now=timezone.now())
    assert WebhookDelivery.objects.get().attempts == 0
    run_queue()
    assert receiver.ids == [delivery.message_id] * 2
    assert len(receiver.accepted) == 1  # the receiver knows the id


def test_everything_failed_and_missed_since_then_is_sent_in_order(endpoint, receiver, actor, clock, run_queue):
    early = happen()
    plan(early)
    WebhookDelivery.objects.update(state="failed", finished_at=timezone.now())
    clock.shift(timedelta(hours=2))
    since = timezone.now()
    plan(happen(total="1.00"))
    send_due(endpoint.pk)  # arrived: left alone
    webhooks.pause_endpoint(endpoint=endpoint, actor=actor, now=timezone.now())
    plan(happen(total="2.00"), happen(total="3.00"))
    assert states() == ["failed", "delivered", "missed", "missed"]
    with pytest.raises(EndpointIsOff):
        sending.replay_failed(endpoint=endpoint, since=since, actor=actor, now=timezone.now())
    webhooks.resume_endpoint(endpoint=endpoint, actor=actor)
    assert sending.replay_failed(endpoint=endpoint, since=since, actor=actor, now=timezone.now()) == 2
    run_queue()
    assert [json.loads(body)["data"]["total"] for _ok, _headers, body in receiver.received] == ["1.00", "2.00", "3.00"]
    assert states() == ["failed", "delivered", "delivered", "delivered"]
    assert sending.replay_failed(endpoint=endpoint, since=since, actor=actor, now=timezone.now()) == 0


def test_a_paused_endpoint_gets_nothing_also_of_what_waits(endpoint, receiver, actor, run_queue):
    plan(happen())
    webhooks.pause_endpoint(endpoint=endpoint, actor=actor, now=timezone.now())
    run_queue()
    assert receiver.received == []
    assert states() == ["missed"]


def test_a_deleted_endpoint_gets_nothing_and_leaves_nothing(endpoint, receiver, actor, run_queue):
    plan(happen())
    webhooks.delete_endpoint(endpoint=endpoint, actor=actor, now=timezone.now())
    assert WebhookEndpoint.objects.get().secret == ""
    run_queue()
    sweep_deliveries(now=timezone.now())
    assert receiver.received == []
    assert not WebhookEndpoint.objects.exists()
    assert not WebhookDelivery.objects.exists()


# -- looking after ----------------------------------------------------------------------------------------------------


def test_old_deliveries_are_forgotten_and_the_work_ends(endpoint, receiver, clock):
    plan(happen())
    send_due(endpoint.pk)
    assert sweep_deliveries(now=timezone.now()) == START + sending.KEPT
    clock.shift(sending.KEPT + timedelta(seconds=1))
    assert sweep_deliveries(now=timezone.now()) is None
    assert not WebhookDelivery.objects.exists()
    assert not WebhookAttempt.objects.exists()
    assert WebhookEndpoint.objects.count() == 1


def test_the_sweep_queues_what_no_worker_took(endpoint, receiver, run_queue):
    plan(happen())
    OrmQ.objects.all().delete()  # the queue row is lost
    assert sweep_deliveries(now=timezone.now()) == START + sending.SWEEP_AFTER
    run_queue()
    assert states() == ["delivered"]


def test_an_address_that_is_forbidden_by_now_is_not_called(endpoint, receiver, settings):
    settings.WEBHOOKS_TO_THIS_MACHINE = False
    plan(happen())
    send_due(endpoint.pk)
    assert receiver.received == []
    assert WebhookDelivery.objects.get().last_fault == "forbidden"
