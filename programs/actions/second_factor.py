"""Codes of authenticator apps work once, in whichever web process and on whichever host they arrive."""

from __future__ import annotations

from allauth.core.internal.cryptokit import normalize_user_code
from django.db import connection

from core.codes import digest

REMEMBERED_SECONDS = 300  # a code is good for less than two minutes

_SPEND = """
INSERT INTO public.programs_ratecounter AS c (bucket, window_ends_at, used)
VALUES (%s::bytea, now() + make_interval(secs => %s::float8), 1)
ON CONFLICT (bucket) DO UPDATE SET window_ends_at = EXCLUDED.window_ends_at WHERE c.window_ends_at < now()
RETURNING 1
"""


def spend_code(*, user_id: int, code: str) -> bool:
    """Whether a right code is used for the first time. The log-in library remembers in one process and schema only."""
    bucket = digest(f"second-factor\x1f{user_id}\x1f{normalize_user_code(code)}")
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, [bucket, REMEMBERED_SECONDS])
        return cursor.fetchone() is not None
