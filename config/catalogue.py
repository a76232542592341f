"""Keeps `locale/` in step with the words that customers read: `python -m config.catalogue`, or `--check`.

Reads the words out of `config.customer_texts`, writes them into each language's `django.po` for a translator to fill
in, and compiles what is translated into `django.mo`, which Django reads. Both files are committed, so that running the
product needs neither this nor the gettext tools.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from config.customer_texts import ROOT, modules, templates

LOCALE = ROOT / "locale"
SOURCE_LANGUAGE = "en"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "Country": None,  # core.countries: the names are translated where they are shown
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|%%")
HOW = "Run `make messages`, translate in locale/{language}/LC_MESSAGES/django.po, and run `make messages` again."


class Fault(NamedTuple):
    language: str
    words: str
    what: str

    def __str__(self) -> str:
        return f"{self.language}: {self.what}: “{self.words}”"


def languages() -> list[str]:
    return [code for code, _name in settings.PORTAL_LANGUAGES if code != SOURCE_LANGUAGE]


def words_of_sources() -> Catalog:
    """Every message that customers can read, with the files where it stands."""
    catalog = Catalog(project="Regulars", fuzzy=False)
    for path in [*modules(), *templates()]:
        for message, comments, context in _messages_of(path):
            catalog.add(message, None, [(path.as_posix(), 0)], auto_comments=comments, context=context)
    return catalog


def _messages_of(path: Path) -> Iterator[tuple[str | tuple[str, ...], list[str], str | None]]:
    text = (ROOT / path).read_text()
    if path.suffix == ".html":
        # Django writes a template as Python calls among remains; without their indentation those are tokens to Python.
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    source = io.BytesIO(text.encode())
    for _line, message, comments, context in extract("python", source, KEYWORDS, ["Translators:"]):
        yield message, comments, context


# -- a language -------------------------------------------------------------------------------------------------------


def po_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def read_language(language: str) -> Catalog:
    """The catalogue of a language as it is committed; an empty one for a new language."""
    path = po_file(language)
    if not path.exists():
        return Catalog(locale=language, project="Regulars", fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale=language)


def updated(language: str) -> Catalog:
    """The language's catalogue with today's words: new ones without a translation, and none that is gone."""
    catalog, found = read_language(language), words_of_sources()
    found.creation_date = catalog.creation_date  # or the file changed with every run
    catalog.update(found, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def faults_of(language: str) -> list[Fault]:
    """What keeps the language from being whole, and what is compiled from being what is written."""
    catalog = updated(language)
    found = [Fault(language, _words(one), what) for one in catalog if one.id and (what := _fault(one, catalog))]
    if po_file(language).read_bytes() != _as_po(catalog):
        found.append(Fault(language, po_file(language).name, "not in step with the sources"))
    mo_file = po_file(language).with_suffix(".mo")
    if not mo_file.exists() or mo_file.read_bytes() != _as_mo(catalog):
        found.append(Fault(language, mo_file.name, "not compiled from django.po"))
    return found


def _words(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _fault(message: Message, catalog: Catalog) -> str:
    """What is wrong with the translation of one message; "" if it is whole."""
    sources = [message.id] if isinstance(message.id, str) else list(message.id)
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if message.fuzzy:
        return "marked as fuzzy"
    if not forms or not all(forms) or len(forms) != (catalog.num_plurals if message.pluralizable else 1):
        return "not translated"
    for index, text in enumerate(forms):
        # One thing need not be counted ("noch ein Punkt"), but nothing may be named that is not there.
        wanted, given = _placeholders(sources[min(index, len(sources) - 1)]), _placeholders(text)
        if given - _placeholders(sources[-1]) or (wanted - given and not (message.pluralizable and index == 0)):
            return "other placeholders"
        if text[:1].isspace() != sources[0][:1].isspace() or text[-1:].isspace() != sources[0][-1:].isspace():
            return "other spaces around it"
    return ""


def _placeholders(text: str) -> set[str]:
    return {found.group() for found in PLACEHOLDER.finditer(text)}


def _as_po(catalog: Catalog) -> bytes:
    target = io.BytesIO()
    write_po(target, catalog, width=120, include_lineno=False, sort_by_file=True, omit_header=False)
    return target.getvalue()


def _as_mo(catalog: Catalog) -> bytes:
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


def write(language: str) -> None:
    """Bring both files of a language up to date."""
    catalog = updated(language)
    po_file(language).parent.mkdir(parents=True, exist_ok=True)
    po_file(language).write_bytes(_as_po(catalog))
    po_file(language).with_suffix(".mo").write_bytes(_as_mo(catalog))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m config.catalogue", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a translation is missing or a file is stale")
    options = parser.parse_args(argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    faults = []
    for language in languages():
        if not options.check:
            write(language)
        faults += faults_of(language)
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if faults:
        sys.stderr.write(f"{HOW.format(language='<language>')}\n")
    return 1 if faults and options.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
