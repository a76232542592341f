"""Erasing a person empties what they texted, too, and nobody else's."""

from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import Customer, Identifier
from messaging.actions.inbound import receive_text
from messaging.actions.privacy import forget_person
from messaging.models import InboundMessage, Suppression
from messaging.providers import all_providers
from messaging.providers.contract import Inbound

NUMBER, OTHER = "+447700900142", "+447700900143"


def receive(provider_id, sender, body="STOP"):
    return receive_text(
        provider=all_providers()["twilio"],
        inbound=Inbound(provider_id, sender, "+447700900100", body),
        now=timezone.now(),
    )


def test_texts_and_stops_of_a_person_are_forgotten(programme, other_programme, settings, tmp_path):
    settings.CONSOLE_MESSAGES_DIR = tmp_path
    customer = Customer.objects.create(first_name="Priya", phone=NUMBER)
    Identifier.objects.create(customer=customer, kind="phone", value=NUMBER)
    theirs, others = receive("SM1", NUMBER), receive("SM2", OTHER)
    with tenant_context(other_programme):
        receive("SM1", NUMBER)
    forget_person(customer_id=customer.pk, recipients=[NUMBER], now=timezone.now())
    theirs.refresh_from_db()
    assert (theirs.sender, theirs.recipient, theirs.body, theirs.provider_id) == ("", "", "", "SM1")
    assert theirs.redacted_at is not None
    others.refresh_from_db()
    assert (others.sender, others.body) == (OTHER, "STOP")
    assert list(Suppression.objects.values_list("address", flat=True)) == [OTHER]
    with tenant_context(other_programme):
        assert InboundMessage.objects.get().body == "STOP"
        assert Suppression.objects.get().address == NUMBER
