"""Points of one business that are spent at another: what they owe each other, month by month, and closing a month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, connection, transaction
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import PermissionRefused
from loyalty.actions import points
from loyalty.actions.point_days import count_points
from loyalty.actions.settings import change_settings
from loyalty.actions.settlement import close_month
from loyalty.errors import EarlierMonthOpen, MonthNotOver, UnknownMonth
from loyalty.models import SettlementLine, SettlementMonth
from loyalty.reports_settlement import first_open_month, months, parse_month, settlement_of
from loyalty.tests.given import PHONE
from workspace.models import AuditEntry

pytestmark = pytest.mark.usefixtures("audited")
JUNE, JULY, AUGUST = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
IN_JUNE, IN_JULY, IN_AUGUST = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (6, 7, 8))


@pytest.fixture
def now():
    return IN_JUNE


def debts(month, programme, now=IN_AUGUST):
    found = settlement_of(month, zone=programme.zone, currency=programme.currency, now=now)
    return {(debt.debtor, debt.creditor): debt.points for debt in found.debts}


def test_points_spent_elsewhere_are_owed_by_who_issued_them_oldest_first(
    add, redeem, business, other_business, programme
):
    add("100")
    add("50", business=other_business.pk)
    redeem(120, business=other_business.pk)
    redeem(20, key="r2")
    assert debts(JUNE, programme) == {
        (business.pk, other_business.pk): 100, (other_business.pk, business.pk): 20,
    }  # fmt: skip
    assert debts(JULY, programme) == {}


def test_points_without_a_business_are_the_programmes(redeem, business, actor, now, programme, add):
    add("5")
    points.adjust_points(phone=PHONE, points=30, reason="Sorry", key="g", actor=actor, now=now)
    redeem(35)
    assert debts(JUNE, programme) == {(None, business.pk): 30}


def test_an_undone_redemption_counts_in_its_own_month(add, redeem, undo, business, other_business, programme):
    add("100")
    spent = redeem(80, business=other_business.pk)
    undo(spent, now=IN_JULY)
    pair = (business.pk, other_business.pk)
    assert (debts(JUNE, programme), debts(JULY, programme)) == ({pair: 80}, {pair: -80})


def test_an_undone_redemption_is_given_back_by_issuer_also_where_its_points_pay_debt(
    add, redeem, undo, business, other_business, programme
):
    earned = add("100")
    spent = redeem(80, business=other_business.pk)
    undo(earned, "u1")  # 80 of it are debt now
    undo(spent, "u2")
    assert debts(JUNE, programme) == {}


def test_undoing_in_parts_takes_the_parts_in_order(add, redeem, undo, business, other_business, programme, actor, now):
    add("10")
    add("10", business=other_business.pk)
    third = redeem(15, business=other_business.pk)  # 10 of the first, 5 of its own
    back = undo(third, "u1")
    pair = (business.pk, other_business.pk)
    for number, (part, owed) in enumerate(((4, 4), (4, 8), (7, 10))):
        points.reverse_transaction(transaction=back.transaction, points=part, key=f"p{number}", actor=actor, now=now)
        assert debts(JUNE, programme) == {pair: owed}


def test_points_passed_on_keep_their_issuer(add, redeem, business, other_business, programme, actor, now):
    add("100")
    add("1", phone="07700 900124")
    points.transfer_points(phone=PHONE, recipient_phone="07700 900124", points=60, key="t", actor=actor, now=now)
    redeem(61, phone="07700 900124", business=other_business.pk)
    assert debts(JUNE, programme) == {(business.pk, other_business.pk): 61}


def test_a_claim_settles_where_it_is_captured(add, business, other_business, programme, actor, now):
    add("100")
    call = {"actor": actor, "now": now}
    hold = points.hold_points(phone=PHONE, business=other_business.pk, points=40, reason="Mug", key="h", **call)
    assert debts(JUNE, programme) == {}
    points.capture_hold(hold=hold.transaction, points=30, key="c", **call)
    assert debts(JUNE, programme) == {(business.pk, other_business.pk): 30}


def test_points_of_a_claim_that_pay_debt_on_their_way_back_are_nobodys_redemption(
    add, undo, business, other_business, programme, actor, now
):
    earned = add("100")
    hold = points.hold_points(
        phone=PHONE, business=other_business.pk, points=80, reason="Mug", key="h", actor=actor, now=now
    )
    undo(earned)  # 80 of it are debt
    points.void_hold(hold=hold.transaction, key="v", actor=actor, now=now)
    assert debts(JUNE, programme) == {}


# -- closing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def spent(add, redeem, other_business):
    add("100")
    return redeem(80, business=other_business.pk)


def test_a_closed_month_stays_and_what_is_undone_falls_into_the_next_open_one(
    spent, undo, business, other_business, programme, actor
):
    pair = (business.pk, other_business.pk)
    closed = close_month(month=JUNE, actor=actor, now=IN_JULY)
    change_settings(point_value=Decimal("0.05"), expiry_months=None, actor=actor)
    undo(spent, now=IN_JULY)
    assert debts(JUNE, programme) == {pair: 80}
    assert debts(JULY, programme) == {pair: -80}
    found = settlement_of(JUNE, zone=programme.zone, currency="GBP", now=IN_AUGUST)
    assert [(debt.points, debt.amount) for debt in found.debts] == [(80, Decimal("0.80"))]
    assert (closed.point_value, len(closed.digest)) == (Decimal("0.01"), 64)
    assert list(AuditEntry.objects.filter(action="loyalty.settlement.closed").values_list("subject", flat=True)) == [
        "settlement:2026-06"
    ]


def test_what_comes_late_into_a_closed_month_is_settled_once(
    spent, add, redeem, business, other_business, programme, actor
):
    close_month(month=JUNE, actor=actor, now=IN_JULY)
    redeem(5, key="late", business=other_business.pk)  # posted in June after June was closed
    pair = (business.pk, other_business.pk)
    assert (debts(JUNE, programme), debts(JULY, programme), debts(AUGUST, programme)) == ({pair: 80}, {pair: 5}, {})
    close_month(month=JULY, actor=actor, now=IN_AUGUST)
    assert (debts(JULY, programme), debts(AUGUST, programme)) == ({pair: 5}, {})


@pytest.mark.usefixtures("spent")
def test_closing_again_changes_nothing(programme, actor):
    first = close_month(month=JUNE, actor=actor, now=IN_JULY)
    again = close_month(month=JUNE, actor=actor, now=IN_AUGUST)
    assert (again.closed_at, again.digest) == (first.closed_at, first.digest)
    assert SettlementLine.objects.count() == 1
    assert AuditEntry.objects.filter(action="loyalty.settlement.closed").count() == 1


@pytest.mark.usefixtures("spent")
def test_months_are_closed_in_order_and_when_they_are_over(programme, actor):
    for month, now, refusal in (
        (JUNE, IN_JUNE, MonthNotOver),
        (JULY, IN_AUGUST, EarlierMonthOpen),
        (AUGUST, IN_JULY, UnknownMonth),
        (date(2026, 5, 1), IN_JULY, UnknownMonth),
    ):
        with pytest.raises(refusal):
            close_month(month=month, actor=actor, now=now)
    assert not SettlementMonth.objects.exists()
    rows = months(zone=programme.zone, now=IN_AUGUST)
    assert [(row.month, row.is_over, row.can_close) for row in rows] == [
        (AUGUST, False, False), (JULY, True, False), (JUNE, True, True),
    ]  # fmt: skip


@pytest.mark.usefixtures("spent")
def test_people_of_one_business_close_nothing(business):
    bound = Actor(kind="user", id="9", label="Sam", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        close_month(month=JUNE, actor=bound, now=IN_JULY)


def test_a_month_ends_in_the_programmes_zone(add, redeem, business, other_business, programme, actor):
    add("100", now=IN_JUNE - timedelta(days=1))
    midnight = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)  # July in London
    redeem(80, business=other_business.pk, now=midnight)
    pair = (business.pk, other_business.pk)
    assert (debts(JUNE, programme), debts(JULY, programme)) == ({}, {pair: 80})


@pytest.mark.usefixtures("spent")
def test_the_application_cannot_change_a_closed_month(programme, actor):
    close_month(month=JUNE, actor=actor, now=IN_JULY)
    for change in (
        lambda: SettlementLine.objects.update(points=1),
        lambda: SettlementLine.objects.all().delete(),
        lambda: SettlementMonth.objects.update(point_value=1),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


def test_counted_days_and_the_ledger_say_the_same(spent, redeem, business, other_business, programme):
    before = debts(JUNE, programme)
    count_points(now=IN_AUGUST)
    assert debts(JUNE, programme) == before
    redeem(5, key="late", business=other_business.pk)  # of a counted day
    assert debts(JUNE, programme) == {(business.pk, other_business.pk): 85}


@pytest.mark.usefixtures("spent")
def test_another_programme_has_months_of_its_own(programme, other_programme, actor):
    close_month(month=JUNE, actor=actor, now=IN_JULY)
    with tenant_context(other_programme):
        assert first_open_month(other_programme.zone) is None
        with pytest.raises(UnknownMonth):
            settlement_of(JUNE, zone=other_programme.zone, currency="GBP", now=IN_JULY)
    assert connection.schema_name == programme.schema_name


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-6", "june", "2026-06-01", "٢٠٢٦-06", "0000-01"])
def test_a_month_that_is_none(text, programme):
    with pytest.raises(UnknownMonth):
        parse_month(text)
