"""Events as people read them: what happened, where, and how many points or how much money it moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.presentation import format_money, format_signed
from customers.events import EVENT_TYPES
from customers.models import ConsentRecord, Event

# The tone of an event's icon; what is not here is quiet.
TONES = {
    "customers.customer.created": "text-accent-ink",
    "customers.order.placed": "text-success",
    "customers.order.refunded": "text-danger",
    "loyalty.points.earned": "text-success",
    "loyalty.points.redeemed": "text-warning",
    "loyalty.points.reversed": "text-danger",
}
# Of several events of one act, the first of these tells it.
TELLS_IT = (
    "loyalty.points.earned",
    "loyalty.points.redeemed",
    "loyalty.points.reversed",
    "loyalty.points.adjusted",
    "customers.order.refunded",
    "customers.order.placed",
)
# What staff read of a consent, by its channel and purpose.
CONSENTS = {
    (ConsentRecord.Channel.SMS, ConsentRecord.Purpose.SERVICE): gettext_lazy("Texts about points"),
    (ConsentRecord.Channel.SMS, ConsentRecord.Purpose.MARKETING): gettext_lazy("Offers by text"),
    (ConsentRecord.Channel.EMAIL, ConsentRecord.Purpose.SERVICE): gettext_lazy("E-mails about points"),
    (ConsentRecord.Channel.EMAIL, ConsentRecord.Purpose.MARKETING): gettext_lazy("Offers by e-mail"),
}
# Where a statement of consent was made.
CONSENT_SOURCES = {
    "till": gettext_lazy("Till"),
    "points page": gettext_lazy("Points page"),
    "text": gettext_lazy("Text"),
    "api": gettext_lazy("API"),
    "import": gettext_lazy("Import"),
    "merge": gettext_lazy("Merge"),
    "staff": gettext_lazy("Written down by your team"),
}
# Housekeeping that says nothing about what people did, and what affiliates get, which is the programme's business.
QUIET = frozenset(
    {
        "customers.import.finished",
        "customers.stock.low",
        "loyalty.affiliate.commission_earned",
        "loyalty.affiliate.commission_taken",
        "loyalty.affiliate.payout_made",
        "loyalty.affiliate.payout_paid",
        "loyalty.reward.ran_out",
        "loyalty.reward.came_back",
    }
)


def consent_words(channel: str, purpose: str) -> str:
    found = {(str(asked), str(why)): label for (asked, why), label in CONSENTS.items()}
    return str(found.get((channel, purpose), purpose))


@dataclass(frozen=True, slots=True)
class Moment:
    """`amount` is the figure on the right, such as +46 or £9.20."""

    icon: str
    tone: str
    what: str
    amount: str


def happened(events: Sequence[Event], *, businesses: Mapping[int, str], currency: str) -> Moment | None:
    """The events of one act as one moment; None for what nobody needs to read."""
    known = {event.name: event for event in events if event.name in EVENT_TYPES and event.name not in QUIET}
    if not known:
        return None
    name = next((name for name in TELLS_IT if name in known), next(iter(known)))
    event = known[name]
    kind = EVENT_TYPES[name]
    return Moment(
        icon=kind.icon,
        tone=TONES.get(name, "text-muted"),
        what=_what(event, str(kind.title), businesses.get(event.business_id or 0, "")),
        amount=_amount(event, currency),
    )


def _what(event: Event, title: str, business: str) -> str:
    data = event.data
    text = title
    if event.name == "loyalty.points.redeemed" and data.get("reason"):
        text = str(data["reason"])
    elif data.get("cause") == "merge":
        text = _("Points moved by a merge")
    elif data.get("tag_name"):
        text = f"{title}: {data['tag_name']}"
    elif data.get("segment_name"):
        text = f"{title}: {data['segment_name']}"
    elif event.tracked:
        text = event.tracked
    elif event.name == "customers.consent.changed":
        agreed = _("Said yes: %(what)s") if data.get("is_granted") else _("Said no: %(what)s")
        text = agreed % {"what": CONSENTS.get((data.get("channel"), data.get("purpose")), title)}
    return f"{text} · {business}" if business else text


def _amount(event: Event, currency: str) -> str:
    if isinstance(event.data.get("points"), int):
        return format_signed(event.data["points"])
    try:
        total = Decimal(str(event.data["total"]))
    except (KeyError, InvalidOperation):
        return ""
    return format_money(-total if event.name == "customers.order.refunded" else total, currency)
