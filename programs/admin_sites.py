"""Two admin sites: the platform's on the public host, a programme's on its own. Apps register with one or the other.

Neither has a log-in page of its own: people log in where everybody does, with their second factor. On a programme's
host the membership decides, never `is_staff`: platform staff have no silent power inside a programme.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from csp.decorators import csp_replace
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.sites import UnfoldAdminSite

from core.actor import Actor
from core.errors import DomainError
from core.permissions import OPEN, Role
from core.requests import client_ip
from programs import access
from programs.actions import platform_audit
from programs.middleware import forget_programmes
from programs.models import Programme

NONE, SELF, INLINE = "'none'", "'self'", "'unsafe-inline'"
# The theme evaluates Alpine expressions and has inline scripts and styles. Only `/admin/` gets this policy.
ADMIN_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF, INLINE, "'unsafe-eval'"],
    "style-src": [SELF, INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
COUNT_CAP = 10_000
ADMIN_ROLES = frozenset({Role.OWNER, Role.MANAGER})


class _Site(UnfoldAdminSite):  # type: ignore[misc]
    enable_nav_sidebar = True
    index_title = _("Records")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002
        guarded: Callable[..., Any] = super().admin_view(view, cacheable)
        wrapped: Callable[..., Any] = csp_replace(ADMIN_POLICY)(guarded)
        return wrapped

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Where the library sends people without permission: to the common log-in, or a refusal if they are in."""
        if request.user.is_authenticated:
            raise PermissionDenied("no access to this admin site")
        return redirect_to_login(request.GET.get("next") or request.path.removesuffix("login/"))

    login.access = OPEN  # type: ignore[attr-defined]


class PlatformSite(_Site):
    """All programmes, for platform staff."""

    site_title = site_header = _("Regulars platform")

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)


class ProgrammeSite(_Site):
    """One programme, for its owners and for managers who see all of it."""

    site_title = site_header = _("Programme records")

    def has_permission(self, request: HttpRequest) -> bool:
        membership = access.membership_of(request)
        return membership is not None and membership.role in ADMIN_ROLES and membership.business_id is None

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        programme = getattr(request, "programme", None)
        if programme is not None:
            context["site_title"] = context["site_header"] = programme.name
        return context


platform_site = PlatformSite(name="platform")
programme_site = ProgrammeSite(name="programme")


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than COUNT_CAP: a table of millions opens as fast as an empty one. Search reaches the rest."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNT_CAP].count())


class RecordAdmin(ModelAdmin):  # type: ignore[misc]
    """Read only. Writing goes through the app's actions, so that events and the audit log are complete.

    `hidden` names columns that are never shown (digests, generated text). `may_add` and `may_change` open the forms of
    the few models whose `save_model` calls an action.
    """

    hidden: ClassVar[Sequence[str]] = ()
    editable: ClassVar[Sequence[str]] = ()
    may_add: ClassVar[bool] = False
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    actions_on_bottom = False

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        if obj is None:
            return list(self.editable)
        return [
            field.name for field in self.opts.concrete_fields if field.name not in self.hidden and not field.primary_key
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        editable = self.editable if obj is None or self.has_change_permission(request, obj) else ()
        return [name for name in self.get_fields(request, obj) if name not in editable]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self.admin_site.has_permission(request))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.admin_site.has_permission(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and self.has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.editable) and bool(self.admin_site.has_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            answer: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:  # an action refused: the form comes back with its words
            messages.error(request, str(error.message))
            return HttpResponseRedirect(request.get_full_path())
        return answer

    def actor_of(self, request: HttpRequest) -> Actor:
        """The person of the request, as the actor of what they change here."""
        membership = access.membership_of(request)
        if membership is None:
            raise PermissionDenied("not a member of this programme")
        return access.actor_of(request, membership)


class PlatformAdmin(RecordAdmin):
    """Platform records: superusers may change what `editable` names, and each change is in the platform's audit."""

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.editable) and bool(self.admin_site.has_permission(request)) and request.user.is_superuser

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm, change: bool) -> None:  # type: ignore[type-arg]  # noqa: FBT001
        super().save_model(request, obj, form, change)
        assert request.user.is_authenticated
        platform_audit.record(
            f"{self.opts.app_label}.{self.opts.model_name}.{'changed' if change else 'added'}",
            person=request.user,
            programme=obj if isinstance(obj, Programme) else None,
            data={"id": str(obj.pk), "fields": sorted(form.changed_data)},
            ip=client_ip(request) or None,
        )
        transaction.on_commit(forget_programmes)


class RecordInline(TabularInline):  # type: ignore[misc]
    """Rows that belong to a record, read only."""

    extra = 0
    can_delete = False
    show_change_link = False

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Sequence[str]:
        fields: Sequence[str] = self.fields
        return fields

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.admin_site.has_permission(request))

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
