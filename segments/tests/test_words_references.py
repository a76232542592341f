"""What a condition takes from those before it: goods, shops and times that are not said again. No database."""

from __future__ import annotations

import pytest

from segments.tests.said import reading_of, said
from segments.words import notes

JUNE, SINCE_JUNE, BEFORE_JUNE = "2026-06-01..2026-06-30", "2026-07-01..", "..2026-05-31"
SOAP = "orders_with >= 1 [title ~ soap]"


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("spent nothing since August but over £100 before that", "spent = 0 2026-08-01.. & spent > 100 ..2026-07-31"),
        ("spent under £5 in June but over £20 before", f"spent < 5 {JUNE} & spent > 20 {BEFORE_JUNE}"),
        ("ordered in June but bought nothing before that", f"orders >= 1 {JUNE} & orders = 0 {BEFORE_JUNE}"),
        ("ordered in June but not before", f"orders >= 1 {JUNE} & orders = 0 {BEFORE_JUNE}"),
        ("bought soap in June and candles before", f"{SOAP} {JUNE} & orders_with >= 1 [title ~ candles] {BEFORE_JUNE}"),
        ("bought soap in June and before that spent £50", f"{SOAP} {JUNE} & spent >= 50 {BEFORE_JUNE}"),
        ("bought soap in June and since then spent £50", f"{SOAP} {JUNE} & spent >= 50 {SINCE_JUNE}"),
        ("spent over £750 since March and placed at least 4 orders in that time",
         "spent > 750 2026-03-01.. & orders >= 4 2026-03-01.."),
        ("ordered 5 times in June and in that month spent over £50", f"orders = 5 {JUNE} & spent > 50 {JUNE}"),
        ("in June bought soap and spent over £50 before that", f"{SOAP} {JUNE} & spent > 50 {BEFORE_JUNE}"),
        ("in June bought soap but did not come back", f"{SOAP} {JUNE} & orders = 0 {SINCE_JUNE}"),
        ("In June bought soap, but this year never came back",
         f"{SOAP} {JUNE} & orders = 0 {SINCE_JUNE} {{this year}}"),
    ],
)  # fmt: skip
def test_times(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    "sentence",
    [
        "joined in May and ordered before that",
        "over 500 points and before that bought soap",
        "bought soap and before that bought candles",
        "bought soap in June and before that bought candles in July",
        "spent over £100 before June but over £20 before that",
    ],
)
def test_a_time_that_nobody_has_named_is_not_understood(sentence):
    reading = reading_of(sentence)
    assert reading.not_understood


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("used to buy soap but haven't bought any for nine months",
         f"{SOAP} & orders_with = 0 [title ~ soap] last 9 month"),
        ("bought soap last year but didn't buy any this year",
         f"{SOAP} year-1 & orders_with = 0 [title ~ soap] year+0"),
        ("bought soap in June and haven't bought it since",
         f"{SOAP} {JUNE} & orders_with = 0 [title ~ soap] {SINCE_JUNE}"),
        ("bought soap in June and bought it again in July", f"{SOAP} {JUNE} & {SOAP} 2026-07-01..2026-07-31"),
        ("bought soap, but haven't bought any at Quayside",
         f"{SOAP} & orders_with = 0 [business in quay] [title ~ soap]"),
        ("bought soap in June and bought some candles", f"{SOAP} {JUNE} & orders_with >= 1 [title ~ candles]"),
        ("bought soap in June but haven't ordered any time this year", f"{SOAP} {JUNE} & orders = 0 year+0"),
        ("bought two lanterns and three mugs this year",
         "items = 2 [title ~ lanterns] year+0 & items = 3 [title ~ mugs] year+0"),
        ("bought 2 lanterns but no mug", "items = 2 [title ~ lanterns] & items = 0 [title ~ mug]"),
        ("bought 2 lanterns but neither a mug nor soap",
         "items = 2 [title ~ lanterns] & items = 0 [title ~ mug] & items = 0 [title ~ soap]"),
    ],
)  # fmt: skip
def test_goods(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("In June, who spent between £300 and £900 but bought no candle?",
         f"spent between 300,900 {JUNE} & orders_with = 0 [title ~ candle] {JUNE}"),
        ("In June customers who bought soap but have more than 500 points", f"{SOAP} {JUNE} & points > 500"),
        ("In June bought soap, but have never visited Quayside", f"{SOAP} {JUNE} & orders = 0 [business in quay]"),
        ("In June bought soap, but haven't ever visited Quayside", f"{SOAP} {JUNE} & orders = 0 [business in quay]"),
        ("came in June without buying soap", f"orders >= 1 {JUNE} & orders_with = 0 [title ~ soap] {JUNE}"),
        ("ordered in June without ordering in July", f"orders >= 1 {JUNE} & orders = 0 2026-07-01..2026-07-31"),
        ("spent over £50 in June and nothing at all in July", f"spent > 50 {JUNE} & spent <= 0 2026-07-01..2026-07-31"),
        ("bought over 3 times in June but not at all in July",
         f"orders > 3 {JUNE} & orders = 0 2026-07-01..2026-07-31"),
    ],
)  # fmt: skip
def test_one_time_of_two_conditions(sentence, meant):
    assert said(sentence) == meant


def test_denied_twice_is_noted():
    reading = reading_of("people who didn't buy nothing in June")
    assert notes.DENIED_TWICE in reading.notes


def test_of_those_takes_all_before_it():
    meant = "country in Germany & (tier in gold | average_order > 250)"
    assert said("people in Germany, and of those who are Gold or have an average order above £250") == meant
