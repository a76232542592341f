"""Everything that customers read is in their language: no string without a translation, none outside of gettext."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.utils import translation

from config import catalogue, customer_texts
from config.customer_texts import ROOT

LANGUAGES = catalogue.languages()
HINT = "put it into {% translate %} or gettext, then `make messages`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_customers_is_translated_and_compiled(language):
    faults = catalogue.faults_of(language)
    assert not faults, "\n".join([*map(str, faults), catalogue.HOW.format(language=language)])


@pytest.mark.parametrize("language", LANGUAGES)
def test_django_speaks_what_is_compiled(language):
    with translation.override(language):
        for message in catalogue.read_language(language):
            if message.id and not message.pluralizable:
                context = f"{message.context}\x04" if message.context else ""
                assert translation.gettext(context + message.id) == message.string


# -- which files ------------------------------------------------------------------------------------------------------


def test_the_points_page_with_all_that_it_includes_and_all_that_is_sent_belong():
    names = {path.as_posix() for path in [*customer_texts.modules(), *customer_texts.templates()]}
    assert names >= {
        "screens/views_portal.py", "screens/forms_portal.py", "screens/reports_movements.py", "core/phones.py",
        "loyalty/errors.py", "loyalty/actions/warnings.py", "messaging/errors.py", "messaging/actions/sign_in.py",
        "screens/actions/receipts.py", "screens/actions/points_texts.py",
        "screens/templates/screens/portal/points.html", "screens/templates/screens/portal/export.html",
        "templates/shell/portal.html", "templates/base.html", "templates/components/_toast.html", "templates/404.html",
        "templates/emails/message.html", "templates/emails/_page.html", "templates/errors/_standalone.html",
    }  # fmt: skip
    everything = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("screens/templates/screens/portal/*.html")}
    assert everything <= names


def test_who_sends_a_message_writes_in_the_customer_s_language():
    outbox = Path("messaging/actions/outbox.py")
    senders = [
        path for path in customer_texts._own_modules() if customer_texts.SENDING.search(customer_texts._read(path))
    ]
    assert outbox in senders
    for path in senders:
        assert "language_of(" in customer_texts._read(path), f"{path}: with translation.override(language_of(customer))"


def test_what_only_staff_read_is_reached_and_has_no_leftovers():
    assert customer_texts.used_patterns() == set(customer_texts.STAFF_ONLY)


def test_a_template_of_a_variable_name_must_be_declared(tmp_path, monkeypatch):
    monkeypatch.setattr(customer_texts, "ROOT", tmp_path)
    (tmp_path / "surprise.html").write_text("{% include whatever %}")
    with pytest.raises(ValueError, match="BY_VARIABLE"):
        list(customer_texts._used_templates(Path("surprise.html")))


# -- what counts as translated ----------------------------------------------------------------------------------------


def fault(source, translated, **more):
    catalog = Catalog(locale="de")
    return catalogue._fault(catalog.add(source, translated, **more), catalog)


@pytest.mark.parametrize(
    ("source", "translated", "expected"),
    [
        ("Good until %(time)s", "Gültig bis %(time)s", ""),
        ("Good until %(time)s", "", "not translated"),
        ("Good until %(time)s", "Gültig bis %(zeit)s", "other placeholders"),
        ("Good until %(time)s", "Gültig", "other placeholders"),
        ("Sent", " Gesendet", "other spaces around it"),
        (("%(n)s point", "%(n)s points"), ("%(n)s Punkt", "%(n)s Punkte"), ""),
        (("%(n)s point", "%(n)s points"), ("ein Punkt", "%(n)s Punkte"), ""),
        (("%(n)s point", "%(n)s points"), ("%(n)s Punkt", "Punkte"), "other placeholders"),
        (("%(n)s point", "%(n)s points"), ("%(n)s Punkt", ""), "not translated"),
        (("%(n)s point", "%(n)s points"), ("%(n)s Punkte",), "not translated"),
    ],
)
def test_what_counts_as_translated(source, translated, expected):
    assert fault(source, translated) == expected


def test_a_guess_is_no_translation():
    assert fault("Sent", "Gesendet", flags=["fuzzy"]) == "marked as fuzzy"


def test_words_that_a_language_lacks_are_noticed(untranslated):
    with translation.override("de"):
        translation.gettext("Save")
        translation.ngettext("One zebra of quartz", "%(count)s zebras of quartz", 2)
        translation.pgettext("stone", "Obsidian lynx")
    assert untranslated["de"].asked == {"One zebra of quartz", "stone\x04Obsidian lynx"}
    untranslated["de"].asked.clear()


# -- nothing outside of gettext ---------------------------------------------------------------------------------------

BLOCKS = re.compile(r"{% *(comment|blocktranslate|blocktrans)\b.*?{% *end\1 *%}|{#.*?#}", re.DOTALL)
TAGS = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}
NAMES = {"Regulars"}
GAP = "\ue000"  # stands for what a tag writes


class Words(HTMLParser):
    """Collects what a person sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("style", "script")
        self.found += [value for name, value in attrs if value and (name in READ_ALOUD or name.startswith("data-"))]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def literal_words(html: str) -> list[str]:
    parser = Words()
    parser.feed(TAGS.sub(GAP, BLOCKS.sub(GAP, html)))
    pieces = [piece.strip(" \n·.,:;") for text in parser.found for piece in text.split(GAP)]
    return [piece for piece in pieces if re.search(r"[A-Za-z]{2}", piece) and not is_name(piece)]


def is_name(piece: str) -> bool:
    """A name, or a word for scripts rather than people: `data-toast="success"`, `data-countdown-then="new-code"`."""
    return piece in NAMES or re.fullmatch(r"[a-z-]+", piece) is not None


@pytest.mark.parametrize("path", customer_texts.templates(), ids=str)
def test_a_template_has_no_words_outside_of_gettext(path):
    assert literal_words((ROOT / path).read_text()) == [], HINT


def test_words_outside_of_gettext_are_found():
    html = """{% load i18n %}<p data-toast="success">{% translate "Saved." %} Thank you!</p>
    <img alt="A picture of {{ name }}">
    <style>p { color: red }</style>{# a note #}{% blocktranslate with a=b %}Hello {{ a }}{% endblocktranslate %}"""
    assert literal_words(html) == ["Thank you!", "A picture of"]


DATE = re.compile(r"""\b(?:date_format|time_format)\([^"\n]*?, "([^"]*)"|\|date:"([^"]*)\"""")
PLAIN_DATES = {"G:i", "H:i", "Y-m-d", "c"}  # the same in every language


@pytest.mark.parametrize("path", [*customer_texts.modules(), *customer_texts.templates()], ids=str)
def test_a_date_has_the_form_of_its_language(path):
    formats = {first or second for first, second in DATE.findall((ROOT / path).read_text())}
    assert formats <= PLAIN_DATES, 'a format is a translated word: date_format(day, _("j F")), {{ day|date:_("j F") }}'
