"""Log-ins through the API: opening, refreshing and ending them."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.api import NotAuthenticated
from programs import api_tokens
from programs.actions import platform_audit
from programs.actions.second_factor import spend_code
from programs.models import ApiSession, Membership, Programme, User

logger = logging.getLogger(__name__)


class WrongCredentials(NotAuthenticated):
    """One answer for an unknown address, a wrong password, a person without a password and a foreign programme."""

    code = "wrong_credentials"
    message = _("This e-mail and password do not belong together here.")


class EmailNotVerified(NotAuthenticated):
    code = "email_not_verified"
    status = 403
    message = _("Confirm your e-mail address first: we sent you a code.")


class MfaRequired(NotAuthenticated):
    code = "mfa_required"
    message = _("Send the code of your authenticator app, or a recovery code, as `code`.")


class MfaWrong(NotAuthenticated):
    code = "mfa_wrong"
    message = _("This code is not valid, or was used already.")


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`expires_in` is the life of `access` in seconds."""

    access: str
    refresh: str
    expires_in: int
    session: ApiSession


def log_in(
    *, email: str, password: str, code: str, programme: Programme | None, now: datetime, ip: str | None = None
) -> TokenPair:
    """A new session in `programme` (None: unknown programme, refused like a wrong password).

    Raises WrongCredentials, EmailNotVerified, MfaRequired and MfaWrong; only the first before the password is proven.
    """
    user = _with_password(email, password)
    if programme is None or not Membership.objects.live().filter(user=user, programme=programme).exists():
        raise WrongCredentials()
    _check_second_factor(user, code)
    if not EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists():
        raise EmailNotVerified()
    with transaction.atomic():
        platform_audit.record("programs.api_session.opened", person=user, programme=programme, ip=ip)
        return open_session(user=user, programme=programme, now=now)


def prove(*, email: str, password: str, code: str) -> User:
    """The person whose password (and second factor, where there is one) these are.

    Raises WrongCredentials, MfaRequired, MfaWrong.
    """
    user = _with_password(email, password)
    _check_second_factor(user, code)
    return user


def _with_password(email: str, password: str) -> User:
    """A password is hashed in every case, so that time does not tell who exists."""
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        make_password(password)
        raise WrongCredentials()
    if not check_password(password, user.password):
        raise WrongCredentials()
    return user


def open_session(*, user: User, programme: Programme, now: datetime, ip: str | None = None) -> TokenPair:
    """A new session of a person whose identity is proven; expired ones of the programme are forgotten."""
    ApiSession.objects.filter(programme=programme, expires_at__lt=now).delete()
    session = ApiSession(
        user=user,
        programme=programme,
        refresh_jti=uuid.uuid4().hex,
        created_at=now,
        expires_at=now + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"],
    )
    session.save(force_insert=True)
    return _pair(session, user, programme, now=now)


def refresh_session(*, token: str, programme: Programme | None, now: datetime) -> TokenPair:
    """New tokens for a refresh token, which is thereby used up.

    A token that was used before means that somebody copied it: the session ends for both. Raises InvalidToken,
    TokenExpired, ForeignToken, SessionRevoked. `programme` None (public host) takes the one in the token.
    """
    claims = api_tokens.decode(api_tokens.REFRESH, token, schema=programme.schema_name if programme else None)
    with transaction.atomic():
        session = (
            ApiSession.objects.select_for_update(of=("self",))
            .select_related("user", "programme")
            .filter(pk=claims.session_id, user_id=claims.user_id, programme__schema_name=claims.schema)
            .first()
        )
        refusal = _refusal(session, claims, now=now)
        if session is not None and refusal is None:
            session.refresh_jti = uuid.uuid4().hex
            session.expires_at = now + settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]
            session.save(update_fields=["refresh_jti", "expires_at"])
            return _pair(session, session.user, session.programme, now=now)
    # The revocation of a copied token is committed before the refusal is raised.
    raise refusal or api_tokens.SessionRevoked()


def _refusal(session: ApiSession | None, claims: api_tokens.Claims, *, now: datetime) -> NotAuthenticated | None:
    if session is None or session.revoked_at is not None or session.expires_at <= now:
        return api_tokens.SessionRevoked()
    if session.refresh_jti != claims.jti:
        session.revoked_at = now
        session.save(update_fields=["revoked_at"])
        logger.warning("api_session.refresh_reused", extra={"user": session.user_id, "session": str(session.pk)})
        platform_audit.record(
            "programs.api_session.refresh_reused",
            person=session.user,
            programme=session.programme,
            data={"session": str(session.pk)},
        )
        return api_tokens.SessionRevoked()
    is_member = Membership.objects.live().filter(user_id=session.user_id, programme_id=session.programme_id).exists()
    mark = api_tokens.password_mark(session.user.password)
    if not is_member or mark != claims.password_mark:
        return api_tokens.SessionRevoked()
    return None


def end_session(*, session_id: uuid.UUID, now: datetime) -> None:
    """End a session: its access and refresh tokens are refused from now on. Safe to repeat."""
    ApiSession.objects.filter(pk=session_id, revoked_at__isnull=True).update(revoked_at=now)


def _pair(session: ApiSession, user: User, programme: Programme, *, now: datetime) -> TokenPair:
    claims = api_tokens.Claims(
        user_id=user.pk,
        schema=programme.schema_name,
        session_id=session.pk,
        jti=session.refresh_jti,
        password_mark=api_tokens.password_mark(user.password),
    )
    life = settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
    return TokenPair(
        access=api_tokens.encode(api_tokens.ACCESS, claims, now=now),
        refresh=api_tokens.encode(api_tokens.REFRESH, claims, now=now),
        expires_in=int(life.total_seconds()),
        session=session,
    )


def _check_second_factor(user: User, code: str) -> None:
    """Nothing for people without a second factor; otherwise an app's code or a recovery code, each good once.

    A passkey needs a browser: who has nothing else sends a recovery code.
    """
    factors = {factor.type: factor for factor in Authenticator.objects.filter(user=user)}
    totp = factors.get(Authenticator.Type.TOTP)
    if totp is None and Authenticator.Type.WEBAUTHN not in factors:
        return
    if not code:
        raise MfaRequired()
    typed = code.replace(" ", "")
    if totp is not None and TOTP(totp).validate_code(typed):
        if not spend_code(user_id=user.pk, code=typed):
            raise MfaWrong()
        return
    recovery = factors.get(Authenticator.Type.RECOVERY_CODES)
    if recovery is not None and RecoveryCodes(recovery).validate_code(typed):
        return
    raise MfaWrong()
