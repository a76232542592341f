"""Whatever is typed: no error, spans inside the text, rules that can be used, nothing typed in the SQL. No database."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from segments.compiler import check, members
from segments.rules import read, written
from segments.tests.judge import entries_of
from segments.tests.said import MOMENT, VOCABULARY, reading_of
from segments.words import synonyms

WORDS = sorted({word for entry in entries_of("open") for word in entry["sentence"].split()})
TABLES = (synonyms.FIGURES, synonyms.DAYS, synonyms.KNOWN, synonyms.YES_NO, synonyms.CHOICES)
NOUNS = sorted({phrase for table in TABLES for phrases in table.values() for phrase in phrases})
JOINING = "for less than,since,in the last,2 years,months ago,or,and,not,between,more than,9999999999,2.5".split(",")
HOSTILE = [
    "'; DROP TABLE x; --",
    "%s",
    "{key}",
    "\x00",
    "\ud800",
    "’",
    "12345678901234567890",
    "1/0/0",
    "31/02/2026",
    "٣",
]
MIXED = st.lists(st.sampled_from(WORDS + HOSTILE), min_size=1, max_size=25).map(" ".join)
SAID = st.lists(st.sampled_from(NOUNS) | st.sampled_from(JOINING), min_size=1, max_size=12).map(" ".join)


REPEATED = st.tuples(st.sampled_from([*WORDS, *HOSTILE, "(", ")", ",", "no"]), st.integers(1, 250)).map(
    lambda pair: " ".join([pair[0]] * pair[1])[:500]
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(MIXED, SAID, REPEATED, st.text(max_size=120)))
def test_any_text_is_read(text):
    reading = reading_of(text)
    assert all(0 <= span.start < span.end <= len(text) for span in reading.spans)
    assert [span.start for span in reading.spans] == sorted(span.start for span in reading.spans)
    assert all(words in text for words in reading.not_understood)
    if reading.refusal is not None:
        assert reading.rules is None
    if reading.rules is not None:
        assert read(written(reading.rules)) == reading.rules
        check(reading.rules, VOCABULARY.fields)
        assert "DROP" not in members(reading.rules, VOCABULARY.fields, MOMENT).sql
