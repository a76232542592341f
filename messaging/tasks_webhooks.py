"""The regular work of outbound webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Event
from customers.stream import stream_reader
from messaging.actions.webhook_deliveries import plan_deliveries, sweep_deliveries
from messaging.actions.webhook_mail import mail_switched_off
from messaging.actions.webhooks import OFF_MAIL, WEBHOOKS
from workspace.actions.jobs import JobRun
from workspace.jobs import due_work, job_kind


@stream_reader("messaging.webhooks")
def follow_events(events: Sequence[Event]) -> None:
    plan_deliveries(events, now=timezone.now())


@due_work(WEBHOOKS)
def look_after_webhooks(now: datetime) -> datetime | None:
    """Whoever plans a delivery makes it due; it ends when none is kept."""
    return sweep_deliveries(now=now)


# Five attempts: a mail server may be away for a quarter of an hour.
@job_kind(OFF_MAIL, title=_("News of a webhook by e-mail"), max_attempts=5)
def send_switched_off(run: JobRun) -> dict[str, object]:
    mail_switched_off(endpoint=str(run.params["endpoint"]), owner=str(run.params["owner"]))
    return {}
