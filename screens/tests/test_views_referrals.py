"""Referrals on the pages of staff, at the till and on the points page."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import unquote

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from loyalty.actions.points import add_points
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings
from loyalty.actions.referrals import code_of, follow_purchases, referrer_of, track_referral
from loyalty.models import Account, Referral, ReferralSettings
from screens.tests.test_views_portal_rewards import signed_in
from screens.tests.test_views_till_rewards import text_of
from workspace.models import Business

LIST = "/loyalty/referrals/"
FRIEND = "07700 900150"
VALUES = {
    "is_active": "on", "referrer_points": "200", "friend_points": "50", "min_spend": "5", "days": "60",
    "monthly_limit": "", "weekly_review": "5",
}  # fmt: skip


@pytest.fixture
def rewarded(actor):
    def call(**changes):
        values = {"is_active": True, "referrer_points": 200, "friend_points": 50, **changes}
        return change_referral_settings(values=ReferralValues(**values), actor=actor)

    return call


@pytest.fixture
def member(customer, business, actor, rewarded):
    rewarded()
    add_points(
        business=business.pk, customer_id=customer.pk, amount=Decimal(4), key="m", actor=actor, now=timezone.now()
    )
    return customer


@pytest.fixture
def claim(member, actor):
    def call(phone=FRIEND, **changes):
        given = {"channel": "api", "actor": actor, "now": timezone.now() - timedelta(minutes=1), **changes}
        return track_referral(referrer=Account.objects.get(pk=member.pk), friend_phone=phone, **given)

    return call


@pytest.fixture
def buy(business, actor):
    def call(phone=FRIEND, amount=20):
        now = timezone.now()
        posted = add_points(
            business=business.pk, phone=phone, amount=Decimal(amount), key=f"buy-{phone}", actor=actor, now=now
        )
        follow_purchases([posted.order], now=now)

    return call


@pytest.fixture
def staff(client_of, make_member):
    return client_of(make_member("owner@example.com", "owner"))


# -- staff ------------------------------------------------------------------------------------------------------------


def test_an_owner_switches_it_on(staff):
    assert "Nobody brings friends yet" in text_of(staff.get(LIST))
    assert staff.post(f"{LIST}settings/", VALUES).status_code == 303
    settings = ReferralSettings.objects.get()
    assert (settings.is_active, settings.min_spend, settings.monthly_limit) == (True, 5, None)
    page = staff.get(LIST)
    assert "No friends yet" in text_of(page)
    assert 'value="5"' in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"referrer_points": "0", "friend_points": "0"}, "One of the two gets points"),
        ({"days": "999"}, "between 1 and 366 days"),
        ({"min_spend": "x"}, "Enter a number such as 5"),
        ({"weekly_review": ""}, "required"),
    ],
)
def test_bad_settings_come_back_with_a_message(staff, changes, said):
    refused = staff.post(f"{LIST}settings/", {**VALUES, **changes})
    assert refused.status_code == 422
    assert said in text_of(refused)
    assert not ReferralSettings.objects.filter(is_active=True).exists()


def test_what_looks_odd_is_given_or_not(staff, claim, buy, rewarded, member):
    rewarded(weekly_review=1)
    claim("07700 900151")
    for phone in (FRIEND, "07700 900152"):
        claim(phone)
        buy(phone)
    shown = text_of(staff.get(LIST))
    assert "To be looked at" in shown
    assert "Many in a week by one member" in shown
    assert "First purchase £20.00" in shown
    first, second = Referral.objects.filter(state="review").order_by("pk")
    for _double in range(2):
        assert staff.post(f"{LIST}{first.code}/complete/").status_code == 303
    assert staff.post(f"{LIST}{second.code}/cancel/").status_code == 303
    assert "Cancelled by hand" in text_of(staff.get(f"{LIST}?state=cancelled"))
    assert Account.objects.get(pk=member.pk).available == 204
    staff.post(f"{LIST}{first.code}/cancel/")
    assert "This referral has ended." in text_of(staff.get(LIST))
    assert staff.post(f"{LIST}nothing/cancel/").status_code == 404


def test_who_may_not_decide_sees_no_buttons(client_of, make_member, claim, business):
    claim()
    analyst = client_of(make_member("ana@example.com", "analyst"))
    page = analyst.get(LIST)
    assert "07700 900150" in text_of(page)
    assert "Give the points" not in text_of(page)
    assert "What referrals give" not in text_of(page)
    assert analyst.post(f"{LIST}{Referral.objects.get().code}/complete/").status_code == 403
    assert analyst.post(f"{LIST}settings/", VALUES).status_code == 403


def test_people_of_one_business_see_theirs(client_of, make_member, claim, business):
    other = Business.objects.create(name="Next door")
    claim(business=other.code)
    manager = client_of(make_member("m@example.com", "manager", business=business))
    assert "No friends yet" in text_of(manager.get(LIST))
    assert manager.post(f"{LIST}{Referral.objects.get().code}/complete/").status_code == 404


# -- points page ------------------------------------------------------------------------------------------------------


def test_a_member_finds_link_code_and_a_text(client_of, member):
    browser = signed_in(client_of(None), member)
    assert "Bring a friend 200 points for you, 50 for your friend" in text_of(browser.get("/p/"))
    page = browser.get("/p/refer/")
    code = code_of(member.pk)
    assert f"/p/r/{code}/" in text_of(page)
    written = browser.post("/p/refer/", {"phone": FRIEND, "country": "GB"}).content.decode()
    url = re.search(r'href="(sms:[^"]+)"', written)[1]
    assert url.startswith("sms:+447700900150?&amp;body=")
    assert f"/p/r/{code}/" in unquote(url)
    assert "there are 50 points for you" in unquote(url)
    assert browser.post("/p/refer/", {"phone": "12"}).status_code == 422
    assert not Referral.objects.exists(), "the number of a friend is kept nowhere"


def test_where_nothing_is_rewarded_there_is_no_page(client_of, member, rewarded):
    rewarded(is_active=False)
    browser = signed_in(client_of(None), member)
    assert "Bring a friend" not in text_of(browser.get("/p/"))
    assert browser.get("/p/refer/").status_code == 404
    assert client_of(None).get(f"/p/r/{code_of(member.pk)}/").status_code == 404


def test_a_friend_takes_the_invitation_up_and_comes(client_of, member, buy):
    friend, url = client_of(None), f"/p/r/{code_of(member.pk)}/"
    assert "50 points for you with your first purchase" in text_of(friend.get(url))
    assert friend.post(url, {"phone": "12"}).status_code == 422
    assert "See you soon" in text_of(friend.post(url, {"phone": FRIEND}))
    referral = Referral.objects.get()
    assert (referral.channel, referral.friend_phone, referral.flags) == ("link", "+447700900150", [])
    buy()
    assert Referral.objects.get().state == "completed"


def test_the_answer_tells_nobody_whose_number_is_known(client_of, member, buy, customer):
    buy("07700 900160")
    url = f"/p/r/{code_of(member.pk)}/"
    answers = {
        text_of(client_of(None).post(url, {"phone": phone}))
        for phone in ("07700 900160", customer.phone, FRIEND, FRIEND)
    }
    assert len(answers) == 1
    assert Referral.objects.count() == 1


def test_an_address_takes_up_so_many_an_hour(client_of, member, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "referral-claim": (2, 3600)}
    url = f"/p/r/{code_of(member.pk)}/"
    statuses = [client_of(None).post(url, {"phone": f"07700 90017{number}"}).status_code for number in range(4)]
    assert statuses[-1] == 429
    assert Referral.objects.count() == 2


def test_a_link_of_one_programme_is_over_on_another(client_of, member, programme, other_programme):
    code = code_of(member.pk)
    with tenant_context(other_programme):
        change_referral_settings(values=ReferralValues(is_active=True), actor=SYSTEM)
        assert client_of(None, on=other_programme).get(f"/p/r/{code}/").status_code == 404


# -- till -------------------------------------------------------------------------------------------------------------


def test_a_code_said_at_the_till_counts(till, member):
    code = code_of(member.pk)
    assert "Code of who sent them" in text_of(till.post("/till/", {"phone": FRIEND}))
    refused = till.post("/till/customers/", {"phone": FRIEND, "referral_code": "XXXX2222"})
    assert refused.status_code == 422
    assert "No member has this code" in text_of(refused)
    assert till.post("/till/customers/", {"phone": FRIEND, "referral_code": code.lower()}).status_code == 303
    referral = Referral.objects.get()
    assert (referral.channel, referral.referrer_id, referral.business is not None) == ("till", member.pk, True)
    assert referrer_of(code=code).pk == member.pk
