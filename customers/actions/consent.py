"""Writing consent."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput
from customers import consent
from customers.actions import events
from customers.events import CONSENT_CHANGED
from customers.models import ConsentRecord, Customer
from workspace.actions import audit

MIN_WORDS = 10  # characters


def record_consent(
    *,
    customer: Customer,
    channel: str,
    purpose: str,
    is_granted: bool,
    source: str,
    wording: str,
    actor: Actor,
    now: datetime,
    words: str = "",
) -> ConsentRecord | None:
    """Append one statement with its proof; None when it changes nothing (the same answer to the same words).

    `wording` is a version of `customers.consent.WORDINGS`, or OWN_WORDS with the `words` that the person saw or heard:
    without them nothing proves a yes, and InvalidInput is raised. Raises KeyError for an unknown version.
    """
    if wording == consent.OWN_WORDS:
        shown = " ".join(words.split())
        if is_granted and len(shown) < MIN_WORDS:
            raise InvalidInput(_("Write down the words that they agreed to: they are the proof."), field="words")
    else:
        shown = str(consent.WORDINGS[wording])
    with transaction.atomic():
        # Two switches pressed at once must not both find the old statement.
        Customer.objects.select_for_update().only("pk").get(pk=customer.pk)
        history = ConsentRecord.objects.filter(customer=customer, channel=channel, purpose=purpose)
        newest = history.order_by("-id").first()
        if newest is None and not is_granted:
            return None
        if newest is not None and newest.is_granted == is_granted and _is_told(newest, wording, shown):
            return None
        record = ConsentRecord.objects.create(
            customer=customer,
            channel=channel,
            purpose=purpose,
            is_granted=is_granted,
            source=source,
            wording=wording,
            proof={"text": shown, "ip": actor.ip},
            actor=actor.reference,
            at=now,
        )
        events.append(
            CONSENT_CHANGED,
            actor=actor,
            occurred_at=now,
            customer_id=customer.pk,
            data={"channel": channel, "purpose": purpose, "is_granted": is_granted},
        )
        audit.record(
            actor,
            "customers.consent.changed",
            subject=f"customer:{customer.code}",
            data={"channel": channel, "purpose": purpose, "is_granted": is_granted, "wording": wording},
        )
        return record


def _is_told(newest: ConsentRecord, wording: str, shown: str) -> bool:
    """Whether the newest statement was made to the same words."""
    return newest.wording == wording and (wording != consent.OWN_WORDS or newest.proof.get("text") == shown)
