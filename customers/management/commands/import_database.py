"""Read customers, products, orders and refunds from another SQL database, by a mapping file."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import enter_public
from customers.actions import databases as actions
from customers.databases.address import Address, read_address
from customers.databases.mapping import SECTIONS, SourceMapping, read_mapping
from customers.databases.reading import SectionCheck
from programs.models import Programme
from workspace.models import Business

URL, PASSWORD = "IMPORT_DATABASE_URL", "IMPORT_DATABASE_PASSWORD"
ACTOR = Actor(kind="system", id="command", label="Command line")


class Command(BaseCommand):
    help = "Read customers, products, orders and refunds from another SQL database, which is never written to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--programme", required=True, help="Subdomain of the programme.")
        parser.add_argument("--business", default="", help="Public id or name of the business; or in the mapping.")
        parser.add_argument("--mapping", required=True, type=Path, help="The mapping file (TOML).")
        parser.add_argument("--sections", nargs="+", default=[], choices=list(SECTIONS), help="Only these.")
        parser.add_argument("--full", action="store_true", help="Read everything, not only what changed since.")
        parser.add_argument("--dry-run", action="store_true", help="Read and judge every row, write nothing.")
        parser.add_argument("--check", action="store_true", help="Show columns and the first rows, write nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        enter_public()
        programme = Programme.objects.filter(slug=options["programme"], is_active=True).first()
        if programme is None:
            known = ", ".join(Programme.objects.order_by("slug").values_list("slug", flat=True)[:20])
            raise CommandError(f"There is no such programme. There are: {known or 'none yet'}.")
        try:
            text = options["mapping"].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['mapping']} cannot be read: {error}") from error
        with tenant_context(programme):
            try:
                mapping = read_mapping(text)
                address = _address(mapping)
                if options["check"]:
                    self._check(text, address, options["sections"])
                else:
                    self._read(text, mapping, address, options)
            except DomainError as error:
                raise CommandError(str(error.message)) from None

    def _check(self, text: str, address: Address, sections: list[str]) -> None:
        self.stdout.write(f"Connected to {address.shown}")
        checks = actions.check_database(mapping=text, address=address, sections=sections)
        for check in checks:
            self._show(check)
        if any(check.missing for check in checks):
            raise CommandError("Columns are missing.")

    def _show(self, check: SectionCheck) -> None:
        self.stdout.write(f"\n[{check.section.name}]")
        self.stdout.write(f"  found:   {', '.join(check.found) or 'no plain columns'}")
        if check.missing:
            self.stdout.write(f"  missing: {', '.join(check.missing)}")
        for number, row in enumerate(check.rows, start=1):
            told = ", ".join(f"{name}={cell}" for name, cell in zip(check.header, row, strict=True) if cell)
            self.stdout.write(f"  row {number}: {told}")

    def _read(self, text: str, mapping: SourceMapping, address: Address, options: dict[str, Any]) -> None:
        run = actions.read_now(
            business=_business(options["business"] or mapping.business),
            mapping=text,
            address=address,
            sections=options["sections"],
            is_full=options["full"],
            is_dry_run=options["dry_run"],
            actor=ACTOR,
            now=timezone.now(),
            report=lambda done, total, message: None,
        )
        for name, counts in run.counts.items():
            told = ", ".join(f"{word.replace('_', ' ')} {count}" for word, count in counts.items())
            self.stdout.write(f"{name}: {told}")


def _address(mapping: SourceMapping) -> Address:
    """From the environment, otherwise from the mapping; the password from the environment."""
    url = _secret(URL) or mapping.url
    if not url:
        raise CommandError(f"Write the address into [source] url, or set {URL} or {URL}_FILE.")
    return read_address(url, password=_secret(PASSWORD), is_judged=False)


def _secret(name: str) -> str:
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, "")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} of {name}_FILE cannot be read: {error}") from error


def _business(asked: str) -> Business:
    businesses = Business.objects.active()
    if asked:
        found = businesses.filter(code=asked).first() or businesses.filter(name=asked).first()
        if found is None:
            raise CommandError("There is no such business.")
        return found
    only = list(businesses[:2])
    if len(only) != 1:
        raise CommandError("Say with --business which business this is for.")
    return only[0]
