"""The worked examples of docs/algorithms/points.md, executed."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings

from core.errors import DomainError
from loyalty.actions import points
from loyalty.actions.refunds import refund_order
from loyalty.actions.settings import change_settings
from loyalty.audit import audit
from loyalty.models import Account, LoyaltySettings, Transaction
from loyalty.rules import HOLD_MINUTES

PHONE, FRIEND = "+447700900123", "+447700900124"
PAGE = (settings.BASE_DIR / "docs/algorithms/points.md").read_text()
EXAMPLES = re.findall(r"```points\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example, business, actor, now):
    change_settings(point_value=Decimal("0.01"), expiry_months=3, actor=actor)
    points.add_points(business=business.pk, phone=FRIEND, amount=Decimal(1), key="friend", actor=actor, now=now)
    codes, holds = [], []
    for number, line in enumerate(example.strip().splitlines()):
        if moved := re.fullmatch(r"\+(\d+)d", line.strip()):
            now += timedelta(days=int(moved[1]))
            continue
        if line.startswith("waiting"):
            LoyaltySettings.objects.update(pending_days=int(line.split()[1]))
            continue
        act, _arrow, expected = (part.strip() for part in line.partition("->"))
        words = act.split()
        call = {"key": f"k{number}", "actor": actor, "now": now}
        member = {"business": business.pk, "phone": PHONE}
        try:
            if words[0] == "earn":
                posted = points.add_points(**member, amount=Decimal(words[1]), **call)
            elif words[0] == "redeem":
                posted = points.redeem_points(**member, points=int(words[1]), reason="x", **call)
            elif words[0] == "gift":
                posted = points.adjust_points(phone=PHONE, points=int(words[1]), reason="x", **call)
            elif words[0] == "pass":
                posted = points.transfer_points(phone=PHONE, recipient_phone=FRIEND, points=int(words[1]), **call)
            elif words[0] == "refund":
                sale = Transaction.objects.get(code=codes[int(words[1]) - 1]).order.code
                posted = refund_order(order=sale, amount=Decimal(words[3]), actor=actor, now=now).posting
            elif words[0] == "hold":
                minutes = int(words[3]) * 1440 if len(words) > 2 else HOLD_MINUTES
                posted = points.hold_points(**member, points=int(words[1]), reason="x", minutes=minutes, **call)
            elif words[0] == "capture":
                part = int(words[3]) if len(words) > 2 else None
                posted = points.capture_hold(hold=holds[int(words[1]) - 1], points=part, **call)
            elif words[0] == "void":
                posted = points.void_hold(hold=holds[int(words[1]) - 1], **call)
            else:
                part = int(words[3]) if len(words) > 2 else None
                posted = points.reverse_transaction(transaction=codes[int(words[1]) - 1], points=part, **call)
        except DomainError as error:
            result = f"refused {error.code.removeprefix('loyalty.')}"
        else:
            account = Account.objects.get(customer__phone=PHONE)
            result = f"{posted.balance} debt {posted.debt}"
            result += f" held {account.held}" if account.held else ""
            result += f" pending {account.pending}" if account.pending else ""
            if words[0] == "hold":
                holds.append(posted.transaction)
            elif words[0] != "void":
                codes.append(posted.transaction)
        assert result == expected, line
    assert [finding.code for finding in audit() if not finding.is_kept] == []


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 4
