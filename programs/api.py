"""Logging in through the API. These routes are open: they are where credentials come from."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import StrictSerializer, TooManyRequests, read_body
from core.permissions import OPEN
from core.requests import client_ip, client_network
from programs import api_limits
from programs.actions import api_sessions, email_codes, platform_audit
from programs.actions.api_sessions import EmailNotVerified, MfaWrong, TokenPair, WrongCredentials
from programs.models import Programme, User


class OpenApiView(APIView):
    """The base of an API act that needs no credentials; each counts against a limit of the caller's address."""

    access = OPEN
    authentication_classes: ClassVar[list[Any]] = []  # type: ignore[misc]
    permission_classes: ClassVar[list[Any]] = []  # type: ignore[misc]
    limit: api_limits.Limit = api_limits.OPEN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self._usage = api_limits.count(self.limit, client_network(request._request))
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        usage = getattr(self, "_usage", None)
        if usage is not None:
            usage.add_headers(answer)
        return answer


class TokensOutput(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send it as Authorization: Bearer.")
    refresh = serializers.CharField(help_text="Good for one refresh; a second use ends the session.")
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds that `access` lives.")
    programme = serializers.CharField(help_text="The subdomain that the tokens belong to.")


class LoginInput(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    code = serializers.CharField(
        max_length=20,
        required=False,
        default="",
        allow_blank=True,
        help_text="Of the authenticator app, or a recovery code.",
    )
    programme = serializers.CharField(
        max_length=40, required=False, default="", help_text="The subdomain; needed on the public host only."
    )


class RefreshInput(StrictSerializer):
    refresh = serializers.CharField(max_length=4000)


class VerifyEmailInput(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    code = serializers.RegexField(r"^[0-9]{6}\Z", help_text="The six digits that were mailed.")


def tokens_output(pair: TokenPair) -> dict[str, Any]:
    """A pair of tokens as the API answers it."""
    return {
        "access": pair.access,
        "refresh": pair.refresh,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "programme": pair.session.programme.slug,
    }


class LoginView(OpenApiView):
    """Log in with e-mail and password, and the code of an authenticator app where the person has one."""

    limit = api_limits.LOGIN_ADDRESS

    @extend_schema(
        operation_id="auth_login", tags=["Access"], auth=[], request=LoginInput, responses={200: TokensOutput}
    )
    def post(self, request: Request) -> Response:
        given = read_body(request, LoginInput)
        api_limits.count(api_limits.LOGIN_EMAIL, given["email"].lower())
        programme: Programme | None = request._request.programme  # type: ignore[attr-defined]
        if programme is None:
            programme = Programme.objects.filter(slug=given["programme"], is_active=True).first()
        now, ip = timezone.now(), client_ip(request) or None
        try:
            pair = api_sessions.log_in(
                email=given["email"],
                password=given["password"],
                code=given["code"],
                programme=programme,
                now=now,
                ip=ip,
            )
        except (WrongCredentials, MfaWrong) as refusal:
            by = "mfa" if isinstance(refusal, MfaWrong) else "password"
            person = User.objects.filter(email__iexact=given["email"]).first()
            platform_audit.record_refused_log_in(person=person, by=by, ip=ip)
            raise
        except EmailNotVerified:
            assert programme is not None  # without one no password is right
            send_code_at_most(User.objects.get(email__iexact=given["email"]), programme)
            raise
        return Response(tokens_output(pair))


def send_code_at_most(user: User, programme: Programme) -> None:
    """Mail a code unless the address had its share of them; the caller's answer is the same in both cases."""
    try:
        api_limits.count(api_limits.EMAIL_CODE, user.email.lower())
        api_limits.count(api_limits.EMAIL_CODE_DAY, user.email.lower())
    except TooManyRequests:
        return
    email_codes.request_code(user=user, programme=programme, now=timezone.now())


class RefreshView(OpenApiView):
    """New tokens for a refresh token, which is used up by that."""

    @extend_schema(
        operation_id="auth_refresh", tags=["Access"], auth=[], request=RefreshInput, responses={200: TokensOutput}
    )
    def post(self, request: Request) -> Response:
        given = read_body(request, RefreshInput)
        programme: Programme | None = request._request.programme  # type: ignore[attr-defined]
        pair = api_sessions.refresh_session(token=given["refresh"], programme=programme, now=timezone.now())
        return Response(tokens_output(pair))


class VerifyEmailView(OpenApiView):
    """Prove an e-mail address with the code that was mailed to it."""

    limit = api_limits.LOGIN_ADDRESS

    @extend_schema(
        operation_id="auth_verify_email", tags=["Access"], auth=[], request=VerifyEmailInput, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        given = read_body(request, VerifyEmailInput)
        api_limits.count(api_limits.EMAIL_CODE_TRIES, given["email"].lower())
        email_codes.verify_email(email=given["email"], code=given["code"], now=timezone.now())
        return Response(status=204)
