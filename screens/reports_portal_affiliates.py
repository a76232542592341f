"""What affiliates themselves read of their rule, their months and their payouts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.clock import local_day
from core.presentation import format_money, format_number
from loyalty.affiliate_rules import PER_CUSTOMER, PER_SALE, PERCENT
from loyalty.models import Affiliate, AffiliatePayout
from loyalty.reports_affiliates import MonthRow


@dataclass(frozen=True, slots=True)
class MonthShown:
    label: str
    row: MonthRow
    earned: str
    taken: str
    paid: str
    balance: str


@dataclass(frozen=True, slots=True)
class PayoutShown:
    number: str
    day: str
    amount: str
    said: str
    is_paid: bool


def rule_text(affiliate: Affiliate, currency: str) -> str:
    """The rule in a sentence or a few."""
    parts = [_base(affiliate, currency)]
    limit = affiliate.orders_limit
    if limit and affiliate.rule != PER_CUSTOMER:
        text = ngettext("Only the first sale of a customer.", "The first %(number)d sales of a customer.", limit)
        parts.append(text % {"number": limit})
    if affiliate.months_limit:
        number = affiliate.months_limit
        parts.append(ngettext("For %(number)d month.", "For %(number)d months.", number) % {"number": number})
    for amount, text in (
        (affiliate.min_spend, _("Sales of at least %(amount)s.")),
        (affiliate.order_cap, _("At most %(amount)s of one sale.")),
        (affiliate.month_cap, _("At most %(amount)s in a month.")),
    ):
        if amount:
            parts.append(text % {"amount": format_money(amount, currency)})
    return " ".join(parts)


def _base(affiliate: Affiliate, currency: str) -> str:
    if affiliate.rule == PERCENT:
        exponent = affiliate.percent.normalize().as_tuple().exponent
        digits = max(0, -exponent) if isinstance(exponent, int) else 0
        return _("%(percent)s%% of each sale.") % {"percent": format_number(affiliate.percent, digits)}
    amount = {"amount": format_money(affiliate.amount, currency)}
    if affiliate.rule == PER_SALE:
        return _("%(amount)s for each sale.") % amount
    return _("%(amount)s for each new customer.") % amount


def months_shown(rows: Sequence[MonthRow], currency: str) -> list[MonthShown]:
    return [
        MonthShown(
            label=date_format(row.month, _("F Y")),
            row=row,
            earned=format_money(row.earned, currency),
            taken=format_money(row.taken, currency),
            paid=format_money(row.paid, currency),
            balance=format_money(row.balance, currency),
        )
        for row in rows
    ]


def statement_number(payout: AffiliatePayout) -> str:
    return f"A-{payout.number:04d}"


def payouts_shown(payouts: Iterable[AffiliatePayout], zone: ZoneInfo) -> list[PayoutShown]:
    shown = []
    for one in payouts:
        paid = one.paid_on
        said = _("Paid on %(day)s") % {"day": date_format(paid, _("j F Y"))} if paid else _("To be paid")
        shown.append(
            PayoutShown(
                number=statement_number(one),
                day=date_format(local_day(one.created_at, zone), _("j F Y")),
                amount=format_money(one.amount, one.currency),
                said=f"{said} · {one.reference}" if one.reference else said,
                is_paid=paid is not None,
            )
        )
    return shown
