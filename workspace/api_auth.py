"""Who calls the API: a system with a key, or a person with a token. One query, no DRF; DRF and hot views share it.

Every API view declares `required`, a Perm per HTTP method, beside `access = API`; a test refuses a route without.
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from core.actor import Actor
from core.api import NotAuthenticated
from core.codes import digest
from core.errors import PermissionRefused
from core.permissions import API, MEMBER, Perm, permissions_of
from core.problems import problem
from core.requests import client_ip
from core.tenancy import active_schema
from programs import api_limits, api_tokens
from programs.models import Programme
from workspace.rules import KEY_PATTERN

LAST_USED_PRECISION = timedelta(minutes=1)
_PERMS = {perm.value: perm for perm in Perm}


class InvalidKey(NotAuthenticated):
    """Unknown here: never existed, belongs to another programme, or the secret is wrong. One answer for all."""

    code = "invalid_key"
    message = _("This key is not valid for this programme.")


class KeyRevoked(NotAuthenticated):
    code = "key_revoked"
    message = _("This key was revoked.")


class KeyExpired(NotAuthenticated):
    code = "key_expired"
    message = _("This key has expired.")


class ProgrammeHostNeeded(NotAuthenticated):
    code = "programme_host_needed"
    message = _("Call the API on the programme's own address.")


@dataclass(frozen=True, slots=True)
class ApiCaller:
    """`owner` owns idempotency keys: an API client (so that a rotated key replays) or a person.

    `business_id` is set when the caller is limited to one business; `actor` carries the same.
    """

    actor: Actor
    permissions: frozenset[Perm]
    owner: str
    business_id: int | None

    @property
    def is_authenticated(self) -> bool:
        """Django REST framework asks its user for this."""
        return True

    def require(self, perm: Perm) -> None:
        """Raise PermissionRefused, naming the scope, unless the caller has `perm`."""
        if perm not in self.permissions:
            raise PermissionRefused(_("This needs the permission “%s”.") % perm.value, scope=perm.value)


def authenticate(request: HttpRequest) -> ApiCaller:
    """The caller of a request on a programme's host: one query, and a write at most once a minute for each key.

    Raises NotAuthenticated or one of its kinds (401) for missing, unknown, foreign, expired and revoked credentials.
    """
    programme: Programme | None = getattr(request, "programme", None)
    key = request.headers.get("X-API-Key")
    bearer = request.headers.get("Authorization", "")
    if key and bearer:
        raise NotAuthenticated(_("Send a key or a token, not both."))
    if programme is None:
        raise ProgrammeHostNeeded()
    if key:
        return _by_key(request, key)
    scheme, _space, token = bearer.partition(" ")
    if scheme.lower() == "bearer" and token:
        return _by_token(request, token.strip(), programme)
    raise NotAuthenticated()


_KEY_QUERY = """
SELECT k.id, k.digest, k.expires_at, k.revoked_at, k.last_used_at,
       c.code, c.name, c.business_id, c.scopes, c.is_active
  FROM workspace_apikey k JOIN workspace_apiclient c ON c.id = k.client_id
 WHERE k.prefix = %s
"""
_KEY_USED = """
UPDATE workspace_apikey SET last_used_at = %s::timestamptz
 WHERE id = %s::bigint AND (last_used_at IS NULL OR last_used_at < %s::timestamptz)
"""
_SESSION_QUERY = """
SELECT s.revoked_at, s.expires_at, u.password, u.is_active, u.name, u.email, m.role, m.business_id
  FROM public.programs_apisession s
  JOIN public.programs_user u ON u.id = s.user_id
  JOIN public.programs_membership m ON m.user_id = s.user_id AND m.programme_id = s.programme_id
 WHERE s.id = %s::uuid AND s.user_id = %s::bigint AND s.programme_id = %s::bigint
"""


def _by_key(request: HttpRequest, key: str) -> ApiCaller:
    match = KEY_PATTERN.fullmatch(key)
    if match is None:
        raise InvalidKey()
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_KEY_QUERY, [match.group(1)])
        row = cursor.fetchone()
        if row is None or not hmac.compare_digest(bytes(row[1]), digest(key)):
            raise InvalidKey()
        key_id, _digest, expires_at, revoked_at, used_at, code, name, business_id, scopes, is_active = row
        if revoked_at is not None or not is_active:
            raise KeyRevoked()
        if expires_at is not None and expires_at <= now:
            raise KeyExpired()
        if used_at is None or used_at < now - LAST_USED_PRECISION:
            cursor.execute(_KEY_USED, [now, key_id, now - LAST_USED_PRECISION])
    actor = Actor(kind="api", id=code, label=name, business_id=business_id, ip=client_ip(request) or None)
    return ApiCaller(actor, _permissions_of_scopes(scopes), actor.reference, business_id)


@functools.lru_cache(maxsize=256)
def _permissions_of_scopes(scopes: str) -> frozenset[Perm]:
    """The permissions in a JSON list of scopes; a scope that no longer exists gives none."""
    return frozenset(_PERMS[scope] for scope in msgspec.json.decode(scopes) if scope in _PERMS)


def _by_token(request: HttpRequest, token: str, programme: Programme) -> ApiCaller:
    claims = api_tokens.decode(api_tokens.ACCESS, token, schema=programme.schema_name)
    with connection.cursor() as cursor:
        cursor.execute(_SESSION_QUERY, [claims.session_id, claims.user_id, programme.pk])
        row = cursor.fetchone()
    if row is None:  # the session is gone, or the person is no longer a member
        raise api_tokens.SessionRevoked()
    revoked_at, expires_at, password, is_active, name, email, role, business_id = row
    stale = not hmac.compare_digest(claims.password_mark, api_tokens.password_mark(password))
    if revoked_at is not None or not is_active or stale or expires_at <= timezone.now():
        raise api_tokens.SessionRevoked()
    actor = Actor(
        kind="user",
        id=str(claims.user_id),
        label=name or email,
        business_id=business_id,
        user_id=claims.user_id,
        ip=client_ip(request) or None,
    )
    return ApiCaller(actor, permissions_of(role), actor.reference, business_id)


def count_request(caller: ApiCaller) -> api_limits.Usage:
    """Count a request against the caller's limit. Raises TooManyRequests."""
    limit = api_limits.KEY if caller.actor.kind == "api" else api_limits.USER
    return api_limits.count(limit, f"{active_schema()}:{caller.owner}")


# -- Django REST framework --------------------------------------------------------------------------------------------


class CallerAuthentication(BaseAuthentication):
    """`request.user` is the ApiCaller."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        return authenticate(request._request), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ScopePermission(BasePermission):
    """The caller has the Perm that the view requires for this method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        required: Mapping[str, Perm | str] = getattr(view, "required", {})
        perm = required.get("GET" if request.method == "HEAD" else str(request.method))
        if perm is None:  # a method that the view has and that nobody may use is refused; others get 405 after this
            return request.method == "OPTIONS" or not hasattr(view, str(request.method).lower())
        if perm == MEMBER:
            return True
        caller: ApiCaller = request.user  # type: ignore[assignment]
        caller.require(Perm(perm))
        return True


class ApiView(APIView):
    """The base of an API act. `required` maps each method to its Perm (or MEMBER: any caller of this programme)."""

    access = API
    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [CallerAuthentication]  # type: ignore[misc]
    permission_classes: ClassVar[list[type[BasePermission]]] = [ScopePermission]  # type: ignore[misc]
    throttle_classes: ClassVar[list[Any]] = []  # type: ignore[misc]
    required: ClassVar[dict[str, Any]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.perform_authentication(request)
        self._usage = count_request(self.caller)
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        usage = getattr(self, "_usage", None)
        if usage is not None:
            usage.add_headers(answer)
        return answer

    @property
    def caller(self) -> ApiCaller:
        caller: ApiCaller = self.request.user  # type: ignore[assignment]
        return caller

    @property
    def actor(self) -> Actor:
        return self.caller.actor


# -- hot views --------------------------------------------------------------------------------------------------------

HotView = Callable[..., HttpResponse]


def hot_view(**required: Perm) -> Callable[[HotView], HotView]:
    """A plain Django view of the API: `@hot_view(POST=Perm.POINTS_WRITE) def add(request, caller, …)`.

    Checks the method, the caller, the limit and the scope in one query, and leaves bodies and answers to the view.
    """

    def wrap(view: HotView) -> HotView:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            perm = required.get(str(request.method))
            if perm is None:
                response = problem(405, "method_not_allowed")
                response.headers["Allow"] = ", ".join(sorted(required))
                return response
            caller = authenticate(request)
            usage = count_request(caller)
            caller.require(perm)
            response = view(request, caller, *args, **kwargs)
            usage.add_headers(response)
            return response

        wrapped.access = API  # type: ignore[attr-defined]
        wrapped.required = dict(required)  # type: ignore[attr-defined]
        return csrf_exempt(wrapped)

    return wrap
