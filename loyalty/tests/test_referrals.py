"""Referrals: claimed, guarded, completed by the first purchase, looked at, undone, ended, forgotten."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.errors import InvalidInput, PermissionRefused
from customers.actions.customers import find_or_create_by_phone
from customers.models import Event, Order
from loyalty import errors
from loyalty.actions import points
from loyalty.actions.affiliate_customers import expire_numbers, note_number
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings
from loyalty.actions.referrals import (
    EXPIRE,
    cancel_referral,
    code_of,
    complete_by_hand,
    expire_referrals,
    follow_purchases,
    follow_returns,
    forget_referrals,
    open_referral_of,
    referrer_of,
    track_referral,
)
from loyalty.actions.refunds import refund_order
from loyalty.models import Account, Referral, ReferralCode, Transaction
from loyalty.referral_rules import mailbox
from loyalty.tasks import follow_referrals
from programs.models import DueWork, User
from workspace.models import AuditEntry

pytestmark = pytest.mark.usefixtures("audited")
MEMBER, FRIEND = "07700 900123", "07700 900150"


@pytest.fixture
def rewarded(actor):
    def call(**changes):
        values = {"is_active": True, "referrer_points": 200, "friend_points": 50, "min_spend": Decimal(5), **changes}
        return change_referral_settings(values=ReferralValues(**values), actor=actor)

    return call


@pytest.fixture
def member(rewarded, add):
    rewarded()
    add("10")
    return Account.objects.get()


@pytest.fixture
def claim(member, actor, now):
    def call(phone=FRIEND, **changes):
        given = {"referrer": member, "friend_phone": phone, "channel": "link", "actor": actor, "now": now}
        return track_referral(**{**given, **changes})

    return call


@pytest.fixture
def buy(add, now):
    """The friend buys, and the readers of the stream hear of it."""

    def call(amount="20", phone=FRIEND, at=timedelta(hours=1), **changes):
        posted = add(amount, phone=phone, now=now + at, placed_at=now + at, **changes)
        follow_purchases([posted.order], now=now + at)
        return posted

    return call


def state():
    referral = Referral.objects.get()
    return referral.state, referral.reason


def balances():
    return dict(Account.objects.values_list("customer__phone", "available"))


def test_the_first_purchase_of_a_friend_gives_both_their_points_once(claim, buy, now):
    claim()
    posted = buy()
    follow_purchases([posted.order] * 2, now=now)
    assert balances() == {"+447700900123": 210, "+447700900150": 70}
    referral = Referral.objects.get()
    assert (referral.state, referral.order.code, referral.friend.phone) == ("completed", posted.order, "+447700900150")
    rows = Transaction.objects.filter(kind="referral").order_by("pk").values_list("code", "points", "business_id")
    assert [code for code, _points, _shop in rows] == [referral.referrer_transaction, referral.friend_transaction]
    assert {shop for _code, _points, shop in rows} == {referral.order.business_id}
    told = Event.objects.filter(name__startswith="loyalty.referral.").order_by("pk").values_list("name", flat=True)
    assert list(told) == ["loyalty.referral.tracked", "loyalty.referral.completed"]


def test_the_stream_completes_it_and_takes_it_back(claim, add, now, actor):
    claim()
    posted = add("20", phone=FRIEND, now=now, placed_at=now)
    follow_referrals(list(Event.objects.order_by("pk")))
    assert state() == ("completed", "")
    seen = Event.objects.order_by("pk").last().pk
    refund_order(order=posted.order, everything=True, actor=actor, now=now)
    follow_referrals(list(Event.objects.filter(pk__gt=seen).order_by("pk")))
    assert state() == ("undone", "given_back")
    assert balances() == {"+447700900123": 10, "+447700900150": 0}


def test_a_purchase_below_the_least_waits_for_the_next_one(claim, buy):
    claim()
    buy("4.99")
    assert state() == ("pending", "")
    buy("5", at=timedelta(days=3))
    assert state() == ("completed", "")


def test_what_was_promised_holds_whatever_the_programme_changes_meanwhile(claim, buy, rewarded):
    claim()
    rewarded(referrer_points=1, friend_points=1, is_active=False)
    buy()
    assert balances() == {"+447700900123": 210, "+447700900150": 70}


def test_a_part_that_leaves_enough_is_no_reason_to_take_points(claim, buy, actor, now):
    claim()
    posted = buy("20")
    order = Order.objects.get(code=posted.order)
    for amount, expected in (("15", "completed"), ("0.01", "undone")):
        refund_order(order=posted.order, amount=Decimal(amount), actor=actor, now=now)
        for _again in range(2):
            follow_returns([order.pk], now=now)
        assert state()[0] == expected
    assert Transaction.objects.filter(kind="reverse", reverses__kind="referral").count() == 2


def test_points_that_were_undone_by_hand_do_not_stop_the_rest(claim, buy, actor, now):
    claim()
    posted = buy()
    given = Referral.objects.get().referrer_transaction
    points.reverse_transaction(transaction=given, key="hand", actor=actor, now=now)
    refund_order(order=posted.order, everything=True, actor=actor, now=now)
    follow_returns([Order.objects.get(code=posted.order).pk], now=now)
    assert state() == ("undone", "given_back")
    assert balances() == {"+447700900123": 10, "+447700900150": 0}


# -- guards -----------------------------------------------------------------------------------------------------------


def test_members_bring_somebody_else_who_is_new(claim, add, now):
    with pytest.raises(errors.SelfReferral):
        claim("+44 7700 900123")
    add("3", phone="07700 900160")
    with pytest.raises(errors.FriendIsCustomer):
        claim("07700 900160", now=now + timedelta(seconds=1))
    assert not Referral.objects.exists()


def test_somebody_is_brought_by_one_member_and_the_same_claim_is_one(claim, add, now):
    add("3", phone="07700 900161")
    other = referrer_of(phone="07700 900161")
    first = claim()
    assert claim(now=now + timedelta(days=1)).pk == first.pk
    with pytest.raises(errors.ReferralKnown):
        claim(referrer=other)


@pytest.mark.parametrize("has_come", [False, True])
def test_whom_an_affiliate_brought_no_member_brings(claim, actor, now, has_come):
    values = AffiliateValues(name="Harbour Blog", link_code="blog", percent=Decimal(10))
    affiliate = create_affiliate(values=values, actor=actor)
    if has_come:
        find_or_create_by_phone(phone=FRIEND, region="GB", source="till", actor=actor, now=now)
    note_number(link_code="blog", phone=FRIEND, channel="till", actor=actor, now=now)
    with pytest.raises(errors.CustomerBelongs):
        claim()
    assert not Referral.objects.exists()
    expire_numbers(now=now + timedelta(days=affiliate.window_days))
    if not has_come:
        claim(now=now + timedelta(days=affiliate.window_days))


def test_a_customer_of_before_who_slipped_in_gets_nothing(claim, buy, add, now):
    claim()
    add("9", phone=FRIEND, placed_at=now - timedelta(days=9))  # a sale of the past that arrives late
    buy()
    assert state() == ("cancelled", "not_new")
    assert Referral.objects.get().friend_phone == ""


def test_who_becomes_the_referrer_themselves_gets_nothing(claim, member, add, now):
    from customers.models import Identifier

    claim()
    Identifier.objects.create(kind="phone", value="+447700900150", customer_id=member.pk)
    posted = add("20", now=now)
    follow_purchases([posted.order], now=now)
    assert state() == ("cancelled", "oneself")


def test_the_limit_of_a_month_begins_anew_with_the_month(claim, buy, rewarded, now):
    rewarded(monthly_limit=1)
    numbers = [f"07700 90017{number}" for number in range(3)]
    for number, later in zip(numbers, (0, 1, 40), strict=True):
        claim(number, now=now)
        buy(phone=number, at=timedelta(days=later, hours=1))
    ended = list(Referral.objects.order_by("pk").values_list("state", "reason"))
    assert ended == [("completed", ""), ("cancelled", "limit"), ("completed", "")]


def test_many_in_a_week_wait_for_a_person(claim, buy, rewarded, actor, now):
    rewarded(weekly_review=1)
    claim("07700 900171")
    claim()
    buy()
    held_up = Referral.objects.get(friend_phone="+447700900150")
    assert (held_up.state, held_up.flags, held_up.order is not None) == ("review", ["velocity"], True)
    assert balances()["+447700900123"] == 10
    for _again in range(2):
        complete_by_hand(code=held_up.code, actor=actor, now=now)
    assert balances() == {"+447700900123": 210, "+447700900150": 70}
    assert Referral.objects.get(code=held_up.code).decided_by == actor.reference


def test_what_waits_for_a_person_waits_for_another_purchase_when_that_one_goes(claim, buy, rewarded, actor, now):
    rewarded(weekly_review=1)
    claim("07700 900171")
    claim()
    posted = buy()
    refund_order(order=posted.order, everything=True, actor=actor, now=now)
    follow_returns([Order.objects.get(code=posted.order).pk], now=now)
    assert Referral.objects.get(friend_phone="+447700900150").state == "pending"


def test_what_waits_again_counts_what_was_bought_meanwhile_and_runs_out_in_time(claim, buy, rewarded, actor, now):
    rewarded(weekly_review=1)
    claim("07700 900171")
    claim()
    first, second = buy(), buy(at=timedelta(hours=2))
    refund_order(order=first.order, everything=True, actor=actor, now=now)
    DueWork.objects.filter(kind=EXPIRE).delete()  # nobody else waited, so it had ended
    follow_returns([Order.objects.get(code=first.order).pk], now=now)
    referral = Referral.objects.get(friend_phone="+447700900150")
    assert (referral.state, referral.order.code) == ("review", second.order)
    assert DueWork.objects.get(kind=EXPIRE).next_due_at <= referral.expires_at


def test_an_amount_that_was_typed_wrong_and_undone_does_not_cost_them_their_points(claim, buy, undo, now):
    claim()
    wrong = buy("200")
    undo(wrong, cancels_order=True)
    wrong_order = Order.objects.get(code=wrong.order).pk
    follow_returns([wrong_order], now=now)
    assert state() == ("pending", "")
    assert balances() == {"+447700900123": 10, "+447700900150": 0}
    right = buy("20", at=timedelta(hours=2))
    follow_returns([wrong_order], now=now)
    follow_purchases([wrong.order, right.order], now=now)
    assert state() == ("completed", "")
    assert balances() == {"+447700900123": 210, "+447700900150": 70}
    assert Transaction.objects.filter(kind="referral").count() == 4
    gone = Order.objects.get(code=right.order)
    undo(right, key="again", cancels_order=True)
    follow_returns([gone.pk], now=now + timedelta(days=90))
    assert state() == ("undone", "given_back")
    assert balances() == {"+447700900123": 10, "+447700900150": 0}


def test_points_that_came_back_after_an_undo_by_hand_are_taken_with_the_purchase(claim, buy, undo, actor, now):
    claim()
    posted = buy()
    given = Referral.objects.get().referrer_transaction
    by_hand = points.reverse_transaction(transaction=given, key="hand", actor=actor, now=now)
    points.reverse_transaction(transaction=by_hand.transaction, key="back", actor=actor, now=now)
    refund_order(order=posted.order, everything=True, actor=actor, now=now)
    follow_returns([Order.objects.get(code=posted.order).pk], now=now)
    assert state() == ("undone", "given_back")
    assert balances() == {"+447700900123": 10, "+447700900150": 0}


def test_links_from_one_address_or_the_members_own_browser_look_odd(claim, member):
    several = [claim(f"07700 90018{number}", address="192.0.2.7") for number in range(6)]
    assert [one.flags for one in several[:5]] == [[]] * 5
    assert "address" in several[5].flags
    assert "device" in claim(browser_of=member.pk).flags
    assert b"192.0.2.7" not in bytes(several[0].address_digest)


@pytest.mark.parametrize(
    ("names", "emails", "is_odd"),
    [
        (("Noor Haddad", "noor  haddad"), ("", ""), True),
        (("Noor", "Noor"), ("", ""), False),
        (("A B", "C D"), ("no.or@example.com", "noor+2@EXAMPLE.com"), True),
        (("A B", "C D"), ("noor@example.com", "ben@example.com"), False),
    ],
)
def test_a_second_identity_looks_odd(claim, member, buy, names, emails, is_odd, now):
    friend = find_or_create_by_phone(phone=FRIEND, region="GB", source="till", actor=SYSTEM, now=now).customer
    for person, name, email in zip((member.customer, friend), names, emails, strict=True):
        first, _space, last = name.partition(" ")
        person.first_name, person.last_name, person.email = first, last, email
        person.save()
    claim()
    buy()
    assert state()[0] == ("review" if is_odd else "completed")


def test_a_cashier_who_brings_and_sells_looks_odd(claim, member, buy):
    cashier = User.objects.create_user("sam@example.com", None)
    member.customer.email = "sam@example.com"
    member.customer.save()
    claim()
    buy(actor=Actor(kind="user", id=str(cashier.pk), label="Sam"))
    assert Referral.objects.get().flags == ["cashier"]


def test_mailboxes():
    assert mailbox("No.Or+x@Example.com") == "noor@example.com"
    assert mailbox("") == mailbox("@example.com") == ""


# -- people decide ----------------------------------------------------------------------------------------------------


def test_completed_by_hand_before_any_purchase_makes_the_friend_a_member(claim, actor, now):
    claim()
    found = open_referral_of(friend_phone=FRIEND, actor=actor)
    complete_by_hand(code=found.code, points=5, actor=actor, now=now)
    assert balances() == {"+447700900123": 15, "+447700900150": 50}


def test_what_has_ended_is_over(claim, actor, now):
    referral = claim()
    for _again in range(2):
        cancel_referral(code=referral.code, actor=actor, now=now)
    with pytest.raises(errors.ReferralOver):
        complete_by_hand(code=referral.code, actor=actor, now=now)
    assert claim().pk != referral.pk, "and can be claimed anew"
    with pytest.raises(errors.UnknownReferral):
        cancel_referral(code="a\0b", actor=actor, now=now)


def test_people_of_one_business_decide_about_theirs_only(claim, actor, other_business, now):
    referral = claim()
    elsewhere = Actor(kind="user", id="7", label="Eve", business_id=other_business.pk)
    with pytest.raises(errors.UnknownReferral):
        cancel_referral(code=referral.code, actor=elsewhere, now=now)
    with pytest.raises(PermissionRefused):
        change_referral_settings(values=ReferralValues(is_active=True), actor=elsewhere)
    with pytest.raises(errors.UnknownBusiness):
        claim("07700 900199", business="nowhere")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"referrer_points": -1}, "referrer_points"),
        ({"referrer_points": 0, "friend_points": 0}, "referrer_points"),
        ({"friend_points": 1_000_001}, "friend_points"),
        ({"days": 0}, "days"),
        ({"monthly_limit": 0}, "monthly_limit"),
        ({"weekly_review": 0}, "weekly_review"),
        ({"min_spend": Decimal("-1")}, "min_spend"),
        ({"min_spend": Decimal("1.001")}, "min_spend"),
    ],
)
def test_bad_settings_are_refused_at_their_field(rewarded, changes, field):
    with pytest.raises(InvalidInput) as refused:
        rewarded(**changes)
    assert refused.value.field == field


def test_settings_are_in_the_audit_log_once(rewarded):
    for _again in range(2):
        rewarded()
    assert AuditEntry.objects.filter(action="loyalty.referrals.changed").count() == 1


def test_off_until_somebody_switches_it_on(add, actor, now):
    add("10")
    with pytest.raises(errors.ReferralsOff):
        track_referral(referrer=Account.objects.get(), friend_phone=FRIEND, channel="api", actor=actor, now=now)


# -- codes, time, forgetting ------------------------------------------------------------------------------------------


def test_a_member_has_one_code_in_any_spelling(member):
    code = code_of(member.pk)
    assert code_of(member.pk) == code
    assert referrer_of(code=f" {code.lower()} ").pk == member.pk
    for unknown in ("XXXXXXXX", "a\0b"):
        with pytest.raises(errors.UnknownReferrer):
            referrer_of(code=unknown)
    with pytest.raises(errors.UnknownReferrer):
        referrer_of(phone="07700 900199")


def test_what_nobody_bought_for_runs_out_and_its_number_is_forgotten(claim, buy, now):
    claim(address="192.0.2.7")
    claim("07700 900171", now=now + timedelta(days=1))
    assert expire_referrals(now=now + timedelta(days=90)) == now + timedelta(days=91)
    first = Referral.objects.order_by("pk").first()
    assert (first.state, first.reason, first.friend_phone, first.address_digest) == ("expired", "time", "", None)
    assert expire_referrals(now=now + timedelta(days=91)) is None


def test_a_purchase_after_its_time_is_none(claim, buy):
    claim()
    buy(at=timedelta(days=90))
    assert state() == ("pending", "")


def test_erasing_either_of_them_forgets_the_number(claim, buy, member, now):
    claim()
    claim("07700 900171")
    code_of(member.pk)
    buy()
    forget_referrals(customer_id=member.pk, phones=["+447700900123"], now=now)
    assert not ReferralCode.objects.exists()
    assert set(Referral.objects.values_list("state", "friend_phone")) == {("completed", ""), ("cancelled", "")}


def test_erasing_a_friend_who_has_another_number_by_now_ends_what_waits(claim, buy, rewarded, now):
    rewarded(weekly_review=1)
    claim("07700 900171")
    claim()
    buy()
    waiting = Referral.objects.get(state="review")
    forget_referrals(customer_id=waiting.friend_id, phones=["+447700900199"], now=now)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason, waiting.friend_phone) == ("cancelled", "erased", "")


def test_erasing_a_number_that_waits_forgets_the_address_it_came_from(claim, now):
    claim(address="192.0.2.7")
    assert Referral.objects.get().address_digest
    forget_referrals(customer_id=0, phones=["+447700900150"], now=now)
    referral = Referral.objects.get()
    assert (referral.state, referral.friend_phone, referral.address_digest) == ("cancelled", "", None)


def test_two_programmes_know_nothing_of_each_other(claim, member, other_programme):
    claim()
    code = code_of(member.pk)
    with tenant_context(other_programme):
        assert not Referral.objects.exists()
        with pytest.raises(errors.UnknownReferrer):
            referrer_of(code=code)
