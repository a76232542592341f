"""A customer's settings and rights on the points page: consent, language, PIN, data as a file, deletion."""

import io
import json
import re
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from config.settings import base
from customers.models import ConsentRecord, Customer, Identifier
from loyalty.actions.points import add_points
from loyalty.models import Account
from messaging.actions.pins import is_trivial, sweep_pin_failures
from messaging.actions.suppression import release, suppress
from messaging.models import CustomerPin, CustomerSession, OneTimeCode, OutboundMessage, PinFailure, SmsConnection
from screens.tests.test_views_portal import ask, comparable, make_customer, sign_in
from screens.till_token import read_till_token

KNOWN, UNKNOWN = "07700 900142", "07700 900999"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.CONSOLE_MESSAGES_DIR = tmp_path / "messages"


@pytest.fixture
def customer(programme):
    return make_customer()


@pytest.fixture
def browser(client_of):
    return client_of(None)


@pytest.mark.parametrize(
    "path", ["/p/data/", "/p/delete/", "/p/delete/confirm/", "/p/account/pin/", "/p/till-code/", "/p/data/abc/"]
)
def test_without_a_session_it_leads_to_sign_in(path, browser):
    response = browser.get(path)
    assert (response.status_code, response.headers["Location"]) == (303, "/p/sign-in/")


# -- STOP and START -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "english", "german"),
    [
        ("+447700900100", "Text START to 07700 900100 to", "Schick START an 07700 900100"),
        ("Harbour", "Answer one of our texts with START", "Antworte auf eine unserer SMS mit START"),
        (None, "Answer one of our texts with START", "Antworte auf eine unserer SMS mit START"),
    ],
)
def test_who_sent_stop_is_told_how_to_get_texts_again(browser, customer, sender, english, german):
    if sender:
        SmsConnection.objects.create(provider="twilio", sender=sender, sealed="x", is_active=False)
    sign_in(browser)
    assert "START" not in browser.get("/p/account/").content.decode()
    SmsConnection.objects.update(is_active=True)
    suppress(number="+447700900142", reason="stop", now=timezone.now())
    assert english in browser.get("/p/account/").content.decode()
    Customer.objects.update(language="de")
    assert german in browser.get("/p/account/").content.decode()
    release(number="+447700900142", now=timezone.now())
    assert "START" not in browser.get("/p/account/").content.decode()


# -- consent ----------------------------------------------------------------------------------------------------------


def test_who_has_an_address_decides_about_e_mails_too(browser, customer):
    sign_in(browser)
    assert "E-mails about my points" not in browser.get("/p/account/").content.decode()
    Customer.objects.update(email="priya@example.org")
    assert "E-mails about my points" in browser.get("/p/account/").content.decode()
    browser.post("/p/account/", {"email_service": "on"})
    record = ConsentRecord.objects.get()
    assert (record.channel, record.purpose, record.wording) == ("email", "service", "portal-email-service-1")
    assert record.proof["text"] == "E-mails about my points"


def test_without_an_address_nobody_consents_to_e_mails(browser, customer):
    sign_in(browser)
    browser.post("/p/account/", {"email_service": "on", "email_marketing": "on"})
    assert not ConsentRecord.objects.exists()


# -- PIN --------------------------------------------------------------------------------------------------------------


def set_pin(browser, pin="7391", again=None):
    return browser.post("/p/account/pin/", {"pin": pin, "again": again or pin})


def with_pin(client_of, phone=KNOWN, pin="7391", **kwargs):
    browser = client_of(None)
    return browser, browser.post("/p/sign-in/pin/", {"phone": phone, "pin": pin}, **kwargs)


def test_signing_in_with_number_and_pin(client_of, customer):
    set_pin(sign_in(client_of(None)))
    browser, response = with_pin(client_of)
    assert (response.status_code, response.headers["Location"]) == (303, "/p/")
    assert "Hello Priya" in browser.get("/p/").content.decode()


@pytest.mark.parametrize("pin", ["1111", "1234", "8765", "1212", "1987", "2024", "123123", "0000", "0142", "900142"])
def test_pins_that_are_guessed_first_are_refused(pin, browser, customer):
    response = set_pin(sign_in(browser), pin)
    assert response.status_code == 422
    assert not CustomerPin.objects.exists()


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "", "７３９１"])
def test_what_is_no_pin_is_refused(pin, browser, customer):
    assert set_pin(sign_in(browser), pin, again=pin).status_code == 422


def test_the_two_must_be_the_same(browser, customer):
    response = set_pin(sign_in(browser), "7391", "7392")
    assert (response.status_code, "The two are not the same." in response.content.decode()) == (422, True)


def test_a_good_pin_is_not_trivial():
    assert not is_trivial("7391", phone="+447700900142")
    assert not is_trivial("80214", phone="+447700900142")


def test_the_pin_is_stored_slowly_hashed(browser, customer, settings):
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS  # tests hash passwords fast
    set_pin(sign_in(browser))
    digest = CustomerPin.objects.get().digest
    assert digest.startswith("argon2")
    assert "7391" not in digest.rpartition("$")[0]


def test_after_five_wrong_pins_only_a_code_helps(client_of, customer):
    set_pin(sign_in(client_of(None)))
    for _ in range(5):
        assert with_pin(client_of, pin="4862")[1].status_code == 422
    assert with_pin(client_of)[1].status_code == 422
    assert with_pin(client_of)[1].status_code == 422
    sign_in(client_of(None))
    assert with_pin(client_of)[1].status_code == 303


def test_the_fifth_try_still_counts(client_of, customer):
    set_pin(sign_in(client_of(None)))
    for _ in range(4):
        with_pin(client_of, pin="4862")
    assert with_pin(client_of)[1].status_code == 303
    assert not PinFailure.objects.exists()


def test_unknown_numbers_and_numbers_without_a_pin_answer_like_a_wrong_pin(client_of, customer):
    other = Customer.objects.create(first_name="Joe", phone="+447700900555")
    Identifier.objects.create(kind="phone", value="+447700900555", customer=other)
    set_pin(sign_in(client_of(None)))
    answers = []
    for number in (KNOWN, UNKNOWN, "07700 900555"):
        steps = [with_pin(client_of, phone=number, pin="4862", REMOTE_ADDR="198.51.100.1")[1] for _ in range(6)]
        texts = [re.sub("0?7700 900555", "NUMBER", comparable(step)) for step in steps]
        answers.append([(step.status_code, text) for step, text in zip(steps, texts, strict=True)])
    assert answers[0] == answers[1] == answers[2]
    assert sorted(PinFailure.objects.values_list("failures", flat=True)) == [6, 6, 6]


def test_one_address_tries_thirty_pins_an_hour(client_of, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "pin-address": (2, 10**9)}
    statuses = [with_pin(client_of, phone=f"07700 90014{n}")[1].status_code for n in range(3)]
    assert statuses == [422, 422, 429]


def test_a_pin_of_one_programme_is_useless_in_the_other(client_of, customer, other_programme):
    from django_tenants.utils import tenant_context

    set_pin(sign_in(client_of(None)))
    with tenant_context(other_programme):
        make_customer()
    there = client_of(None, on=other_programme)
    response = there.post("/p/sign-in/pin/", {"phone": "+447700900142", "pin": "7391"})
    assert response.status_code == 422


def test_a_changed_pin_is_told_by_text_and_can_be_removed(client_of, customer):
    browser = sign_in(client_of(None))
    set_pin(browser)
    text = OutboundMessage.objects.get(purpose="service")
    assert text.recipient == "+447700900142"
    assert "PIN" in text.body
    assert "7391" not in text.body
    browser.post("/p/account/pin/remove/")
    assert not CustomerPin.objects.exists()
    assert OutboundMessage.objects.filter(purpose="service").count() == 2
    assert with_pin(client_of)[1].status_code == 422


def test_a_pin_that_stopped_is_gone_after_a_month_and_others_stay(client_of, customer):
    set_pin(sign_in(client_of(None)))
    for _ in range(5):
        with_pin(client_of, pin="4862")
    with_pin(client_of, phone=UNKNOWN, pin="4862")
    sweep_pin_failures(now=timezone.now() + timedelta(days=29))
    assert PinFailure.objects.count() == 2
    sweep_pin_failures(now=timezone.now() + timedelta(days=31))
    assert not PinFailure.objects.exists()
    assert not CustomerPin.objects.exists()


# -- my data ----------------------------------------------------------------------------------------------------------


def start(browser, run_queue):
    url = browser.post("/p/data/start/").headers["Location"]
    assert "Your file is being prepared" in browser.get(url).content.decode()
    run_queue()
    html = browser.get(url).content.decode()
    return re.search(r'href="(/p/data/[^"?]+)"', html).group(1)


def test_the_file_is_made_and_downloaded(browser, customer, run_queue):
    sign_in(browser)
    response = browser.get(start(browser, run_queue))
    assert response.headers["Content-Type"] == "application/zip"
    assert "attachment" in response.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert json.loads(archive.read("data.json"))["profile"][0]["first_name"] == "Priya"


def test_the_link_works_in_this_session_of_this_customer_only(browser, client_of, customer, run_queue):
    url = start(sign_in(browser), run_queue)
    again = sign_in(client_of(None))  # the same person, another browser
    assert again.get(url).status_code == 404
    session = CustomerSession.objects.order_by("pk").first()
    other = Customer.objects.create(first_name="Joe", phone="+447700900555")
    CustomerSession.objects.filter(pk=session.pk).update(customer=other)
    assert browser.get(url).status_code == 404


def test_the_link_runs_out(browser, customer, run_queue, monkeypatch):
    import time

    url = start(sign_in(browser), run_queue)
    real = time.time
    monkeypatch.setattr("django.core.signing.time.time", lambda: real() + 3700)
    assert browser.get(url).status_code == 404


def test_a_link_of_one_programme_is_unknown_in_the_other(browser, client_of, customer, run_queue, other_programme):
    from django_tenants.utils import tenant_context

    url = start(sign_in(browser), run_queue)
    with tenant_context(other_programme):
        make_customer()
    there = client_of(None, on=other_programme)
    with tenant_context(other_programme):
        there.post("/p/code/", {"code": ask(there, "+447700900142")})
    assert there.get("/p/").status_code == 200
    assert there.get(url).status_code == 404


def test_somebody_else_s_job_is_not_shown(browser, customer, actor):
    from screens.actions.export import start_export

    other = Customer.objects.create(first_name="Joe")
    job = start_export(customer=other, actor=actor, now=timezone.now())
    assert sign_in(browser).get(f"/p/data/?job={job.code}").status_code == 404
    own = start_export(customer=customer, actor=actor, now=timezone.now())  # asked for by staff
    assert browser.get(f"/p/data/?job={own.code}").status_code == 404


# -- delete me --------------------------------------------------------------------------------------------------------


def ask_to_delete(browser):
    response = browser.post("/p/delete/")
    assert (response.status_code, response.headers["Location"]) == (303, "/p/delete/confirm/")
    from messaging.actions.sign_in import deliver_code

    request = OneTimeCode.objects.latest("pk")
    assert request.purpose == "erase"
    deliver_code(request.pk)
    body = OutboundMessage.objects.get(dedupe_key=f"code:{request.pk}").body
    assert "deletes your points and data at Harbour" in body
    return re.search(r"\d{6}", body).group()


def test_a_customer_deletes_themselves_with_a_fresh_code(browser, customer, business, actor):
    add_points(
        business=business.pk, customer_id=customer.pk, amount=Decimal(40), key="a", actor=actor, now=timezone.now()
    )
    sign_in(browser)
    assert "Your 40 points. They cannot be given back." in browser.get("/p/delete/").content.decode()
    code = ask_to_delete(browser)
    assert "Delete me and 40 points" in browser.get("/p/delete/confirm/").content.decode()
    response = browser.post("/p/delete/confirm/", {"code": code})
    assert (response.status_code, response.headers["Location"]) == (303, "/p/sign-in/")
    customer.refresh_from_db()
    assert (customer.state, customer.phone, customer.first_name) == ("erased", "", "")
    assert Account.objects.get().available == 0
    assert "Your data is deleted." in browser.get("/p/sign-in/").content.decode()
    assert browser.get("/p/").headers["Location"] == "/p/sign-in/"


def test_a_wrong_code_deletes_nothing(browser, customer):
    sign_in(browser)
    code = ask_to_delete(browser)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [browser.post("/p/delete/confirm/", {"code": wrong}).status_code for _ in range(5)] == [422] * 4 + [303]
    assert browser.post("/p/delete/confirm/", {"code": code}).headers["Location"] == "/p/delete/"
    customer.refresh_from_db()
    assert customer.state == "active"


def test_a_code_to_sign_in_deletes_nothing_and_one_to_delete_signs_nobody_in(browser, client_of, customer):
    sign_in(browser)
    signing_in = ask(browser)
    assert browser.post("/p/delete/confirm/", {"code": signing_in}).headers["Location"] == "/p/delete/"
    deleting = ask_to_delete(browser)
    stranger = client_of(None)
    stranger.cookies["points-request"] = browser.cookies["points-request"].value
    assert stranger.post("/p/code/", {"code": deleting}).headers["Location"] == "/p/sign-in/"
    assert Customer.objects.get().state == "active"
    assert CustomerSession.objects.count() == 1


def test_codes_to_delete_count_with_the_others(browser, customer):
    sign_in(browser)
    for _ in range(2):
        browser.post("/p/delete/")
    response = browser.post("/p/delete/")
    assert response.status_code == 429
    assert "Nothing was deleted." in response.content.decode()


# -- the till ---------------------------------------------------------------------------------------------------------


def test_the_code_at_the_till_names_the_customer_and_renews_itself(browser, customer):
    sign_in(browser)
    assert "Show my code at the till" in browser.get("/p/").content.decode()
    html = browser.get("/p/till-code/").content.decode()
    assert 'src="data:image/svg+xml' in html
    digits = re.sub(r"\D", "", re.search(r'select-all">([0-9 ]+)<', html).group(1))
    assert read_till_token(digits, timezone.now()) == customer
    assert "7700900142" not in html
    part = browser.get("/p/till-code/", headers={"hx-request": "true", "hx-target": "till-code"}).content.decode()
    assert part.startswith('<div id="till-code"')


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/p/account/language/"),
        ("get", "/p/account/pin/remove/"),
        ("get", "/p/data/start/"),
        ("post", "/p/data/"),
        ("post", "/p/till-code/"),
        ("put", "/p/delete/"),
    ],
)
def test_wrong_methods(method, path, browser, customer):
    assert getattr(sign_in(browser), method)(path).status_code == 405
