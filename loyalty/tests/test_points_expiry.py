"""Points that run out: when somebody touches them, and when nobody does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from customers.models import Customer
from customers.stream import READ_STREAM, run_readers
from loyalty import errors, reports
from loyalty.actions.settings import change_settings
from loyalty.models import Account, Lot, Transaction
from loyalty.tasks import expire_points
from programs.models import DueWork

pytestmark = pytest.mark.usefixtures("audited")


@pytest.fixture
def one_month(actor):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)


def test_points_expire_when_touched_at_the_end_of_the_day_in_the_programme_s_zone(add, redeem, one_month, now):
    add("10")
    ends = datetime(2026, 7, 17, 23, 0, tzinfo=UTC)  # midnight in London, summer time
    assert Lot.objects.get().expires_at == ends
    assert redeem(1, key="a", now=ends - timedelta(seconds=1)).balance == 9
    with pytest.raises(errors.NotEnoughPoints):
        redeem(1, key="b", now=ends)
    expired = Transaction.objects.get(kind="expire")
    assert (expired.points, expired.at) == (-9, ends)


def test_balances_leave_out_what_has_expired_untouched(add, one_month, now):
    add("10")
    customer = Customer.objects.get()
    assert reports.balance_of(customer.pk, now=now).points == 10
    assert reports.balance_of(customer.pk, now=now + timedelta(days=40)).points == 0
    assert Account.objects.get().available == 10


def test_the_sweep_expires_what_nobody_touches(add, one_month, now):
    for number in range(3):
        add("10", phone=f"0770090012{number}")
    assert expire_points(now + timedelta(days=40)) > now
    assert list(Account.objects.values_list("available", "expires_next_at")) == [(0, None)] * 3


def test_lists_follow_what_the_sweep_took(add, one_month, programme, now):
    add("10")
    run_readers(now=timezone.now() + timedelta(hours=1))
    DueWork.objects.filter(kind=READ_STREAM).delete()
    assert expire_points(now) > now
    assert not DueWork.objects.filter(kind=READ_STREAM).exists(), "nothing was due"
    expire_points(now + timedelta(days=40))
    assert DueWork.objects.filter(kind=READ_STREAM, programme=programme).count() == 1
