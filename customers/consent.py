"""What a person has agreed to, and the words that they agreed to.

A wording is never edited: a change is a new version, because the old one is the proof of older consents.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from customers.models import ConsentRecord

WORDINGS = {
    "till-service-1": _("Texts about their points, after each visit"),
    "till-marketing-1": _("Offers by text message"),
    "text-join-1": _("JOIN, by text message: points, and texts about them"),
    "portal-service-1": _("Texts about my points"),
    "portal-marketing-1": _("Offers and news by text"),
    "portal-email-service-1": _("E-mails about my points"),
    "portal-email-marketing-1": _("Offers and news by e-mail"),
}


OWN_WORDS = "own"  # the words are the proof's own: of a form on paper, of the shop's checkout


def has_consent(*, customer_id: int, channel: str, purpose: str) -> bool:
    """Whether the person's newest statement for this channel and purpose is a yes. One indexed query."""
    newest = ConsentRecord.objects.filter(customer_id=customer_id, channel=channel, purpose=purpose).order_by("-id")
    return newest.values_list("is_granted", flat=True).first() is True


def consents_of(customer_id: int) -> dict[tuple[str, str], ConsentRecord]:
    """The newest statement per (channel, purpose)."""
    records = ConsentRecord.objects.filter(customer_id=customer_id)
    newest = records.order_by("channel", "purpose", "-id").distinct("channel", "purpose")
    return {(record.channel, record.purpose): record for record in newest}


def with_consent(customer_ids: list[int], *, channel: str, purpose: str) -> set[int]:
    """Those of the people given whose newest statement is a yes. One query for any number."""
    records = ConsentRecord.objects.filter(customer_id__in=customer_ids, channel=channel, purpose=purpose)
    newest = records.order_by("customer_id", "-id").distinct("customer_id")
    return {customer_id for customer_id, granted in newest.values_list("customer_id", "is_granted") if granted}
