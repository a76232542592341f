"""`make sentences`: what the built-in grammar makes of the sentences, by members, in the running demo.

    python -m segments.tests.judge [open] [held_out] [second] … [--dressed] [--show]

`--dressed` gives the demo birthdays, categories and consents for as long as it runs; nothing of it stays.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "sentences"
FILES = ("open", "held_out", "second", "third", "fourth")
RIGHT, PARTLY, WRONG, WITHDRAWN = "right", "said partly", "silently wrong", "withdrawn"


def entries_of(name: str) -> Sequence[Mapping[str, Any]]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())["sentence"]


def judged(entry: Mapping[str, Any], reading: Any, found: set[int] | None, meant: set[int] | None) -> str:
    """By the rules of sentences/README.md: members are compared, and what was not understood."""
    if "withdrawn" in entry:
        return WITHDRAWN
    if "refused" in entry:
        return RIGHT if reading.refusal is not None and reading.rules is None else WRONG
    unknown = reading.not_understood
    listed = all(any(words in one for one in unknown) for words in entry.get("partly", ()))
    if found == meant and listed and bool(unknown) == ("partly" in entry):
        return RIGHT
    return PARTLY if unknown or reading.refusal is not None else WRONG


def results(entries: Sequence[Mapping[str, Any]], moment: Any) -> Iterator[tuple[Mapping[str, Any], Any, str]]:
    """Each entry with its reading and how it is judged, in the active programme."""
    from segments.compiler import members
    from segments.words.engine import engine
    from segments.words.names import vocabulary_now

    vocabulary = vocabulary_now()
    given = {"now": moment.now, "today": moment.today, "zone": moment.zone.key}
    for entry in entries:
        reading = engine().read(entry["sentence"], vocabulary, moment)
        query = members(reading.rules, vocabulary.fields, moment) if reading.rules is not None else None
        found = _ids(query.sql, query.params) if query else None
        meant = _ids(entry["members"], given) if "members" in entry else None
        yield entry, reading, judged(entry, reading, found, meant)


def _ids(sql: str, params: Mapping[str, Any]) -> set[int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {pk for (pk,) in cursor.fetchall()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="all without any")
    parser.add_argument("--dressed", action="store_true")
    parser.add_argument("--show", action="store_true", help="what is not right, with its words")
    asked = parser.parse_args()
    _start()
    counts: Counter[str] = Counter()
    for name in asked.files or FILES:
        mine: Counter[str] = Counter()
        for entry, reading, result in _in_the_demo(entries_of(name), is_dressed=asked.dressed):
            mine[result] += 1
            if asked.show and result not in (RIGHT, WITHDRAWN):
                _say(f"{result}: {entry['id']}: {entry['sentence']} {list(reading.not_understood)}")
        _say(f"{name}: {', '.join(f'{mine[result]} {result}' for result in (RIGHT, PARTLY, WRONG, WITHDRAWN))}")
        counts += mine
    return 1 if counts[WRONG] else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _start() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    import django

    from config.database import ensure_running

    ensure_running()
    django.setup()


def _in_the_demo(entries: Sequence[Mapping[str, Any]], *, is_dressed: bool) -> Iterator[tuple[Any, Any, str]]:
    from django.db import connection, transaction
    from django.utils import timezone
    from django_tenants.utils import tenant_context

    from programs.models import Programme
    from segments.statement import Moment

    for slug in sorted({entry["programme"] for entry in entries}):
        programme = Programme.objects.get(slug=slug)
        with tenant_context(programme), transaction.atomic():
            if is_dressed:
                with connection.cursor() as cursor:
                    cursor.execute((FOLDER / "dressed.sql").read_text())
            moment = Moment(timezone.now(), ZoneInfo(programme.time_zone))
            yield from results([entry for entry in entries if entry["programme"] == slug], moment)
            transaction.set_rollback(True)


if __name__ == "__main__":
    raise SystemExit(main())
