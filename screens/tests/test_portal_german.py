"""The whole points page and all that is sent, in each language: nothing of it is left in English."""

from __future__ import annotations

import html as html_module
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
import time_machine
from django.db import transaction

from config.catalogue import HOW, SOURCE_LANGUAGE, languages
from config.customer_texts import ROOT
from screens.tests.tour import WRITTEN, Tour
from screens.urls_portal import urlpatterns

NOON = datetime(2026, 11, 14, 12, 5, tzinfo=UTC)
READ_ALOUD = {"alt", "aria-label", "content", "placeholder", "title"}
# Words that are the same in German, and what is no word: codes, types, addresses.
SAME = {
    "regulars", "pin", "bonus", "region", "details", "english", "deutsch", "data", "json", "zip", "utc", "code", "name",
    "status", "text", "system", "sms", "apr", "aug", "sept", "nov", "november",
    "https", "http", "localhost", "adresse", "scanner",
}  # fmt: skip


MADE: dict[str, Tour] = {}  # language → its tour, made once: nothing of it is a row


@pytest.fixture
def tours(programme, business, run_queue, settings, tmp_path):
    """Language → its tour. Each begins with the same database."""
    settings.MEDIA_ROOT, settings.CONSOLE_MESSAGES_DIR = tmp_path / "media", tmp_path / "messages"
    for language in (SOURCE_LANGUAGE, *languages()):
        if language not in MADE:
            with time_machine.travel(NOON, tick=False) as clock, transaction.atomic():
                tour = Tour(programme, business, language, clock)
                tour.walk(run_queue)
                transaction.set_rollback(True)
            MADE[language] = tour
    return MADE


class Visible(HTMLParser):
    """Each piece of text that a person sees or hears, and the language that the page says it is in."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.language = ""
        self.silent = 0
        self.is_foreign = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.silent += tag in ("script", "style")
        self.language = self.language or values.get("lang", "")
        if tag == "meta" and values.get("name") != "description":
            return
        self.pieces += [values[name] for name in values if name in READ_ALOUD or name.startswith("data-")]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.pieces.append(data)


def visible(html: str) -> Visible:
    parser = Visible()
    parser.feed(html)
    return parser


def words_of(piece: str) -> list[str]:
    """The words in a piece of text that must be another language's in another language."""
    text = html_module.unescape(piece)
    for written in WRITTEN:
        text = text.replace(written, " ")
    text = re.sub(r"\+\d+ [A-Z]{2} · .*", " ", text)  # a country: many have the same name
    text = re.sub(r"\b(?=\w*\d)\w+\b|https?://\S+|/p/\S*|\S+@\S+", " ", text)  # codes, addresses
    return [word for word in re.findall(r"[^\W\d_]{2,}", text) if word.lower() not in SAME]


def left_over(english: str, other: str) -> list[str]:
    """Pieces of a page that are the same in both languages and have words."""
    before = {" ".join(piece.split()) for piece in visible(english).pieces}
    pieces = {" ".join(piece.split()) for piece in visible(other).pieces}
    return sorted(piece for piece in pieces & before if words_of(piece) and not is_for_scripts(piece))


def is_for_scripts(piece: str) -> bool:
    """A code, or a value of `data-toast` and `data-theme`."""
    return piece in FOR_SCRIPTS or re.fullmatch(r"[a-z0-9]+([-._][a-z0-9]+)+", piece) is not None


FOR_SCRIPTS = {"success", "info", "warning", "danger", "ai", "dark"}


def test_no_page_and_no_message_keeps_english_words(tours):
    for language in languages():
        kept = {}
        for name, english in tours[SOURCE_LANGUAGE].seen.items():
            found = left_over(english, tours[language].seen[name])
            if found:
                kept[name] = found
        assert not kept, (
            f"The same in English and in {language}: {kept}. Put words into {{% translate %}} or gettext. "
            f"{HOW.format(language=language)} What people or shops wrote belongs into WRITTEN of screens/tests/tour.py."
        )


def test_both_tours_see_the_same_and_every_url_of_the_points_page(tours):
    for language in languages():
        assert tours[language].seen.keys() == tours[SOURCE_LANGUAGE].seen.keys()
    for tour in tours.values():
        missing = {pattern.name for pattern in urlpatterns} - tour.seen_urls
        assert not missing, f"the tour (screens/tests/tour.py) does not look at {missing}"


def test_scripts_of_customers_have_no_words_of_their_own(tours):
    """What they say is in the page, as data- attributes."""
    pages = "".join(tours[SOURCE_LANGUAGE].seen.values())
    assert set(re.findall(r'<script[^>]* src="/static/([^"]+)"', pages)) == {"vendor/htmx/htmx.min.js", "js/app.js"}
    script = re.sub(r"/\*.*?\*/|^\s*//.*$", "", (ROOT / "static/js/app.js").read_text(), flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"""["'`][A-Z][a-z]+ [a-z]+[^"'`]*["'`]""", script) == []


def test_every_page_says_which_language_it_is_in(tours):
    for language, tour in tours.items():
        for name, html in tour.seen.items():
            if "<html" in html:
                assert visible(html).language == language, name


def test_what_a_download_shows_has_a_name_for_every_column(tours):
    heads = re.findall(r'<th scope="col">([^<]+)</th>', tours["en"].seen["index.html"])
    assert len(heads) > 40
    assert [head for head in heads if re.fullmatch(r"[a-z_]+", head)] == [], "name it in screens/personal_data_words.py"


@pytest.mark.parametrize(
    ("english", "other", "expected"),
    [
        ("<p>Your points</p>", "<p>Deine Punkte</p>", []),
        ("<p>Your points</p>", "<p>Your  points</p>", ["Your points"]),
        ("<p>Hello <b>you</b></p>", "<p>Hallo <b>you</b></p>", ["you"]),
        ('<img alt="A picture">', '<img alt="A picture">', ["A picture"]),
        ("<p>Quayside, £12.40</p>", "<p>Quayside, £12.40</p>", []),
        ("<p>PIN</p><script>let a b</script>", "<p>PIN</p><script>let a b</script>", []),
    ],
)
def test_what_is_left_over_is_found(english, other, expected):
    assert left_over(english, other) == expected
