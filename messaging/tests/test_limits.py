"""The caps on codes: a storm stays below them, whoever is asked for and wherever from; the shop is told."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.codes import digest
from customers.models import Customer, Identifier
from messaging.actions import sign_in
from messaging.errors import CodeDead, TooManyCodes, TooManyTries, WrongCode
from messaging.limits import RARE_AFTER
from messaging.models import CustomerSession, OneTimeCode, OutboundMessage
from messaging.tests.storm import addresses, storm, texts
from programs.models import DueWork
from workspace.models import AuditEntry

KNOWN, UNKNOWN = "+447700900142", "+447700900999"


def make_customers(numbers):
    people = Customer.objects.bulk_create(Customer(first_name="Priya", phone=number) for number in numbers)
    Identifier.objects.bulk_create(Identifier(kind="phone", value=one.phone, customer=one) for one in people)


def ask(phone=KNOWN, address="192.0.2.1", now=None):
    token = sign_in.request_code(phone=phone, address=address, now=now or timezone.now())
    request = OneTimeCode.objects.get(request_digest=digest(token))
    sign_in.deliver_code(request.pk)
    message = OutboundMessage.objects.filter(dedupe_key=f"code:{request.pk}").first()
    return token, re.search(r"\d{6}", message.body).group() if message and message.body else None


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def refused_by(phone, address="192.0.2.1", now=None):
    with pytest.raises(TooManyCodes) as error:
        sign_in.request_code(phone=phone, address=address, now=now or timezone.now())
    return error.value.data["cap"]


# -- storms -----------------------------------------------------------------------------------------------------------


def test_a_storm_over_many_addresses_to_one_prefix_sends_no_more_than_its_cap(client_of):
    numbers = [f"+44770090{number:04d}" for number in range(150)]
    make_customers(numbers)
    asked = zip(numbers, addresses(150), strict=True)
    assert storm(client_of, asked) == Counter({429: 120, 303: 30})
    assert texts() == 30


def test_walking_through_numbers_stops_at_the_programmes_cap(client_of, settings):
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "dial-code": (60, 3600), "programme": (60, 3600)}
    numbers = [f"+4477{prefix:04d}{prefix:04d}" for prefix in range(120)]  # each with a prefix of its own
    make_customers(numbers[::2])
    assert storm(client_of, zip(numbers, addresses(120), strict=True)) == Counter({303: 60, 429: 60})
    assert texts() == 30


def test_one_address_learns_nothing_from_10_numbers_on(client_of):
    asked = [(f"+4477{number:04d}0000", "203.0.113.9") for number in range(40)]
    assert storm(client_of, asked) == Counter({303: 10, 429: 30})


# -- dial codes, prefixes ---------------------------------------------------------------------------------------------


def test_numbers_abroad_have_a_cap_of_their_own_for_each_dial_code(programme):
    for number in range(20):
        ask(f"+4915{number:02d}1234567", address=f"198.51.100.{number}")
    assert refused_by("+4915991234567", "198.51.100.99") == "dial-code-abroad"
    ask("+33612345678", address="198.51.100.99")
    ask(KNOWN, address="198.51.100.98")


def fill(count, *, entered, prefix="+44770090", dial_code="+44", now):
    OneTimeCode.objects.bulk_create(
        OneTimeCode(
            request_digest=digest(f"{prefix}{number}"), phone=f"{prefix}{number:04d}", prefix=prefix,
            dial_code=dial_code, address=f"198.51.100.{number}", created_at=now - timedelta(hours=3),
            expires_at=now - timedelta(hours=2), used_at=now - timedelta(hours=3) if number < entered else None,
        )
        for number in range(count)
    )  # fmt: skip


@pytest.mark.parametrize(("entered", "allowed"), [(0, 7), (1, 7), (2, 30)])
def test_where_codes_are_rarely_entered_the_prefix_gets_a_quarter(entered, allowed, programme):
    now = timezone.now()
    fill(RARE_AFTER, entered=entered, now=now)
    for number in range(allowed):
        ask(f"+44770090{5000 + number}", address=f"203.0.113.{number}", now=now)
    assert refused_by("+447700906000", "203.0.113.99", now=now) == "prefix"


def test_a_foreign_dial_code_whose_codes_are_rarely_entered_gets_a_quarter(programme):
    now = timezone.now()
    for prefix in range(RARE_AFTER):
        fill(1, entered=0, prefix=f"+4915{prefix:02d}123", dial_code="+49", now=now)
    for number in range(5):
        ask(f"+4916{number:02d}1234567", address=f"203.0.113.{number}", now=now)
    assert refused_by("+4917991234567", "203.0.113.99", now=now) == "dial-code-abroad"


def test_a_few_codes_that_nobody_entered_slow_nobody_down(programme):
    now = timezone.now()
    fill(RARE_AFTER - 1, entered=0, now=now)
    for number in range(30):
        ask(f"+44770090{5000 + number}", address=f"203.0.113.{number}", now=now)


def test_slowing_down_can_be_switched_off(programme, settings):
    settings.SIGN_IN_RARE_PERCENT = 0
    now = timezone.now()
    fill(RARE_AFTER, entered=0, now=now)
    for number in range(30):
        ask(f"+44770090{5000 + number}", address=f"203.0.113.{number}", now=now)


def test_the_caps_of_one_programme_do_not_count_in_the_other(programme, other_programme):
    for _ in range(3):
        ask()
    connection.set_tenant(other_programme)
    ask()


# -- guessing ---------------------------------------------------------------------------------------------------------


def test_guessing_over_new_codes_ends_after_20_tries_and_no_code_helps_that_day(programme):
    make_customers([KNOWN])
    now = timezone.now()
    tries = 0
    for turn in range(4):
        now += timedelta(minutes=11)
        token, code = ask(address=f"192.0.2.{turn}", now=now)
        for _ in range(5):
            with pytest.raises((WrongCode, CodeDead)):
                sign_in.verify_code(token=token, code=wrong(code), now=now)
            tries += 1
    assert tries == 20
    assert refused_by(KNOWN, "192.0.2.77", now=now + timedelta(minutes=11)) == "tries"
    ask(now=now + timedelta(days=1, minutes=1))


def test_a_code_that_is_already_out_does_not_open_after_20_wrong_tries(programme, settings):
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "tries": (5, 86400)}
    make_customers([KNOWN])
    token, code = ask()
    other, _other_code = ask()
    for _ in range(5):
        with pytest.raises((WrongCode, CodeDead)):
            sign_in.verify_code(token=other, code="000000" if code != "000000" else "000001", now=timezone.now())
    with pytest.raises(TooManyTries):
        sign_in.verify_code(token=token, code=code, now=timezone.now())
    assert not CustomerSession.objects.exists()


def test_right_codes_are_no_wrong_tries(programme, settings):
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "tries": (2, 86400)}
    make_customers([KNOWN])
    for turn in range(4):
        now = timezone.now() + timedelta(minutes=11 * turn)
        token, code = ask(now=now)
        assert sign_in.verify_code(token=token, code=code, now=now)


# -- nothing tells a known number from an unknown one -----------------------------------------------------------------


def work_of(browser, phone):
    """What a request and a wrong code cost: statements with their shape, rows of every table that they touch."""
    tables = (OneTimeCode, CustomerSession, OutboundMessage, AuditEntry, DueWork)
    before = [model.objects.count() for model in tables]
    with CaptureQueriesContext(connection) as queries:
        answers = [browser.post("/p/sign-in/", {"phone": phone}), browser.get("/p/code/")]
        answers += [browser.post("/p/code/", {"code": "123456"}) for _ in range(6)]
    statements = [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries]
    rows = [model.objects.count() - count for model, count in zip(tables, before, strict=True)]
    headers = [sorted(set(answer.headers) - {"X-Request-Id"}) for answer in answers]
    sizes = [len(answer.content) for answer in answers]
    return {
        "statuses": [answer.status_code for answer in answers],
        "statements": statements,
        "rows": rows,
        "headers": headers,
        "bytes": sizes,
    }


def test_known_and_unknown_numbers_cost_the_same_work(client_of):
    make_customers([KNOWN])
    work_of(client_of(None), "+447700900777")  # what only the first request does, such as making work due
    known, unknown = (work_of(client_of(None), phone) for phone in (KNOWN, UNKNOWN))
    assert known == unknown
    assert known["statuses"] == [303, 200, 422, 422, 422, 422, 303, 303]


# -- the shop is told -------------------------------------------------------------------------------------------------


def test_a_cap_that_is_reached_is_in_the_audit_log_once_an_hour(programme):
    now = timezone.now()
    for number in range(30):
        ask(f"+44770090{number:04d}", address=f"198.51.100.{number}", now=now)
    for number in range(3):
        assert refused_by(f"+44770090{100 + number:04d}", f"203.0.113.{number}", now=now) == "prefix"
    entry = AuditEntry.objects.get(action="messaging.codes.limited")
    assert entry.subject == "sign-in:prefix:+44770090"
    assert entry.data == {"cap": "prefix", "group": "+44770090"}


def test_the_cap_of_one_number_is_nobodys_business(programme):
    for _ in range(3):
        ask()
    assert refused_by(KNOWN) == "phone"
    assert not AuditEntry.objects.filter(action="messaging.codes.limited").exists()


def test_the_owner_reads_it_on_the_audit_page(client_of, owner):
    for number in range(10):
        ask(f"+4477{number:04d}0000", address="203.0.113.9")
    assert refused_by(KNOWN, "203.0.113.9") == "address"
    page = client_of(owner).get("/settings/audit/").content.decode()
    assert "stopped codes for the points page" in page
    assert "203.0.113.9" in page
