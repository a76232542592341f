"""Whether texts reach a customer, and where customers reach us."""

from __future__ import annotations

from datetime import datetime

from customers.models import Identifier
from messaging.models import OutboundMessage, SmsConnection, Suppression


def texts_stopped_at(customer_id: int) -> datetime | None:
    """Since when nothing is sent to a number of the customer's; None when texts go there. One query."""
    numbers = Identifier.objects.filter(customer_id=customer_id, kind=Identifier.Kind.PHONE).values("value")
    stopped = Suppression.objects.filter(channel=OutboundMessage.Channel.SMS, address__in=numbers)
    return stopped.order_by("-at").values_list("at", flat=True).first()


def number_to_text() -> str:
    """Where people can text us, E.164 or a short code; "" where a name sends, or a service. One query."""
    connection = SmsConnection.objects.filter(is_active=True).first()
    sender = connection.sender if connection else ""
    return sender if sender.removeprefix("+").isdecimal() else ""
