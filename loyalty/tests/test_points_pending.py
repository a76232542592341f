"""Points that wait for their day: not spendable, not expired, taken back first, and debt waits with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.actions import points
from loyalty.actions.settings import PointSettings, change_point_settings
from loyalty.balances import balance_of
from loyalty.errors import NotEnoughPoints
from loyalty.models import Account, Lot, Transaction
from loyalty.tasks import expire_points
from loyalty.tests.given import PHONE

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture(autouse=True)
def waiting(programme, actor, now):
    change_point_settings(
        settings=PointSettings(point_value=Decimal("0.01"), expiry_months=1, pending_days=14), actor=actor, now=now
    )


def account():
    return Account.objects.get()


def test_points_can_be_spent_from_the_start_of_their_day(add, redeem, now, programme):
    posted = add("100")
    local = posted.available_at.astimezone(programme.zone)
    assert (posted.points, posted.pending, posted.balance) == (100, 100, 0)
    assert (local.date() - now.astimezone(programme.zone).date()).days == 14
    assert (local.hour, local.minute) == (0, 0)
    with pytest.raises(NotEnoughPoints):
        redeem(1, "early", now=posted.available_at - timedelta(seconds=1))
    assert redeem(100, "late", now=posted.available_at).balance == 0


def test_the_card_says_what_waits_and_until_when(add, now):
    posted = add("100")
    balance = balance_of(account().pk, now=now)
    assert (balance.points, balance.pending, balance.available_next_at) == (0, 100, posted.available_at)
    later = balance_of(account().pk, now=posted.available_at)
    assert (later.points, later.pending, later.available_next_at) == (100, 0, None)


def test_the_months_of_life_begin_when_points_can_be_spent(add, now):
    posted = add("100")
    lot = Lot.objects.get()
    assert lot.expires_at > posted.available_at + timedelta(days=28)
    assert balance_of(account().pk, now=lot.expires_at - timedelta(seconds=1)).points == 100
    assert balance_of(account().pk, now=lot.expires_at).points == 0


def test_the_sweep_makes_them_available_too(add):
    posted = add("100")
    expire_points(posted.available_at)
    assert (account().available, account().pending) == (100, 0)
    assert Transaction.objects.get(kind="mature").response["pending"] == -100


def test_a_reversal_takes_what_waits_first(add, undo, actor, now):
    points.adjust_points(points=50, reason="gift", phone=PHONE, key="g", actor=actor, now=now)
    posted = add("100")
    undone = undo(posted, points=30)
    assert (undone.balance, account().pending) == (50, 70)
    undo(posted, "rest")
    assert (account().available, account().pending, account().debt) == (50, 0, 0)
    expire_points(posted.available_at)  # nothing is left that waits
    assert account().available == 50


def test_a_reversal_that_is_undone_waits_again(add, undo):
    posted = add("100")
    taken = undo(posted)
    given = undo(taken, "sorry")
    assert (given.balance, account().pending) == (0, 100)
    expire_points(posted.available_at)
    assert account().available == 100


def test_debt_is_repaid_when_the_day_comes(add, redeem, undo, actor, now):
    gift = points.adjust_points(points=50, reason="gift", phone=PHONE, key="g", actor=actor, now=now)
    redeem(50)
    undo(gift)
    posted = add("80")
    assert (account().available, account().pending, account().debt) == (0, 80, 50)
    expire_points(posted.available_at)
    assert (account().available, account().pending, account().debt) == (30, 0, 0)


def test_turning_waiting_off_leaves_what_waits(add, actor, now):
    add("100")
    change_point_settings(settings=PointSettings(point_value=Decimal("0.01")), actor=actor, now=now)
    assert add("10", key="now").balance == 10
    assert account().pending == 100


def test_midnight_is_the_programmes_also_when_the_clocks_change(add, programme):
    posted = add("100", now=datetime(2026, 10, 18, 12, tzinfo=UTC))  # clocks go back on the 25th
    assert posted.available_at == datetime(2026, 11, 1, 0, tzinfo=UTC)
    before = add("100", now=datetime(2026, 10, 5, 12, tzinfo=UTC), key="summer")
    assert before.available_at == datetime(2026, 10, 18, 23, tzinfo=UTC)
