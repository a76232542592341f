"""The audit log's words for codes and messages to customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.reports.customer_list import name_and_contact
from messaging.models import OutboundMessage
from messaging.reports_messages import mask_address
from workspace.audit_registry import FIELDS, Group, Named, Reader, register_act, register_subject

ACTS = {
    "codes.limited": (_("Limit of codes reached"), _("{who} stopped codes for the points page: {what}")),
    "pin.set": (_("PIN set"), _("{who} set a PIN for {what}")),
    "pin.removed": (_("PIN removed"), _("{who} removed the PIN of {what}")),
    "texts.changed": (_("Texts changed"), _("{who} changed who carries texts")),
    "texts.tested": (_("Test text sent"), _("{who} sent a test text")),
    "number.suppressed": (_("Texts stopped"), _("{who} stopped texts to {what}")),
    "message.marked_sent": (_("Message marked as sent"), _("{who} marked the message to {what} as sent")),
    "message.sent_again": (_("Message sent again"), _("{who} sent the message to {what} again")),
    "message.given_up": (_("Message given up"), _("{who} gave up the message to {what}")),
    "text.was_opt_out": (_("Opt-out recognised"), _("{who} read a text of {what} as an opt-out")),
    "text.was_no_opt_out": (_("No opt-out"), _("{who} read a text of {what} as no opt-out")),
    "number.released": (_("Texts allowed again"), _("{who} allowed texts to {what} again")),
}
for name, (title, sentence) in ACTS.items():
    register_act(f"messaging.{name}", group=Group.MESSAGES, title=title, sentence=sentence)

FIELDS |= {
    "cap": _("Limit"),
    "provider": _("Provider"),
    "sender": _("Sender"),
    "switched_on": _("Switched on"),
    "text": _("Text"),
}


def _limits(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    """A code is the limit and, where it has one, what it counted: `prefix:+44770090`."""
    return {code: Named(code.replace(":", " ")) for code in codes}


def _numbers(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    """Numbers that belong to nobody here, without their digits but the last three."""
    return {code: Named(code) for code in codes}


def _messages(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    """Messages by whom they went to: a customer, else a number or address of which little is shown."""
    found = OutboundMessage.objects.filter(code__in=codes).select_related("customer")
    return {
        one.code: Named(
            name_and_contact(one.customer, reader.programme.country)[0]
            if one.customer
            else mask_address(one.recipient),
            reverse("screens:profile", args=[one.customer.code]) if one.customer else "",
        )
        for one in found
    }


register_subject("message", title=_("message"), find=_messages)
register_subject("sign-in", title=_("limit"), find=_limits)
register_subject("number", title=_("number"), find=_numbers)
