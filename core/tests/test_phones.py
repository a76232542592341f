"""Phone numbers: every spelling of one number is one number; what cannot be a number is refused at its field."""

import pytest

from core.phones import InvalidPhone, display_phone, example_phone, mask_phone, parse_phone

SPELLINGS = [
    "+447700900142",
    "+44 7700 900142",
    "+44 7700 900 142",
    "+44 (0)7700 900142",
    "(+44) 7700 900142",
    "0044 7700 900142",
    "00447700900142",
    "07700900142",
    "07700 900142",
    "07700 900 142",
    "07700-900-142",
    "07700.900.142",
    "(07700) 900142",
    "07700/900142",
    " 07700 900142 ",
    "tel:+447700900142",
    "+44-7700-900142",
    "７７００９００１４２",
    "\u202a07700 900142\u202c",
    "07700\u00a0900\u00a0142",
]


@pytest.mark.parametrize("typed", SPELLINGS)
def test_twenty_spellings_of_one_number(typed):
    assert parse_phone(typed, "GB") == "+447700900142"


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "1", "12345", "0770090014", "0770090014299999", "+999 123 456 789", "call me", "07700 90014O",
     "0800 FLOWERS", "+", "00", "+44", "07700 900142 ext 5", "7" * 60, "<script>", "07700\x00900142"],
)  # fmt: skip
def test_impossible_numbers_are_refused_at_the_field(typed):
    with pytest.raises(InvalidPhone) as refused:
        parse_phone(typed, "GB", field="customer_phone_number")
    assert refused.value.field == "customer_phone_number"
    assert refused.value.code == "invalid_phone"


def test_the_country_of_the_programme_decides_about_national_spellings():
    assert parse_phone("030 901820", "DE") == "+4930901820"
    assert parse_phone("0712 345678", "KE") == "+254712345678"
    assert parse_phone("+44 7700 900142", "DE") == "+447700900142"


def test_a_number_is_shown_the_way_its_readers_write_it():
    assert display_phone("+447700900142", "GB") == "07700 900142"
    assert display_phone("+447700900142", "DE") == "+44 7700 900142"


def test_a_masked_number_keeps_three_digits():
    assert mask_phone("+447700900142") == "•••••••••142"


def test_example_is_written_as_in_its_country():
    assert example_phone("GB") == "07400 123456"
    assert example_phone("US") == "(201) 555-0123"
    assert example_phone("") == ""
