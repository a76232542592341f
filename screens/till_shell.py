"""What a till's browser keeps of the product so that it opens without a connection, and what its scripts must know."""

from __future__ import annotations

import functools
import hashlib
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language

from core.codes import digest
from core.money import minor_units
from programs.models import Programme
from workspace.models import TillDevice

SCOPE = "/till/"
WORKER = "js/till_worker.js"
QUEUE_SCRIPT = "js/till_queue.js"
ASSETS = (
    "css/app.css",
    "vendor/inter/inter-latin-wght-normal.woff2",
    "vendor/htmx/htmx.min.js",
    "img/mark.svg",
    "js/app.js",
    "js/till.js",
    "js/till_offline.js",
    "js/till_kept.js",
    QUEUE_SCRIPT,
)
# Raise it when the page that is kept changes without any of the files above.
EDITION = 1


def worker_script() -> str:
    """The worker with the addresses of what it keeps; another version of any of them makes it another worker."""
    assets = ", ".join(f'"{static(path)}"' for path in ASSETS)
    told = (
        f'const VERSION = "{version()}";',
        f"const ASSETS = [{assets}];",
        f'const QUEUE = "{static(QUEUE_SCRIPT)}";',
    )
    return "\n".join([*told, _source(WORKER).read_text()])


@functools.cache
def version() -> str:
    """Changes with every file that a till keeps."""
    total = hashlib.sha256(f"{settings.VERSION} {EDITION}".encode())
    for path in (*ASSETS, WORKER):
        total.update(_source(path).read_bytes())
    return total.hexdigest()[:16]


def _source(path: str) -> Path:
    return Path(settings.BASE_DIR) / "static" / path


def config_of(till: TillDevice, programme: Programme, now: datetime) -> dict[str, object]:
    """For the scripts. `shell` differs when the kept page must be fetched again."""
    told = (version(), till.code, till.name, till.business.name, programme.currency, programme.country, get_language())
    return {
        "till": till.code,
        "business": till.business.name,
        "now": now.isoformat(),
        "shell": digest("\x1f".join(str(one) for one in told)).hex()[:16],
        "scope": SCOPE,
        "worker": reverse("till:worker"),
        "kept": reverse("till:kept"),
        "find": reverse("till:find"),
        "currency": programme.currency,
        "minor_units": minor_units(programme.currency),
    }
