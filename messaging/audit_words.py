"""The audit log's words for codes and messages to customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from workspace.audit_registry import FIELDS, Group, Named, Reader, register_act, register_subject

ACTS = {
    "codes.limited": (_("Limit of codes reached"), _("{who} stopped codes for the points page: {what}")),
    "pin.set": (_("PIN set"), _("{who} set a PIN for {what}")),
    "pin.removed": (_("PIN removed"), _("{who} removed the PIN of {what}")),
    "texts.changed": (_("Texts changed"), _("{who} changed who carries texts")),
    "texts.tested": (_("Test text sent"), _("{who} sent a test text")),
    "number.suppressed": (_("Texts stopped"), _("{who} stopped texts to {what}")),
    "number.released": (_("Texts allowed again"), _("{who} allowed texts to {what} again")),
}
for name, (title, sentence) in ACTS.items():
    register_act(f"messaging.{name}", group=Group.MESSAGES, title=title, sentence=sentence)

FIELDS |= {
    "cap": _("Limit"),
    "provider": _("Provider"),
    "sender": _("Sender"),
    "switched_on": _("Switched on"),
}


def _limits(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    """A code is the limit and, where it has one, what it counted: `prefix:+44770090`."""
    return {code: Named(code.replace(":", " ")) for code in codes}


def _numbers(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    """Numbers that belong to nobody here, without their digits but the last three."""
    return {code: Named(code) for code in codes}


register_subject("sign-in", title=_("limit"), find=_limits)
register_subject("number", title=_("number"), find=_numbers)
