"""What sentences are read as: conditions, and, or, not, what is left over, what is refused. No database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segments.compiler import check, members
from segments.fields.base import Field
from segments.fields.columns import Column
from segments.operators import Kind
from segments.rules import conditions, read, written
from segments.tests.judge import entries_of
from segments.tests.said import MOMENT, VOCABULARY, reading_of, said
from segments.words.engine import engine
from segments.words.reading import read_sentence

OPEN = [pytest.param(entry, id=entry["id"]) for entry in entries_of("open")]


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("Customers who haven't been in for a month", "orders = 0 last 1 month"),
        ("They used to order, but nothing since May.", "orders >= 1 & orders = 0 2026-05-01.."),
        ("Gold + Silver members, nothing bought for 75 days", "tier in gold,silver & orders = 0 last 75 day"),
        ("If they have spent > £750 this year, I want them.", "spent > 750 year+0"),
        ("norway / sweden w/ 2+ orders", "country in Norway,Sweden & orders >= 2"),
        ("Used to vist us, but not once in the last hundred days", "orders >= 1 & orders = 0 last 100 day"),
        ("Net spend of £3,000 or more in calendar year 2025", "spent >= 3000 2025-01-01..2025-12-31"),
        ("Last week's first-time customers, pls", "first_order in week-1"),
        ("who's got exactly four stamps rn?", "card_stamps = 4"),
        ("In October they visited Quayside Coffee, and they have never been to Mill Lane Bakery",
         "orders >= 1 [business in quay] 2026-10-01..2026-10-31 & orders = 0 [business in lane]"),
        ("At least 20 orders, but this month they visited neither Quayside Coffee nor Mill Lane",
         "orders >= 20 & orders = 0 [business in quay,lane] month+0"),
        ("bought no soap this year", "orders_with = 0 [title ~ soap] year+0"),
        ("customers with at least 2 orders with a product online", "orders >= 2 [channel in online]"),
        ("never got a stamp", "stamps <= 0"),
        ("ever got at least 20 stamps", "stamps >= 20"),
        ("ever filled more than 2 cards with stamps", "full_cards > 2"),
        ("December birthdays", "birthday in 2024-12-01..2024-12-31"),
        ("October's new customers", "first_order in 2026-10-01..2026-10-31"),
        ("last month's new members", "member_since in month-1"),
        ("whose average order lies between £6 and £7.50", "average_order between 6,7.5"),
        ("all-time spend of at least 10k", "spent >= 10000"),
        ("Good morning, customers in France please. Thank you very much", "country in France"),
        ("UK only, minimum ten orders", "country in United Kingdom & orders >= 10"),
        ("no visit since 15 October 2026, altough they have orderd 20 times or more",
         "orders = 0 2026-10-15.. & orders >= 20"),
        ("people who bought green tea more than three times this year", "orders_with > 3 [title ~ green tea] year+0"),
        ("anyone in Leeds with over 200 points", "city = Leeds & points > 200"),
        ("customers who don't have an email", "email missing"),
        ("customers with no phone number", "phone missing"),
        ("Gold tier or above", "tier in gold,mate"),
        ("below Gold", "tier in bronze,silver"),
        ("Silver or Gold members in France", "tier in silver,gold & country in France"),
        ("spent at least 250 pounds between January and March", "spent >= 250 2026-01-01..2026-03-31"),
        ("show all customers who've ordered just once", "orders = 1"),
        ("customers with at least two orders over £50 in 2026", "orders >= 2 [total > 50] 2026-01-01..2026-12-31"),
        ("people who placed an order over £100", "orders >= 1 [total > 100]"),
        ("who bought at least 5 teapots", "items >= 5 [title ~ teapots]"),
        ("customers who spent over £50 per visit", "average_order > 50"),
        ("people who haven't spent anything this year", "spent <= 0 year+0"),
        ("customers who visited Mill Lane or Pine Street in October",
         "orders >= 1 [business in lane,pine] 2026-10-01..2026-10-31"),
        ("members since last year", "member_since in 2025-01-01.."),
        ("been a customer for over a year", "first_order in over 1 year"),
        ("people born in February", "birthday in 2024-02-01..2024-02-29"),
        ("customers tagged VIP or Press", "tags has_one_of vip,press"),
        ("bought something from the Kitchen category last month", "orders_with >= 1 [category in Kitchen] month-1"),
        ("customers with a churn risk between 40% and 60%", "churn between 40,60"),
        ("customers who live outside the UK", "country not in United Kingdom"),
        ("German and French customers", "country in Germany,France"),
        ("everyone", "everyone"),
        ("first name is Anna", "first_name = Anna"),
        ("e-mail ends in .edu", "email ends_with .edu"),
        ("two or more stamps and over 200 points", "card_stamps >= 2 & points > 200"),
        ("more than 2 stamps but fewer than 500 points", "card_stamps > 2 & points < 500"),
        ("avg order below £6", "average_order < 6"),
        ("used to buy at Mill Lane but hasn't bought there for three months",
         "orders >= 1 [business in lane] & orders = 0 [business in lane] last 3 month"),
        ("exactly two orders and none of them online", "orders = 2 & orders = 0 [channel in online]"),
        ("at least two orders but never online", "orders >= 2 & orders = 0 [channel in online]"),
        ("Gold members except whoever ordered in the last 30 days", "tier in gold − orders >= 1 last 30 day"),
        ("household income over £60,000 and over 20 points", "points > 20 {household income over £60,000}"),
        ("customers since before June 2025", "first_order in ..2025-05-31"),
        ("been with us for less than a year", "first_order in last 1 year"),
        ("customers gone for 3 months", "orders >= 1 & orders = 0 last 3 month"),
        ("stopped coming in September", "last_order in 2026-09-01..2026-09-30"),
        ("green tea buyers in the last 60 days", "orders_with >= 1 [title ~ green tea] last 60 day"),
        ("bought something with 'Lunch' in its name in May",
         "orders_with >= 1 [title ~ Lunch] 2026-05-01..2026-05-31"),
        ("customers called Smith", "first_name = Smith | last_name = Smith"),
        ("customers in Leeds, England", "city = Leeds & region = England"),
        ("us customers", "country in USA"),
        ("people in Germany with over 50 points and an email address",
         "country in Germany & points > 50 & email exists"),
        ("ordered once and never came back", "orders = 1"),
        ("ordered in May but haven't been back",
         "orders >= 1 2026-05-01..2026-05-31 & orders = 0 2026-06-01.."),
        ("came for the first time in the summer and have not come back",
         "orders first_time 2026-06-01..2026-08-31 & orders = 1"),
        ("ordered at least 5 times last year but not this year", "orders >= 5 year-1 & orders = 0 year+0"),
        ("spent £500 in 2025 and £600 in 2026",
         "spent >= 500 2025-01-01..2025-12-31 & spent >= 600 2026-01-01..2026-12-31"),
        ("spent a total of £100", "spent >= 100"),
        ("spent up to £100", "spent <= 100"),
        ("opted out of texts and emails", "texts_agreed = False & emails_agreed = False"),
        ("we can neither text nor email", "texts = False & emails = False"),
        ("inactive for 90 days", "orders >= 1 & orders = 0 last 90 day"),
        ("not inactive for 90 days", "orders >= 1 last 90 day"),
        ("members for less than 2 years", "member_since in last 2 year"),
        ("came back at least 3 times", "orders >= 3"),
        ("spent over £100 online in one order", "orders >= 1 [channel in online] [total > 100]"),
        ("filled a stamp card at least twice", "full_cards >= 2"),
        ("haven't claimed 2 rewards in May", "rewards < 2 2026-05-01..2026-05-31"),
        ("ordered at least once in both 2024 and 2025",
         "orders >= 1 2024-01-01..2024-12-31 & orders >= 1 2025-01-01..2025-12-31"),
        ("bought nothing in 2024 but something in 2025",
         "orders = 0 2024-01-01..2024-12-31 & orders >= 1 2025-01-01..2025-12-31"),
        ("whose email is missing but whose phone is known", "email missing & phone exists"),
        ("bought no candles", "orders_with = 0 [title ~ candles]"),
        ("bought a lantern x2", "orders_with = 2 [title ~ lantern]"),
        ("bought kitchen stuff", "orders_with >= 1 [category in Kitchen]"),
        ("spent over £500 last year but not this year", "spent > 500 year-1 & spent <= 500 year+0"),
        ("total over £200 in the last 12 months and an average of at most £6",
         "spent > 200 last 12 month & average_order <= 6"),
        ("people who are not bronze", "tier not in bronze"),
        ("people who are gold", "tier in gold"),
        ("bought at Quayside and nowhere else",
         "orders >= 1 [business in quay] & orders = 0 [business not in quay]"),
        ("bought lockets that are gold", "nothing {bought lockets that are gold}"),
        ("brought a friend who ordered in May", "orders >= 1 2026-05-01..2026-05-31 {brought a friend who}"),
        ("who know somebody", "nothing {know}"),
        ("people with less than 50 points to go", "points_to_reward < 50"),
        ("2 stamps to go", "nothing {2 stamps to go}"),
    ],
)  # fmt: skip
def test_conditions(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        # “and” is closer than “or”; what stands with the people holds for all of it
        ("Gold members who spent over £500 or ordered twice", "tier in gold & (spent > 500 | orders = 2)"),
        ("spent over £500 and in Germany or over 100 points", "(spent > 500 & country in Germany) | points > 100"),
        ("either in Germany or with over 100 points, and spent over £50",
         "(country in Germany | points > 100) & spent > 50"),
        ("spent over £9, ordered twice or have over 100 points", "spent > 9 | orders = 2 | points > 100"),
        ("spent over £9, ordered twice and have over 100 points", "spent > 9 & orders = 2 & points > 100"),
        # two groups of people are all of them
        ("UK and German customers", "country in United Kingdom,Germany"),
        ("Gold members and people in Germany", "tier in gold | country in Germany"),
        ("customers who are not in Germany and UK customers", "country not in Germany | country in United Kingdom"),
        ("customers who bought no candles and VIPs", "orders_with = 0 [title ~ candles] | tags has_one_of vip"),
        ("New faces and Drifted away", "archetype in new,away"),
        # not
        ("never ordered online or in the shop", "orders = 0 [channel in online,store]"),
        ("neither Gold nor Silver", "tier not in gold,silver"),
        ("neither members nor in the UK", "member = False & country not in United Kingdom"),
        ("bought soap but not a candle", "orders_with >= 1 [title ~ soap] & orders_with = 0 [title ~ candle]"),
        ("ordered in September but not in October",
         "orders >= 1 2026-09-01..2026-09-30 & orders = 0 2026-10-01..2026-10-31"),
        ("didn't order last month but did in September", "orders = 0 month-1 & orders >= 1 2026-09-01..2026-09-30"),
        ("without an email address or a phone number", "email missing & phone missing"),
        ("Everyone but Gold members", "everyone − tier in gold"),
        ("all but Gold", "everyone − tier in gold"),
        ("not a member or not in Germany", "member = False | country not in Germany"),
        ("without an email address and a phone number", "email missing & phone missing"),
        ("no email address and a phone number", "email missing & phone exists"),
        ("missing email and phone", "email missing & phone missing"),
        ("customers in Germany, except those with over 100 points", "country in Germany − points > 100"),
        ("Everyone except Gold members and people in Germany", "everyone − (tier in gold | country in Germany)"),
        # and, or in one condition
        ("ordered at Quayside but not online", "orders >= 1 [business in quay] & orders = 0 [channel in online]"),
        ("bought all of soap, a candle and a lantern",
         "orders_with >= 1 [title ~ soap] & orders_with >= 1 [title ~ candle] & orders_with >= 1 [title ~ lantern]"),
        ("bought at least one of soap and a candle",
         "orders_with >= 1 [title ~ soap] | orders_with >= 1 [title ~ candle]"),
        ("ordered at every shop but Quayside", "orders >= 1 [business in lane] & orders >= 1 [business in pine]"),
        ("haven't ordered in either May or June",
         "orders = 0 2026-05-01..2026-05-31 & orders = 0 2026-06-01..2026-06-30"),
        ("bought both soap and a candle", "orders_with >= 1 [title ~ soap] & orders_with >= 1 [title ~ candle]"),
        ("bought soap or candles", "orders_with >= 1 [title ~ soap] | orders_with >= 1 [title ~ candles]"),
        ("ordered at Quayside and Mill Lane", "orders >= 1 [business in quay] & orders >= 1 [business in lane]"),
        # a time at the beginning, and one before another verb
        ("In May, customers who bought soap or visited Quayside",
         "orders_with >= 1 [title ~ soap] 2026-05-01..2026-05-31"
         " | orders >= 1 [business in quay] 2026-05-01..2026-05-31"),
        ("bought soap in May, and in June spent over £50",
         "orders_with >= 1 [title ~ soap] 2026-05-01..2026-05-31 & spent > 50 2026-06-01..2026-06-30"),
        ("bought a candle, but not soap, in May",
         "orders_with >= 1 [title ~ candle] 2026-05-01..2026-05-31"
         " & orders_with = 0 [title ~ soap] 2026-05-01..2026-05-31"),
        ("ordered in May and/or June", "orders >= 1 2026-05-01..2026-05-31 | orders >= 1 2026-06-01..2026-06-30"),
        ("bought tea instead of soap",
         "orders_with >= 1 [title ~ tea] | orders_with >= 1 [category in Tea] − orders_with >= 1 [title ~ soap]"),
        ("ordered at all three shops",
         "orders >= 1 [business in quay] & orders >= 1 [business in lane] & orders >= 1 [business in pine]"),
        ("are members and have fewer than 5 or more than 50 points", "member = True & (points < 5 | points > 50)"),
        ("are members and spent less than £50 or more than £60", "member = True & (spent < 50 | spent > 60)"),
        ("are Gold or VIP and spent over £50", "(tier in gold | tags has_one_of vip) & spent > 50"),
        ("do not have a tier or brought fewer than 5 friends", "tier missing | friends < 5"),
        ("are members and either placed an order but not in the last 9 days or live in France",
         "member = True & ((orders >= 1 & orders = 0 last 9 day) | country in France)"),
        ("either live in France or both are members and spent over £50",
         "country in France | (member = True & spent > 50)"),
        ("Of those who bought in May, everyone who is in France or has more than 25 orders",
         "orders >= 1 2026-05-01..2026-05-31 & (country in France | orders > 25)"),
        ("Either under three visits or in France, and in both cases at least £20 spent",
         "(orders < 3 | country in France) & spent >= 20"),
        ("joined in May / no tier / over 20 orders",
         "member_since in 2026-05-01..2026-05-31 & tier missing & orders > 20"),
    ],
)  # fmt: skip
def test_how_conditions_are_joined(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("vegetarian customers with over 300 points", "points > 300 {vegetarian}"),
        ("Gold members with shoe size 42", "tier in gold {shoe size 42}"),
        # what belongs to a condition and is not understood takes it along
        ("over 600 points and ordered at our Brighton shop", "points > 600 {ordered at our Brighton shop}"),
        ("members who spent over £500 on shoes", "member = True {spent over £500 on shoes}"),
        ("over 600 points that expire soon", "nothing {over 600 points that expire soon}"),
        ("Gold members who are not vegetarian", "tier in gold {not vegetarian}"),
        ("people who bought soap and follow us on Instagram",
         "orders_with >= 1 [title ~ soap] {follow us on Instagram}"),
        ("lapsed customers in Germany", "country in Germany {lapsed}"),
        ("our best customers", "nothing {best}"),
        ("high-value customers", "nothing {high-value}"),
        ("high-value customers with LTV over 500", "value_12 > 500"),
        # goods stand behind their verb, or look like goods
        ("ordered in the last 90 days, wibble", "orders >= 1 last 90 day {wibble}"),
        ("ordered before 9", "nothing {ordered before 9}"),
        ("ordered 3 weeks running", "nothing {ordered 3 weeks running}"),
        ("ordered on Friday the 13th", "nothing {ordered on Friday the 13th}"),
        ("bought £20 of soap", "nothing {bought £20 of soap}"),
        ("bought soap worth £20", "nothing {bought soap worth £20}"),
        ("bought soap after buying tea", "nothing {bought soap after buying tea}"),
        ("bought soap only", "nothing {bought soap only}"),
        ("bought something special", "nothing {bought something special}"),
        ("bought nothing but soap", "nothing {bought nothing but soap}"),
        ("bought anything except soap", "nothing {bought anything except soap}"),
        ("bought at least three different things", "nothing {bought at least three different things}"),
        # times that nothing is known about, or of something else
        ("haven't ordered for a while", "nothing {haven't ordered for a while}"),
        ("ordered within a week of their birthday", "nothing {ordered within a week of their birthday}"),
        ("ordered in all of the last 3 months", "nothing {ordered in all of the last 3 months}"),
        ("ordered next month", "nothing {ordered next month}"),
        ("ordered over Christmas", "nothing {ordered over Christmas}"),
        ("last order between 30 and 99999999999 days ago", "nothing {last order between 30 and 99999999999 days ago}"),
        ("no orders since May or June", "orders = 0 2026-05-01.. {June}"),
        ("born in 1990", "nothing {born in 1990}"),
        ("born in March 1990", "nothing {born in March 1990}"),
        # names of another kind, and figures with another unit
        ("customers in segment VIP", "nothing {VIP}"),
        ("more than 100 points or orders", "points > 100 {orders}"),
        # what somebody may do is nothing they did
        ("customers who would buy soap", "nothing {buy soap}"),
        ("customers who want to order online", "nothing {want to order online}"),
        ("customers who have just ordered", "nothing {just ordered}"),
        ("customers who could be Gold", "nothing {could be Gold}"),
        ("I would like to see customers who ordered twice", "orders = 2"),
        ("customers who will have a birthday next month", "birthday in month+1"),
        ("new Gold members", "tier in gold {new}"),
        ("create a new segment of Gold members", "tier in gold"),
        ("almost Gold", "nothing {almost Gold}"),
        ("hardly any orders", "nothing {hardly any orders}"),
        ("1.000 points", "nothing {1.000 points}"),
        ("1,5k points", "nothing {1,5k points}"),
        ("2 and a half thousand points", "nothing {2} {half thousand points}"),
        ("over 5 orders totalling over £500", "nothing {over 5 orders totalling over £500}"),
        ("orders of 3 items", "nothing {orders of 3 items}"),
        ("bought 3 items in one order", "items = 3 {order}"),
        ("not just online", "nothing {not just online}"),
        ("bought a lantern wibble wobble", "nothing {bought a lantern wibble wobble}"),
        ("spent over £50. I want to send them flowers", "spent > 50 {I want to send them flowers}"),
        ("bought soap this month and have a voucher", "orders_with >= 1 [title ~ soap] month+0 {voucher}"),
        ("spent less than 20 or more than 100 points", "points < 20 | points > 100 {spent}"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(sentence, meant):
    assert said(sentence) == meant


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("Upgrade all Gold members to Silver", "act"),
        ("Send a text to everyone who ordered twice", "act"),
        ("please delete all customers in Germany", "act"),
        ("Can you give all Gold members 100 points", "act"),
        ("What was our turnover last month?", "figure"),
        ("How many points did we give out?", "figure"),
        ("customers of the Meadow Lane programme", "other_programme"),
        ("all customers of our competitors", "other_programme"),
        ("Thank you very much!", "act"),
        ("It is raining in the mountains", "not_people"),
        ("SELECT * FROM customers_customer WHERE 1=1", "not_people"),
        ("ab", "too_short"),
        ("customers " * 60, "too_long"),
    ],
)
def test_what_is_no_segment_is_refused(sentence, code):
    reading = reading_of(sentence)
    assert (reading.refusal and reading.refusal.code, reading.rules) == (code, None)


def test_our_own_programme_is_no_other_one():
    assert said("members of the loyalty programme") == "member = True"
    assert said("customers of the Wrenfield Gifts programme with over 5 points") == "points > 5"


def test_suggestions_are_of_the_kind_that_is_spoken_of():
    (suggestion,) = reading_of("customers in the Platinum tier").suggestions
    assert (suggestion.words, suggestion.near) == ("Platinum tier", ["Bronze", "Silver", "Gold"])
    (suggestion,) = reading_of("customers who are Silvr").suggestions
    assert suggestion.near[0] == "Silver"


EVERYDAY = replace(
    VOCABULARY,
    names={
        **VOCABULARY.names,
        "tags": [(name, name) for name in ("Customer", "All", "Not", "May", "Who", "Favorites", "SMS")],
        "tiers": [("member", "Member"), ("regular", "Regular")],
        "businesses": [
            ("green", "The Green House"),
            ("march", "March Street Bakery"),
            ("may", "May's"),
            ("first", "First Cup"),
        ],
    },
)


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("Customers in Germany", "country in Germany"),
        ("All members", "member = True"),
        ("not members", "member = False"),
        ("Who ordered in May and March?",
         "orders >= 1 2026-05-01..2026-05-31 & orders >= 1 2026-03-01..2026-03-31"),
        ("first ordered in March", "first_order in 2026-03-01..2026-03-31"),
        ("ordered at the Green House or March Street", "orders >= 1 [business in green,march]"),
        ("spent over £50 at May's", "spent > 50 [business in may]"),
        ("tagged Favorites or SMS", "tags has_one_of Favorites,SMS"),
        ("Regular customers", "tier in regular"),
        ("regular customers", "nothing {regular}"),
        ("customers in the Member tier", "tier in member"),
    ],
)  # fmt: skip
def test_names_that_are_everyday_words(sentence, meant):
    assert said(sentence, EVERYDAY) == meant


def test_what_was_assumed_is_noted():
    assert reading_of("new custmers").notes == [
        "“new custmers” read as first order this month.", "“custmers” read as “customers”.",
    ]  # fmt: skip
    assert len(reading_of("spent over £5 and in Germany or over 100 points").notes) == 1


@pytest.mark.parametrize(
    ("sentence", "note"),
    [
        ("haven't bought soap and candles", "“not” read as: not all of them."),
        ("not tagged VIP and Press", "“not” read as: not all of them."),
        ("don't have a phone number and email", "“not” read as: neither of them."),
        ("ordered twice last year but not this year", "“not” read as: no order at all."),
        ("ordered more than once in a week", "A time that may be any one is read as the last one."),
        ("spent over £100 in March and April", "The times are read as one, for all of the amount."),
        ("bought soap or ordered twice but not online", "“but” read as of everything before it and behind it."),
        ("customers near Leeds", "“near Leeds” read as in the place itself."),
        ("members with 10 points", "“10” read as exactly 10."),
        ("everyone except Gold members who ordered in May",
         "“who” behind “except” read as more about those who are left out."),
    ],
)  # fmt: skip
def test_what_may_be_meant_otherwise_is_noted(sentence, note):
    assert note in reading_of(sentence).notes


def test_every_word_is_of_a_condition_small_or_not_understood():
    sentence = "Please show tall customers in Germany who haven't ordered in 90 days"
    found = {sentence[span.start : span.end]: span.path for span in reading_of(sentence).spans}
    assert found == {
        "Please": None, "show": None, "tall": "", "customers": None, "in Germany": "match.of.0", "who": None,
        "haven't ordered in 90 days": "match.of.1",
    }  # fmt: skip


def test_a_field_of_ones_own_is_read_by_its_label():
    column = Column("customer", "customer.attributes ->> 'x'")
    own = {
        "attribute:milk": Field("attribute:milk", "Own", "Milk", Kind.CHOICE, column, {}, choices="attribute:milk"),
        "attribute:cups": Field("attribute:cups", "Own", "Cups a day", Kind.NUMBER, column, {}),
        "attribute:vegan": Field("attribute:vegan", "Own", "Vegan", Kind.YES_NO, column, {}),
    }
    names = {**VOCABULARY.names, "attribute:milk": [("oat", "Oat"), ("cow", "Cow")]}
    vocabulary = replace(VOCABULARY, fields={**VOCABULARY.fields, **own}, names=names)
    sentence = "vegan customers whose milk is oat or who drink, with at least 3 cups a day"
    reading = read_sentence(sentence, vocabulary, MOMENT)
    asked = {(one.field, one.op, str(one.value)) for _path, one in conditions(reading.rules)}
    assert asked == {
        ("attribute:vegan", "is", "True"),
        ("attribute:milk", "is_one_of", "['oat']"),
        ("attribute:cups", "at_least", "3"),
    }  # fmt: skip
    assert reading.not_understood == ["drink"]


def test_every_reading_says_who_read_it():
    assert engine().read("everyone", VOCABULARY, MOMENT).engine == "built-in"


@pytest.mark.parametrize("entry", OPEN)
def test_rules_of_the_open_sentences_can_be_used(entry):
    reading = reading_of(entry["sentence"])
    if reading.rules is not None:
        assert read(written(reading.rules)) == reading.rules
        check(reading.rules, VOCABULARY.fields)
        assert ";" not in members(reading.rules, VOCABULARY.fields, MOMENT).sql
        paths = {span.path for span in reading.spans if span.path}
        assert {path for path, _condition in conditions(reading.rules)} >= {path for path in paths if "of" in path} - {
            "match"
        }
    assert (reading.refusal is not None) == ("refused" in entry)
