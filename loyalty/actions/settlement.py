"""Closing months: what the businesses owe each other becomes rows that never change."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction

from core.actor import Actor
from core.clock import local_day
from core.tenancy import active_programme
from loyalty.actions.point_days import lock_count
from loyalty.errors import EarlierMonthOpen, FinalStatementFirst, MonthNotOver
from loyalty.models import Leaving, SettlementLine, SettlementMonth
from loyalty.reports_settlement import first_open_month, settlement_of
from loyalty.settlement_digest import DIGEST
from workspace.actions import audit

CLOSE = f"""
    INSERT INTO loyalty_settlementmonth (month, point_value, currency, actor, actor_label, closed_at, digest)
    SELECT m.*, ({DIGEST})
    FROM (SELECT %(month)s::date AS month, %(value)s::numeric(12, 6) AS point_value, %(currency)s::text AS currency,
                 %(actor)s::text, %(label)s::text, %(now)s::timestamptz) AS m
"""


def close_month(*, month: date, actor: Actor, now: datetime) -> SettlementMonth:
    """Freeze a month at today's value of a point. Closing it again returns what was closed, and changes nothing.

    What happens to its points later falls into the next open month. Raises UnknownMonth, MonthNotOver,
    EarlierMonthOpen, FinalStatementFirst, and PermissionRefused for people limited to a business.
    """
    actor.check_sees_all()
    programme = active_programme()
    with transaction.atomic(), connection.cursor() as cursor:
        lock_count()
        settlement = settlement_of(month, zone=programme.zone, currency=programme.currency, now=now)
        if settlement.closed is not None:
            return settlement.closed
        if not settlement.is_over:
            raise MonthNotOver()
        earliest = first_open_month(programme.zone)
        if month != earliest:
            raise EarlierMonthOpen(month=f"{earliest:%Y-%m}")
        if Leaving.objects.filter(state=Leaving.State.SCHEDULED, last_day__lt=local_day(now, programme.zone)).exists():
            raise FinalStatementFirst()
        # The lines come first, the month with the digest of them after: neither can be changed.
        SettlementLine.objects.bulk_create(
            SettlementLine(
                month_id=month,
                debtor_id=debt.debtor,
                creditor_id=debt.creditor,
                debtor_name="" if debt.debtor is None else settlement.names[debt.debtor],
                creditor_name="" if debt.creditor is None else settlement.names[debt.creditor],
                points=debt.points,
                amount=debt.amount,
            )
            for debt in settlement.debts
        )
        cursor.execute(
            CLOSE,
            {
                "month": month,
                "value": settlement.point_value,
                "currency": settlement.currency,
                "actor": actor.reference,
                "label": actor.label[:160],
                "now": now,
            },
        )
        audit.record(
            actor,
            "loyalty.settlement.closed",
            subject=f"settlement:{month:%Y-%m}",
            data={"point_value": str(settlement.point_value), "debts": len(settlement.debts)},
        )
        return SettlementMonth.objects.get(pk=month)
