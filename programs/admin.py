"""The platform's records: programmes, people, how they belong together, and the queue."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule

from programs.admin_sites import PlatformAdmin, RecordInline, platform_site
from programs.models import (
    ApiSession,
    BusinessInvitation,
    Domain,
    DueWork,
    Invitation,
    JoinRequest,
    JoinSettings,
    Membership,
    PlatformAuditEntry,
    Programme,
    User,
)
from programs.platform_words import TITLES, title_of


class DomainInline(RecordInline):
    model = Domain
    fields = ("domain", "is_primary")


class MembershipInline(RecordInline):
    model = Membership
    fields = ("user", "role", "business_id", "created_at", "last_seen_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user", "programme")


class EmailInline(RecordInline):
    model = EmailAddress
    fields = ("email", "verified", "primary")


@admin.register(Programme, site=platform_site)
class ProgrammeAdmin(PlatformAdmin):
    list_display = ("name", "slug", "currency", "country", "time_zone", "is_active", "is_demo", "created_at")
    list_filter = ("is_active", "is_demo", "currency", "country")
    search_fields = ("name", "slug", "domains__domain")
    ordering = ("-created_at",)
    editable: ClassVar = ("name", "is_active")
    inlines = (DomainInline, MembershipInline)


@admin.register(Domain, site=platform_site)
class DomainAdmin(PlatformAdmin):
    list_display = ("domain", "tenant", "is_primary")
    list_select_related = ("tenant",)
    search_fields = ("domain", "tenant__name")
    ordering = ("domain",)


@admin.register(User, site=platform_site)
class UserAdmin(PlatformAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "is_superuser", "joined_at", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name")
    ordering = ("-joined_at",)
    hidden: ClassVar = ("password",)
    editable: ClassVar = ("is_active", "is_staff")
    inlines = (EmailInline,)


@admin.register(Membership, site=platform_site)
class MembershipAdmin(PlatformAdmin):
    list_display = ("user", "programme", "role", "business_id", "created_at", "last_seen_at")
    list_filter = ("role",)
    list_select_related = ("user", "programme")
    search_fields = ("user__email", "user__name", "programme__name", "programme__slug")
    ordering = ("-id",)


@admin.register(Invitation, site=platform_site)
class InvitationAdmin(PlatformAdmin):
    list_display = ("email", "programme", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("role",)
    list_select_related = ("programme", "invited_by")
    search_fields = ("email", "programme__name")
    ordering = ("-id",)
    hidden: ClassVar = ("token_digest",)


@admin.register(JoinSettings, site=platform_site)
class JoinSettingsAdmin(PlatformAdmin):
    list_display = ("programme", "is_on", "made_at", "expires_at", "uses", "max_uses", "asks_invited")
    list_filter = ("is_on",)
    list_select_related = ("programme",)
    search_fields = ("programme__name", "programme__slug")
    ordering = ("programme__name",)
    hidden: ClassVar = ("seed", "code_digest")


@admin.register(BusinessInvitation, site=platform_site)
class BusinessInvitationAdmin(PlatformAdmin):
    list_display = ("name", "email", "programme", "created_at", "expires_at", "used_at", "revoked_at")
    list_select_related = ("programme", "invited_by")
    search_fields = ("name", "email", "programme__name")
    ordering = ("-id",)
    hidden: ClassVar = ("token_digest",)


@admin.register(JoinRequest, site=platform_site)
class JoinRequestAdmin(PlatformAdmin):
    list_display = ("name", "programme", "user", "state", "sent_at", "decided_at", "decided_by_label")
    list_filter = ("state",)
    list_select_related = ("programme", "user", "invitation")
    search_fields = ("name", "user__email", "programme__name")
    ordering = ("-id",)


@admin.register(ApiSession, site=platform_site)
class ApiSessionAdmin(PlatformAdmin):
    list_display = ("user", "programme", "created_at", "expires_at", "revoked_at")
    list_select_related = ("user", "programme")
    search_fields = ("user__email", "programme__name")
    ordering = ("-created_at",)
    hidden: ClassVar = ("refresh_jti",)


@admin.register(DueWork, site=platform_site)
class DueWorkAdmin(PlatformAdmin):
    list_display = ("kind", "programme", "next_due_at")
    list_filter = ("kind",)
    list_select_related = ("programme",)
    search_fields = ("programme__name", "kind")
    ordering = ("next_due_at",)


class ActFilter(admin.SimpleListFilter):
    """By act, without asking the table which there are."""

    title = _("What")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(title)) for name, title in TITLES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(action=self.value()) if self.value() in TITLES else queryset


@admin.register(PlatformAuditEntry, site=platform_site)
class PlatformAuditAdmin(PlatformAdmin):
    list_display = ("at", "actor_label", "what", "programme", "details", "ip")
    list_select_related = ("programme",)
    list_filter = (ActFilter,)
    date_hierarchy = "at"
    search_fields = ("actor_label", "actor", "action", "programme__name")
    ordering = ("-id",)

    @admin.display(description=_("What"), ordering="action")
    def what(self, entry: PlatformAuditEntry) -> str:
        return title_of(entry.action)

    @admin.display(description=_("Details"))
    def details(self, entry: PlatformAuditEntry) -> str:
        return ", ".join(f"{name}: {value}" for name, value in entry.data.items())[:200]


@admin.register(OrmQ, site=platform_site)
class QueueAdmin(PlatformAdmin):
    """What waits for a worker. The payload is not shown: it is signed data of the queue, and names rows only."""

    list_display = ("id", "key", "lock")
    ordering = ("id",)
    hidden: ClassVar = ("payload",)


@admin.register(Failure, site=platform_site)
class FailureAdmin(PlatformAdmin):
    list_display = ("id", "func", "started", "stopped", "attempt_count")
    search_fields = ("id", "func")
    ordering = ("-stopped",)
    hidden: ClassVar = ("args", "kwargs", "hook")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["id", "func", "started", "stopped", "attempt_count", "result"]


@admin.register(Schedule, site=platform_site)
class ScheduleAdmin(PlatformAdmin):
    list_display = ("name", "func", "schedule_type", "minutes", "next_run", "repeats")
    ordering = ("name",)


platform_site.index_title = _("Platform records")
