"""A programme's housekeeping on its admin site. Secrets are never shown, because they are not stored."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from core.permissions import Perm
from programs import access
from programs.admin_sites import RecordAdmin, RecordInline, programme_site
from workspace.actions.api_keys import revoke_client
from workspace.actions.businesses import change_business, open_business
from workspace.actions.jobs import request_cancel
from workspace.models import ApiClient, ApiKey, AuditEntry, Business, Job, TillDevice


@admin.register(Business, site=programme_site)
class BusinessAdmin(RecordAdmin):
    list_display = ("name", "category", "contact_person", "email", "is_active", "created_at")
    list_filter = ("is_active", "category")
    search_fields = ("name", "contact_person", "email", "code")
    ordering = ("name",)
    editable: ClassVar = ("name", "contact_person", "email", "category", "address")
    may_add = True

    def save_model(self, request: HttpRequest, obj: Business, form: ModelForm[Business], change: bool) -> None:  # noqa: FBT001
        values = {name: form.cleaned_data[name] for name in self.editable}
        if change:
            change_business(business=obj, changes=values, actor=self.actor_of(request))
            return
        made = open_business(**values, actor=self.actor_of(request), now=timezone.now())
        obj.pk, obj.code = made.pk, made.code


class ApiKeyInline(RecordInline):
    model = ApiKey
    fields = ("prefix", "created_at", "expires_at", "last_used_at", "revoked_at")


@admin.register(ApiClient, site=programme_site)
class ApiClientAdmin(RecordAdmin):
    """Only for people who may manage keys; the others do not see that there are any."""

    list_display = ("name", "business", "is_active", "created_by", "created_at")
    list_filter = ("is_active",)
    list_select_related = ("business",)
    search_fields = ("name", "code", "keys__prefix")
    ordering = ("-id",)
    inlines = (ApiKeyInline,)
    actions = ("revoke",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        membership = access.membership_of(request)
        allowed = membership is not None and Perm.KEYS_MANAGE in membership.permissions
        return allowed and super().has_view_permission(request, obj)

    @action(description=_("Revoke the chosen clients and all their keys"))  # type: ignore[untyped-decorator]
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiClient]) -> None:
        for client in queryset:
            revoke_client(client=client, actor=self.actor_of(request), now=timezone.now())
        messages.success(request, _("Revoked. Their keys are refused from now on."))


@admin.register(AuditEntry, site=programme_site)
class AuditEntryAdmin(RecordAdmin):
    list_display = ("at", "actor_label", "action", "subject", "ip")
    search_fields = ("actor", "subject", "action__startswith")
    search_help_text = _("A whole actor or subject such as customer:abc, or the beginning of an action.")
    ordering = ("-at", "-id")


@admin.register(Job, site=programme_site)
class JobAdmin(RecordAdmin):
    list_display = ("code", "kind", "state", "done_count", "total_count", "attempts", "created_at", "finished_at")
    list_filter = ("state",)
    search_fields = ("code", "kind")
    ordering = ("-id",)
    hidden: ClassVar = ("lease_token",)
    actions = ("stop",)

    @action(description=_("Ask the chosen work to stop"))  # type: ignore[untyped-decorator]
    def stop(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        for job in queryset:
            request_cancel(job=job, actor=self.actor_of(request), now=timezone.now())
        messages.success(request, _("Asked to stop. What was done so far is kept."))


@admin.register(TillDevice, site=programme_site)
class TillDeviceAdmin(RecordAdmin):
    list_display = ("name", "business", "is_active", "created_at", "last_seen_at")
    list_filter = ("is_active",)
    list_select_related = ("business",)
    search_fields = ("name", "code")
    ordering = ("-id",)
    hidden: ClassVar = ("token_digest",)
