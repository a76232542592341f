"""Receipts that a customer asks for at the till: one text or e-mail for each wish, however often it is pressed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.codes import digest
from core.errors import DomainError
from core.tenancy import active_programme
from customers.consent import has_consent
from customers.models import Customer
from loyalty.models import Transaction
from messaging.actions.outbox import queue_message
from messaging.languages import language_of
from messaging.models import OutboundMessage
from screens.reports_receipt import Receipt, receipt_of

MAX_EMAILS = 3  # of one receipt: a mistyped address can be mended, a till is no mailing list
POINTLESS_AFTER = timedelta(hours=12)


class NoTexts(DomainError):
    code = "till.no_texts"
    message = gettext_lazy("This customer has not agreed to texts. Print the receipt or send it by e-mail.")


class NoAddress(DomainError):
    code = "till.no_address"
    message = gettext_lazy("Enter the address that the receipt goes to.")


class TooManyReceipts(DomainError):
    code = "till.too_many_receipts"
    message = gettext_lazy("This receipt has been sent to three addresses. Print it.")


def takes_texts(customer: Customer) -> bool:
    """Whether a receipt may go to the customer's phone: they have one and agreed to texts about their points."""
    return bool(customer.phone) and has_consent(customer_id=customer.pk, channel="sms", purpose="service")


def text_receipt(*, entry: Transaction, now: datetime) -> OutboundMessage:
    """Queue the receipt as a text. Once for each state of the sale (done, undone). Raises NoTexts."""
    customer = entry.account.customer
    if not takes_texts(customer):
        raise NoTexts
    with translation.override(language_of(customer)):
        body = _text(receipt_of(entry, programme=active_programme()))
    return queue_message(
        channel=OutboundMessage.Channel.SMS,
        purpose=OutboundMessage.Purpose.SERVICE,
        recipient=customer.phone,
        customer_id=customer.pk,
        body=body,
        dedupe_key=_cause(entry, "sms"),
        expires_at=now + POINTLESS_AFTER,
        now=now,
    )


def email_receipt(*, entry: Transaction, address: str, now: datetime) -> OutboundMessage:
    """Queue the receipt as an e-mail to `address`, or to the customer's own where it is empty; neither is stored with
    the customer. It was asked for a moment ago, so it needs no consent and gives none.

    Once for each address and state of the sale. Raises NoAddress and TooManyReceipts.
    """
    customer = entry.account.customer
    recipient = address or customer.email
    if not recipient:
        raise NoAddress
    cause = f"{_cause(entry, 'email')}:{digest(recipient.lower()).hex()[:12]}"
    others = OutboundMessage.objects.filter(dedupe_key__startswith=_cause(entry, "email")).exclude(dedupe_key=cause)
    if others.count() >= MAX_EMAILS:
        raise TooManyReceipts
    with translation.override(language_of(customer)):
        receipt = receipt_of(entry, programme=active_programme())
        subject = _("Your receipt from %(business)s") % {"business": receipt.business or receipt.programme}
        body = _letter(receipt)
    return queue_message(
        channel=OutboundMessage.Channel.EMAIL,
        purpose=OutboundMessage.Purpose.RECEIPT,
        recipient=recipient,
        customer_id=customer.pk,
        subject=subject,
        body=body,
        dedupe_key=cause,
        expires_at=now + POINTLESS_AFTER,
        now=now,
    )


def sent_receipts(entry: Transaction) -> list[OutboundMessage]:
    """The receipts of a transaction as it is now, oldest first."""
    mine = OutboundMessage.objects.filter(dedupe_key__startswith=f"receipt:{entry.code}:{_state(entry)}:")
    return list(mine.order_by("pk"))


def _cause(entry: Transaction, channel: str) -> str:
    return f"receipt:{entry.code}:{_state(entry)}:{channel}"


def _state(entry: Transaction) -> str:
    return "undone" if entry.reversed_at is not None else "done"


def _text(receipt: Receipt) -> str:
    """Short enough for one text, as a rule."""
    facts = {
        "business": receipt.business or receipt.programme,
        "at": receipt.at,
        "what": receipt.title,
        "facts": ", ".join(f"{label} {value}" for label, value in receipt.lines[:-1]),
        "code": receipt.code,
        "undone": receipt.undone,
    }
    if receipt.undone:
        return _("%(business)s, %(at)s: %(what)s. %(undone)s Receipt %(code)s.") % facts
    return _("%(business)s, %(at)s: %(what)s. %(facts)s. Receipt %(code)s.") % facts


def _letter(receipt: Receipt) -> str:
    place = "\n".join(line for line in (receipt.business, receipt.address, receipt.at) if line)
    facts = "\n".join(f"{label}: {value}" for label, value in [*receipt.lines, (_("Receipt"), receipt.code)])
    parts = [receipt.undone, receipt.title, place, facts, "\n".join(receipt.why)]
    parts.append(_("You asked for this receipt at the till. It is not a tax invoice."))
    return "\n\n".join(part for part in parts if part)
