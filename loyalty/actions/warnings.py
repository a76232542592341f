"""Telling members that points run out soon, while they can still be spent: a text to those who agreed to such texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.presentation import format_points
from core.tenancy import active_programme
from customers.consent import with_consent
from customers.models import Customer
from loyalty.balances import settings_now
from loyalty.models import Account
from messaging.actions.outbox import queue_message
from messaging.languages import language_of
from messaging.models import OutboundMessage

BATCH = 500
STALE_AFTER = timedelta(hours=10)  # a warning of the morning does not arrive at night

# Who has points that run out between now and the horizon and was not told, how many, and when the first of them go.
EXPIRING = """
SELECT a.customer_id, lots.points, lots.first_at
FROM loyalty_account a
CROSS JOIN LATERAL (
    SELECT sum(l.remaining)::bigint AS points, min(coalesce(l.expires_at, a.lapses_at)) AS first_at
    FROM loyalty_lot l
    WHERE l.account_id = a.customer_id AND l.remaining > 0 AND NOT l.is_pending
      AND coalesce(l.expires_at, a.lapses_at) > %(now)s AND coalesce(l.expires_at, a.lapses_at) <= %(horizon)s
) AS lots
WHERE a.expires_next_at <= %(horizon)s AND a.customer_id > %(after)s AND lots.points > 0
  AND (a.warned_until IS NULL OR a.warned_until < lots.first_at)
ORDER BY a.customer_id LIMIT %(batch)s
"""


@dataclass(frozen=True, slots=True)
class Expiring:
    customer_id: int
    points: int
    first_at: datetime


def warn_members(*, now: datetime) -> int:
    """Queue a text to each member whose points run out within the programme's days of warning; returns how many.

    Each member hears once of what runs out up to then; the next warning is about what comes later. A batch is one
    transaction, so a crash neither loses nor doubles a text.
    """
    days = settings_now().warning_days
    if not days:
        return 0
    horizon, last, texts = now + timedelta(days=days), 0, 0
    while True:
        with transaction.atomic():
            found = _expiring(now, horizon, last)
            if not found:
                return texts
            texts += _tell(found, now)
            Account.objects.filter(pk__in=[one.customer_id for one in found]).update(warned_until=horizon)
        last = found[-1].customer_id


def _expiring(now: datetime, horizon: datetime, after: int) -> list[Expiring]:
    with connection.cursor() as cursor:
        cursor.execute(EXPIRING, {"now": now, "horizon": horizon, "after": after, "batch": BATCH})
        return [Expiring(*row) for row in cursor.fetchall()]


def _tell(found: Sequence[Expiring], now: datetime) -> int:
    programme = active_programme()
    ids = [one.customer_id for one in found]
    agreed = with_consent(ids, channel="sms", purpose="service")
    people = Customer.objects.active().exclude(phone="").in_bulk([pk for pk in ids if pk in agreed])
    for one in found:
        customer = people.get(one.customer_id)
        if customer is None:
            continue
        last_day = (one.first_at.astimezone(programme.zone) - timedelta(microseconds=1)).date()
        with translation.override(language_of(customer)):
            body = ngettext(
                "%(programme)s: %(points)s point of yours runs out after %(day)s. Come and use it.",
                "%(programme)s: %(points)s points of yours run out after %(day)s. Come and use them.",
                one.points,
            ) % {
                "programme": programme.name,
                "points": format_points(one.points),
                "day": date_format(last_day, _("j F")),
            }
        queue_message(
            channel=OutboundMessage.Channel.SMS,
            purpose=OutboundMessage.Purpose.SERVICE,
            recipient=customer.phone,
            customer_id=customer.pk,
            body=body,
            dedupe_key=f"points-expire:{customer.code}:{one.first_at.date()}",
            now=now,
            expires_at=now + STALE_AFTER,
        )
    return len(people)
