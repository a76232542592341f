"""One-time codes: single use, ten minutes, five tries, bound to the browser and the programme, capped."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.codes import digest
from customers.models import Customer, Identifier
from messaging.actions import sessions, sign_in
from messaging.errors import CodeDead, TooManyCodes, WrongCode
from messaging.models import CustomerSession, OneTimeCode, OutboundMessage

KNOWN, UNKNOWN = "+447700900142", "+447700900999"


def make_customer(phone=KNOWN):
    customer = Customer.objects.create(first_name="Priya", phone=phone)
    Identifier.objects.create(kind="phone", value=phone, customer=customer)
    return customer


@pytest.fixture
def customer(programme):
    return make_customer()


def ask(phone=KNOWN, address="192.0.2.1", now=None):
    """Ask and let the worker do its half; gives the browser's token and the code that arrived, if one did."""
    token = sign_in.request_code(phone=phone, address=address, now=now or timezone.now())
    request = OneTimeCode.objects.get(request_digest=digest(token))
    sign_in.deliver_code(request.pk)
    message = OutboundMessage.objects.filter(dedupe_key=f"code:{request.pk}").first()
    return token, re.search(r"\d{6}", message.body).group() if message else None


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_right_code_opens_a_session(customer):
    token, code = ask()
    session_token = sign_in.verify_code(token=token, code=code, now=timezone.now())
    session = sessions.resume_session(token=session_token, now=timezone.now())
    assert session.customer == customer


def test_neither_code_nor_tokens_are_stored(customer):
    token, code = ask()
    row = OneTimeCode.objects.values().get()
    assert code not in str(row)
    assert token not in str(row)
    session_token = sign_in.verify_code(token=token, code=code, now=timezone.now())
    assert session_token not in str(CustomerSession.objects.values().get())


def test_a_code_works_once(customer):
    token, code = ask()
    sign_in.verify_code(token=token, code=code, now=timezone.now())
    with pytest.raises(CodeDead):
        sign_in.verify_code(token=token, code=code, now=timezone.now())


def test_a_used_code_is_blanked_in_the_outbox(customer):
    token, code = ask()
    assert code in OutboundMessage.objects.get().body
    sign_in.verify_code(token=token, code=code, now=timezone.now())
    assert OutboundMessage.objects.get().body == ""


def test_after_ten_minutes_the_code_is_dead(customer):
    token, code = ask()
    with pytest.raises(CodeDead):
        sign_in.verify_code(token=token, code=code, now=timezone.now() + timedelta(minutes=10, seconds=1))


def test_brute_force_dies_at_the_fifth_try(customer):
    token, code = ask()
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongCode) as error:
            sign_in.verify_code(token=token, code=wrong(code), now=timezone.now())
        assert error.value.tries_left == left
    with pytest.raises(CodeDead):
        sign_in.verify_code(token=token, code=wrong(code), now=timezone.now())
    with pytest.raises(CodeDead):
        sign_in.verify_code(token=token, code=code, now=timezone.now())
    assert not CustomerSession.objects.exists()


def test_an_unknown_number_gets_no_text_and_answers_like_a_wrong_code(programme):
    token, code = ask(UNKNOWN)
    assert code is None
    assert not OutboundMessage.objects.exists()
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongCode) as error:
            sign_in.verify_code(token=token, code="123456", now=timezone.now())
        assert error.value.tries_left == left
    with pytest.raises(CodeDead):
        sign_in.verify_code(token=token, code="123456", now=timezone.now())


def test_asking_does_the_same_queries_for_known_and_unknown_numbers(customer):
    def shape(phone):
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            sign_in.request_code(phone=phone, address="192.0.2.1", now=timezone.now())
        return [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries]

    shape("+447700900555")  # the first request also makes the due work
    assert shape(KNOWN) == shape(UNKNOWN)


def test_a_code_of_another_browser_is_useless(customer):
    _token, code = ask()
    other_token, _code = ask()
    with pytest.raises(WrongCode):
        sign_in.verify_code(token=other_token, code=code, now=timezone.now())


def test_a_worker_that_runs_twice_sends_one_code(customer):
    token, code = ask()
    request = OneTimeCode.objects.get()
    sign_in.deliver_code(request.pk)
    assert OutboundMessage.objects.count() == 1
    assert sign_in.verify_code(token=token, code=code, now=timezone.now())


def test_archived_people_get_no_code_and_lose_their_session(customer):
    token, code = ask()
    session_token = sign_in.verify_code(token=token, code=code, now=timezone.now())
    Customer.objects.update(state="archived")
    assert sessions.resume_session(token=session_token, now=timezone.now()) is None
    assert ask()[1] is None


def test_three_codes_per_number_in_ten_minutes(customer):
    now = timezone.now()
    for _ in range(3):
        ask(now=now)
    with pytest.raises(TooManyCodes):
        ask(now=now)
    assert OneTimeCode.objects.count() == 3
    ask(now=now + timedelta(minutes=10, seconds=1))


def test_ten_codes_per_number_in_a_day(customer):
    now = timezone.now()
    for index in range(10):
        ask(now=now + timedelta(minutes=11 * index))
    with pytest.raises(TooManyCodes):
        ask(now=now + timedelta(minutes=11 * 10))


def test_the_cap_is_the_same_for_unknown_numbers(programme):
    for _ in range(3):
        ask(UNKNOWN)
    with pytest.raises(TooManyCodes):
        ask(UNKNOWN)


def test_ten_codes_per_address_in_an_hour(programme):
    for index in range(10):
        ask(f"+4477009{index:05d}", address="192.0.2.9")
    with pytest.raises(TooManyCodes) as error:
        ask("+447911123456", address="192.0.2.9")
    assert error.value.data == {"cap": "address"}
    ask("+447911123456", address="192.0.2.10")


def test_one_ipv6_line_is_one_address(programme):
    for index in range(10):
        ask(f"+4477009{index:05d}", address=f"2001:db8:1:2::{index:x}")
    with pytest.raises(TooManyCodes):
        ask("+447911123456", address="2001:db8:1:2:ffff::1")
    ask("+447911123456", address="2001:db8:1:3::1")


def test_walking_through_a_prefix_from_many_addresses_stops(programme):
    sent = refused = 0
    for index in range(60):
        try:
            ask(f"+44770090{index:04d}", address=f"198.51.100.{index}")
            sent += 1
        except TooManyCodes:
            refused += 1
    assert (sent, refused) == (30, 30)


def test_many_requests_at_once_cannot_slip_under_the_cap(committed_database, in_threads):
    from programs.models import Programme

    connection.set_tenant(Programme.objects.get(slug="harbour"))
    now = timezone.now()
    results = in_threads([lambda: sign_in.request_code(phone=KNOWN, address="192.0.2.1", now=now)] * 8)
    assert sum(isinstance(result, TooManyCodes) for result in results) == 5
    assert OneTimeCode.objects.count() == 3


def test_guesses_at_once_are_all_counted(committed_database, in_threads):
    from programs.models import Programme

    connection.set_tenant(Programme.objects.get(slug="harbour"))
    make_customer()
    token, code = ask()
    guess = wrong(code)
    results = in_threads([lambda: sign_in.verify_code(token=token, code=guess, now=timezone.now())] * 10)
    assert sum(isinstance(result, WrongCode) for result in results) == 4
    assert sum(isinstance(result, CodeDead) for result in results) == 6


def test_code_and_session_of_one_programme_are_useless_in_the_other(customer, other_programme):
    token, code = ask()
    session_token = sign_in.verify_code(token=token, code=code, now=timezone.now())
    token, code = ask()
    connection.set_tenant(other_programme)
    make_customer()
    ask()  # the same number has a request with the same id here
    with pytest.raises(CodeDead):
        sign_in.verify_code(token=token, code=code, now=timezone.now())
    assert sessions.resume_session(token=session_token, now=timezone.now()) is None


def test_signing_out_ends_the_session(customer):
    token, code = ask()
    session_token = sign_in.verify_code(token=token, code=code, now=timezone.now())
    session = sessions.resume_session(token=session_token, now=timezone.now())
    sessions.end_session(session=session, now=timezone.now())
    assert sessions.resume_session(token=session_token, now=timezone.now()) is None


def test_a_session_ends_after_ninety_days(customer):
    token, code = ask()
    session_token = sign_in.verify_code(token=token, code=code, now=timezone.now())
    assert sessions.resume_session(token=session_token, now=timezone.now() + timedelta(days=89))
    assert sessions.resume_session(token=session_token, now=timezone.now() + timedelta(days=91)) is None


def test_old_requests_are_forgotten(customer):
    from messaging.actions.outbox import sweep

    ask()
    sweep(now=timezone.now() + timedelta(days=1, minutes=1))
    assert not OneTimeCode.objects.exists()
