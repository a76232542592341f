"""The join code of a programme: who has it may ask to join with a business (`workspace.actions.joining`).

The table lives in the public schema; the acts are part of a programme, so they are written in its audit log. Call these
with the programme active, except where a docstring says otherwise.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.codes import ALPHABET, keyed_digest
from core.errors import InvalidInput
from programs.models import JoinSettings, Programme
from workspace.actions import audit

CODE_LETTERS, CODE_GROUP = 16, 4  # 79 bits, read aloud in groups of four
MAX_USES = 10_000
MAX_TERMS = 4000
FIRST_YEAR, LAST_YEAR = 2000, 2100  # of the last day of a code: far from where calendars end
CHANGEABLE = ("is_on", "expires_at", "max_uses", "asks_invited", "terms")


def settings_of(programme: Programme) -> JoinSettings | None:
    return JoinSettings.objects.filter(programme=programme).first()


def code_of(settings: JoinSettings) -> str:
    """The join code as people read it, such as K7QM-2XWA-9HJD-TR4P; "" where the server's key has changed since."""
    plain = _plain_code(settings.programme_id, settings.seed)
    if _lookup(plain) != bytes(settings.code_digest):
        return ""
    return "-".join(plain[place : place + CODE_GROUP] for place in range(0, CODE_LETTERS, CODE_GROUP))


def _plain_code(programme_id: int, seed: str) -> str:
    number = int.from_bytes(keyed_digest("workspace.join_code", str(programme_id), seed), "big")
    letters = []
    for _place in range(CODE_LETTERS):
        number, rest = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(letters)


def settings_with(plain: str) -> JoinSettings | None:
    """The settings, with their programme, whose code is `plain`: CODE_LETTERS letters without what is between them."""
    found = JoinSettings.objects.select_related("programme").filter(programme__is_active=True)
    return found.filter(code_digest=_lookup(plain)).first()


def _lookup(plain: str) -> bytes:
    return keyed_digest("workspace.join_code_lookup", plain)


def change_join_settings(
    *, programme: Programme, changes: Mapping[str, object], actor: Actor, now: datetime
) -> JoinSettings:
    """Write the values of `changes` that differ (keys of CHANGEABLE); the first call makes the code.

    Raises InvalidInput, and PermissionRefused for people limited to a business.
    """
    actor.check_sees_all()
    _check_changes(changes)
    with transaction.atomic():
        stored, _is_new = _locked_settings(programme, now)
        different = {key: changes[key] for key in CHANGEABLE if key in changes and changes[key] != getattr(stored, key)}
        if not different:
            return stored
        noted = {key: [_noted(getattr(stored, key)), _noted(value)] for key, value in different.items()}
        for key, value in different.items():
            setattr(stored, key, value)
        stored.save(update_fields=list(different))
        audit.record(actor, "workspace.join_settings.changed", subject=f"programme:{programme.slug}", data=noted)
    return stored


def rotate_join_code(*, programme: Programme, actor: Actor, now: datetime) -> JoinSettings:
    """A new code that works; the older one ends at once. Its uses begin at none. Raises PermissionRefused."""
    actor.check_sees_all()
    with transaction.atomic():
        stored, is_new = _locked_settings(programme, now)
        if not is_new:
            _renew_code(stored, now)
        stored.is_on = True
        if stored.expires_at is not None and stored.expires_at <= now:
            stored.expires_at = None
        stored.save()
        audit.record(actor, "workspace.join_code.rotated", subject=f"programme:{programme.slug}")
    return stored


def _locked_settings(programme: Programme, now: datetime) -> tuple[JoinSettings, bool]:
    stored = JoinSettings.objects.select_for_update().filter(programme=programme).first()
    if stored is not None:
        return stored, False
    fresh = JoinSettings(programme=programme)
    _renew_code(fresh, now)
    values = {"seed": fresh.seed, "code_digest": fresh.code_digest, "made_at": now}
    _row, is_new = JoinSettings.objects.get_or_create(programme=programme, defaults=values)
    return JoinSettings.objects.select_for_update().get(programme=programme), is_new


def _renew_code(settings: JoinSettings, now: datetime) -> None:
    settings.seed = secrets.token_hex(16)
    settings.code_digest = _lookup(_plain_code(settings.programme_id, settings.seed))
    settings.made_at, settings.uses = now, 0


def _check_changes(changes: Mapping[str, object]) -> None:
    most = changes.get("max_uses")
    if isinstance(most, int) and not 1 <= most <= MAX_USES:
        raise InvalidInput(_("Enter a number from 1 to 10,000, or nothing."), field="max_uses")
    ends = changes.get("expires_at")
    if isinstance(ends, datetime) and not FIRST_YEAR <= ends.year <= LAST_YEAR + 1:
        raise InvalidInput(_("Choose a day from 2000 to 2100."), field="expires_at")
    if len(str(changes.get("terms", ""))) > MAX_TERMS:
        raise InvalidInput(_("Keep the terms within 4,000 letters."), field="terms")


def _noted(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
