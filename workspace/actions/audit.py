"""Writing the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from core.actor import Actor
from workspace.models import AuditEntry


def record(
    actor: Actor,
    action: str,
    *,
    subject: str = "",
    business_id: int | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Write one audit entry in the caller's transaction.

    `action` is `app.noun.past`, `subject` is `noun:code`; `data` is JSON-safe and carries what changed, never a secret.
    """
    AuditEntry.objects.create(
        actor=actor.reference,
        actor_label=actor.label[:160],
        action=action,
        subject=subject,
        business_id=business_id if business_id is not None else actor.business_id,
        data=dict(data or {}),
        ip=actor.ip,
    )
