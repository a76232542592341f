"""Pure rules of messages: what a report changes, and what a text means. No database, no clock, no settings."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

# How far a message has come. A report never takes it back; what we chose not to send stays so.
_REACHED = {"queued": 0, "claimed": 0, "unconfirmed": 0, "failed": 0, "sent": 1, "undelivered": 2, "delivered": 3}
_NEVER = 9

# Source: the words that carriers and Twilio take for an end (STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT) and the
# FCC's rule of 11 April 2025 (REVOKE, OPT OUT); the German ones are ours.
STOP_WORDS = frozenset(
    [*"stop stopall stopp unsubscribe cancel end quit revoke optout opt-out abmelden".split(), "opt out"]
)
START_WORDS = frozenset({"start", "unstop"})
PUNCTUATION = " \t\r\n.,!?;:\"'“”„«»()[]"


def reported_state(state: str, reported: str) -> str:
    """The state of a message after a provider's report: the further of both."""
    return reported if _REACHED[reported] > _REACHED.get(state, _NEVER) else state


def can_be_sent_again(expires_at: datetime | None, redacted_at: datetime | None, now: datetime) -> bool:
    """Whether a message is still of use, and its words are still there."""
    return (expires_at is None or expires_at > now) and redacted_at is None


def said_in(text: str) -> str:
    """A text without what surrounds its words, in small letters."""
    return " ".join(text.split()).strip(PUNCTUATION).casefold()


def wish_of(text: str) -> Literal["", "stop", "start"]:
    """What a whole text asks for. "Please don't stop" asks for nothing."""
    said = said_in(text)
    return "stop" if said in STOP_WORDS else "start" if said in START_WORDS else ""


# Source: 47 CFR 64.1200(a)(10): what is asked must be done within ten business days.
HONOURED_WITHIN = 10


def business_days_after(day: date, days: int) -> date:
    """The day by which so many weekdays have gone by. Holidays count as weekdays: earlier is safe."""
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5  # Monday to Friday
    return day
