"""The same call of a provider's, several times at the same moment, has one effect."""

import pytest
from django.utils import timezone

from core.tenancy import enter
from messaging.actions.inbound import receive_report, receive_text
from messaging.models import InboundMessage, MessageReceipt, OutboundMessage, Suppression
from messaging.providers import all_providers
from messaging.providers.contract import Inbound, Report
from programs.models import Programme
from workspace.models import AuditEntry

NUMBER = "+447700900142"
AT_ONCE = 6


@pytest.fixture
def harbour(committed_database):
    programme = Programme.objects.get(slug="harbour")
    enter(programme)
    return programme


def test_a_stop_that_comes_six_times_is_one(harbour, in_threads):
    provider = all_providers()["africas_talking"]

    def receive():
        return receive_text(provider=provider, inbound=Inbound("1", NUMBER, "1234", "STOP"), now=timezone.now()).code

    assert len(set(in_threads([receive] * AT_ONCE))) == 1
    assert InboundMessage.objects.count() == 1
    assert Suppression.objects.count() == 1
    assert OutboundMessage.objects.filter(purpose="opt_out_reply").count() == 1
    assert AuditEntry.objects.filter(action="messaging.number.suppressed").count() == 1


def test_six_stops_of_one_number_are_confirmed_once(harbour, in_threads):
    provider = all_providers()["africas_talking"]

    def receive(number):
        inbound = Inbound(str(number), NUMBER, "1234", "STOP")
        return lambda: receive_text(provider=provider, inbound=inbound, now=timezone.now()).code

    assert len(set(in_threads([receive(number) for number in range(AT_ONCE)]))) == AT_ONCE
    assert InboundMessage.objects.count() == AT_ONCE
    assert OutboundMessage.objects.filter(purpose="opt_out_reply").count() == 1


def test_reports_at_the_same_moment_end_where_the_furthest_is(harbour, in_threads):
    message = OutboundMessage.objects.create(
        channel="sms", purpose="receipt", recipient=NUMBER, dedupe_key="one", state="sent", provider="twilio",
        provider_id="SM1",
    )  # fmt: skip

    def report(word):
        told = Report("SM1", word, "delivered" if word == "delivered" else "sent", message.code)
        return lambda: receive_report(provider=all_providers()["twilio"], report=told, now=timezone.now()).pk

    words = ["queued", "delivered", "sent", "delivered", "sending", "sent"]
    assert in_threads([report(word) for word in words]) == [message.pk] * AT_ONCE
    message.refresh_from_db()
    assert message.state == "delivered"
    assert MessageReceipt.objects.count() == len(set(words))
