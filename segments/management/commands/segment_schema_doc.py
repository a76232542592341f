"""`manage.py segment_schema_doc`: write the JSON Schema of rule trees into docs/api."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from segments.schema import NAME, document


class Command(BaseCommand):
    help = f"Writes docs/api/{NAME} from the shape of trees and the registry of fields."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "api" / NAME
        path.write_text(document())
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
