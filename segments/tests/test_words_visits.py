"""Visits as people say them: “was in”, “only ever”, “no longer”, “but not both”, what came first. No database."""

from __future__ import annotations

import pytest

from segments.tests.said import said

ONLY_ONLINE = "orders >= 1 [channel in online] & orders = 0 [channel not in online]"
ONLY_QUAY = "orders >= 1 [business in quay] & orders = 0 [business not in quay]"
ONLY_MONDAYS = "orders >= 1 [weekday in 1] & orders = 0 [weekday not in 1]"


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("who was in yesterday", "orders >= 1 day-1"),
        ("was in last friday", "orders >= 1 2026-11-20..2026-11-20"),
        ("who wasn't in this month", "orders = 0 month+0"),
        ("was in Quayside this month", "orders >= 1 [business in quay] month+0"),
        ("who was in at least 3 times this month", "orders >= 3 month+0"),
        ("everyone except those who were in this week", "everyone − orders >= 1 week+0"),
        ("never in on a monday", "orders = 0 [weekday in 1]"),
        ("bought soap but never in May",
         "orders_with >= 1 [title ~ soap] & orders_with = 0 [title ~ soap] 2026-05-01..2026-05-31"),
        ("who was in Leeds this month", "city = Leeds {this month}"),
        ("customers whose wedding was in March", "nothing {wedding} {in March}"),
        ("came on a Saturday twice since May", "orders = 2 [weekday in 6] 2026-05-01.."),
        ("goes to Quayside but never set foot in Pine Street",
         "orders >= 1 [business in quay] & orders = 0 [business in pine]"),
        ("neither Quayside nor Mill Lane this month", "orders = 0 [business in quay,lane] month+0"),
        ("an average order of £100 or more and a purchase in the last 45 days",
         "average_order >= 100 & orders >= 1 last 45 day"),
        ("no visit 3 wks", "orders = 0 last 3 week"),
        ("no visit 3 weeks ago", "orders = 0 day-21"),
        ("10 visits exactly", "orders = 10"),
        ("5 or more Ethiopia Guji this year", "items >= 5 [title ~ Ethiopia Guji] year+0"),
        ("3 teapots or more since May", "items >= 3 [title ~ teapots] 2026-05-01.."),
        ("3 teapots", "refused: not_people"),
        ("was in quayside yesterday", "orders >= 1 [business in quay] day-1"),
        ("only once this year", "orders = 1 year+0"),
        ("came once and never again", "orders = 1"),
        ("bought soap once, never again", "orders_with = 1 [title ~ soap]"),
        ("came in May and never again", "orders >= 1 2026-05-01..2026-05-31 & orders = 0 2026-06-01.."),
        ("came twice and never again", "orders = 2 {never again}"),
        ("ordered once and never again bought soap",
         "orders = 1 & orders_with >= 1 [title ~ soap] {never again}"),
    ],
)  # fmt: skip
def test_visits(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("people who only come in on mondays", ONLY_MONDAYS),
        ("only in on mondays", ONLY_MONDAYS),
        ("only ever been to Quayside", ONLY_QUAY),
        ("visited only Quayside", ONLY_QUAY),
        ("been to Quayside only", ONLY_QUAY),
        ("ordered online only", ONLY_ONLINE),
        ("Gold members who only order online or have 50 points", f"tier in gold & (({ONLY_ONLINE}) | points = 50)"),
        ("everyone except those who only order online", f"everyone − ({ONLY_ONLINE})"),
        ("only ordered online since May",
         "orders >= 1 [channel in online] 2026-05-01.. & orders = 0 [channel not in online] 2026-05-01.."),
        # what else there is, or whether it was only then, no filter says
        ("only ordered online in May", "orders >= 1 [channel in online] 2026-05-01..2026-05-31 {only}"),
        ("only ever bought soap", "orders_with >= 1 [title ~ soap] {only}"),
        ("who only order online and on Mondays", f"{ONLY_ONLINE} {{Mondays}}"),
        ("not only ordered online", "orders >= 1 [channel in online] {not only}"),
        ("only ordered twice", "orders = 2"),
        ("Quayside customers only", "orders >= 1 [business in quay] {only}"),
        # one of two
        ("been to Quayside or Mill Lane this month, but not both",
         "orders >= 1 [business in quay,lane] month+0"
         " & (orders = 0 [business in quay] month+0 | orders = 0 [business in lane] month+0)"),
        ("bought soap or a candle but not both",
         "(orders_with >= 1 [title ~ soap] | orders_with >= 1 [title ~ candle])"
         " & (orders_with = 0 [title ~ soap] | orders_with = 0 [title ~ candle])"),
    ],
)  # fmt: skip
def test_only_there_and_not_both(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("doesn't come to Quayside any more", "nothing {doesn't come to Quayside any more}"),
        ("no longer order online", "nothing {no longer order online}"),
        ("doesn't buy soap anymore", "nothing {doesn't buy soap anymore}"),
        ("no longer spend anything", "nothing {no longer spend anything}"),
        ("haven't been in any more since May", "orders >= 1 & orders = 0 2026-05-01.."),
        ("no longer come to Quayside since May",
         "orders >= 1 [business in quay] & orders = 0 [business in quay] 2026-05-01.."),
        ("ordered in May but not any more", "orders >= 1 2026-05-01..2026-05-31 & orders = 0 2026-06-01.."),
        ("no longer Gold", "tier not in gold"),
        ("bought soap in May but don't buy any more",
         "orders_with >= 1 [title ~ soap] 2026-05-01..2026-05-31 {don't buy any more}"),
        ("bought soap in May before buying a candle", "nothing {bought soap in May before buying a candle}"),
        # what came first
        ("bought soap before buying a candle", "nothing {bought soap before buying a candle}"),
        ("bought soap before a candle", "nothing {bought soap before a candle}"),
        ("bought soap before", "orders_with >= 1 [title ~ soap]"),
        ("ordered before or in May", "orders >= 1 2026-05-01..2026-05-31 {ordered before}"),
        ("bought a teapot and then a candle",
         "orders_with >= 1 [title ~ teapot] & orders_with >= 1 [title ~ candle] {and then}"),
        ("signed up and then bought soap", "member = True & orders_with >= 1 [title ~ soap] {and then}"),
        ("ordered in May and then in June",
         "orders >= 1 2026-05-01..2026-05-31 & orders >= 1 2026-06-01..2026-06-30"),
        ("ordered once and then never came back", "orders = 1"),
        ("didn't buy nothing but soap", "nothing {didn't buy nothing but soap}"),
    ],
)  # fmt: skip
def test_what_ended_and_what_came_first(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("last visit was a sunday", "last_order_was = True [weekday in 7]"),
        ("whose first visit was a saturday", "first_order_was = True [weekday in 6]"),
        ("whose last visit was not on a weekend", "last_order_was = False [weekday in 6,7]"),
        ("last order was sunday", "last_order in 2026-11-22..2026-11-22"),
        ("last visit was a sunday in May", "nothing {last visit} {sunday in May}"),
        ("birthday is a sunday", "nothing {birthday} {sunday}"),
        ("last order came to less than £25", "last_order_was = True [total < 25]"),
        ("last order had soap in it", "last_order_was = True [title ~ soap]"),
        ("last order was a teapot", "last_order_was = True [title ~ teapot]"),
        ("last order had a discount", "nothing {last order} {discount}"),
        ("last time they were in it was at Quayside", "last_order_was = True [business in quay]"),
        ("first thing they ever bought was a hand brew", "first_order_was = True [title ~ hand brew]"),
        ("first came to us at Mill Lane Bakery", "first_order_was = True [business in lane]"),
        ("first bought soap", "orders_with >= 1 [title ~ soap] {first}"),
        ("first visit to Quayside in May", "orders first_time [business in quay] 2026-05-01..2026-05-31"),
        ("had their first cake stand in the last week", "orders_with first_time [title ~ cake stand] last 1 week"),
        ("bought their first soap in May", "orders_with first_time [title ~ soap] 2026-05-01..2026-05-31"),
        ("had their first candle in May", "refused: not_people"),
        ("had their first teapot", "refused: not_people"),
        ("last visit to Quayside was over 60 days ago", "orders stopped 61 [business in quay]"),
        ("last visit to Quayside in the last 30 days", "orders >= 1 [business in quay] last 30 day"),
        ("customers of Pine Street Roasters whose last visit there was over 60 days ago",
         "orders >= 1 [business in pine] & orders stopped 61 [business in pine]"),
        ("first visit over a year ago, last one within the past 2 weeks",
         "first_order in over 1 year & last_order in last 2 week"),
        ("claimed 2 rewards, the last one over 90 days ago", "rewards = 2 {last} {over 90 days ago}"),
        ("bought soap twice, the last one in May", "orders_with = 2 [title ~ soap] {last} {in May}"),
        ("first visit last summer and still coming this month",
         "first_order in 2026-06-01..2026-08-31 & orders >= 1 month+0"),
        ("still come to Quayside", "orders >= 1 [business in quay] {still}"),
        ("still have over 200 points", "points > 200"),
        ("They must've been in since 1 november", "orders >= 1 2026-11-01.."),
        ("didn't come in May but before that they came 10 times",
         "orders = 0 2026-05-01..2026-05-31 & orders = 10 ..2026-04-30"),
    ],
)  # fmt: skip
def test_first_and_last_visits(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("was in last week and the week before", "orders >= 1 week-1 & orders >= 1 week-2"),
        ("who was in yesterday and the day before", "orders >= 1 day-1 & orders >= 1 day-2"),
        ("ordered last week and the week before Easter", "orders >= 1 week-1 {week before Easter}"),
        ("ordered in each of the last two months", "orders >= 1 month-1 & orders >= 1 month-2"),
        ("ordered each of the last two Mondays", "nothing {ordered each of the last two Mondays}"),
        ("spent btw 20 and 50 pounds last month", "spent between 20,50 month-1"),
        ("Members since March or earlier", "member_since in ..2026-03-31"),
        ("no orders since March or earlier", "orders = 0 2026-03-01.. {earlier}"),
        ("came in before 9 in the morning", "orders >= 1 [hour between 0,8]"),
    ],
)  # fmt: skip
def test_times_of_visits(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    "opening",
    [
        "I would like to know, if it is possible, which", "hi so basically um", "sorry me again can i get",
        "Would you mind giving me a list of",
    ],
)  # fmt: skip
def test_politeness_says_nothing_of_whom(opening):
    assert said(f"{opening} customers who ordered twice") == "orders = 2"


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("How much did Silver members spend in October?", "refused: figure"),
        ("how often do members come", "refused: figure"),
        ("How many orders did members place?", "refused: figure"),
        ("Compare Gold and Silver by average basket", "refused: figure"),
        ("how many people did not order in May", "orders = 0 2026-05-01..2026-05-31"),
        ("what customers ordered twice", "orders = 2"),
    ],
)
def test_figures_are_no_people(sentence, meant):
    assert said(sentence) == meant
