"""Whom messages may be sent to: the newest statement of consent counts, and a number that said STOP gets nothing."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from segments.fields.base import Field
from segments.fields.sets import Among
from segments.operators import Kind

_REACH = _("Messages")
_AGREED = """
    SELECT own.customer_id FROM (
        SELECT DISTINCT ON (own.customer_id) own.customer_id, own.is_granted FROM customers_consentrecord AS own
        WHERE own.channel = '{channel}' AND own.purpose = '{purpose}'{{chosen}} ORDER BY own.customer_id, own.id DESC
    ) AS own WHERE own.is_granted
"""
_ADDRESSED = """
    {agreed} AND EXISTS (
        SELECT FROM customers_identifier AS address
        WHERE address.customer_id = own.customer_id AND address.kind = '{kind}'
    ) AND NOT EXISTS (
        SELECT FROM customers_identifier AS address JOIN messaging_suppression AS stopped
            ON stopped.address = address.value AND stopped.channel = '{channel}'
        WHERE address.customer_id = own.customer_id AND address.kind = '{kind}'
    )
"""


def _agreed(channel: str, purpose: str) -> str:
    return _AGREED.format(channel=channel, purpose=purpose)


def _reached(channel: str, kind: str) -> Among:
    return Among(_ADDRESSED.format(agreed=_agreed(channel, "marketing"), channel=channel, kind=kind))


_TRUE = {"op": "is", "value": True}

FIELDS: Sequence[Field] = (
    Field(
        "texts", _REACH, _("Can get offers by text"), Kind.YES_NO, _reached("sms", "phone"), _TRUE,
        says={"": (_("can get offers by text"), _("cannot get offers by text"))},
    ),
    Field(
        "emails", _REACH, _("Can get offers by e-mail"), Kind.YES_NO, _reached("email", "email"), _TRUE,
        says={"": (_("can get offers by e-mail"), _("cannot get offers by e-mail"))},
    ),
    Field(
        "texts_agreed", _REACH, _("Agreed to offers by text"), Kind.YES_NO, Among(_agreed("sms", "marketing")), _TRUE,
        says={"": (_("agreed to offers by text"), _("did not agree to offers by text"))},
    ),
    Field(
        "emails_agreed", _REACH, _("Agreed to offers by e-mail"), Kind.YES_NO, Among(_agreed("email", "marketing")),
        _TRUE, says={"": (_("agreed to offers by e-mail"), _("did not agree to offers by e-mail"))},
    ),
)  # fmt: skip
