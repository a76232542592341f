"""Somebody asks for codes by the thousand, through the page itself: what of that becomes a request, and what a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from django.test import Client

from messaging.actions.sign_in import deliver_code
from messaging.models import OneTimeCode, OutboundMessage


def storm(client_of: Callable[..., Client], asked: Iterable[tuple[str, str]]) -> Counter[int]:
    """Ask for a code for each (number in E.164, address) from a browser without cookies; gives the answers' statuses.

    A worker does its half of each request at once: a long storm outlives its codes.
    """
    statuses: Counter[int] = Counter()
    browser = client_of(None)
    for phone, address in asked:
        browser.cookies.clear()
        status = browser.post("/p/sign-in/", {"phone": phone}, REMOTE_ADDR=address).status_code
        statuses[status] += 1
        if status == 303:
            deliver_code(OneTimeCode.objects.latest("pk").pk)
    return statuses


def addresses(count: int) -> list[str]:
    return [f"198.51.{number // 250}.{number % 250 + 1}" for number in range(count)]


def texts() -> int:
    return OutboundMessage.objects.filter(purpose="one_time_code").count()
