"""Laws of joining: what two conditions mean together follows from what each means by itself. No database."""

from __future__ import annotations

import random

import pytest

from segments.tests.said import said

PLAIN = (
    "spent over £500", "spent less than £20 last month", "ordered at least twice", "ordered in the last 30 days",
    "placed an order over £100", "bought a lantern", "bought soap in March", "bought at least 3 teapots",
    "visited Quayside Coffee", "ordered online", "ordered on a Monday", "have more than 500 points", "are Gold",
    "are in the Silver tier or higher", "are members", "live in Germany", "are from France or the UK",
    "have a birthday next month", "joined this year", "have an average order above £30", "have a high churn risk",
    "have an LTV over 300", "can be texted", "first ordered in 2025", "last ordered over 60 days ago",
    "belong to Best regulars", "are tagged VIP", "claimed a reward this year", "have a churn risk over 60 %",
    "were last seen in May", "became customers in 2024", "opted in to texts", "ordered between 5 and 10 times",
    "bought something from the Kitchen category", "have a phone number",
)  # fmt: skip
DENIED = (
    "have no points", "have no email address", "haven't ordered in 90 days", "did not order in October",
    "are not in Germany", "cannot be e-mailed", "spent nothing this year",
)  # fmt: skip
PEOPLE = {
    "Gold members": "tier in gold",
    "customers in France": "country in France",
    "Best regulars": "archetype in best",
    "people with over 50 points": "points > 50",
    "customers without a phone number": "phone missing",
}
ALONE = {phrase: said(f"customers who {phrase}") for phrase in (*PLAIN, *DENIED)}


def joined(sign: str, *phrases: str) -> str:
    other = "|" if sign == "&" else "&"
    parts = [ALONE[phrase] for phrase in phrases]
    return f" {sign} ".join(f"({part})" if f" {other} " in part else part for part in parts)


def chosen(phrases: tuple[str, ...], count: int, times: int) -> list[list[str]]:
    chance = random.Random(7)
    return [chance.sample(phrases, count) for _time in range(times)]


def test_every_phrase_is_one_condition():
    assert [phrase for phrase, alone in ALONE.items() if "{" in alone or "&" in alone or "refused" in alone] == []


@pytest.mark.parametrize(
    ("form", "sign"),
    [
        ("customers who {} and {}", "&"), ("customers who {} or {}", "|"), ("customers who {} and who {}", "&"),
        ("people who {} or who {}", "|"), ("customers who either {} or {}", "|"), ("those who {}, and {}", "&"),
        ("customers who {} but {}", "&"), ("everyone who {} as well as {}", "&"), ("people who {} + {}", "&"),
        ("customers who {} / {}", "&"), ("customers that {} plus {}", "&"), ("those who {}; they also {}", "&"),
        ("Of the people who {}, show me everyone who {}", "&"), ("Among customers who {}, those who {}", "&"),
        ("If they {} and {}, include them", "&"), ("customers who {}, in addition {}", "&"),
        ("customers: {}, {}", "&"), ("customers who both {} and {}", "&"), ("customers who {}, or else who {}", "|"),
    ],
)  # fmt: skip
def test_two_conditions(form, sign):
    wrong = [pair for pair in chosen(PLAIN, 2, 40) if said(form.format(*pair)) != joined(sign, *pair)]
    assert wrong == []


@pytest.mark.parametrize(
    ("form", "sign"),
    [("customers who {} and {}", "&"), ("customers who {}, but {}", "&"), ("customers who {} or who {}", "|")],
)
def test_with_a_denied_one(form, sign):
    wrong = [pair for pair in chosen((*PLAIN, *DENIED), 2, 60) if said(form.format(*pair)) != joined(sign, *pair)]
    assert wrong == []


@pytest.mark.parametrize(
    ("form", "sign"),
    [("customers who {}, {} or {}", "|"), ("everyone who {}, {} and {}", "&"), ("who {}, {}, or {}", "|")],
)
def test_lists_of_three(form, sign):
    wrong = [three for three in chosen(PLAIN, 3, 30) if said(form.format(*three)) != joined(sign, *three)]
    assert wrong == []


@pytest.mark.parametrize("people", PEOPLE)
def test_what_stands_with_the_people_holds_for_all(people):
    for one, other in chosen(PLAIN, 2, 15):
        assert said(f"{people} who {one} or {other}") == f"{PEOPLE[people]} & ({ALONE[one]} | {ALONE[other]})"
        out = joined("&", other)
        both = " & ".join(dict.fromkeys([PEOPLE[people], joined("&", one)]))
        assert said(f"{people} who {one}, except those who {other}") == f"{both} − {out}"


MAY = "last_order in 2026-05-01..2026-05-31"
OPENINGS = (
    "okay so show me", "Would you be so kind as to put together for me a list of all", "I'd like to see",
    "Can you find me", "hi there, which", "Good morning. Please make me a segment of", "need a list:", "Hello!",
    "could you pull up those",
)  # fmt: skip
CLOSINGS = (
    " please", " please thanks", ", please and thank you", " thx", ", thank you very much!!", " asap", " if possible",
    ". That's all.", ", those are the ones I need", " please, you know", " right now",
)  # fmt: skip


@pytest.mark.parametrize(
    "form",
    [
        "customers who {}, except those who {}", "customers who {} apart from anyone who {}",
        "customers who {}, leaving out people who {}", "customers who {} unless they {}",
        "customers who {}, not counting anyone who {}", "who {}. Exclude anyone who {}",
    ],
)  # fmt: skip
def test_who_is_left_out(form):
    wrong = [
        pair
        for pair in chosen(PLAIN, 2, 30)
        if said(form.format(*pair)) != f"{ALONE[pair[0]]} − {joined('&', pair[1])}"
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "form", ["customers who {0} {1}", "{0} they {1}", "customers who, {0}, {1}", "{0}, customers who {1}"]
)
@pytest.mark.parametrize(
    "did", ["ordered at least twice", "spent over £100", "bought soap", "didn't order", "spent nothing"]
)
def test_a_time_stands_before_what_was_done_then(form, did):
    for time in ("in October", "last month", "in the last 60 days", "between March and May"):
        assert said(form.format(time, did)) == said(f"customers who {did} {time}")
        own = said(f"customers who {did} {time}")
        assert said(f"customers who were last seen in May, and {time} they {did}") == f"{MAY} & {own}"


@pytest.mark.parametrize("opening", OPENINGS)
def test_how_one_asks_says_nothing_of_whom(opening):
    wrong = [phrase for phrase in (*PLAIN, *DENIED) if said(f"{opening} customers who {phrase}") != ALONE[phrase]]
    assert wrong == []


@pytest.mark.parametrize("closing", CLOSINGS)
def test_how_one_ends_says_nothing_of_whom(closing):
    wrong = [phrase for phrase in (*PLAIN, *DENIED) if said(f"customers who {phrase}{closing}") != ALONE[phrase]]
    assert wrong == []


SAME = {
    "ordered": ("bought", "purchased", "placed an order", "made a purchase", "shopped", "visited", "came in"),
    "haven't ordered": (
        "didn't order", "never ordered", "placed no orders", "have bought nothing",
        "haven't made a single order", "have no orders",
    ),
    "in March": ("during March", "throughout March", "in the month of March", "at any time in March", "within March"),
    "in the last 30 days": ("within the past 30 days", "over the previous thirty days", "during these last 30 days"),
    "at least £100": ("£100 or more", "no less than 100 pounds", "min. £100", "£100+", ">= £100", "£100 and above"),
    "at least twice": ("2+ times", "two or more times", "no fewer than two times", "on at least two occasions"),
    "Gold members": ("customers in the Gold tier", "gold customers", "those in Gold", "people on the Gold tier"),
    "in Germany": ("living in Germany", "who are based in Germany", "whose country is Germany", "from Germany"),
}  # fmt: skip
WITH = {
    "ordered": ("customers who {} 3 times in March", "who {} online", "Gold members who {} but not this year"),
    "haven't ordered": ("customers who {} in 90 days", "Gold members who {} online", "those who {} since May"),
    "in March": ("who didn't order {}", "customers who {} ordered twice", "who spent over £9 {}", "who joined {}"),
    "in the last 30 days": ("who bought soap {}", "customers who {} ordered twice", "who first ordered {}"),
    "at least £100": ("who spent {} last month", "with an average order of {}", "who have an LTV of {}"),
    "at least twice": ("who ordered {}", "who bought soap {} this year", "who visited Quayside Coffee {}"),
    "Gold members": ("{} in France", "{} who haven't ordered in 90 days", "all {} with over 100 points"),
    "in Germany": ("customers {} who spent over £50", "everyone {} except Gold members"),
}


@pytest.mark.parametrize("plain", SAME)
def test_other_words_for_the_same(plain):
    for form in WITH[plain]:
        meant = said(form.format(plain))
        assert {words: said(form.format(words)) for words in SAME[plain]} == dict.fromkeys(SAME[plain], meant)
