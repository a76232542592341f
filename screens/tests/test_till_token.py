"""The code at the till: for two minutes, in one programme, without the number."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from customers.models import Customer
from screens.till_token import LIFETIME, TOKEN_DIGITS, make_till_token, read_till_token


@pytest.fixture
def customer(programme):
    return Customer.objects.create(first_name="Priya", phone="+447700900142")


def test_it_names_the_customer(customer, now):
    token = make_till_token(customer, now)
    assert re.fullmatch(r"[0-9]{40}", token)
    assert read_till_token(token, now) == customer
    assert read_till_token(f" {token}\r\n", now) == customer  # as scanners end it


@pytest.mark.parametrize("code", ["222222222222", "zzzzzzzzzzzz", "23456789abcd"])
def test_every_code_comes_back(code, programme, now):
    customer = Customer.objects.create(code=code)
    assert read_till_token(make_till_token(customer, now), now) == customer


def test_it_lives_two_to_three_minutes(customer, now):
    token = make_till_token(customer, now)
    assert read_till_token(token, now + LIFETIME) == customer
    assert read_till_token(token, now + LIFETIME + timedelta(minutes=1)) is None


def test_a_changed_digit_reads_as_nobody(customer, now):
    token = make_till_token(customer, now)
    for place in range(TOKEN_DIGITS):
        changed = token[:place] + str((int(token[place]) + 1) % 10) + token[place + 1 :]
        assert read_till_token(changed, now) is None


@pytest.mark.parametrize("text", ["", "07700 900142", "1" * 39, "1" * 41, "x" * 40, "١" * 40])
def test_other_texts_are_nobody_and_cost_no_query(text, customer, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert read_till_token(text, timezone.now()) is None


def test_the_number_is_not_in_it(customer, now):
    assert "7700900142" not in make_till_token(customer, now)


def test_who_left_is_nobody(customer, now):
    token = make_till_token(customer, now)
    Customer.objects.update(state="archived")
    assert read_till_token(token, now) is None


def test_another_programme_reads_nobody(customer, other_programme, now):
    token = make_till_token(customer, now)
    with tenant_context(other_programme):
        Customer.objects.create(code=customer.code, first_name="Priya")
        assert read_till_token(token, now) is None
