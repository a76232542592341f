"""Settings: API keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.page import done, page
from core.permissions import SCOPE_PRESETS, Perm, requires
from core.requests import StaffRequest
from workspace.actions import api_keys as actions
from workspace.actions.api_keys import IssuedKey
from workspace.forms_keys import ApiClientForm, RotateForm
from workspace.models import ApiClient, ApiKey, Business
from workspace.settings_tabs import settings_tabs

SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client as the page shows it. `preset` is empty when its permissions fit none."""

    client: ApiClient
    preset: str
    scopes: list[str]
    live_keys: list[ApiKey]
    last_used_at: datetime | None
    ends_at: datetime | None
    ends_soon: bool


@never_cache
@require_safe
@requires(Perm.KEYS_MANAGE)
def api_keys(request: StaffRequest) -> HttpResponse:
    return _show(request, ApiClientForm(businesses=_businesses(request)))


@never_cache
@require_POST
@requires(Perm.KEYS_MANAGE)
def api_key_new(request: StaffRequest) -> HttpResponse:
    """Makes a client and shows its key in this answer only: it is in no session, no log and no other page."""
    form = ApiClientForm(request.POST, businesses=_businesses(request))
    if not form.is_valid():
        return _show(request, form, status=422)
    now = timezone.now()
    code = form.cleaned_data["business"]
    issued = actions.create_client(
        name=form.cleaned_data["name"],
        scopes=form.chosen_scopes(),
        business=Business.objects.visible_to(request.actor).get(code=code) if code else None,
        expires_at=form.expires_at(now),
        actor=request.actor,
        now=now,
    )
    return _show(request, ApiClientForm(businesses=_businesses(request)), issued=issued)


@never_cache
@require_POST
@requires(Perm.KEYS_MANAGE)
def api_key_rotate(request: StaffRequest, client_code: str) -> HttpResponse:
    form = RotateForm(request.POST)
    if not form.is_valid():
        raise Http404
    issued = actions.rotate_key(
        client=_client(request, client_code),
        overlap_hours=form.cleaned_data["overlap_hours"],
        actor=request.actor,
        now=timezone.now(),
    )
    return _show(request, ApiClientForm(businesses=_businesses(request)), issued=issued)


@require_POST
@requires(Perm.KEYS_MANAGE)
def api_key_revoke(request: StaffRequest, client_code: str) -> HttpResponse:
    client = _client(request, client_code)
    actions.revoke_client(client=client, actor=request.actor, now=timezone.now())
    messages.success(request, _("%(name)s is revoked. Its keys are refused from now on.") % {"name": client.name})
    return done(request, reverse("workspace:api-keys"))


def _show(
    request: StaffRequest, form: ApiClientForm, *, issued: IssuedKey | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context = {
        "form": form,
        "rows": [_row(client, now) for client in _clients(request).filter(is_active=True)],
        "revoked": _clients(request).filter(is_active=False)[:20],
        "issued": issued,
        "tabs": settings_tabs(request),
        "docs_url": reverse("api-docs"),
    }
    return page(request, "workspace/api_keys.html", context, status=status)


def _row(client: ApiClient, now: datetime) -> ClientRow:
    live = [key for key in client.keys.all() if key.revoked_at is None and (not key.expires_at or key.expires_at > now)]
    used = [key.last_used_at for key in client.keys.all() if key.last_used_at]
    # The newest key is the one that counts; an older one beside it is on its way out.
    ends_at = live[0].expires_at if live else None
    scopes = set(client.scopes)
    preset = next((name for name, perms in SCOPE_PRESETS.items() if scopes == {perm.value for perm in perms}), "")
    return ClientRow(
        client=client,
        preset=preset,
        scopes=sorted(str(Perm(scope).label) for scope in scopes if scope in set(Perm.values)),
        live_keys=live,
        last_used_at=max(used, default=None),
        ends_at=ends_at,
        ends_soon=ends_at is not None and ends_at < now + SOON,
    )


def _clients(request: StaffRequest) -> QuerySet[ApiClient]:
    keys = Prefetch("keys", queryset=ApiKey.objects.order_by("-id"))
    return ApiClient.objects.visible_to(request.actor).select_related("business").prefetch_related(keys).order_by("-id")


def _client(request: StaffRequest, code: str) -> ApiClient:
    client = ApiClient.objects.visible_to(request.actor).filter(code=code).first()
    if client is None:
        raise Http404
    return client


def _businesses(request: StaffRequest) -> list[Business]:
    return list(Business.objects.visible_to(request.actor).active().order_by("name"))
