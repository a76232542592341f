"""`manage.py audit_ledger`: prove the ledger of every programme, or of one. Fails when an invariant is broken."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_tenants.utils import tenant_context

from loyalty.audit import audit
from programs.models import Programme


class Command(BaseCommand):
    help = "Checks every invariant of the points ledger and says what breaks it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--programme", default="", help="subdomain of one programme; all without it")

    def handle(self, *args: Any, **options: Any) -> None:
        programmes = Programme.objects.order_by("slug")
        if options["programme"]:
            programmes = programmes.filter(slug=options["programme"])
            if not programmes:
                raise CommandError(f"There is no programme {options['programme']}.")
        broken = 0
        for programme in programmes:
            with tenant_context(programme):
                findings = audit()
            self.stdout.write(f"{programme.slug}")
            for finding in findings:
                mark = "ok" if finding.is_kept else f"BROKEN ({finding.broken}: {', '.join(finding.samples)})"
                self.stdout.write(
                    f"  {finding.code:<4}{finding.title}: {finding.checked:,} checked, "
                    f"{finding.milliseconds:.0f} ms, {mark}"
                )
                broken += finding.broken
        if broken:
            raise CommandError("The ledger is not right.")
