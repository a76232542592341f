"""`manage.py webhooks_doc`: write the table of events into docs/api/webhooks.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from messaging.webhooks.catalogue import written_into


class Command(BaseCommand):
    help = "Writes the table of events into docs/api/webhooks.md from messaging/webhooks/catalogue.py."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "api" / "webhooks.md"
        path.write_text(written_into(path.read_text()))
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
