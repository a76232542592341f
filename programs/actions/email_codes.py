"""Proving an e-mail address through the API: a short code by mail, without a browser's session.

The newest code of a person is a row with its time and its tries; the digits are computed from it and never stored.

Source for the limits: OWASP ASVS 5 V6 (10 to 15 minutes, few tries for each code, limited for each address).
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django_tenants.utils import tenant_context

from core.codes import keyed_digest
from core.errors import InvalidInput
from core.jobs import enqueue_with_retries
from core.languages import staff_language
from core.tenancy import active_programme
from programs.actions import platform_audit
from programs.mail import compose
from programs.models import EmailCode, Programme, User

CODE_LIFETIME = timedelta(minutes=15)
CODE_DIGITS = 6
MAX_TRIES = 5  # of a million: one chance in 200,000 for each code


class WrongCode(InvalidInput):
    """One answer for a wrong code, one that is dead, and an unknown address."""

    code = "wrong_code"
    message = _("This code is not valid. Log in to get a new one.")


def request_code(*, user: User, programme: Programme, now: datetime) -> None:
    """Have a worker mail the person a new code for their own address; the one before is dead.

    `programme` is whose queue carries it; a mail server that says no is asked again for as long as the code lives.
    Callers limit how often.
    """
    with tenant_context(programme), transaction.atomic():
        EmailCode.objects.update_or_create(user=user, defaults={"made_at": now, "tries": 0})
        enqueue_with_retries(mail_code, user_id=user.pk)


def mail_code(user_id: int) -> None:
    """The worker's half. Safe to repeat: the same code goes out again, a dead one does not."""
    live = EmailCode.objects.filter(user_id=user_id, made_at__gt=timezone.now() - CODE_LIFETIME)
    found = live.select_related("user").first()
    if found is None:
        return
    with translation.override(staff_language(found.user.language or active_programme().language)):
        compose("emails/email_code.html", to=found.user.email, context={"code": _digits(found)}).send()


def verify_email(*, email: str, code: str, now: datetime) -> None:
    """Mark the address as proven. Each try is counted and committed; after MAX_TRIES the code is dead.

    Safe to repeat. Raises WrongCode. Callers limit the tries for one address.
    """
    live = EmailCode.objects.filter(made_at__gt=now - CODE_LIFETIME, tries__lt=MAX_TRIES, user__is_active=True)
    with transaction.atomic():
        locked = live.select_for_update(of=("self",)).select_related("user")
        found = locked.filter(user__email__iexact=email).first()
        if found is not None:
            found.tries += 1
            found.save(update_fields=["tries"])
            if hmac.compare_digest(_digits(found), code):
                platform_audit.record("programs.email.confirmed", person=found.user, data={"email": found.user.email})
                EmailAddress.objects.update_or_create(
                    user=found.user,
                    email=found.user.email,
                    defaults={"verified": True},
                    create_defaults={"verified": True, "primary": True},
                )
                return
    raise WrongCode(field="code")


def _digits(of: EmailCode) -> str:
    made_at = str(of.made_at.timestamp())
    number = int.from_bytes(keyed_digest("programs.email_code", str(of.user_id), of.user.email.lower(), made_at)[:8])
    return str(number % 10**CODE_DIGITS).zfill(CODE_DIGITS)
