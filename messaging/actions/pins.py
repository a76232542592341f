"""A PIN of the customer's own, instead of a code by text. It tells nobody whether a number is known or has a PIN.

Source: OWASP ASVS 5 V6.2 (slow hash, no trivial secrets), V6.3 (limits by account and by address).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import pairwise

from django.contrib.auth.hashers import check_password, make_password
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.actor import Actor
from core.codes import keyed_digest
from core.errors import DomainError, InvalidInput
from core.requests import network_of
from core.tenancy import active_programme, active_schema
from customers.models import Customer, Identifier
from messaging.actions.outbox import queue_message
from messaging.actions.sessions import open_session
from messaging.languages import language_of
from messaging.models import CustomerPin, OutboundMessage, PinFailure
from programs import api_limits
from workspace.actions import audit

PIN_PATTERN = re.compile(r"[0-9]{4,8}")
MAX_WRONG = 5  # in a row; then only a code helps
FORGET_FAILURES_AFTER = timedelta(days=30)
ADDRESS = api_limits.Limit("pin-address")


class PinRefused(DomainError):
    """The wrong PIN, no PIN, an unknown number, or too many wrong ones: the caller cannot tell which."""

    code = "pin_refused"
    status = 422
    message = gettext_lazy("This number and PIN do not match. After five wrong tries only a code by text helps.")


class WeakPin(InvalidInput):
    code = "weak_pin"
    message = gettext_lazy("This PIN is too easy to guess. Choose one that is not a row, a repetition or a year.")


def set_pin(*, customer: Customer, pin: str, actor: Actor, now: datetime) -> None:
    """Set or replace the customer's PIN (4 to 8 digits), end the count of wrong ones, and tell them by text.

    Raises InvalidInput, WeakPin for what is guessed first.
    """
    if not PIN_PATTERN.fullmatch(pin):
        raise InvalidInput(_("A PIN has four to eight digits."), field="pin")
    if is_trivial(pin, phone=customer.phone):
        raise WeakPin(field="pin")
    digest = make_password(pin)
    with transaction.atomic():
        CustomerPin.objects.update_or_create(customer=customer, defaults={"digest": digest, "set_at": now})
        forget_pin_failures([customer.phone])
        audit.record(actor, "messaging.pin.set", subject=f"customer:{customer.code}")
        _tell(customer, now=now)


def remove_pin(*, customer: Customer, actor: Actor, now: datetime) -> None:
    """Back to codes alone. Safe to repeat."""
    with transaction.atomic():
        removed, _by_model = CustomerPin.objects.filter(customer=customer).delete()
        if removed:
            audit.record(actor, "messaging.pin.removed", subject=f"customer:{customer.code}")
            _tell(customer, now=now)


def is_trivial(pin: str, *, phone: str) -> bool:
    """Repetitions (1111, 1212), rows (1234, 8765), years, and the end of the person's own number."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    is_row = steps in ({0}, {1}, {9})
    half = pin[: len(pin) // 2]
    is_repeated = len(pin) % 2 == 0 and pin == half * 2
    is_year = len(pin) == 4 and 1900 <= int(pin) <= 2099
    return is_row or is_repeated or is_year or phone.endswith(pin)


def sign_in_with_pin(*, phone: str, pin: str, address: str, now: datetime) -> str:
    """A session's token for a number (E.164) and its PIN. The same work and answer for every number.

    Raises PinRefused, and TooManyRequests when one address has tried too many.
    """
    api_limits.count(ADDRESS, f"{active_schema()}:{network_of(address)}")
    session_token = ""
    with transaction.atomic():
        failures = _count_try(phone, now)  # locks the number's row: tries at once are counted one by one
        owner = Identifier.objects.filter(
            kind=Identifier.Kind.PHONE, value=phone, customer__state=Customer.State.ACTIVE
        ).values_list("customer_id", "customer__pin__digest")
        customer_id, stored = owner.first() or (None, None)
        # Without a PIN there is nothing that could match, and comparing takes as long.
        is_right = check_password(pin, stored or _decoy())
        if is_right and stored and customer_id is not None and failures <= MAX_WRONG:
            forget_pin_failures([phone])
            session_token = open_session(customer_id, now)
    if not session_token:
        raise PinRefused
    return session_token


def _count_try(phone: str, now: datetime) -> int:
    """Count this try for the number and return how many there were since it was last right, this one included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_pinfailure AS f (phone_digest, failures, last_at) "
            "VALUES (%s::bytea, 1, %s::timestamptz) ON CONFLICT (phone_digest) DO UPDATE "
            "SET failures = least(f.failures + 1, 1000), last_at = EXCLUDED.last_at RETURNING failures",
            [_digest(phone), now],
        )
        failures: int = cursor.fetchone()[0]
    return failures


def forget_pin_failures(phones: Collection[str]) -> None:
    """Start counting afresh: the number was proved, by its PIN or by a code."""
    PinFailure.objects.filter(phone_digest__in=[_digest(phone) for phone in phones]).delete()


def sweep_pin_failures(*, now: datetime) -> None:
    """Forget wrong PINs after a month. A PIN that is stopped then goes: a new one is set after signing in by code."""
    old = PinFailure.objects.filter(last_at__lt=now - FORGET_FAILURES_AFTER)
    stopped = {bytes(row) for row in old.filter(failures__gt=MAX_WRONG - 1).values_list("phone_digest", flat=True)}
    if stopped:
        for pin in CustomerPin.objects.select_related("customer"):
            if _digest(pin.customer.phone) in stopped:
                pin.delete()
    old.delete()


def _digest(phone: str) -> bytes:
    return keyed_digest("messaging.pin_failure", active_schema(), phone)


_decoys: list[str] = []


def _decoy() -> str:
    """A hash that no PIN has, made once by each process, as slow as every other."""
    if not _decoys:
        _decoys.append(make_password("no PIN has letters"))
    return _decoys[0]


def _tell(customer: Customer, *, now: datetime) -> None:
    """A text to the customer, who should know when it was not them; consent is looked up when it leaves."""
    if not customer.phone:
        return
    programme = active_programme()
    with translation.override(language_of(customer)):
        body = _("The PIN of your points at %(programme)s was changed. Was it not you? Ask at the till.") % {
            "programme": programme.name
        }
    queue_message(
        channel=OutboundMessage.Channel.SMS,
        purpose=OutboundMessage.Purpose.SERVICE,
        recipient=customer.phone,
        customer_id=customer.pk,
        body=body,
        dedupe_key=f"pin:{customer.code}:{now.isoformat()}",
        now=now,
        expires_at=now + timedelta(days=1),
    )
