"""`manage.py data_model_doc`: draw the tables of this app into docs/data-model.md."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from customers.data_model import written_into


class Command(BaseCommand):
    help = "Draws the tables of customers and commerce into docs/data-model.md from the models."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "data-model.md"
        path.write_text(written_into(path.read_text()))
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
