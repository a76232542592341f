"""The time of the day in a sentence: whole hours, with “am”, “pm” or another word for the half of the day."""

from __future__ import annotations

import pytest

from segments.tests.said import said


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        (
            "ordered before 8am at least five times in the last two months",
            "orders >= 5 [hour between 0,7] last 2 month",
        ),
        ("been in before 9 in the morning this month", "orders >= 1 [hour between 0,8] month+0"),
        ("never ordered after 6pm", "orders = 0 [hour between 18,23]"),
        ("ordered after 12am", "orders >= 1 [hour between 0,23]"),
        ("ordered before noon", "orders >= 1 [hour between 0,11]"),
        ("ordered between 1 and 3pm", "orders >= 1 [hour between 13,14]"),
        ("ordered between 9 and 11 am on weekdays", "orders >= 1 [weekday in 1,2,3,4,5] [hour between 9,10]"),
        ("ordering between 12 and 2pm Monday to Friday", "orders >= 1 [weekday in 1,2,3,4,5] [hour between 12,13]"),
        ("ordered from 9am to 1pm", "orders >= 1 [hour between 9,12]"),
        ("last order was after 6 in the evening", "last_order_was = True [hour between 18,23]"),
        ("ordered before 9 May", "orders >= 1 ..2026-05-08"),
        ("ordered between 3 and 5 times", "orders between 3,5"),
    ],
)
def test_hours(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    "sentence",
    [
        "ordered before 9", "ordered before 8:30am", "ordered before 13pm", "ordered from 10pm to 2am",
        "spent over £50 before 9am", "ordered before 12am",
    ],
)  # fmt: skip
def test_what_is_no_hour_is_not_understood(sentence):
    assert said(sentence).startswith("nothing {")
