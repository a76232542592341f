"""Affiliates on the pages of staff, at the till, by their link, and as they read themselves."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.models import Customer, Order
from loyalty.access_affiliates import report_token
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_customers import note_number
from loyalty.actions.affiliate_payouts import make_payout
from loyalty.actions.affiliates import AffiliateValues, change_affiliate_settings, create_affiliate, switch_affiliate
from loyalty.actions.points import add_points
from loyalty.models import Affiliate, AffiliateCustomer, AffiliateDay, AffiliateLine, AffiliatePayout, AffiliateSettings
from programs import api_limits
from screens.actions.privacy import erase_customer
from screens.personal_data import sections
from screens.tests.test_views_till_rewards import text_of

LIST = "/loyalty/affiliates/"
BUYER = "07700 900150"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
VALUES = {
    "name": "Harbour Blog", "link_code": "blog", "email": "", "phone": "", "website": "", "rule": "percent",
    "percent": "12.5", "amount": "", "min_spend": "", "orders_limit": "", "months_limit": "6", "order_cap": "",
    "month_cap": "50", "window_days": "30", "hold_days": "14",
}  # fmt: skip


@pytest.fixture
def affiliate(actor):
    values = AffiliateValues(name="Harbour Blog", link_code="blog", percent=Decimal(10), hold_days=0)
    return create_affiliate(values=values, actor=actor)


@pytest.fixture
def sold(affiliate, business, actor):
    """A sale of 100 to somebody who came; 10 of it can be paid."""
    now = timezone.now() - timedelta(minutes=5)
    note_number(link_code="blog", phone=BUYER, channel="api", actor=actor, now=now)
    posted = add_points(business=business.pk, phone=BUYER, amount=Decimal(100), key="sale", actor=actor, now=now)
    settle_orders([Order.objects.get(code=posted.order).pk], now=now)
    return affiliate


@pytest.fixture
def staff(client_of, make_member):
    return client_of(make_member("owner@example.com", "owner"))


@pytest.fixture
def visitor(client_of):
    api_limits.forget()
    return client_of(None)


# -- staff ------------------------------------------------------------------------------------------------------------


def test_an_owner_adds_changes_and_ends_one(staff):
    assert "No affiliates yet" in text_of(staff.get(LIST))
    assert staff.get(f"{LIST}new/").status_code == 200
    made = staff.post(f"{LIST}new/", VALUES)
    assert made.status_code == 303
    affiliate = Affiliate.objects.get()
    assert (affiliate.link_code, affiliate.percent, affiliate.month_cap) == ("BLOG", Decimal("12.5"), 50)
    one = made.headers["Location"]
    shown = text_of(staff.get(one))
    assert "12.5% of each sale. For 6 months. At most £50.00 in a month." in shown
    assert "/p/a/blog/" in shown
    assert 'value="12.5"' in staff.get(f"{one}change/").content.decode()
    staff.post(f"{one}change/", {**VALUES, "rule": "sale", "amount": "3"})
    assert "£3.00 for each sale." in text_of(staff.get(LIST))
    staff.post(f"{one}switch/", {"state": "ended"})
    assert "Ended" in text_of(staff.get(one))
    assert staff.post(f"{one}switch/", {"state": "gone"}).status_code == 422


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Give the affiliate a name"),
        ({"percent": "0"}, "percentage up to 100"),
        ({"percent": "x"}, "Enter a number such as 5"),
        ({"link_code": "a b"}, "4 to 24 letters"),
        ({"website": "ftp://x"}, "Enter an address such as"),
        ({"rule": "customer"}, "more than zero"),
        ({"hold_days": ""}, "required"),
    ],
)
def test_what_cannot_be_comes_back_with_a_message(staff, changes, said):
    refused = staff.post(f"{LIST}new/", {**VALUES, **changes})
    assert refused.status_code == 422
    assert said in text_of(refused)
    assert not Affiliate.objects.exists()


def test_settings_are_kept_and_checked(staff, affiliate):
    assert staff.post(f"{LIST}settings/", {"website": "shop.example", "daily_review": "3"}).status_code == 303
    assert AffiliateSettings.objects.get().website == "https://shop.example"
    refused = staff.post(f"{LIST}settings/", {"website": "javascript:x", "daily_review": "0"})
    assert refused.status_code == 422
    assert AffiliateSettings.objects.get().daily_review == 3


def test_a_payout_is_made_read_and_paid(staff, sold):
    assert "£10.00" in text_of(staff.get(LIST))
    one = f"{LIST}{sold.code}/"
    assert "Make a payout" in text_of(staff.get(one))
    made = staff.post(f"{one}pay-out/")
    payout = AffiliatePayout.objects.get()
    assert made.headers["Location"] == f"{LIST}payouts/{payout.code}/"
    assert staff.post(f"{one}pay-out/").headers["Location"] == one, "pressed twice, there is one"
    shown = text_of(staff.get(f"{LIST}payouts/{payout.code}/"))
    assert "Harbour Blog, A-0001" in shown
    assert "£10.00" in shown
    paid = staff.post(f"{LIST}payouts/{payout.code}/pay/", {"paid_on": "2999-01-01"})
    assert (paid.status_code, AffiliatePayout.objects.get().state) == (422, "open")
    day = f"{timezone.localdate():%Y-%m-%d}"
    staff.post(f"{LIST}payouts/{payout.code}/pay/", {"paid_on": day, "reference": "SEPA 7"})
    assert "SEPA 7" in text_of(staff.get(f"{LIST}payouts/"))
    assert "Mark as paid" not in text_of(staff.get(f"{LIST}payouts/{payout.code}/"))
    assert staff.post(f"{LIST}payouts/{payout.code}/cancel/").status_code == 409


def test_a_cancelled_payout_frees_its_lines(staff, sold):
    staff.post(f"{LIST}{sold.code}/pay-out/")
    code = AffiliatePayout.objects.get().code
    assert staff.post(f"{LIST}payouts/{code}/cancel/").status_code == 303
    assert "Its commissions are free" in text_of(staff.get(f"{LIST}payouts/{code}/"))
    assert AffiliateLine.objects.open().count() == 1


def test_files_and_paper_have_the_same_figures(staff, sold):
    staff.post(f"{LIST}{sold.code}/pay-out/")
    code = AffiliatePayout.objects.get().code
    order = Order.objects.get().code
    for path in (f"{sold.code}/lines.csv", f"payouts/{code}/lines.csv"):
        lines = staff.get(f"{LIST}{path}").content.decode().splitlines()
        assert len(lines) == 2
        assert order in lines[1]
        assert ",10.00,GBP," in lines[1]
        assert "A-0001" in lines[1]
    assert "Harbour Blog" in staff.get(f"{LIST}payouts.csv").content.decode()
    assert staff.get(f"{LIST}payouts/{code}/statement.pdf").content.startswith(b"%PDF")
    assert "Harbour Blog receives £10.00." in text_of(staff.get(f"{LIST}payouts/{code}/print/"))
    picture = staff.get(f"{LIST}{sold.code}/link.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert b"<svg" in picture.content


def test_people_who_look_odd_are_decided_on(staff, sold, actor, business):
    change_affiliate_settings(website="", daily_review=1, actor=actor)
    now = timezone.now() - timedelta(minutes=1)
    note_number(link_code="blog", phone="07700 900151", channel="api", actor=actor, now=now)
    posted = add_points(business=business.pk, phone="07700 900151", amount=Decimal(50), key="b", actor=actor, now=now)
    settle_orders([Order.objects.get(code=posted.order).pk], now=now)
    odd = AffiliateCustomer.objects.get(state="review")
    assert "Many in a day" in text_of(staff.get(LIST))
    staff.post(f"{LIST}people/{odd.code}/decide/", {"counts": "yes"})
    assert AffiliateLine.objects.filter(amount=5).exists()
    assert "Many in a day" not in text_of(staff.get(f"{LIST}{sold.code}/"))
    assert staff.post(f"{LIST}people/nothing/decide/", {"counts": "no"}).status_code == 404


def test_an_answer_that_says_neither_decides_nothing(staff, sold):
    came = AffiliateCustomer.objects.get()
    for said in ({}, {"counts": ""}, {"counts": "maybe"}):
        assert staff.post(f"{LIST}people/{came.code}/decide/", said).status_code == 422
    came.refresh_from_db()
    assert came.state == "active"


@pytest.mark.parametrize("name", ["株式会社ハーバー 🎉", "ه‎اربور", "W" * 120, "<b>&amp;"])
def test_any_name_is_on_paper(staff, sold, name):
    Affiliate.objects.update(name=name)
    staff.post(f"{LIST}{sold.code}/pay-out/")
    code = AffiliatePayout.objects.get().code
    paid = {"paid_on": f"{timezone.localdate():%Y-%m-%d}", "reference": "R" * 120}
    assert staff.post(f"{LIST}payouts/{code}/pay/", paid).status_code == 303
    assert staff.get(f"{LIST}payouts/{code}/statement.pdf").content.startswith(b"%PDF")


def test_who_may_only_read_changes_nothing(client_of, make_member, sold, business):
    reader = client_of(make_member("ann@example.com", "analyst"))
    page = text_of(reader.get(f"{LIST}{sold.code}/"))
    assert "Make a payout" not in page
    assert "private report" not in page
    for path in (f"{sold.code}/pay-out/", f"{sold.code}/switch/", f"{sold.code}/report-link/", "settings/"):
        assert reader.post(f"{LIST}{path}").status_code == 403
    assert reader.get(f"{LIST}new/").status_code == 403
    cashier = client_of(make_member("till@example.com", "cashier", business=business))
    assert cashier.get(LIST).status_code == 403


def test_people_of_one_business_see_what_its_sales_made(client_of, make_member, sold, business, other_business):
    def page_of(shop):
        person = client_of(make_member(f"{shop.pk}@example.com", "manager", business=shop))
        return person, text_of(person.get(f"{LIST}{sold.code}/"))

    _here, own = page_of(business)
    there, other = page_of(other_business)
    assert "£10.00" in own
    assert "£10.00" not in other
    assert "Nothing was paid out yet" not in own, "payouts are the programme's"
    assert there.get(f"{LIST}payouts/").status_code == 403
    assert there.post(f"{LIST}{sold.code}/pay-out/").status_code == 403
    assert Order.objects.get().code not in there.get(f"{LIST}{sold.code}/lines.csv").content.decode()


def test_the_first_page_does_not_tell_what_affiliates_get(client_of, make_member, staff, sold, business):
    staff.post(f"{LIST}{sold.code}/pay-out/")
    for person in (staff, client_of(make_member("ann@example.com", "manager", business=business))):
        home = text_of(person.get("/"))
        assert "+100" in home
        assert "Payout made" not in home
        assert "Commission of an affiliate" not in home


# -- the link ---------------------------------------------------------------------------------------------------------


def test_opening_the_link_counts_once_and_asks_for_a_number(visitor, affiliate):
    for _again in range(2):
        page = visitor.get("/p/a/BLOG/", headers={"user-agent": BROWSER})
        assert "You are invited to" in text_of(page)
    assert AffiliateDay.objects.get().clicks == 1
    visitor.get("/p/a/blog/", headers={"user-agent": "Googlebot/2.1"})
    visitor.head("/p/a/blog/", headers={"user-agent": BROWSER})
    assert AffiliateDay.objects.get().clicks == 1
    left = visitor.post("/p/a/blog/", {"phone": BUYER})
    assert "See you soon" in text_of(left)
    assert AffiliateCustomer.objects.get().phone == "+447700900150"
    assert visitor.post("/p/a/blog/", {"phone": "12"}).status_code == 422


def test_the_answer_is_the_same_for_every_number(visitor, sold):
    """Somebody who has bought, somebody new."""
    pages = [text_of(visitor.post("/p/a/blog/", {"phone": phone})) for phone in (BUYER, "07700 900199")]
    assert len({re.sub(r"\s+", " ", page) for page in pages}) == 1


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/p/rewards/", "/p/rewards/"),
        ("https://shop.example/beans", "https://shop.example/beans?affiliate=BLOG"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/settings/", None),
    ],
)
def test_a_link_leads_home_or_to_the_website_only(visitor, affiliate, actor, wanted, target):
    change_affiliate_settings(website="https://shop.example", daily_review=10, actor=actor)
    answer = visitor.get("/p/a/blog/", {"to": wanted}, headers={"user-agent": BROWSER})
    if target is None:
        assert answer.status_code == 200
        assert "evil" not in answer.content.decode()
    else:
        assert (answer.status_code, answer.headers["Location"]) == (302, target)
    assert AffiliateDay.objects.get().clicks == 1


def test_a_link_of_nobody_or_of_who_has_paused_is_over(visitor, affiliate, actor):
    assert visitor.get("/p/a/nobody/").status_code == 404
    switch_affiliate(code=affiliate.code, state="paused", actor=actor)
    over = visitor.get("/p/a/blog/", headers={"user-agent": BROWSER})
    assert over.status_code == 404
    assert "from" not in over.cookies
    assert not AffiliateDay.objects.exists()


def test_the_cookie_has_the_code_and_the_time_only_and_signing_in_counts(visitor, affiliate, customer, sign_in_here):
    opened = visitor.get("/p/a/blog/", headers={"user-agent": BROWSER})
    cookie = opened.cookies["from"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 30 * 86_400)
    sign_in_here(visitor)
    came = AffiliateCustomer.objects.get()
    assert (came.customer, came.state, came.channel) == (customer, "active", "link")
    assert visitor.cookies["from"].value == ""


def test_the_last_link_wins_and_nonsense_is_nothing(visitor, affiliate, actor, customer, sign_in_here):
    create_affiliate(values=AffiliateValues(name="Other", link_code="other", percent=Decimal(5)), actor=actor)
    for code in ("blog", "other"):
        visitor.get(f"/p/a/{code}/", headers={"user-agent": BROWSER})
    sign_in_here(visitor)
    assert AffiliateCustomer.objects.get().affiliate.link_code == "OTHER"
    AffiliateCustomer.objects.all().delete()
    visitor.post("/p/sign-out/")
    visitor.cookies["from"] = "BLOG:1"
    sign_in_here(visitor)
    assert not AffiliateCustomer.objects.exists()


@pytest.fixture
def sign_in_here(customer, run_queue):
    from messaging.models import OutboundMessage

    def call(browser):
        browser.post("/p/sign-in/", {"phone": customer.phone})
        run_queue()
        body = OutboundMessage.objects.filter(purpose="one_time_code").order_by("-pk").first().body
        done = browser.post("/p/code/", {"code": re.search(r"\d{6}", body).group()})
        assert done.status_code == 303, done.content

    return call


# -- the till, and the report -----------------------------------------------------------------------------------------


def test_the_report_has_figures_and_nobodys_name(visitor, sold, actor):
    Customer.objects.update(first_name="Zebedee", last_name="Quill")
    payout = make_payout(affiliate=sold.code, actor=actor, now=timezone.now())
    token = report_token(sold)
    answer = visitor.get(f"/p/partner/{token}/")
    shown = text_of(answer)
    assert "A-0001" in shown
    assert "£10.00" in shown
    assert payout.code not in answer.content.decode()
    assert "Zebedee" not in shown
    assert "900150" not in shown
    assert (answer.headers["Referrer-Policy"], answer.headers["X-Robots-Tag"]) == ("no-referrer", "noindex")
    Affiliate.objects.update(report_version=2)
    assert visitor.get(f"/p/partner/{token}/").status_code == 404


def test_a_report_of_another_programme_does_not_open_here(visitor, affiliate, other_programme):
    with tenant_context(other_programme):
        twin = create_affiliate(values=AffiliateValues(name="Twin", percent=Decimal(5)), actor=SYSTEM)
        token = report_token(twin)
    assert visitor.get(f"/p/partner/{token}/").status_code == 404


def test_a_code_said_at_the_till_counts(till, affiliate, actor):
    assert "Code of who sent them" in text_of(till.post("/till/", {"phone": BUYER}))
    assert till.post("/till/customers/", {"phone": BUYER, "referral_code": "Blog"}).status_code == 303
    came = AffiliateCustomer.objects.get()
    assert (came.channel, came.state, came.business is not None) == ("till", "active", True)
    switch_affiliate(code=affiliate.code, state="paused", actor=actor)
    assert till.post("/till/customers/", {"phone": "07700 900177", "referral_code": "blog"}).status_code == 422


# -- a person's own data ----------------------------------------------------------------------------------------------


def test_their_data_names_the_affiliate_and_erasing_leaves_a_commission_without_a_face(sold, actor):
    customer = Customer.objects.get()
    (section,) = [one for one in sections() if one.name == "affiliates"]
    (row,) = section.rows(customer)
    assert (row["name"], row["code"]) == ("Harbour Blog", "BLOG")
    AffiliateCustomer.objects.create(
        affiliate=sold, phone=customer.phone, channel="link", address_digest=b"x" * 32, expires_at=timezone.now()
    )
    erase_customer(customer_id=customer.pk, actor=actor, now=timezone.now())
    rows = AffiliateCustomer.objects.order_by("pk").values_list("state", "phone", "address_digest", "reason")
    assert list(rows) == [("active", "", None, ""), ("ended", "", None, "erased")]
    assert AffiliateLine.objects.get().amount == 10
