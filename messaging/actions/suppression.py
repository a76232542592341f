"""Numbers that get nothing any more: after STOP, or because the provider says that the person stopped us there."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.actor import SYSTEM, Actor
from core.phones import mask_phone
from customers.actions.consent import record_consent
from customers.consent import consents_of
from customers.following import Figures, tell_followers
from customers.models import Customer, Identifier
from messaging.models import OutboundMessage, Suppression
from workspace.actions import audit

SMS = OutboundMessage.Channel.SMS
SOURCE = "text"  # where a consent was withdrawn


def suppress(*, number: str, reason: str, now: datetime, actor: Actor | None = None) -> bool:
    """Send nothing to `number` from now on, and take back its owner's consents to texts; False when it was so already.

    `reason` is one of Suppression.Reason; `actor` who decided it, where it was not the person themselves. In the
    caller's transaction.
    """
    with transaction.atomic():
        customer = owner_of(number)
        row, is_new = Suppression.objects.get_or_create(
            channel=SMS, address=number, defaults={"reason": reason, "at": now}
        )
        actor = actor or _actor(customer, reason)
        if customer is not None:
            _withdraw(customer, actor=actor, now=now)
        if is_new:
            _note("suppressed", number, customer, actor, reason=row.reason)
        return is_new


def release(*, number: str, now: datetime) -> bool:
    """Send to `number` again after START; False when nothing held it back. Consents stay as they are."""
    with transaction.atomic():
        count, _rows = Suppression.objects.filter(channel=SMS, address=number).delete()
        if count:
            customer = owner_of(number)
            if customer is not None:
                tell_followers(Figures.REACH, {customer.pk})
            _note("released", number, customer, _actor(customer, Suppression.Reason.STOP), reason="start")
        return bool(count)


def is_suppressed(*, channel: str, address: str) -> bool:
    return Suppression.objects.filter(channel=channel, address=address).exists()


def owner_of(number: str) -> Customer | None:
    """Whose number it is. One query."""
    found = Identifier.objects.filter(kind=Identifier.Kind.PHONE, value=number).select_related("customer").first()
    return found.customer if found else None


def _withdraw(customer: Customer, *, actor: Actor, now: datetime) -> None:
    """A "no" to the words of each "yes"."""
    for (channel, purpose), newest in consents_of(customer.pk).items():
        if channel == SMS and newest.is_granted:
            record_consent(
                customer=customer,
                channel=channel,
                purpose=purpose,
                is_granted=False,
                source=SOURCE,
                wording=newest.wording,
                actor=actor,
                now=now,
            )


def _actor(customer: Customer | None, reason: str) -> Actor:
    if customer is None or reason != Suppression.Reason.STOP:
        return SYSTEM
    return Actor(kind="customer", id=customer.code, label=str(customer))


def _note(what: str, number: str, customer: Customer | None, actor: Actor, *, reason: str) -> None:
    subject = f"customer:{customer.code}" if customer else f"number:{mask_phone(number)}"
    data = {"reason": reason}
    if what == "suppressed":
        audit.record(actor, "messaging.number.suppressed", subject=subject, data=data)
    else:
        audit.record(actor, "messaging.number.released", subject=subject, data=data)
