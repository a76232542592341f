"""How many codes may be asked for, and by whom: each text costs the shop money, and each code is a chance to guess.

A request is counted by its number, by the number's prefix (without the last four digits), by its dial code, by the
address that it came from and by the programme: who walks through numbers changes some of these, never all. Nothing
here looks a number up, so that a cap says nothing about who is a customer. Numbers: settings.SIGN_IN_LIMITS.

Sources: OWASP ASVS 5 V6 (rate limits); pumping of texts to foreign numbers trips a cap of everything too late, so each
dial code has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q, Sum

from core.phones import dial_code, dial_code_of
from core.requests import network_of
from messaging.errors import TooManyCodes, TooManyTries
from messaging.models import OneTimeCode

# Where this many requests of a day have come to their end and fewer were entered than settings.SIGN_IN_RARE_PERCENT,
# somebody makes texts go out that nobody waits for.
RARE_AFTER = 20
RARE_DIVISOR = 4  # what is then left of a cap
RARE_WINDOW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` requests that share `field` within `window`; an empty field means the whole programme."""

    name: str  # of settings.SIGN_IN_LIMITS
    field: str
    slows: bool = False  # lowered where codes are rarely entered

    @property
    def limit(self) -> int:
        limit: int = settings.SIGN_IN_LIMITS[self.name][0]
        return limit

    @property
    def window(self) -> timedelta:
        return timedelta(seconds=settings.SIGN_IN_LIMITS[self.name][1])


PHONE, PHONE_DAY = Cap("phone", "phone"), Cap("phone-day", "phone")
ADDRESS = Cap("address", "address")
PREFIX = Cap("prefix", "prefix", slows=True)
DIAL_CODE, DIAL_CODE_ABROAD = (
    Cap("dial-code", "dial_code", slows=True),
    Cap("dial-code-abroad", "dial_code", slows=True),
)
PROGRAMME = Cap("programme", "")


def request_values(*, phone: str, address: str) -> dict[str, str]:
    """What a request is counted by, as columns of `OneTimeCode`."""
    return {
        "phone": phone,
        "prefix": phone[:-4],
        "dial_code": dial_code_of(phone),
        "address": network_of(address),
    }


def caps_for(values: Mapping[str, str], *, country: str) -> list[Cap]:
    """The caps that hold for a request; `country` is the programme's own."""
    is_home = values["dial_code"] == dial_code(country)
    return [PHONE, PHONE_DAY, ADDRESS, PREFIX, DIAL_CODE if is_home else DIAL_CODE_ABROAD, PROGRAMME]


def check_caps(values: Mapping[str, str], *, country: str, now: datetime) -> None:
    """Raise TooManyCodes at the first cap that is reached, TooManyTries when the number's wrong codes are."""
    for cap in caps_for(values, country=country):
        same = {cap.field: values[cap.field]} if cap.field else {}
        used = OneTimeCode.objects.since(now - cap.window).filter(**same).count()
        if used >= cap.limit or (cap.slows and used >= _slowed(cap) and _is_rarely_entered(same, now)):
            raise TooManyCodes(cap=cap.name, group=same.get(cap.field, ""))
    check_tries(values["phone"], now=now)


def check_tries(phone: str, *, now: datetime) -> None:
    """Raise TooManyTries when as many wrong codes were typed for the number as may be, over all of its codes."""
    limit, seconds = settings.SIGN_IN_LIMITS["tries"]
    recent = OneTimeCode.objects.since(now - timedelta(seconds=seconds)).filter(phone=phone)
    counted = recent.aggregate(tries=Sum("attempts", default=0), right=Count("pk", filter=Q(used_at__isnull=False)))
    if counted["tries"] - counted["right"] >= limit:
        raise TooManyTries(cap="tries")


def longest_window() -> timedelta:
    """How long requests must be remembered for every cap to count."""
    longest = max(seconds for _limit, seconds in settings.SIGN_IN_LIMITS.values())
    return max(timedelta(seconds=longest), RARE_WINDOW)


def _slowed(cap: Cap) -> int:
    return max(1, cap.limit // RARE_DIVISOR)


def _is_rarely_entered(same: Mapping[str, str], now: datetime) -> bool:
    """Whether of the codes that had their ten minutes, hardly any was entered. One query."""
    ended = OneTimeCode.objects.since(now - RARE_WINDOW).filter(Q(expires_at__lte=now) | Q(used_at__isnull=False))
    counted = ended.filter(**same).aggregate(all=Count("pk"), entered=Count("pk", filter=Q(used_at__isnull=False)))
    if counted["all"] < RARE_AFTER:
        return False
    return bool(counted["entered"] * 100 < counted["all"] * settings.SIGN_IN_RARE_PERCENT)
