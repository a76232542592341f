"""Files of customers that were exported in the background: where they are, and taking them away."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.core.files.storage import default_storage

from customers.models import BulkRun

KEPT = timedelta(days=1)
FOLDER = "customer-exports"


def delete_files(*, before: datetime | None = None) -> None:
    """The files of exports that ended before a moment, or all of them: anybody may be in them."""
    kept = BulkRun.objects.exclude(path="")
    if before is not None:
        kept = kept.filter(finished_at__lte=before)
    for run in kept:
        if Path(run.path).parts[0] == FOLDER:
            default_storage.delete(run.path)
        BulkRun.objects.filter(pk=run.pk).update(path="")
