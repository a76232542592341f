"""Is it alive, is it ready? For load balancers and people; nothing of any programme is in the answers.

The programme middleware lets these paths pass on every host name, because a probe knows only an address.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_q.models import OrmQ, Schedule

from core.permissions import open_to_all

logger = logging.getLogger(__name__)

PATHS = frozenset({"/health", "/health/live", "/health/ready"})
TICK = "tick"
# The tick runs every minute; a worker that is restarting may miss one or two.
LATE_AFTER = timedelta(minutes=4)


@require_safe
@open_to_all
def live(request: HttpRequest) -> JsonResponse:
    """This process answers. No database."""
    return JsonResponse({"status": "ok", "version": settings.VERSION})


@require_safe
@open_to_all
def ready(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, 503 otherwise. A late queue is said, but pages work without it."""
    state = _state()
    return JsonResponse(state, status=200 if state["database"] == "ok" else 503)


def _state() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        database, queue = "ok", _queue()
    except Error:
        logger.exception("health.database_unavailable")
        database, queue = "unavailable", "unknown"
    status = "ok" if (database, queue) == ("ok", "ok") else "degraded" if database == "ok" else "unavailable"
    return {"status": status, "database": database, "queue": queue, "version": settings.VERSION}


def _queue() -> str:
    """ok, idle (no worker has ever run here) or late: nobody plans the tick, or nobody takes what is queued."""
    due = Schedule.objects.filter(name=TICK).values_list("next_run", flat=True).first()
    if due is None:
        return "idle"
    overdue = timezone.now() - LATE_AFTER
    return "late" if due < overdue or OrmQ.objects.filter(lock__lt=overdue).exists() else "ok"
