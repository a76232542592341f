"""The sentences are what their README says: whole, counted, and nothing of them twice. No database."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "sentences"
SIZES = {"open": 100, "held_out": 50, "second": 50, "third": 50, "fourth": 50}
ENTRIES = {name: tomllib.loads((FOLDER / f"{name}.toml").read_text())["sentence"] for name in SIZES}
EVERYTHING = [entry for entries in ENTRIES.values() for entry in entries]
BEFORE_THE_GRAMMAR = [*ENTRIES["open"], *ENTRIES["held_out"]]
KEYS = {"id", "programme", "sentence", "kinds", "members", "partly", "refused", "withdrawn"}
PARAMETERS = {"now", "today", "zone"}
# What the grammar must be able to read, each at least four times.
COVERED = (
    *("spend", "orders", "average", "recency", "first", "place", "product", "category", "points", "tier", "archetype"),
    *("churn", "ltv", "channel", "reach", "birthday", "business", "stamps", "member"),
    *("not", "and", "or", "but_not", "except", "either", "nested", "number_words", "date_words"),
)
WORD_FOR_WORD = {
    "Find high-value customers with LTV over $500",
    "Target customers in Texas who haven't ordered recently",
    "Create a segment for customers who bought electronics",
}
by_id = pytest.mark.parametrize("entry", [pytest.param(entry, id=entry["id"]) for entry in EVERYTHING])


def test_there_are_three_hundred():
    assert {name: len(entries) for name, entries in ENTRIES.items()} == SIZES


def test_no_id_and_no_sentence_stands_twice():
    words = [" ".join(re.findall(r"\w+", entry["sentence"].casefold())) for entry in EVERYTHING]
    assert [one for one, times in Counter(words).items() if times > 1] == []
    assert [one for one, times in Counter(entry["id"] for entry in EVERYTHING).items() if times > 1] == []


@by_id
def test_each_says_exactly_one_thing_that_is_expected(entry):
    assert entry.keys() <= KEYS
    assert entry["programme"] in ("retail", "coffee")
    assert 15 <= len(entry["sentence"]) <= 300
    assert entry["kinds"]
    assert ("members" in entry) != ("refused" in entry)
    assert ("refused" in entry) == ("refused" in entry["kinds"])
    assert ("partly" in entry) == ("partly" in entry["kinds"])
    assert "partly" not in entry or "members" in entry
    assert all(words in entry["sentence"] for words in entry.get("partly", ()))


@by_id
def test_members_are_one_select_with_known_parameters(entry):
    sql = entry.get("members", "SELECT c.id FROM customers_customer c WHERE c.state = 'active'").strip()
    assert sql.startswith("SELECT c.id FROM customers_customer c")
    assert "c.state = 'active'" in sql
    assert ";" not in sql
    assert set(re.findall(r"%\((\w+)\)s", sql)) <= PARAMETERS
    assert "%" not in re.sub(r"%\(\w+\)s", "", sql)  # would be taken for a parameter


def test_every_kind_is_there_often_enough():
    times = Counter(kind for entry in BEFORE_THE_GRAMMAR for kind in entry["kinds"])
    assert [kind for kind in COVERED if times[kind] < 4] == []
    assert (times["refused"], times["partly"]) == (12, 15)
    assert times["archetype"] <= 6  # names that clustering finds: few words depend on them


def test_all_files_are_of_the_same_mix():
    kinds = {name: {kind for entry in entries for kind in entry["kinds"]} for name, entries in ENTRIES.items()}
    assert set(COVERED) <= kinds["open"] & kinds["held_out"] & kinds["second"] & kinds["third"] & kinds["fourth"]


def test_the_second_is_half_of_each_programme():
    times = Counter(kind for entry in ENTRIES["second"] for kind in entry["kinds"])
    assert Counter(entry["programme"] for entry in ENTRIES["second"]) == {"retail": 25, "coffee": 25}
    assert (times["refused"], times["partly"]) == (4, 5)
    assert times["archetype"] <= 2
    assert times["neither"] >= 2


def test_the_third_is_half_of_each_programme():
    times = Counter(kind for entry in ENTRIES["third"] for kind in entry["kinds"])
    assert Counter(entry["programme"] for entry in ENTRIES["third"]) == {"retail": 25, "coffee": 25}
    assert (times["refused"], times["partly"]) == (4, 5)
    assert times["archetype"] <= 2
    assert times["neither"] >= 2
    assert 2 <= times["sloppy"] <= 10


def test_the_fourth_is_half_of_each_programme():
    times = Counter(kind for entry in ENTRIES["fourth"] for kind in entry["kinds"])
    assert Counter(entry["programme"] for entry in ENTRIES["fourth"]) == {"retail": 25, "coffee": 25}
    assert (times["refused"], times["partly"]) == (4, 5)
    assert times["archetype"] <= 2
    assert times["neither"] >= 2
    assert 2 <= times["sloppy"] <= 10


def test_the_three_that_the_product_promises_are_among_them():
    assert {entry["sentence"] for entry in ENTRIES["open"]} >= WORD_FOR_WORD
