"""Proving an e-mail address through the API: a short code by mail, without a browser's session and without a table."""

from __future__ import annotations

import hmac
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.codes import keyed_digest
from core.errors import InvalidInput
from programs.models import User

CODE_SECONDS = 900  # a code is good for this window and the next, so 15 to 30 minutes
CODE_DIGITS = 6


class WrongCode(InvalidInput):
    code = "wrong_code"
    message = gettext_lazy("This code is not valid. Log in to get a new one.")


def _code(user_id: int, email: str, window: int) -> str:
    number = int.from_bytes(keyed_digest("programs.email_code", str(user_id), email.lower(), str(window))[:8])
    return str(number % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def send_code(*, user: User, now: datetime) -> None:
    """Mail the person a code for their own address. Callers limit how often."""
    code = _code(user.pk, user.email, int(now.timestamp()) // CODE_SECONDS)
    context = {"code": code, "user": user}
    mail = EmailMultiAlternatives(
        subject=_("Your code for Regulars: %(code)s") % {"code": code},
        body=render_to_string("emails/api_email_code.txt", context),
        to=[user.email],
    )
    mail.send()


def verify_email(*, email: str, code: str, now: datetime) -> None:
    """Mark the address as proven. Safe to repeat. Raises WrongCode, also for an unknown address.

    Callers limit the attempts: a code has 10^6 values.
    """
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    window = int(now.timestamp()) // CODE_SECONDS
    user_id, address = (user.pk, user.email) if user else (0, email)
    right = [hmac.compare_digest(_code(user_id, address, window - age), code) for age in (0, 1)]
    if user is None or not any(right):
        raise WrongCode(field="code")
    with transaction.atomic():
        address_row, _is_new = EmailAddress.objects.get_or_create(
            user=user, email=user.email, defaults={"primary": True, "verified": True}
        )
        if not address_row.verified:
            address_row.verified = True
            address_row.save(update_fields=["verified"])
