"""Names of the programme in sentences: segments, rewards, groups, places, and what members did. No database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segments.tests.said import MOMENT, VOCABULARY, said
from segments.words.reading import read_sentence

NAMED = replace(
    VOCABULARY,
    names={
        **VOCABULARY.names,
        "segments": [
            ("big", "Big spenders"), ("lost", "Lost"), ("loyal", "Loyal"), ("near", "Near a reward"),
            ("now", "New this month"), ("slip", "Slipping away"),
        ],
        "rewards": [
            ("bun", "Free bun"), ("coffee", "Free coffee"), ("mug", "Harbour Street mug"), ("beans", "Bag of beans"),
            ("ten", "Voucher for £25"), ("apron", "Apron with pockets"), ("post", "Postage on us"),
        ],
        "rfm_groups": [
            ("champions", "Champions"), ("loyal", "Loyal"), ("promising", "Promising"), ("at_risk", "At risk"),
            ("almost_lost", "Almost lost"), ("dormant", "Dormant"),
        ],
    },
)  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("Find me who spent over £60 last month. Leave out Big spenders.",
         "spent > 60 month-1 − in_segment has_one_of big"),
        ("spent over £60 last month except big spenders", "spent > 60 month-1 − in_segment has_one_of big"),
        ("Big spenders who spent over £500", "in_segment has_one_of big & spent > 500"),
        ("big spenders who spent over £500", "spent > 500"),
        ("the big spenders who spent over £500", "spent > 500"),
        ("Customers not in Lost", "in_segment has_none_of lost"),
        ("customers in Lost or Slipping away", "in_segment has_one_of lost,slip"),
        ("lost customers", "nothing {lost}"),
        ("Lost customers with over 5 orders", "orders > 5 {Lost}"),
        ("in Big spenders but not in Near a reward", "in_segment has_one_of big & in_segment has_none_of near"),
        ("in the Big spenders or the Near a reward segment, but not in Lost",
         "in_segment has_one_of big,near & in_segment has_none_of lost"),
        ("anyone in Slipping away with a birthday this month", "in_segment has_one_of slip & birthday in month+0"),
        ("Big spenders who aren't in the segment Lost", "in_segment has_one_of big & in_segment has_none_of lost"),
        ("people in Big spenders and Slipping away", "in_segment has_all_of big,slip"),
        ("everyone except Big spenders and Slipping away", "everyone − in_segment has_one_of big,slip"),
        ("Gold members and Big spenders", "tier in gold | in_segment has_one_of big"),
        ("neither in Big spenders nor in Lost", "in_segment has_none_of big,lost"),
        ("bought soap, except the Big spenders", "orders_with >= 1 [title ~ soap] − in_segment has_one_of big"),
        ("are New this month", "in_segment has_one_of now"),
        ("everyone except VIPs and Press", "everyone − tags has_one_of vip,press"),
        ("big spenders or customers with LTV over 300", "value_12 > 300 {big spenders}"),
        ("LTV over 300 except high-value customers", "value_12 > 300 {high-value}"),
    ],
)  # fmt: skip
def test_segments_by_their_names(sentence, meant):
    assert said(sentence, NAMED) == meant


def test_a_segment_without_the_word_is_noted():
    assert read_sentence("customers in Lost", NAMED, MOMENT).notes == ["“Lost” read as the segment Lost."]
    assert read_sentence("customers in the Lost segment", NAMED, MOMENT).notes == []


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("in Sweeden, Norway or Finland", "country in Norway,Finland | region = Sweeden | city = Sweeden"),
        ("in Norway, Atlantis or Finland who ordered 3 times",
         "(country in Norway,Finland | region = Atlantis | city = Atlantis) & orders = 3"),
        ("not in Atlantis or Norway", "country not in Norway & region ≠ Atlantis & city ≠ Atlantis"),
        ("live in Norway or Atlantis", "country in Norway {Atlantis}"),
        ("customers in Germany, Gold or Silver", "country in Germany & tier in gold,silver"),
        ("in Atlantis, Norway", "(region = Atlantis | city = Atlantis) & country in Norway"),
        # one of an “or” that nobody knows
        ("country is unknown or unspecified and who have more than 1 order",
         "country missing & orders > 1 {unspecified}"),
        ("Gold members who wibble or spent over £50", "tier in gold & spent > 50 {wibble}"),
        ("spent over £50, wibble or ordered 3 times", "spent > 50 | orders = 3 {wibble}"),
        ("Gold or Platinum members who ordered 3 times", "tier in gold & member = True & orders = 3 {Platinum}"),
        ("Gold members or wibble customers in Germany", "tier in gold | country in Germany {wibble}"),
    ],
)  # fmt: skip
def test_lists_with_a_name_that_nobody_knows(sentence, meant):
    assert said(sentence, NAMED) == meant


QUARTER = "points_earned > 400 last 3 month"
MINE = "points_earned > 400 year+0"


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("earned more than 400 points in the last quarter but spent none of them",
         f"{QUARTER} & points_spent = 0 last 3 month"),
        ("earned over 400 points this year and spent fewer than 100", f"{MINE} & points_spent < 100 year+0"),
        ("earned over 400 points this year and redeemed fewer than 100 last month",
         f"{MINE} & points_spent < 100 month-1"),
        ("earned over 400 points this year but never spent any", f"{MINE} & points_spent <= 0 year+0"),
        ("earned over 400 points this year and spent over £100", f"{MINE} & spent > 100"),
        ("people who earned over 400 points this year and people who spent over 100", f"{MINE} | spent > 100"),
        ("have over 400 points but never spent any", "points > 400 & points_spent <= 0"),
        ("have over 400 points and spent over 100 this year", "points > 400 & spent > 100 year+0"),
        ("collected at least 200 points at Pine Street this year",
         "points_earned >= 200 [business in pine] year+0"),
        ("have 100 points or more about to expire in the next 30 days", "points_expiring >= 100 next 30 day"),
        ("at least 500 points of which at least 100 expire within the next 30 days",
         "points >= 500 & points_expiring >= 100 next 30 day"),
        ("who need at most 50 more points for their next reward and have an email",
         "points_to_reward <= 50 & email exists"),
        ("already 1000 points", "points >= 1000"),
        ("2 full cards", "full_cards = 2"),
        ("brought a friend along in October", "friends >= 1 2026-10-01..2026-10-31"),
    ],
)  # fmt: skip
def test_points(sentence, meant):
    assert said(sentence, NAMED) == meant


BUN = "rewards >= 1 [reward in bun]"


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("redeemed a mug or a bag of beans this year", "rewards >= 1 [reward in mug,beans] year+0"),
        ("redeemed the Voucher for £25 or the Apron with pockets, but not Postage on us",
         "rewards >= 1 [reward in ten,apron] & rewards = 0 [reward in post]"),
        ("had a free bun and a free coffee", f"{BUN} & rewards >= 1 [reward in coffee]"),
        ("had a free bun but never a free coffee", f"{BUN} & rewards = 0 [reward in coffee]"),
        ("had a free bun but not a free coffee this year", f"{BUN} year+0 & rewards = 0 [reward in coffee] year+0"),
        ("took the free bun twice or more, or the free coffee once",
         "rewards >= 2 [reward in bun] | rewards = 1 [reward in coffee]"),
        ("took the free bun or the free coffee twice", "rewards = 2 [reward in bun] | rewards = 2 [reward in coffee]"),
        ("took neither the free bun nor the free coffee", "rewards = 0 [reward in bun,coffee]"),
        ("claimed a reward in May but not in June",
         "rewards >= 1 2026-05-01..2026-05-31 & rewards = 0 2026-06-01..2026-06-30"),
        ("claimed a reward at Mill Lane but not at Quayside",
         "rewards >= 1 [business in lane] & rewards = 0 [business in quay]"),
        ("did not collect any reward until now", "rewards = 0"),
        ("never redeemed anything at Mill Lane", "rewards = 0 [business in lane]"),
        ("with over 500 points who never redeemed", "points > 500 & rewards = 0"),
        ("never claimed a reward even tho they've got 200+ points", "rewards = 0 & points >= 200"),
        ("no reward taken this year and over 800 points", "rewards = 0 year+0 & points > 800"),
        ("points but no rewards yet", "points > 0 & rewards = 0"),
        ("exactly two rewards since January", "rewards = 2 2026-01-01.."),
        # a reward that may be taken is none that was
        ("enough points for two rewards", "nothing {enough points for two rewards}"),
        ("enough points for the free bun but haven't taken it",
         "nothing {enough points for the free bun} {haven't taken}"),
        ("claimed a reward worth over 100 points", "nothing {claimed a reward worth over 100 points}"),
        ("members who could get 2 rewards", "member = True {2 rewards}"),
        ("earned points twice", "nothing {earned points twice}"),
        ("earned neither points nor stamps", "points <= 0 & card_stamps <= 0 {earned}"),
        ("have a reward", "nothing {reward}"),
        ("redeemed more than twice this year", "rewards > 2 year+0"),
        ("claimed a reward in May and again in June",
         "rewards >= 1 2026-05-01..2026-05-31 & rewards >= 1 2026-06-01..2026-06-30"),
        ("claimed a reward again", "nothing {claimed a reward again}"),
    ],
)  # fmt: skip
def test_rewards(sentence, meant):
    assert said(sentence, NAMED) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("Those with over 5 orders, Gold excluded", "orders > 5 − tier in gold"),
        ("with over 5 orders, Gold members and people in Germany excluded",
         "orders > 5 − (tier in gold | country in Germany)"),
        ("everyone except Gold and Best regulars", "everyone − (tier in gold | archetype in best)"),
        ("everyone except Gold and in Germany", "everyone − (tier in gold & country in Germany)"),
        ("everyone except those who are Gold and Best regulars", "everyone − (tier in gold & archetype in best)"),
        ("over 50 points; excluded: Gold", "points > 50 − tier in gold"),
        ("over 5 orders (VIPs excluded) in Germany", "orders > 5 & country in Germany − tags has_one_of vip"),
        ("Gold aside, everyone in Germany", "country in Germany − tier in gold"),
        ("Except Gold members, all customers in Germany", "country in Germany − tier in gold"),
        ("over 5 orders, Gold not excluded", "orders > 5 & tier in gold {not excluded}"),
        ("in Germany and Gold excluded", "country in Germany {Gold excluded}"),
        ("bought a candle, lantern excluded", "nothing {bought a candle, lantern excluded}"),
        ("were Best regulars before and are now Drifted away", "archetype_before in best & archetype in away"),
        ("used to be Best regulars, aren't now", "archetype_before in best & archetype not in best"),
        ("were Best regulars before June", "nothing {were Best regulars before June}"),
        ("used to be Best regulars and Gold members", "nothing {used to be Best regulars and Gold members}"),
        ("formerly Best regulars, now New faces", "archetype_before in best & archetype in new"),
        ("used to be Gold", "nothing {used to be Gold}"),
        ("were Gold before", "nothing {were Gold before}"),
    ],
)  # fmt: skip
def test_who_is_left_out_and_who_was(sentence, meant):
    assert said(sentence, NAMED) == meant


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("At risk and Almost lost customers with over 5 orders", "rfm_group in at_risk,almost_lost & orders > 5"),
        ("at risk or almost lost customers", "rfm_group in at_risk,almost_lost"),
        ("customers who are At risk", "rfm_group in at_risk"),
        ("customers at risk", "nothing {risk}"),
        ("customers at risk of churning", "churn_band in high"),
        ("promising customers", "rfm_group in promising"),
        ("promising to return", "nothing {promising to return}"),
        ("became Best regulars or New faces this year", "archetype in best,new & archetype_since in year+0"),
        ("whose fav shop is Quayside", "favourite_shop in quay"),
        ("top tier customers with over 5 orders", "tier in mate & orders > 5"),
        ("not in the highest tier", "tier not in mate"),
        ("the second highest tier", "nothing {second highest tier}"),
        ("they don't belong to any tier", "tier missing"),
        ("moved into Drifted away in the last 30 days",
         "archetype in away & archetype_since in last 30 day"),
        ("called Anna or Maria with over 5 orders",
         "(first_name = Anna | last_name = Anna | first_name = Maria | last_name = Maria) & orders > 5"),
        ("called Anna or Gold members", "first_name = Anna | last_name = Anna | tier in gold"),
        ("first name is not Anna or Maria", "first_name ≠ Anna & first_name ≠ Maria"),
        ("German-speaking members in France", "language in de & member = True & country in France"),
        ("not German speakers", "language not in de"),
        ("German or English speakers", "language in de,en"),
        ("gmail people", "nothing {gmail}"),
        ("we don't know their birthday", "birthday missing"),
        ("we know their phone number", "phone exists"),
        ("no phone no email", "phone missing & email missing"),
        ("can't reach at all by e-mail", "emails = False"),
        ("A random 10 percent of the Gold members", "lot < 10 & tier in gold"),
        ("everyone except a random 10 %", "everyone − lot < 10"),
        ("added in the last 7 days who came from an import", "created in last 7 day & source starts_with import"),
        ("gold membrs", "tier in gold"),
    ],
)  # fmt: skip
def test_other_names(sentence, meant):
    assert said(sentence, NAMED) == meant
