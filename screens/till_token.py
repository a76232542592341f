"""The code that a customer shows at the till: who they are, for two minutes, in this programme, without their number.

Forty digits, because a scanner types what it reads through the keyboard of the till, and digits are the same on every
layout: the customer's public code, the minute in which it ends, and a seal. Sealed with the programme's schema, so
another programme reads nothing in it. It only names somebody, as a number said aloud would; it books nothing.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta

from core.codes import ALPHABET, keyed_digest
from core.tenancy import active_schema
from customers.models import Customer

LIFETIME = timedelta(minutes=2)
RENEW_SECONDS = 60  # the page asks for a new one, so that a shown one has at least a minute left

_LETTERS = ALPHABET.lower()
_CODE_LENGTH, _CODE_DIGITS = 12, 18  # 31 ** 12 is below 10 ** 18
_MINUTE_DIGITS, _SEAL_DIGITS = 8, 14  # 47 bits: guessed at a till, three hundred times an hour
TOKEN_DIGITS = _CODE_DIGITS + _MINUTE_DIGITS + _SEAL_DIGITS


def make_till_token(customer: Customer, now: datetime) -> str:
    """Forty digits for the customer's QR code."""
    ends = _minute(now + LIFETIME) + 1
    head = f"{_as_number(customer.code):0{_CODE_DIGITS}d}{ends:0{_MINUTE_DIGITS}d}"
    return head + _seal(head)


def read_till_token(text: str, now: datetime) -> Customer | None:
    """The active customer of this programme who shows `text` now; None for anything else. A query only when it fits."""
    token = text.strip()
    if not re.fullmatch(rf"[0-9]{{{TOKEN_DIGITS}}}", token):
        return None
    head, seal = token[:-_SEAL_DIGITS], token[-_SEAL_DIGITS:]
    if not hmac.compare_digest(seal, _seal(head)) or int(head[_CODE_DIGITS:]) <= _minute(now):
        return None
    return Customer.objects.active().filter(code=_as_code(int(head[:_CODE_DIGITS]))).first()


def _seal(head: str) -> str:
    digest = keyed_digest("screens.till_token", active_schema(), head)
    return f"{int.from_bytes(digest[:16], 'big') % 10**_SEAL_DIGITS:0{_SEAL_DIGITS}d}"


def _minute(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() // 60)


def _as_number(code: str) -> int:
    if len(code) != _CODE_LENGTH:
        raise ValueError("not a public code")
    number = 0
    for letter in code:
        number = number * len(_LETTERS) + _LETTERS.index(letter)
    return number


def _as_code(number: int) -> str:
    letters = []
    for _ in range(_CODE_LENGTH):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(reversed(letters))
