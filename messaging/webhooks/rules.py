"""When a delivery is tried again, and when an endpoint is given up. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TIMEOUT_SECONDS = 15  # of a whole call: the specification's recommendation
# The wait after the first, second, … failed try: 8 tries over 27 hours and a half. The specification's example.
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
MAX_ATTEMPTS = len(RETRY_AFTER) + 1
FAILING_FOR = timedelta(days=5)  # failures and nothing else for so long switch an endpoint off
OLD_SECRET_LIVES = timedelta(hours=24)  # after a new one was made, both sign
# After a call that took SLOW or longer and failed, the endpoint rests this many times as long: at most a tenth of one
# worker's time is lost to an address that hangs.
SLOW = timedelta(seconds=2)
REST_FACTOR = 10
GONE = 410
BUSY = (429, 503)
LONGEST_WAIT = RETRY_AFTER[-1]  # a receiver cannot put us off for longer


def next_attempt(attempts: int, *, failed_at: datetime, asked: timedelta = timedelta(0)) -> datetime | None:
    """When to try again after `attempts` failed tries (1 or more), not before the wait that the receiver asked for;
    None: give up.
    """
    return failed_at + max(RETRY_AFTER[attempts - 1], asked) if attempts < MAX_ATTEMPTS else None


def asked_wait(status: int, retry_after: str, *, now: datetime) -> timedelta:
    """How long a receiver wants to be left alone: what it said with 429 or 503, at most LONGEST_WAIT; else nothing.

    Source: RFC 9110, 10.2.3 (seconds, or a date).
    """
    if status not in BUSY or not retry_after:
        return timedelta(0)
    try:
        if retry_after.isascii() and retry_after.isdigit():
            wait = timedelta(seconds=min(int(retry_after[:9]), LONGEST_WAIT.total_seconds()))
        else:
            until = parsedate_to_datetime(retry_after)
            wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return timedelta(0)
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def has_failed_too_long(failing_since: datetime, *, now: datetime) -> bool:
    return now - failing_since >= FAILING_FOR


def rest_after(took: timedelta) -> timedelta:
    """How long to leave an endpoint alone after a failed call that took this long."""
    return took * REST_FACTOR if took >= SLOW else timedelta(0)


def is_taken(status: int) -> bool:
    """Whether the receiver says that it has the message: any 2xx, nothing else."""
    return 200 <= status < 300
