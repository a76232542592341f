"""`manage.py segment_fields_doc`: write the fields of segments into docs/segment-fields.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from segments.fields.document import written_into


class Command(BaseCommand):
    help = "Writes the tables of docs/segment-fields.md from the registry of fields."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "segment-fields.md"
        path.write_text(written_into(path.read_text()))
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
