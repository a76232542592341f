"""`manage.py features_doc`: write the features into docs/features.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from intelligence.features.document import written_into


class Command(BaseCommand):
    help = "Writes the tables of docs/features.md from the registry of features."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "features.md"
        path.write_text(written_into(path.read_text()))
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
