"""Texts leave through the programme's own provider, and nobody else reads its secrets."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import InvalidInput, PermissionRefused
from devservers.twilio import Switches
from messaging.actions import outbox
from messaging.actions.outbox import queue_message
from messaging.actions.texts import choose_provider, send_test
from messaging.connection import SettingsUnreadable, unseal, webhooks_of
from messaging.errors import NoTextProvider, UnfitSetting, UnknownProvider
from messaging.models import OutboundMessage, SmsConnection, Suppression
from programs.actions.provider_routes import RouteTaken, programme_of
from programs.models import ProviderRoute
from workspace.models import AuditEntry

NUMBER = "+447700900142"


def choose(actor, *, provider="africas_talking", sender="", is_active=True, **settings):
    return choose_provider(
        provider=provider, sender=sender, settings=settings, is_active=is_active, actor=actor, now=timezone.now()
    )


def queue(key="one", purpose="one_time_code", **more):
    return queue_message(
        channel="sms", purpose=purpose, recipient=NUMBER, body="Hello", dedupe_key=key, now=timezone.now(), **more
    )


def sent(message):
    outbox.send_message(message.pk)
    message.refresh_from_db()
    return message


def test_a_text_leaves_through_the_programmes_own_provider(programme, twilio, connect):
    connect(twilio)
    message = sent(queue())
    (text,) = twilio.texts
    assert (message.state, message.provider, message.provider_id) == ("sent", "twilio", text.sid)
    assert (text.sender, text.to, text.body) == (twilio.numbers[0], NUMBER, "Hello")
    assert text.status_callback == f"http://localhost:8000/sms/status?message={message.code}"


@pytest.mark.parametrize(("minutes", "seconds"), [(10, 600), (0.05, 6), (60 * 24, 36_000)])
def test_a_text_does_not_wait_longer_than_it_is_of_use(programme, twilio, connect, minutes, seconds):
    connect(twilio)
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        sent(queue(expires_at=now + timedelta(minutes=minutes)))
    assert [text.validity for text in twilio.texts] == [seconds]


def test_without_a_provider_of_its_own_or_with_it_switched_off_the_deployments_serves(
    programme, twilio, connect, settings, tmp_path
):
    settings.CONSOLE_MESSAGES_DIR = tmp_path
    assert sent(queue()).provider == "console"
    connect(twilio)
    SmsConnection.objects.update(is_active=False)
    assert sent(queue("two")).provider == "console"
    assert twilio.texts == []
    assert len((tmp_path / "p_harbour.jsonl").read_text().splitlines()) == 2


def test_the_other_programme_sends_elsewhere(programme, other_programme, twilio, connect, settings, tmp_path):
    settings.CONSOLE_MESSAGES_DIR = tmp_path
    connect(twilio)
    with tenant_context(other_programme):
        assert SmsConnection.objects.count() == 0
        assert sent(queue()).provider == "console"
    assert twilio.texts == []


def test_settings_copied_into_another_programme_open_nothing(programme, other_programme, twilio, connect):
    mine = connect(twilio)
    assert twilio.auth_token not in mine.sealed
    assert unseal(mine).settings["auth_token"] == twilio.auth_token
    with tenant_context(other_programme):
        SmsConnection.objects.create(provider="twilio", sender=mine.sender, sealed=mine.sealed)
        with pytest.raises(SettingsUnreadable):
            unseal(SmsConnection.objects.get())
        message = sent(queue())
        assert (message.state, message.error) == ("queued", "the settings of texts cannot be read")
    assert twilio.texts == []


def test_settings_survive_a_rotated_key_and_not_a_lost_one(programme, twilio, connect, settings):
    settings.ENCRYPTION_KEYS = ["old"]
    mine = connect(twilio)
    settings.ENCRYPTION_KEYS = ["new", "old"]
    assert unseal(mine).settings["auth_token"] == twilio.auth_token
    settings.ENCRYPTION_KEYS = ["new"]
    assert sent(queue()).state == "queued"
    assert connect(twilio).pk == mine.pk  # typed anew
    assert sent(queue("two")).state == "sent"


def test_what_twilio_could_not_confirm_is_not_sent_again(programme, twilio, connect):
    connect(twilio)
    twilio.switches = Switches(fail=1)
    message = sent(queue())
    assert (message.state, message.error) == ("unconfirmed", "Unclear")
    sent(message)
    assert twilio.texts == []


def test_what_twilio_certainly_did_not_take_is_tried_again(programme, twilio, connect):
    connect(twilio)
    twilio.switches = Switches(too_many=1)
    message = sent(queue())
    assert (message.state, message.error) == ("queued", "Twilio 20429: too many requests at once")
    assert sent(message).state == "sent"
    assert len(twilio.texts) == 1


def test_who_stopped_at_the_provider_is_remembered_here(programme, twilio, connect):
    connect(twilio)
    twilio.stopped.add((twilio.numbers[0], NUMBER))
    assert sent(queue()).state == "suppressed"
    assert [(row.channel, row.address, row.reason) for row in Suppression.objects.all()] == [
        ("sms", NUMBER, "provider")
    ]
    entry = AuditEntry.objects.get(action="messaging.number.suppressed")
    assert (entry.actor, entry.subject) == ("system:system", "number:•••••••••142")
    twilio.stopped.clear()
    assert sent(queue("two")).error == "stopped"  # not even asked
    assert twilio.texts == []


def test_a_secret_that_is_left_out_stays_until_the_provider_changes(programme, actor):
    choose(actor, username="harbour", api_key="key-1")
    code = unseal(SmsConnection.objects.get()).webhook_code
    choose(actor, username="quay", api_key="")
    opened = unseal(SmsConnection.objects.get())
    assert (opened.settings, opened.webhook_code) == ({"username": "quay", "api_key": "key-1"}, code)
    assert len(code) == 26
    choose(actor, provider="console")
    assert unseal(SmsConnection.objects.get()).settings == {}
    assert not ProviderRoute.objects.exists()
    with pytest.raises(UnfitSetting):
        choose(actor, username="quay")
    choose(actor, username="quay", api_key="key-2")
    assert unseal(SmsConnection.objects.get()).webhook_code not in ("", code)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": "harbour"}, "api_key"),
        ({"username": "a b", "api_key": "k"}, "username"),
        ({"username": "harbour", "api_key": "k" * 201}, "api_key"),
        ({"username": "harbour", "api_key": "k", "sender": "!"}, "sender"),
        ({"username": "harbour", "api_key": "k", "colour": "red"}, "colour"),
        ({"provider": "http_gateway", "url": "https://example.com/", "method": "DELETE"}, "method"),
        ({"provider": "http_gateway", "url": "https://example.com/", "body": "[}"}, "body"),
        (
            {"provider": "twilio", "sender": "+447700900100", "account_sid": "AC1", "auth_token": "1" * 32},
            "account_sid",
        ),
    ],
)
def test_settings_that_cannot_be_right_are_refused_and_nothing_is_written(programme, actor, values, field):
    with pytest.raises(InvalidInput) as raised:
        choose(actor, **values)
    assert raised.value.field == field
    assert not SmsConnection.objects.exists()
    assert not ProviderRoute.objects.exists()
    assert not AuditEntry.objects.exists()


def test_only_what_is_offered_can_be_chosen(programme, actor, settings):
    with pytest.raises(UnknownProvider):
        choose(actor, provider="pigeon")
    settings.DEVELOPMENT = False
    with pytest.raises(UnknownProvider):
        choose(actor, provider="console")


def test_people_of_one_business_change_nothing(programme, business):
    limited = Actor(kind="user", id="1", label="Lead", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        choose(limited, username="harbour", api_key="k")
    with pytest.raises(PermissionRefused):
        send_test(phone=NUMBER, actor=limited, now=timezone.now())


def test_the_audit_log_names_what_changed_and_no_secret(programme, actor):
    choose(actor, username="harbour", api_key="key-1")
    choose(actor, username="harbour", api_key="key-2")
    first, second = AuditEntry.objects.filter(action="messaging.texts.changed").order_by("pk")
    assert first.data["fields"] == ["api_key", "username"]
    assert second.data == {
        "provider": "africas_talking", "sender": "", "switched_on": True, "fields": ["api_key"]
    }  # fmt: skip
    assert "key-" not in f"{first.data}{second.data}"


def test_one_sender_of_one_account_leads_to_one_programme(programme, other_programme, actor, twilio, connect):
    connect(twilio)
    with tenant_context(other_programme), pytest.raises(RouteTaken):
        connect(twilio)
    with tenant_context(other_programme):
        assert not SmsConnection.objects.exists()
        connect(twilio, sender="+447700900101")
    connect(twilio, sender="+447700900102")
    with tenant_context(other_programme):
        connect(twilio)  # the first programme has left it
    found = programme_of(provider="twilio", addresses=[f"{twilio.account_sid}/{twilio.numbers[0]}"])
    assert found == other_programme
    assert ProviderRoute.objects.count() == 2


def test_the_route_of_a_code_does_not_hold_the_code(programme, actor):
    choose(actor, username="harbour", api_key="k")
    code = unseal(SmsConnection.objects.get()).webhook_code
    assert code not in ProviderRoute.objects.get().address
    assert webhooks_of("africas_talking", code).inbound == f"http://localhost:8000/sms/africas_talking/{code}/inbound"


def test_a_test_text_is_tried_once_and_says_what_happened(programme, actor, twilio, connect):
    with pytest.raises(NoTextProvider):
        send_test(phone="07700 900142", actor=actor, now=timezone.now())
    connect(twilio)
    message = send_test(phone="07700 900142", actor=actor, now=timezone.now())
    assert SmsConnection.objects.get().last_test == message
    assert sent(message).state == "sent"
    assert [(text.to, text.body) for text in twilio.texts] == [(NUMBER, "A test: texts of Harbour arrive.")]
    twilio.auth_token = "9" * 32
    again = sent(send_test(phone=NUMBER, actor=actor, now=timezone.now()))
    assert (again.state, again.error) == ("failed", "Twilio 20003: the account SID or the token is not right")
    assert OutboundMessage.objects.filter(purpose="test").count() == 2
    assert database.schema_name == "p_harbour"
