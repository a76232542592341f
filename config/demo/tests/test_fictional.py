"""Nobody real: every number is in a range that Ofcom never assigns, every address on a reserved domain."""

import re

import pytest

from config.demo.fictional import RANGES, fictional_people, fictional_phone
from core.phones import parse_phone


def test_numbers_are_different_and_readable_by_the_till():
    numbers = [fictional_phone(index) for index in range(len(RANGES) * 1000)]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\+44\d{10}", number) for number in numbers)
    assert all(parse_phone(number, "GB") == number for number in numbers[::97])


def test_there_is_no_number_past_the_ranges():
    with pytest.raises(IndexError):
        fictional_phone(len(RANGES) * 1000)


def test_people_are_the_same_for_the_same_seed():
    people = fictional_people(50, seed=1)
    assert people == fictional_people(50, seed=1)
    assert people != fictional_people(50, seed=2)
    assert len({person.email for person in people}) == 50
    assert all(person.email.endswith("@example.com") for person in people)
