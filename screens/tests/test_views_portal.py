"""The points page: signing in tells nothing, sessions stay in their programme, history has business names."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import ConsentRecord, Customer, Identifier
from loyalty.actions.points import add_points, hold_points, redeem_points
from loyalty.actions.settings import change_settings, set_earning_rate
from loyalty.models import Lot, LoyaltySettings
from messaging.actions.sign_in import deliver_code
from messaging.models import CustomerSession, OneTimeCode, OutboundMessage

KNOWN, UNKNOWN = "07700 900142", "07700 900999"


def make_customer():
    customer = Customer.objects.create(first_name="Priya", phone="+447700900142")
    Identifier.objects.create(kind="phone", value="+447700900142", customer=customer)
    return customer


@pytest.fixture
def customer(programme):
    return make_customer()


@pytest.fixture
def browser(client_of):
    return client_of(None)


def ask(browser, phone=KNOWN):
    """Ask for a code and let the worker work; gives the code, if one was sent."""
    response = browser.post("/p/sign-in/", {"phone": phone})
    assert (response.status_code, response.headers["Location"]) == (303, "/p/code/")
    request = OneTimeCode.objects.latest("pk")
    deliver_code(request.pk)
    message = OutboundMessage.objects.filter(dedupe_key=f"code:{request.pk}").first()
    return re.search(r"\d{6}", message.body).group() if message else None


def sign_in(browser):
    response = browser.post("/p/code/", {"code": ask(browser)})
    assert (response.status_code, response.headers["Location"]) == (303, "/p/")
    return browser


def comparable(response):
    """A page without what differs from request to request anyway, and without the number that was typed."""
    text = response.content.decode()
    text = re.sub(r'(csrfmiddlewaretoken" value="|"X-CSRFToken": "|nonce=")[^"]*', r"\1", text)
    return re.sub(r"0?7700[ ]?900(142|999)", "NUMBER", text)


@pytest.mark.parametrize("path", ["/p/", "/p/history/", "/p/account/"])
def test_without_a_session_every_page_leads_to_sign_in(path, browser):
    response = browser.get(path)
    assert (response.status_code, response.headers["Location"]) == (303, "/p/sign-in/")


def test_a_staff_session_is_no_customer_session(client_of, owner):
    assert client_of(owner).get("/p/").headers["Location"] == "/p/sign-in/"


def test_signing_in_with_the_code(browser, customer):
    sign_in(browser)
    html = browser.get("/p/").content.decode()
    assert "Hello Priya" in html


@pytest.mark.parametrize("typed", ["07700900142", "+44 7700 900142", "0044 7700 900 142", "(07700) 900-142"])
def test_any_spelling_of_the_number_works(typed, browser, customer):
    assert ask(browser, typed) is not None


@pytest.mark.parametrize("typed", ["", "123", "call me", "+999 1234567", "07700 900142 07700 900142"])
def test_impossible_numbers_are_refused_and_start_nothing(typed, browser):
    assert browser.post("/p/sign-in/", {"phone": typed}).status_code == 422
    assert not OneTimeCode.objects.exists()


def test_known_and_unknown_numbers_get_the_same_answers(client_of, customer):
    answers = []
    for number in (KNOWN, UNKNOWN):
        browser = client_of(None)
        steps = [browser.post("/p/sign-in/", {"phone": number})]
        code = "000000"
        request = OneTimeCode.objects.latest("pk")
        deliver_code(request.pk)
        steps.append(browser.get("/p/code/"))
        steps += [browser.post("/p/code/", {"code": code}) for _ in range(6)]
        steps.append(browser.get("/p/sign-in/"))
        answers.append([(step.status_code, step.headers.get("Location"), comparable(step)) for step in steps])
    assert answers[0] == answers[1]


def test_brute_force_dies_at_the_fifth_try(browser, customer):
    code = ask(browser)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    statuses = [browser.post("/p/code/", {"code": wrong}).status_code for _ in range(5)]
    assert statuses == [422, 422, 422, 422, 303]
    assert browser.post("/p/code/", {"code": code}).headers["Location"] == "/p/sign-in/"
    assert not CustomerSession.objects.exists()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 345"])
def test_what_is_no_code_costs_no_try(code, browser, customer):
    ask(browser)
    assert browser.post("/p/code/", {"code": code}).status_code == 422
    assert OneTimeCode.objects.get().attempts == 0


def test_the_code_of_one_browser_is_useless_in_another(client_of, browser, customer):
    code = ask(browser)
    other = client_of(None)
    ask(other)
    assert other.post("/p/code/", {"code": code}).status_code == 422
    assert client_of(None).post("/p/code/", {"code": code}).headers["Location"] == "/p/sign-in/"


def test_the_fourth_code_in_ten_minutes_is_refused_for_everybody(client_of, customer):
    for number in (KNOWN, UNKNOWN):
        browser = client_of(None)
        for _ in range(3):
            ask(browser, number)
        response = browser.post("/p/sign-in/", {"phone": number})
        assert response.status_code == 429
        assert "Too many codes" in response.content.decode()


def test_another_code_can_be_asked_for_without_typing_the_number_again(browser, customer):
    ask(browser)
    assert browser.post("/p/code/again/").headers["Location"] == "/p/code/"
    assert OneTimeCode.objects.count() == 2


def test_cookies_are_host_only_and_hidden_from_scripts(browser, customer):
    sign_in(browser)
    cookie = browser.cookies["points"]
    assert cookie["httponly"]
    assert not cookie["domain"]
    assert cookie["samesite"] == "Lax"


def test_session_and_code_of_one_programme_are_useless_in_the_other(browser, client_of, customer, other_programme):
    sign_in(browser)
    code = ask(client_of(None))
    with tenant_context(other_programme):
        make_customer()
    there = client_of(None, on=other_programme)
    for name in ("points", "points-request"):
        if name in browser.cookies:
            there.cookies[name] = browser.cookies[name].value
    assert there.get("/p/").headers["Location"] == "/p/sign-in/"
    assert there.post("/p/code/", {"code": code}).headers["Location"] == "/p/sign-in/"


def test_the_request_of_one_programme_is_unknown_in_the_other(browser, client_of, customer, other_programme):
    code = ask(browser)
    there = client_of(None, on=other_programme)
    there.cookies["points-request"] = browser.cookies["points-request"].value
    assert there.post("/p/code/", {"code": code}).headers["Location"] == "/p/sign-in/"


def test_each_programme_has_its_own_colours(client_of, programme, other_programme):
    programme.colour = "#b5531c"
    connection.set_schema_to_public()
    programme.save(update_fields=["colour"])
    ours = client_of(None).get("/brand.css").content
    assert ours != client_of(None, on=other_programme).get("/brand.css").content


def test_signing_out_ends_the_session_on_the_server(browser, customer):
    sign_in(browser)
    token = browser.cookies["points"].value
    browser.post("/p/sign-out/")
    browser.cookies["points"] = token
    assert browser.get("/p/").headers["Location"] == "/p/sign-in/"


def test_balance_worth_and_history_with_business_names(browser, customer, business, other_business, actor):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal(5), actor=actor)
    change_settings(point_value=Decimal("0.01"), expiry_months=None, actor=actor)
    now = timezone.now()
    for shop, amount in ((business, "250"), (other_business, "34")):
        add_points(business=shop.pk, amount=Decimal(amount), customer_id=customer.pk, key=amount, actor=actor, now=now)
    redeem_points(
        business=business.pk, points=100, reason="A coffee", customer_id=customer.pk, key="r", actor=actor, now=now
    )
    html = sign_in(browser).get("/p/").content.decode()
    assert 'id="balance">1,184</p>' in html
    assert "points, worth £11.84" in html
    assert "Quayside, £250.00" in html
    assert "Mill Lane, £34.00" in html
    assert "A coffee" in html
    assert "Quayside · Today" in html


def test_points_set_aside_are_told_apart_from_the_balance(browser, client_of, owner, customer, business, actor):
    shop = {"business": business.pk, "customer_id": customer.pk, "actor": actor, "now": timezone.now()}
    add_points(amount=Decimal(30), key="a", **shop)
    hold_points(points=12, reason="A coffee", key="h", **shop)
    html = sign_in(browser).get("/p/").content.decode()
    assert 'id="balance">18<' in html
    assert "12 set aside for a reward" in html
    assert "12 set aside for a reward" in client_of(owner).get(f"/customers/{customer.code}/").content.decode()


def test_points_that_run_out_soon_are_announced_and_expired_ones_are_gone(browser, customer, business, actor):
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal(1), actor=actor)
    now = timezone.now()
    for key in ("10", "20", "30"):
        add_points(business=business.pk, amount=Decimal(key), customer_id=customer.pk, key=key, actor=actor, now=now)
    for amount, days in ((10, -1), (20, 20)):
        Lot.objects.filter(amount=amount).update(expires_at=now + timedelta(days=days))
    from loyalty.models import Account

    Account.objects.update(expires_next_at=now - timedelta(days=1))
    html = sign_in(browser).get("/p/").content.decode()
    assert 'id="balance">50<' in html
    assert "20 points run out on" in html


def test_the_whole_history_in_pages(browser, customer, business, actor):
    for index in range(30):
        add_points(
            business=business.pk, amount=Decimal(index + 1), customer_id=customer.pk, key=str(index), actor=actor,
            now=timezone.now(),
        )  # fmt: skip
    sign_in(browser)
    first = browser.get("/p/history/").content.decode()
    assert first.count("Quayside, £") == 25
    older = re.search(r'href="(\?cursor=[^"]+)"', first).group(1)
    second = browser.get(f"/p/history/{older}").content.decode()
    assert second.count("Quayside, £") == 5
    assert "Quayside, £1.00" in second


def test_the_history_shows_what_came_in_or_went_out(browser, customer, business, actor):
    call = {"business": business.pk, "customer_id": customer.pk, "actor": actor, "now": timezone.now()}
    add_points(amount=Decimal(50), key="a", **call)
    redeem_points(points=30, reason="A coffee", key="b", **call)
    sign_in(browser)
    for show, added, spent in (("", True, True), ("in", True, False), ("out", False, True), ("x", True, True)):
        html = browser.get("/p/history/", {"show": show}).content.decode()
        assert ("Quayside, £50.00" in html, "A coffee" in html) == (added, spent)


def test_points_that_wait_are_told_apart_with_their_day(browser, customer, business, actor):
    LoyaltySettings.objects.update_or_create(pk=1, defaults={"pending_days": 14})
    add_points(
        business=business.pk, amount=Decimal(30), customer_id=customer.pk, key="a", actor=actor, now=timezone.now()
    )
    html = sign_in(browser).get("/p/").content.decode()
    assert 'id="balance">0<' in html
    assert re.search(r"30 more points, from \d+ [A-Z][a-z]+", html)


@pytest.mark.parametrize(
    ("country", "typed"), [("DE", "0171 2345678"), ("GB", "+49 171 2345678"), ("", "0049 171 2345678")]
)
def test_numbers_of_other_countries(country, typed, browser):
    browser.post("/p/sign-in/", {"phone": typed, "country": country})
    assert "+49 171 2345678" in browser.get("/p/code/").content.decode()


def test_the_programmes_country_is_chosen_first_and_a_choice_is_kept(browser):
    assert '<option value="GB" selected>+44 GB · United Kingdom</option>' in browser.get("/p/sign-in/").content.decode()
    refused = browser.post("/p/sign-in/", {"phone": "12", "country": "DE"}).content.decode()
    assert '<option value="DE" selected>+49 DE · Germany</option>' in refused


def test_a_country_that_does_not_exist_is_refused(browser):
    response = browser.post("/p/sign-in/", {"phone": "07700 900142", "country": "ZZ"})
    assert response.status_code == 422
    assert "Choose a country from the list." in response.content.decode()


def test_somebody_else_s_history_is_not_there(browser, customer, business, actor):
    other = Customer.objects.create(first_name="Joe")
    add_points(business=business.pk, amount=Decimal(77), customer_id=other.pk, key="x", actor=actor, now=timezone.now())
    history = sign_in(browser).get("/p/history/").content.decode()
    assert "Nothing yet" in history
    assert not re.search(r"\b77\b", history)


def test_consent_is_given_and_withdrawn_with_proof(browser, customer):
    sign_in(browser)
    browser.post("/p/account/", {"service": "on"})
    browser.post("/p/account/", {"service": "on"})
    browser.post("/p/account/", {})
    records = list(ConsentRecord.objects.order_by("pk").values_list("purpose", "is_granted", "wording", "source"))
    assert records == [
        ("service", True, "portal-service-1", "points page"),
        ("service", False, "portal-service-1", "points page"),
    ]
    assert ConsentRecord.objects.first().actor == f"customer:{customer.code}"


def test_the_switches_show_what_holds(browser, customer):
    sign_in(browser)
    assert "checked" not in browser.get("/p/account/").content.decode()
    browser.post("/p/account/", {"marketing": "on"})
    assert browser.get("/p/account/").content.decode().count("checked") == 1


def test_an_archived_customer_is_signed_out(browser, customer):
    sign_in(browser)
    Customer.objects.update(state="archived")
    assert browser.get("/p/").headers["Location"] == "/p/sign-in/"


def test_pages_are_not_stored(browser, customer):
    assert sign_in(browser).get("/p/").headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("method", "path"), [("get", "/p/sign-out/"), ("get", "/p/code/again/"), ("put", "/p/sign-in/"), ("post", "/p/")]
)
def test_wrong_methods(method, path, browser, customer):
    assert getattr(sign_in(browser), method)(path).status_code == 405


def test_no_number_and_no_code_reaches_the_logs(browser, customer, caplog):
    caplog.set_level("DEBUG")
    code = ask(browser)
    browser.post("/p/code/", {"code": code})
    browser.get("/p/")
    logged = " ".join(
        str(record.__dict__) for record in caplog.records if record.name.split(".")[0] not in ("django", "psycopg")
    )
    assert "request.finished" in logged
    assert not re.search(r"7700.?900.?142", logged)
    assert code not in logged
