"""The audit log's words for codes and messages to customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from workspace.audit_registry import FIELDS, Group, Named, Reader, register_act, register_subject

ACTS = {
    "codes.limited": (_("Limit of codes reached"), _("{who} stopped codes for the points page: {what}")),
    "pin.set": (_("PIN set"), _("{who} set a PIN for {what}")),
    "pin.removed": (_("PIN removed"), _("{who} removed the PIN of {what}")),
}
for name, (title, sentence) in ACTS.items():
    register_act(f"messaging.{name}", group=Group.MESSAGES, title=title, sentence=sentence)

FIELDS |= {"cap": _("Limit")}


def _limits(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    """A code is the limit and, where it has one, what it counted: `prefix:+44770090`."""
    return {code: Named(code.replace(":", " ")) for code in codes}


register_subject("sign-in", title=_("limit"), find=_limits)
