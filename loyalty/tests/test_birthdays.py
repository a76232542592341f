"""Birthday gifts: on the member's day in the programme's zone, once in a year, and after a pause too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.models import Customer
from loyalty.actions import points
from loyalty.actions.birthdays import give_birthday_bonuses
from loyalty.actions.tiers import set_tier
from loyalty.models import Account, EarningRule, Tier, Transaction
from loyalty.tasks import birthdays

pytestmark = pytest.mark.usefixtures("audited")

JUNE = datetime(2026, 6, 17, 10, 30, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def gift(programme):
    rule = EarningRule.objects.create(name="Happy birthday", trigger="birthday", effect="bonus", points=50)
    EarningRule.objects.update(created_at=LONG_AGO)
    return rule


@pytest.fixture
def born(programme):
    """born(date(1990, 6, 17)) → a member with that birthday, for years."""

    def make(day, **values):
        customer = Customer.objects.create(first_name="Priya", birthday=day, **values)
        points.adjust_points(
            points=1, reason="x", key=f"member-{customer.pk}", customer_id=customer.pk, actor=SYSTEM, now=LONG_AGO
        )
        return customer

    return make


def gifts(customer):
    return Transaction.objects.done().filter(account_id=customer.pk, kind="bonus").count()


def test_a_member_gets_it_once_on_the_day(gift, born):
    today, tomorrow = born(date(1990, 6, 17)), born(date(1990, 6, 18))
    assert [give_birthday_bonuses(now=JUNE) for _run in range(2)] == [1, 0]
    assert (gifts(today), gifts(tomorrow)) == (1, 0)
    posted = Transaction.objects.get(kind="bonus")
    assert (posted.points, posted.reason, posted.rule_id) == (50, "Happy birthday", gift.pk)
    for days in range(1, 10):
        give_birthday_bonuses(now=JUNE + timedelta(days=days))
    assert (gifts(today), gifts(tomorrow)) == (1, 1)
    give_birthday_bonuses(now=JUNE + timedelta(days=365))
    assert (gifts(today), gifts(tomorrow)) == (2, 1)


def test_a_day_begins_at_midnight_of_the_programme(gift, born):
    member = born(date(1990, 6, 18))
    assert give_birthday_bonuses(now=datetime(2026, 6, 17, 22, 59, tzinfo=UTC)) == 0
    assert give_birthday_bonuses(now=datetime(2026, 6, 17, 23, 0, tzinfo=UTC)) == 1  # midnight in London
    assert gifts(member) == 1


def test_the_work_comes_back_when_the_next_day_begins(gift):
    assert birthdays(JUNE) == datetime(2026, 6, 17, 23, 0, tzinfo=UTC)
    assert birthdays(datetime(2026, 10, 24, 23, 30, tzinfo=UTC)) == datetime(2026, 10, 26, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("days", "given"), [(7, 1), (8, 0)])
def test_a_pause_of_a_week_is_made_up_for(days, given, gift, born):
    born(date(1990, 6, 17))
    assert give_birthday_bonuses(now=JUNE + timedelta(days=days)) == given


def test_a_birthday_before_new_year_is_made_up_for_and_counts_for_its_year(gift, born):
    member = born(date(1990, 12, 30))
    assert give_birthday_bonuses(now=datetime(2027, 1, 3, 12, tzinfo=UTC)) == 1
    assert give_birthday_bonuses(now=datetime(2027, 12, 30, 12, tzinfo=UTC)) == 1
    assert gifts(member) == 2


def test_a_leap_day_is_kept_on_the_28th(gift, born):
    leap, last = born(date(1992, 2, 29)), born(date(1990, 2, 28))
    give_birthday_bonuses(now=datetime(2027, 2, 28, 12, tzinfo=UTC))
    assert (gifts(leap), gifts(last)) == (1, 1)
    give_birthday_bonuses(now=datetime(2028, 2, 28, 12, tzinfo=UTC))
    assert (gifts(leap), gifts(last)) == (1, 2)
    give_birthday_bonuses(now=datetime(2028, 2, 29, 12, tzinfo=UTC))
    assert (gifts(leap), gifts(last)) == (2, 2)


def test_who_moves_the_birthday_gets_no_second_gift(gift, born):
    member = born(date(1990, 6, 17))
    give_birthday_bonuses(now=JUNE)
    Customer.objects.update(birthday=date(1990, 9, 17))
    give_birthday_bonuses(now=JUNE + timedelta(days=92))
    assert gifts(member) == 1


def test_archived_people_strangers_and_new_members_get_none(gift, born):
    archived, new = born(date(1990, 6, 17), state=Customer.State.ARCHIVED), born(date(1990, 6, 15))
    stranger = Customer.objects.create(birthday=date(1990, 6, 17))
    Account.objects.filter(pk=new.pk).update(joined_at=JUNE)
    assert give_birthday_bonuses(now=JUNE) == 0
    assert (gifts(archived), gifts(new), gifts(stranger)) == (0, 0, 0)
    assert not Account.objects.filter(pk=stranger.pk).exists()


def test_a_rule_gives_from_its_first_day_on(gift, born):
    born(date(1990, 6, 15))
    EarningRule.objects.update(created_at=JUNE - timedelta(days=1))
    assert give_birthday_bonuses(now=JUNE) == 0
    EarningRule.objects.update(created_at=LONG_AGO, starts_on=date(2026, 6, 16))
    assert give_birthday_bonuses(now=JUNE) == 0
    EarningRule.objects.update(starts_on=None, is_active=False)
    assert give_birthday_bonuses(now=JUNE) == 0
    EarningRule.objects.update(is_active=True)
    assert give_birthday_bonuses(now=JUNE) == 1


def test_a_gift_of_a_tier_and_of_a_business(gift, born, business):
    silver, gold = (Tier.objects.create(name=name, rank=rank, threshold=1000) for rank, name in ((1, "S"), (2, "G")))
    EarningRule.objects.update(tier=silver, business=business)
    members = [born(date(1990, 6, 17)) for _tier in range(3)]
    for member, tier in zip(members[1:], (silver, gold), strict=True):
        set_tier(customer_id=member.pk, tier=tier.code, until=None, reason="", actor=SYSTEM, now=JUNE)
    assert give_birthday_bonuses(now=JUNE) == 2
    assert [gifts(member) for member in members] == [0, 1, 1]
    assert set(Transaction.objects.filter(kind="bonus").values_list("business_id", flat=True)) == {business.pk}


def test_many_are_given_in_batches(gift, born, monkeypatch):
    monkeypatch.setattr("loyalty.actions.birthdays.BATCH", 2)
    for _member in range(5):
        born(date(1990, 6, 17))
    assert [give_birthday_bonuses(now=JUNE) for _run in range(2)] == [5, 0]


def test_two_programmes_keep_their_own_days(gift, born, other_programme):
    born(date(1990, 6, 17))
    with tenant_context(other_programme):
        assert give_birthday_bonuses(now=JUNE) == 0
    assert give_birthday_bonuses(now=JUNE) == 1
