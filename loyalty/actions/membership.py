"""Becoming a member without a sale."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db import connection, transaction

from core.actor import Actor
from core.tenancy import active_programme
from customers.actions.events import wake_readers
from loyalty.models import Account


def join(*, customer_id: int, actor: Actor, source: str, now: datetime) -> bool:
    """Make a customer a member, with the bonuses for that; False where they are one. Safe to repeat.

    Locks the account until the caller's transaction ends.
    """
    call = {
        "owner": "", "actor": actor.reference, "actor_label": actor.label[:160], "ip": actor.ip,
        "business_id": actor.business_id, "source": source, "zone": active_programme().time_zone,
    }  # fmt: skip
    with transaction.atomic():
        was_one = Account.objects.filter(pk=customer_id).exists()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_join(%s, %s::text::jsonb, %s::timestamptz)",
                [customer_id, msgspec.json.encode(call).decode(), now],
            )
        wake_readers()  # lists show the new member
        return not was_one
