"""`manage.py permissions_doc`: write docs/permissions.md from the code."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import override

from programs.routes import permissions_markdown


class Command(BaseCommand):
    help = "Writes docs/permissions.md from core/permissions.py and the views."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "permissions.md"
        with override("en"):
            path.write_text(permissions_markdown())
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
