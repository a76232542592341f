"""Codes that prove an e-mail address through the API: few tries, few codes, one answer."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from core.jobs import run_in_programme
from programs.actions import email_codes
from programs.actions.people import create_person, has_verified
from programs.api import send_code_at_most
from programs.models import EmailCode

EMAIL = "ida@example.com"


@pytest.fixture
def ida(programme):
    return create_person(email=EMAIL, password="correct horse battery", name="Ida")


@pytest.fixture
def mailed(ida, programme, run_queue):
    """mailed() → the digits of a new code, out of its e-mail."""

    def request():
        email_codes.request_code(user=ida, programme=programme, now=timezone.now())
        run_queue()
        return re.search(r"^(\d{6})$", mail.outbox[-1].body, re.MULTILINE)[1]

    return request


def other_than(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def try_code(code, *, later=timedelta()):
    email_codes.verify_email(email=EMAIL, code=code, now=timezone.now() + later)


def refuses(code, **when):
    with pytest.raises(email_codes.WrongCode):
        try_code(code, **when)
    return not EmailAddress.objects.filter(email=EMAIL, verified=True).exists()


def test_the_code_of_the_mail_proves_the_address(ida, mailed):
    code = mailed()
    message = mail.outbox[0]
    assert message.to == [EMAIL]
    assert "auth/verify-email" in message.body
    assert code in message.alternatives[0].content  # the design of the other e-mails
    try_code(code)
    assert has_verified(user=ida, email=EMAIL)
    try_code(code)  # the answer was lost on the way


def test_a_code_dies_at_its_fifth_try(mailed):
    code = mailed()
    for _try in range(email_codes.MAX_TRIES):
        assert refuses(other_than(code))
    assert refuses(code)


def test_a_new_code_lives_and_ends_the_one_before(ida, mailed):
    first = mailed()
    for _try in range(email_codes.MAX_TRIES):
        assert refuses(other_than(first))
    second = mailed()
    assert first != second
    assert refuses(first)
    try_code(second)
    assert has_verified(user=ida, email=EMAIL)


def test_a_code_is_good_for_fifteen_minutes(mailed):
    assert refuses(mailed(), later=timedelta(minutes=15, seconds=1))


def test_a_code_that_waited_too_long_in_the_queue_is_not_mailed(ida, programme, run_queue):
    email_codes.request_code(user=ida, programme=programme, now=timezone.now())
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        run_queue()
    assert not mail.outbox


def test_a_mail_server_that_says_no_is_asked_again(ida, programme, run_queue, settings):
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    email_codes.request_code(user=ida, programme=programme, now=timezone.now())
    row = OrmQ.objects.get()
    OrmQ.objects.all().delete()
    run_in_programme(*SignedPackage.loads(row.payload)["args"])
    settings.EMAIL_BACKEND = working
    run_queue()
    assert [message.to for message in mail.outbox] == [[EMAIL]]


def test_the_digits_are_not_stored(ida, mailed):
    code = mailed()
    assert code not in str(EmailCode.objects.filter(user=ida).values().get())


def test_an_unknown_address_gets_the_same_answer(mailed):
    mailed()
    with pytest.raises(email_codes.WrongCode):
        email_codes.verify_email(email="nobody@example.com", code="123456", now=timezone.now())


def test_few_codes_a_day_for_one_address(ida, programme, run_queue, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "email-code-day": (2, 10**9)}
    for _time in range(4):
        send_code_at_most(ida, programme)
    run_queue()
    assert EmailCode.objects.count() == 1
    assert len(mail.outbox) == 2


def test_tries_for_one_address_are_limited(db, public_client, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "email-code-tries": (2, 10**9)}

    def answer(email):
        given = {"email": email, "code": "123456"}
        return public_client.post("/api/v1/auth/verify-email", given, content_type="application/json").status_code

    assert [answer(EMAIL), answer(EMAIL.upper()), answer(EMAIL)] == [422, 422, 429]
    assert answer("somebody@example.com") == 422


def test_one_ipv6_line_is_one_address(db, public_client, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "login-address": (2, 10**9)}

    def answer(address):
        given = {"email": EMAIL, "code": "000000"}
        path = "/api/v1/auth/verify-email"
        return public_client.post(path, given, content_type="application/json", REMOTE_ADDR=address).status_code

    assert [answer(f"2001:db8:1:2::{host}") for host in range(1, 4)] == [422, 422, 429]
    assert answer("2001:db8:1:3::1") == 422
