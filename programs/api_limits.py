"""Limits that every web process shares, without Redis and almost without cost.

A counter is a row of an unlogged table for one window. A process takes a share of the limit in one statement and
spends it from memory, so a busy key costs one small write per LEASES-th of its limit, not one per request. Two
processes together never allow more than the limit; an idle process may hold at most one unspent share.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from core.api import TooManyRequests
from core.codes import digest

LEASES = 50  # a limit of 3,000 a minute is taken from the database 60 at a time
PRUNE_EVERY = 500  # takes; old windows are removed by whoever is next
MEMORY_MAX = 20_000  # buckets remembered by a process before it forgets them all


@dataclass(frozen=True, slots=True)
class Limit:
    """`name` is the key of settings.API_LIMITS, a pair (requests, seconds)."""

    name: str

    @property
    def rate(self) -> tuple[int, int]:
        rate: tuple[int, int] = settings.API_LIMITS[self.name]
        return rate


KEY = Limit("key")  # requests of an API client
USER = Limit("user")  # requests of a person's tokens
LOGIN_ADDRESS = Limit("login-address")  # log-ins tried from one address
LOGIN_EMAIL = Limit("login-email")  # log-ins tried for one e-mail address
REGISTER = Limit("register")  # programmes made from one address
EMAIL_CODE = Limit("email-code")  # codes mailed to one address
EMAIL_CODE_DAY = Limit("email-code-day")  # the same, for a longer time: each code brings new tries
EMAIL_CODE_TRIES = Limit("email-code-tries")  # codes tried for one address
TILL_REGISTER = Limit("till-register")  # browsers that one person makes tills
TILL_LOOKUP = Limit("till-lookup")  # phone numbers tried by one till, or by a cashier's tokens
INVITATION = Limit("invitation")  # invitations that one programme mails: anybody may sign up and write to anybody
JOIN_CODE = Limit("join-code")  # join codes and links of invited businesses tried from one address
JOIN_REQUEST = Limit("join-request")  # requests to join that one person sends
REFERRAL_CLAIM = Limit("referral-claim")  # invitations taken up from one address in one programme
AFFILIATE_CLICK = Limit("affiliate-click")  # openings of one link by one browser that count: the first of a day
OPEN = Limit("open")  # calls without credentials from one address


@dataclass(frozen=True, slots=True)
class Usage:
    limit: int
    remaining: int
    reset_seconds: int

    def add_headers(self, response: Any) -> None:
        """RateLimit-* as of the IETF draft that clients know; `Reset` counts seconds."""
        response.headers["RateLimit-Limit"] = str(self.limit)
        response.headers["RateLimit-Remaining"] = str(self.remaining)
        response.headers["RateLimit-Reset"] = str(self.reset_seconds)


@dataclass(slots=True)
class _Lease:
    window_ends_at: float  # Unix time
    left: int
    used: int  # in the database, shares of other processes included


_leases: dict[tuple[str, str], _Lease] = {}
_lock = threading.Lock()
_takes = 0

_TAKE = """
INSERT INTO public.programs_ratecounter AS c (bucket, window_ends_at, used)
VALUES (%(bucket)s::bytea, to_timestamp(%(ends)s::float8), %(share)s::int)
ON CONFLICT (bucket) DO UPDATE
   SET used = least(CASE WHEN c.window_ends_at < EXCLUDED.window_ends_at THEN 0 ELSE c.used END + EXCLUDED.used,
                    1000000000),
       window_ends_at = greatest(c.window_ends_at, EXCLUDED.window_ends_at)
RETURNING used
"""


def count(limit: Limit, who: str) -> Usage:
    """Count one request of `who` against `limit`. Raises TooManyRequests with `retry_after` seconds when it is used up.

    `who` carries the schema where it means something only inside one programme.
    """
    allowed, seconds = limit.rate
    now = time.time()
    ends = (math.floor(now / seconds) + 1) * float(seconds)
    share = max(1, allowed // LEASES)
    key = (limit.name, who)
    with _lock:
        lease = _leases.get(key)
        if lease is not None and lease.window_ends_at == ends and lease.left > 0:
            lease.left -= 1
            return Usage(allowed, max(0, allowed - lease.used) + lease.left, math.ceil(ends - now))
        spent = lease is not None and lease.window_ends_at == ends and lease.used >= allowed
    if spent:
        raise _refusal(ends - now)
    used = _take(limit.name, who, ends=ends, share=share)
    granted = min(share, allowed - (used - share))
    with _lock:
        if len(_leases) >= MEMORY_MAX:
            _leases.clear()
        _leases[key] = _Lease(ends, max(0, granted - 1), used)
    if granted <= 0:
        raise _refusal(ends - now)
    return Usage(allowed, max(0, allowed - used) + granted - 1, math.ceil(ends - now))


def _take(name: str, who: str, *, ends: float, share: int) -> int:
    global _takes  # noqa: PLW0603
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"bucket": digest(f"{name}\x1f{who}"), "ends": ends, "share": share})
        used: int = cursor.fetchone()[0]
        _takes += 1
        if _takes % PRUNE_EVERY == 0:
            cursor.execute("DELETE FROM public.programs_ratecounter WHERE window_ends_at < now() - interval '1 hour'")
    return used


def _refusal(seconds: float) -> TooManyRequests:
    return TooManyRequests(retry_after=max(1, math.ceil(seconds)))


def forget() -> None:
    """Drop what this process remembers; tests roll the table back and call this."""
    with _lock:
        _leases.clear()
