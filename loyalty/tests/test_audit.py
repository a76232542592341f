"""Each invariant: kept in ordinary life, and a planted violation is seen. Only a superuser can plant one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from config.database import embedded
from core.actor import SYSTEM
from customers.models import Customer, Order
from loyalty.actions import points
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliate_payouts import make_payout
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.leaving import decide_leaving, finish_leaving
from loyalty.actions.settings import change_settings
from loyalty.actions.tiers import TierValues, create_tier
from loyalty.audit import INVARIANTS, audit
from loyalty.models import Entry, StampCard
from programs.models import Programme
from workspace.models import Business

# Disabling triggers and constraints is what a superuser's slip amounts to.
PLANTS = {
    "I1": "UPDATE loyalty_entry SET amount = amount + 1 WHERE account_id IS NULL",
    "I2": "UPDATE loyalty_account SET available = available + 1",
    "I3": "UPDATE loyalty_account SET available = available + 1",
    "I4": "UPDATE loyalty_lot SET remaining = remaining - 1 WHERE remaining > 1",
    "I5": "UPDATE loyalty_transaction SET reversed_points = 0, reversed_at = NULL WHERE reversed_points > 0",
    "I6": "UPDATE loyalty_entry SET amount = amount * 2",
    "I7": "DROP INDEX transaction_one_earn_per_order;"
    " UPDATE loyalty_transaction SET order_id = (SELECT min(order_id) FROM loyalty_transaction) WHERE kind = 'earn'",
    "I8": "UPDATE loyalty_account SET version = version + 1",
    "I9": "UPDATE loyalty_lot SET amount = amount + 1, remaining = remaining",
    "I10": """UPDATE loyalty_transaction SET response = jsonb_set(response, '{points}', '1') WHERE kind = 'redeem'""",
    "I11": "UPDATE loyalty_account SET lifetime = lifetime + 1",
    "I12": "UPDATE loyalty_account SET expires_next_at = NULL",
    "I13": "UPDATE loyalty_hold SET points = points + 1",
    "I15": "DELETE FROM loyalty_pointcount; INSERT INTO loyalty_pointcount (id, zone, last_day, last_transaction)"
    " VALUES (1, 'UTC', '2100-01-01', 1000000)",
    "M1": "INSERT INTO loyalty_settlementmonth (month, point_value, currency, digest, actor, actor_label, closed_at)"
    " VALUES ('2026-06-01', 1, 'GBP', 'x', 'system:system', '', now())",
    "M2": "UPDATE loyalty_finalstatement SET amount = amount + 1",
    "A1": "UPDATE loyalty_affiliatepayout SET amount = amount + 1",
    "A2": "UPDATE loyalty_affiliatesale SET commission = commission + 1",
    "T1": "UPDATE loyalty_account SET tier_id = NULL WHERE tier_id IS NOT NULL",
    "S1": "UPDATE loyalty_stampbook SET total = total + 1",
    "S2": "UPDATE loyalty_stampbook SET stamps = stamps + 1",
    "I14": "UPDATE loyalty_transaction SET counterpart_id = NULL WHERE kind = 'transfer' AND points > 0",
}


@pytest.fixture
def history(committed_database, now):
    """Earns, a redemption, reversals, holds, expiry dates, a tier and a full stamp card, committed."""
    connection.set_tenant(Programme.objects.get(slug="harbour"))
    shop = Business.objects.create(name="Quayside")
    change_settings(point_value=Decimal("0.01"), expiry_months=6, actor=SYSTEM)
    create_tier(values=TierValues(name="Silver", threshold=Decimal(40)), actor=SYSTEM, now=now)
    StampCard.objects.create(name="Coffee", gives="A coffee", stamps=2)
    call = {"business": shop.pk, "phone": "+447700900123", "actor": SYSTEM, "now": now}
    points.add_points(**call, amount=Decimal(10), key="z")
    first = points.add_points(**call, amount=Decimal(100), key="a")
    points.add_points(**call, amount=Decimal(50), key="b")
    points.redeem_points(**call, points=30, reason="x", key="c")
    points.reverse_transaction(transaction=first.transaction, key="d", actor=SYSTEM, now=now)
    points.hold_points(**call, points=10, reason="x", key="e")
    captured = points.hold_points(**call, points=5, reason="x", key="f")
    points.capture_hold(hold=captured.transaction, points=3, key="g", actor=SYSTEM, now=now)
    other = points.add_points(**{**call, "phone": "+447700900124"}, amount=Decimal(10), key="h")
    to = Customer.objects.get(code=other.customer).pk
    points.transfer_points(phone=call["phone"], recipient_id=to, points=2, key="i", actor=SYSTEM, now=now)
    _pay_an_affiliate(shop, now)
    _let_a_business_go(now)
    return connection.settings_dict["NAME"]


def broken():
    return {finding.code for finding in audit() if not finding.is_kept}


def _pay_an_affiliate(shop, now):
    affiliate = create_affiliate(
        values=AffiliateValues(name="Blog", link_code="blog", percent=Decimal(10), hold_days=0), actor=SYSTEM
    )
    asked = {"phone": "07700 900199", "actor": SYSTEM, "now": now}
    note_number(link_code="blog", channel="api", **asked)
    sold = points.add_points(business=shop.pk, amount=Decimal(50), key="blog", placed_at=now, **asked)
    settle_orders([Order.objects.get(code=sold.order).pk], now=now)
    make_payout(affiliate=affiliate.code, actor=SYSTEM, now=now)


def _let_a_business_go(now):
    shop = Business.objects.create(name="Mill Lane")
    asked = {"business": shop.pk, "phone": "+447700900123", "actor": SYSTEM, "now": now}
    points.add_points(**asked, amount=Decimal(20), key="left")
    leaving = decide_leaving(business=shop, last_day=now.date(), way="taken_over", actor=SYSTEM, now=now)
    finish_leaving(leaving_id=leaving.pk, now=now + timedelta(days=2))


def test_ordinary_life_breaks_nothing(history):
    findings = audit()
    assert [finding.code for finding in findings] == [invariant.code for invariant in INVARIANTS]
    assert all(finding.checked > 0 for finding in findings)
    assert broken() == set()
    call_command("audit_ledger", programme="harbour")


def test_every_invariant_has_a_plant():
    assert set(PLANTS) == {invariant.code for invariant in INVARIANTS}


def test_planted_violations_are_seen(history):
    """One database for all of them: each is planted in a transaction that is rolled back."""
    server = embedded()
    connection.close()
    seen = {}
    with psycopg.connect(server.url("postgres", history)) as root:
        root.execute("SET search_path = p_harbour, public")
        for code, statement in PLANTS.items():
            invariant = next(invariant for invariant in INVARIANTS if invariant.code == code)
            with root.transaction(force_rollback=True):
                root.execute(statement)
                query = invariant.query.replace("%(app_role)s", "'regulars_app'")
                rows = root.execute(f"SELECT count(*) FROM ({query}) AS f (label, broken) WHERE broken").fetchone()
                seen[code] = rows[0] > 0
    assert seen == dict.fromkeys(PLANTS, True)


def test_the_command_fails_when_something_is_broken(history):
    server = embedded()
    with psycopg.connect(server.url("postgres", history), autocommit=True) as root:
        root.execute("UPDATE p_harbour.loyalty_account SET version = version + 1")
        root.execute("GRANT UPDATE ON p_harbour.loyalty_entry TO regulars_app")
    assert broken() == {"I6", "I8"}
    with pytest.raises(CommandError, match="not right"):
        call_command("audit_ledger")
    with pytest.raises(CommandError, match="no programme"):
        call_command("audit_ledger", programme="nowhere")


def test_the_application_cannot_change_an_entry(add):
    add()
    for change in (lambda: Entry.objects.update(amount=99), lambda: Entry.objects.all().delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()
