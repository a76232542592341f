"""How messages, sign-ins and PINs move when two customers become one."""

from django.utils.translation import gettext_lazy as _

from customers.merging import OnlyOne, Rows, moves
from messaging.models import CustomerPin, CustomerSession, InboundMessage, OneTimeCode, OutboundMessage

moves(
    Rows(OutboundMessage, title=_("Messages")),
    Rows(InboundMessage, title=_("Incoming texts")),
    Rows(OneTimeCode),
    Rows(CustomerSession),
    OnlyOne(CustomerPin),
)
