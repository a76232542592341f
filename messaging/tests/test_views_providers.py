"""What providers bring to the public host: proven or refused, once however often, and for one programme only."""

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.actions.consent import record_consent
from customers.consent import has_consent
from customers.models import Customer, Identifier
from devservers.twilio import Switches
from messaging.actions import outbox
from messaging.actions.outbox import queue_message
from messaging.actions.texts import choose_provider
from messaging.connection import unseal
from messaging.models import InboundMessage, MessageReceipt, OutboundMessage, SmsConnection, Suppression
from programs.models import Programme
from workspace.models import AuditEntry

NUMBER = "+447700900142"
INBOUND, STATUS = "/sms/inbound", "/sms/status"


@pytest.fixture
def customer(programme, actor):
    customer = Customer.objects.create(first_name="Priya", phone=NUMBER)
    Identifier.objects.create(customer=customer, kind="phone", value=NUMBER)
    for purpose in ("service", "marketing"):
        record_consent(
            customer=customer, channel="sms", purpose=purpose, is_granted=True, source="till",
            wording=f"till-{purpose}-1", actor=actor, now=timezone.now(),
        )  # fmt: skip
    return customer


@pytest.fixture
def connected(programme, twilio, connect):
    connect(twilio)
    return twilio


@pytest.fixture
def coded(programme, actor):
    """The path of the webhooks of a programme with Africa's Talking."""
    choose_provider(
        provider="africas_talking", sender="", settings={"username": "harbour", "api_key": "k"}, is_active=True,
        actor=actor, now=timezone.now(),
    )  # fmt: skip
    return f"/sms/africas_talking/{unseal(SmsConnection.objects.get()).webhook_code}"


def queue(key="one", purpose="one_time_code", customer=None):
    return queue_message(
        channel="sms", purpose=purpose, recipient=NUMBER, body="Hello", dedupe_key=key, now=timezone.now(),
        customer_id=customer.pk if customer else None,
    )  # fmt: skip


def sent(message):
    outbox.send_message(message.pk)
    message.refresh_from_db()
    return message


def call(path, form, programme, **headers):
    """A provider's call at the public host; afterwards the connection is in the programme again."""
    database.set_schema_to_public()
    answer = Client(headers={"host": "localhost"}).post(path, form, headers=headers)
    assert database.schema_name == "public"
    database.set_tenant(programme)
    return answer


def states():
    return list(OutboundMessage.objects.order_by("pk").values_list("state", flat=True))


# -- reports ----------------------------------------------------------------------------------------------------------


def test_a_text_is_delivered_when_twilio_says_so_however_often(connected):
    message = sent(queue())
    connected.switches.repeat = 3
    connected.report_all()
    message.refresh_from_db()
    assert connected.answered == [200] * 6
    assert message.state == "delivered"
    assert message.delivered_at is not None
    assert list(message.receipts.order_by("pk").values_list("word", flat=True)) == ["sent", "delivered"]


def test_reports_that_overtake_each_other_take_nothing_back(connected):
    sent(queue())
    (text,) = connected.texts
    for status in ("delivered", "sent", "undelivered"):
        connected.report(text, status)
    assert states() == ["delivered"]
    assert MessageReceipt.objects.count() == 3


def test_reports_that_come_backwards_and_twice_end_where_the_furthest_is(connected):
    connected.switches = Switches(backwards=True, repeat=2)
    sent(queue())
    connected.report_all()
    assert (states(), connected.answered) == (["delivered"], [200] * 4)
    assert list(MessageReceipt.objects.order_by("pk").values_list("word", flat=True)) == ["delivered", "sent"]


def test_what_did_not_arrive_says_why(connected):
    message = sent(queue())
    connected.switches = Switches(outcome="undelivered", error="30003")
    connected.report_all()
    message.refresh_from_db()
    assert (message.state, message.error, message.delivered_at) == ("undelivered", "Twilio 30003", None)


def test_a_text_that_nobody_confirmed_is_settled_by_its_report(connected):
    connected.switches.drop = True
    message = sent(queue())
    assert (message.state, message.provider_id) == ("unconfirmed", "")
    (text,) = connected.texts
    connected.report(text, "queued")
    message.refresh_from_db()
    assert (message.state, message.provider_id, message.error) == ("sent", text.sid, "")
    connected.report(text, "delivered")
    assert states() == ["delivered"]


def test_a_messaging_service_is_found_by_its_own_id(programme, twilio, connect):
    twilio.services = ("MG" + "a" * 32,)
    connect(twilio, sender=twilio.services[0])
    sent(queue())
    twilio.report_all()
    twilio.receive(NUMBER, "Hello", to="+447700900177")
    assert twilio.answered == [200] * 3
    assert states() == ["delivered"]
    assert InboundMessage.objects.get().recipient == "+447700900177"


def test_a_report_that_comes_before_the_answer_is_kept(connected):
    message = queue()
    OutboundMessage.objects.update(state="claimed", provider="twilio", claimed_at=timezone.now(), attempts=1)
    message.refresh_from_db()
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "From": connected.numbers[0],
            "AccountSid": connected.account_sid}  # fmt: skip
    url = f"http://localhost:8000{STATUS}?message={message.code}"
    assert connected.post(url, form, connected.sign(url, form)) == 200
    outbox._finish(message, "sent", provider_id="SM1")
    message.refresh_from_db()
    assert (message.state, message.provider_id) == ("delivered", "SM1")


def test_a_report_about_another_text_changes_nothing(connected):
    first, second = sent(queue()), sent(queue("two"))
    form = {"MessageSid": connected.texts[1].sid, "MessageStatus": "undelivered", "From": connected.numbers[0],
            "AccountSid": connected.account_sid}  # fmt: skip
    url = f"http://localhost:8000{STATUS}?message={first.code}"
    assert connected.post(url, form, connected.sign(url, form)) == 200
    unknown = f"http://localhost:8000{STATUS}?message=zzzzzzzzzzzz"
    form["MessageSid"] = "SM0"
    assert connected.post(unknown, form, connected.sign(unknown, form)) == 200
    assert states() == ["sent", "sent"]
    assert second.receipts.count() == 0


def test_a_report_that_the_person_stopped_ends_texts_to_them(connected, customer):
    sent(queue(customer=customer))
    connected.switches = Switches(outcome="undelivered", error="21610")
    connected.report_all()
    assert Suppression.objects.get().address == NUMBER
    assert not has_consent(customer_id=customer.pk, channel="sms", purpose="service")


# -- incoming texts ---------------------------------------------------------------------------------------------------


def test_a_text_is_kept_once_with_whom_it_is_from(connected, customer):
    connected.switches.repeat = 2
    sid = connected.receive(NUMBER, "Is my cake ready?")
    text = InboundMessage.objects.get()
    assert connected.answered == [200, 200]
    assert (text.provider, text.provider_id, text.sender, text.customer) == ("twilio", sid, NUMBER, customer)
    assert (text.recipient, text.body) == (connected.numbers[0], "Is my cake ready?")
    assert not Suppression.objects.exists()


def test_stop_ends_everything_until_start(connected, customer):
    connected.receive(NUMBER, "Stop.")
    for purpose in ("service", "marketing"):
        assert not has_consent(customer_id=customer.pk, channel="sms", purpose=purpose)
    waiting = [queue(purpose, purpose, customer) for purpose in ("service", "one_time_code", "receipt")]
    assert [sent(message).error for message in waiting] == ["stopped"] * 3
    entry = AuditEntry.objects.get(action="messaging.number.suppressed")
    assert (entry.subject, entry.actor) == (f"customer:{customer.code}", f"customer:{customer.code}")
    connected.receive(NUMBER, "START")
    assert not Suppression.objects.exists()
    assert sent(queue("again")).state == "sent"
    assert sent(queue("points", "service", customer)).error == "no consent"  # START is no new consent


def test_the_profile_says_that_texts_are_stopped(connected, customer, client_of, owner):
    profile = f"/customers/{customer.code}/"
    assert "All texts, by STOP" not in client_of(owner).get(profile).content.decode()
    connected.receive(NUMBER, "STOP")
    assert "All texts, by STOP" in client_of(owner).get(profile).content.decode()


def test_twilio_confirms_stop_itself(connected):
    connected.receive(NUMBER, "STOP")
    assert Suppression.objects.get().reason == "stop"
    assert not OutboundMessage.objects.exists()


def test_stop_between_queueing_and_sending_is_honoured(connected, customer):
    message = queue("points", "service", customer)
    connected.receive(NUMBER, "STOP")
    assert sent(message).state == "suppressed"


def test_stop_counts_while_the_provider_is_switched_off(connected):
    SmsConnection.objects.update(is_active=False)
    connected.receive(NUMBER, "STOP")
    assert connected.answered == [200]
    assert Suppression.objects.exists()


def test_a_provider_that_does_not_confirm_stop_has_us_do_it_once(coded, programme, customer):
    customer.language = "de"
    customer.save()
    for number, text in enumerate(("STOP", "STOP", "Stop!")):
        form = {"id": f"t{number}", "from": NUMBER, "to": "1234", "text": text}
        assert call(f"{coded}/inbound", form, programme).status_code == 200
    (reply,) = OutboundMessage.objects.all()
    assert (reply.purpose, reply.recipient, reply.customer) == ("opt_out_reply", NUMBER, customer)
    assert reply.body == "Du bekommst keine SMS mehr von Harbour. Mit START bekommst du sie wieder."
    SmsConnection.objects.all().delete()
    assert sent(reply).state == "sent"
    assert InboundMessage.objects.count() == 3


# -- who is believed --------------------------------------------------------------------------------------------------


def inbound_form(twilio, **changes):
    return {"MessageSid": "SM9", "AccountSid": twilio.account_sid, "From": NUMBER, "To": twilio.numbers[0],
            "Body": "STOP", **changes}  # fmt: skip


@pytest.mark.parametrize("change", [{"Body": "START"}, {"From": "+447700900999"}, {"extra": "1"}])
def test_a_changed_byte_is_refused(connected, programme, change):
    form = inbound_form(connected)
    signature = connected.sign(f"http://localhost:8000{INBOUND}", form)
    assert call(INBOUND, {**form, **change}, programme, **{"X-Twilio-Signature": signature}).status_code == 403
    assert not InboundMessage.objects.exists()
    assert not Suppression.objects.exists()
    assert call(INBOUND, form, programme, **{"X-Twilio-Signature": signature}).status_code == 200


def test_a_signature_of_another_address_token_or_nobody_is_refused(connected, programme):
    form = inbound_form(connected)
    for signature in ("", "x", connected.sign(f"http://localhost:8000{STATUS}", form)):
        assert call(INBOUND, form, programme, **{"X-Twilio-Signature": signature}).status_code == 403
    connected.auth_token = "2" * 32
    forged = connected.sign(f"http://localhost:8000{INBOUND}", form)
    assert call(INBOUND, form, programme, **{"X-Twilio-Signature": forged}).status_code == 403
    assert call(INBOUND, {}, programme).status_code == 403
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize("signed_port", ["", "left out", "added"])
@pytest.mark.parametrize("port", [443, 8443])
def test_behind_a_proxy_the_public_address_is_what_is_signed(connected, settings, port, signed_port):
    """The proxy speaks https with Twilio and http with us."""
    settings.PUBLIC_SCHEME, settings.PUBLIC_PORT = "https", port
    connected.inbound_url = f"https://localhost{':8443' if port == 8443 else ''}/sms/inbound"
    connected.switches = Switches(signed_port=signed_port)
    connected.receive(NUMBER, "Hello")
    if port == 8443 and signed_port == "":
        connected.inbound_url = connected.inbound_url.replace("8443", "8444")  # another door
        connected.receive(NUMBER, "Hello again")
        assert connected.answered == [200, 403]
    else:
        assert connected.answered == [200]
    assert InboundMessage.objects.get().body == "Hello"


def test_each_programme_hears_its_own_number_only(connected, programme, other_programme, connect):
    connected.numbers = (*connected.numbers, "+447700900101")
    with tenant_context(other_programme):
        connect(connected, sender="+447700900101")
    connected.receive(NUMBER, "STOP", to="+447700900101")
    assert not InboundMessage.objects.exists()
    assert not Suppression.objects.exists()
    with tenant_context(other_programme):
        assert InboundMessage.objects.get().body == "STOP"
        assert Suppression.objects.get().address == NUMBER


def test_a_code_opens_its_own_programme_and_provider_only(coded, programme, other_programme, actor):
    form = {"id": "1", "from": NUMBER, "to": "1234", "text": "Hi"}
    code = coded.rpartition("/")[2]
    for path in (f"/sms/http_gateway/{code}", f"/sms/twilio/{code}", "/sms/pigeon/" + code, coded[:-1], coded + "a"):
        assert call(f"{path}/inbound", form, programme).status_code == 403
    assert call(INBOUND, form, programme).status_code == 403
    assert not InboundMessage.objects.exists()
    assert call(f"{coded}/inbound", form, programme).status_code == 200
    assert InboundMessage.objects.count() == 1
    with tenant_context(other_programme):
        assert not InboundMessage.objects.exists()


def test_a_closed_programme_hears_nothing(coded, programme):
    Programme.objects.filter(pk=programme.pk).update(is_active=False)
    assert call(f"{coded}/inbound", {"id": "1", "from": NUMBER, "text": "Hi"}, programme).status_code == 403


def test_reports_with_a_code_find_the_text_by_the_providers_id(coded, programme):
    message = queue()
    OutboundMessage.objects.update(state="sent", provider="africas_talking", provider_id="ATXid_1")
    for status, state in (
        ("Submitted", "sent"),
        ("Success", "delivered"),
        ("Success", "delivered"),
        ("?", "delivered"),
    ):
        assert call(f"{coded}/status", {"id": "ATXid_1", "status": status}, programme).status_code == 200
        message.refresh_from_db()
        assert message.state == state
    assert call(f"{coded}/status", {"id": "ATXid_2", "status": "Success"}, programme).status_code == 200
    assert MessageReceipt.objects.count() == 2


def test_a_gateway_may_call_with_json(programme, actor):
    choose_provider(
        provider="http_gateway", sender="Harbour",
        settings={"url": "https://example.com/", "inbound_id": "messages.0.id", "inbound_from": "messages.0.from"},
        is_active=True, actor=actor, now=timezone.now(),
    )  # fmt: skip
    path = f"/sms/http_gateway/{unseal(SmsConnection.objects.get()).webhook_code}/inbound"
    database.set_schema_to_public()
    client = Client(headers={"host": "localhost"})
    body = {"messages": [{"id": 5, "from": "447700900142"}], "text": "H\x00i"}
    assert client.post(path, body, content_type="application/json").status_code == 200
    assert client.post(path, "{", content_type="application/json").status_code == 400
    assert client.post(path, "[" * 100_000, content_type="application/json").status_code == 400
    database.set_tenant(programme)
    text = InboundMessage.objects.get()
    assert (text.provider_id, text.sender, text.body) == ("5", NUMBER, "Hi")


def test_what_the_database_cannot_hold_is_left_out(programme, actor, connected):
    database.set_schema_to_public()
    client = Client(headers={"host": "localhost"})
    for path in (INBOUND, STATUS):  # by somebody who proves nothing
        assert client.post(path, {"AccountSid": "a\x00", "To": "\x00", "From": "1"}).status_code == 403
    database.set_tenant(programme)
    choose_provider(
        provider="http_gateway", sender="Harbour", settings={"url": "https://example.com/", "inbound_id": "id",
        "inbound_from": "from"}, is_active=True, actor=actor, now=timezone.now(),
    )  # fmt: skip
    path = f"/sms/http_gateway/{unseal(SmsConnection.objects.get()).webhook_code}"
    database.set_schema_to_public()
    body = '{"id": "5\\u0000", "from": "\\ud800\\u0000", "text": "\\udc00", "status": "\\ud800"}'
    for what in ("inbound", "inbound", "status"):
        assert client.post(f"{path}/{what}?message=%00", body, content_type="application/json").status_code == 200
    database.set_tenant(programme)
    assert InboundMessage.objects.get().provider_id == "5"


def test_only_the_public_host_is_called_and_only_by_post(connected, programme, client_of):
    assert client_of(None).post(INBOUND).status_code == 404
    database.set_schema_to_public()
    client = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    assert client.get(INBOUND).status_code == 405
    assert client.post(INBOUND).status_code == 403
    assert client.post(INBOUND).content == b"Not proven."


def test_no_number_is_logged(connected, caplog):
    caplog.set_level("DEBUG")
    sent(queue())
    connected.report_all()
    connected.receive(NUMBER, "STOP")
    logged = " ".join(
        str(record.__dict__) for record in caplog.records if record.name.startswith(("messaging", "regu"))
    )
    assert "messaging.text.received" in logged
    assert "7700900142" not in logged
