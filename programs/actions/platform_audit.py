"""Writing the platform's audit log: what is done outside any programme."""

from __future__ import annotations

from collections.abc import Mapping

from programs.models import PlatformAuditEntry, Programme, User


def record(
    action: str,
    *,
    person: User | None,
    programme: Programme | None = None,
    data: Mapping[str, object] | None = None,
    ip: str | None = None,
) -> None:
    """Write one entry in the caller's transaction. `action` is `programs.noun.past`, `person` None is the system.

    `data` is JSON-safe and carries what changed, never a secret.
    """
    PlatformAuditEntry.objects.create(
        actor=f"user:{person.pk}" if person else "system:system",
        actor_label=str(person or "Regulars")[:160],
        action=action,
        programme=programme,
        data=dict(data or {}),
        ip=ip,
    )


def record_refused_log_in(*, person: User | None, by: str, ip: str | None) -> None:
    """`by` is the proof that was wrong: password or mfa. Written for an address that nobody has, too (without it):
    so nobody learns from the time of the answer whether somebody has it."""
    record("programs.person.log_in_refused", person=person, data={"by": by}, ip=ip)
