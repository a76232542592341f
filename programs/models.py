"""Programmes, people and how people belong to programmes. All of it lives in the public schema."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from core.codes import public_code
from core.permissions import Perm, Role, permissions_of
from programs import rules
from programs.querysets import MembershipQuerySet, UserManager


def default_notifications() -> list[str]:
    return list(rules.NOTIFICATIONS)


class User(AbstractBaseUser, PermissionsMixin):
    """A member of staff, known everywhere. Customers of a shop are not users. Membership decides, on every request."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(max_length=10, default="dark")
    # Which e-mails of the product the person wants (rules.NOTIFICATIONS); those about their own log-in always come.
    notifications = models.JSONField(_("notifications"), default=default_notifications, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(_("platform staff"), default=False)
    joined_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]


class Programme(TenantMixin):
    """A tenant: one schema, one host, one currency, one time zone; one or more businesses that share customers."""

    auto_create_schema = False  # `programs.schemas.create_schema` does, in the same transaction

    name = models.CharField(_("name"), max_length=80)
    slug = models.CharField(_("subdomain"), max_length=40, unique=True)
    currency = models.CharField(
        _("currency"), max_length=3, validators=[RegexValidator(r"^[A-Z]{3}$")], help_text=_("ISO 4217, such as GBP.")
    )
    country = models.CharField(
        _("country"), max_length=2, validators=[RegexValidator(r"^[A-Z]{2}$")], help_text=_("For phone numbers.")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/London")
    language = models.CharField(_("language"), max_length=10, default="en")
    colour = models.CharField(
        _("brand colour"), max_length=7, default="#2563eb", validators=[RegexValidator(r"^#[0-9a-f]{6}$")]
    )
    # A file name under the programme's own media folder. Checked at upload by its first bytes and its size (media.py).
    logo = models.CharField(_("logo"), max_length=200, blank=True, default="")
    cors_origins = models.JSONField(default=list, blank=True, help_text=_("Web origins that may call the API."))
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    onboarding = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def logo_url(self) -> str:
        """The logo's path on the programme's own host; a new logo has a new name, so the answer may be cached."""
        return f"/brand/{self.logo}" if self.logo else ""


class Domain(DomainMixin):
    """A host name of a programme, without port. The primary one is used in links."""


class Membership(models.Model):
    """A person's role in a programme, limited to one business or not. A cashier always has a business."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    # An id inside the programme's own schema, which a row in public cannot reference.
    business_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "programme"], name="membership_once_per_programme"),
            models.CheckConstraint(
                condition=~models.Q(role=Role.CASHIER) | models.Q(business_id__isnull=False),
                name="membership_cashier_has_business",
            ),
            models.CheckConstraint(
                condition=~models.Q(role=Role.OWNER) | models.Q(business_id__isnull=True),
                name="membership_owner_sees_all",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.programme}"

    @property
    def permissions(self) -> frozenset[Perm]:
        return permissions_of(self.role)


class Invitation(models.Model):
    """An offer of a membership to an e-mail address. Only a digest of the link's token is kept."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)  # for staff; no secret
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(max_length=10, choices=Role.choices)
    business_id = models.BigIntegerField(null=True, blank=True)
    token_digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            # One open invitation per address: inviting again replaces the older one.
            models.UniqueConstraint(
                "programme",
                Lower("email"),
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.programme}"


class JoinSettings(models.Model):
    """How businesses may ask to join a programme. No row: nobody may.

    The join code is computed from `seed` and the server's secret key, so that an owner sees it again and the table
    gives nothing away (ADR 0018); it is looked up by `code_digest`.
    """

    programme = models.OneToOneField(
        Programme, on_delete=models.CASCADE, primary_key=True, related_name="join_settings"
    )
    seed = models.CharField(max_length=32)
    code_digest = models.BinaryField(max_length=32, unique=True)
    is_on = models.BooleanField(_("join code works"), default=False)
    made_at = models.DateTimeField()  # the code; a new one begins without uses
    expires_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0)
    asks_invited = models.BooleanField(_("invited businesses wait for approval, too"), default=False)
    terms = models.TextField(_("terms for businesses"), max_length=4000, blank=True)

    class Meta:
        verbose_name = _("join settings")
        verbose_name_plural = _("join settings")

    def __str__(self) -> str:
        return str(self.programme)

    def is_open(self, now: datetime) -> bool:
        """Whether the code lets somebody ask at `now`."""
        in_time = self.expires_at is None or self.expires_at > now
        return self.is_on and in_time and (self.max_uses is None or self.uses < self.max_uses)


class BusinessInvitation(models.Model):
    """An owner's offer to a business, by e-mail, to join the programme. Only a digest of the link's token is kept."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)  # for staff; no secret
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="business_invitations")
    name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(_("e-mail"), max_length=254)
    points_per_unit = models.DecimalField(max_digits=9, decimal_places=4)
    token_digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invitation of a business")
        verbose_name_plural = _("invitations of businesses")
        constraints: ClassVar = [
            # One open invitation per address: inviting again replaces the older one.
            models.UniqueConstraint(
                "programme",
                Lower("email"),
                condition=models.Q(used_at__isnull=True, revoked_at__isnull=True),
                name="business_invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.programme}"


class JoinRequest(models.Model):
    """A person asks that their business joins a programme. They see its state, and nothing of the programme."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for approval")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="join_requests")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="join_requests")
    invitation = models.ForeignKey(
        BusinessInvitation, on_delete=models.SET_NULL, null=True, blank=True, related_name="requests"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    name = models.CharField(_("name"), max_length=80)
    contact_person = models.CharField(_("contact person"), max_length=120)
    email = models.EmailField(_("e-mail"), max_length=254)
    category = models.CharField(_("category"), max_length=20)  # of workspace.Business
    address = models.TextField(_("address"), max_length=500, blank=True)
    points_per_unit = models.DecimalField(_("wished earning rate"), max_digits=9, decimal_places=4)
    terms = models.JSONField(default=dict)  # what the person agreed to, as it was shown
    sent_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_label = models.CharField(max_length=160, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # The business that approval made: an id inside the programme's own schema.
    business_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("request to join")
        verbose_name_plural = _("requests to join")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme", "user"], condition=models.Q(state="waiting"), name="join_request_waiting_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="approved", business_id__isnull=False)
                | (~models.Q(state="approved") & models.Q(business_id__isnull=True)),
                name="join_request_approved_has_business",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["programme", "-id"], name="join_request_by_programme"),  # the owner's list
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.programme}"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING


class HandoverCode(models.Model):
    """A single-use ticket, 60 seconds long, from the public host's log-in to a programme's host.

    `state_digest` binds it to the browser that asked: the programme's host set a nonce cookie before.
    """

    code_digest = models.BinaryField(max_length=32, unique=True)
    state_digest = models.BinaryField(max_length=32)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="+")
    next_path = models.CharField(max_length=500, default="/")
    # The session on the public host that asked: logging out of the programme ends it as well.
    session_key = models.CharField(max_length=40, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="handover_by_age")]  # pruned as new ones are made


class ApiSession(models.Model):
    """One log-in through the API. Access and refresh tokens carry its id; revoking it ends both at once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_sessions")
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="+")
    # The refresh token that may be used next; an older one means that it was stolen, and ends the session.
    refresh_jti = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class EmailCode(models.Model):
    """The newest code mailed to a person who proves an address through the API (`actions.email_codes`)."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    made_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)


class DueWork(models.Model):
    """What a programme has to do and when, so that one tick touches only programmes with work."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    next_due_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["programme", "kind"], name="due_work_once_per_kind")]
        # The tick reads the due ones in order of time.
        indexes: ClassVar = [models.Index(fields=["next_due_at"], name="due_work_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.programme_id} at {self.next_due_at:%Y-%m-%d %H:%M}"


class ProviderRoute(models.Model):
    """To which programme a provider's call belongs: calls arrive on the public host, for all programmes.

    `address` is what a signed call names (account and number), or the digest of the code in the webhook's path.
    """

    provider = models.CharField(max_length=40)
    address = models.CharField(max_length=120)
    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "address"], name="provider_route_once_per_address")
        ]

    def __str__(self) -> str:
        return f"{self.provider} of {self.programme_id}"


class SchemaTemplate(models.Model):
    """SQL that makes a programme's schema, dumped from the migrated template schema; one row per migration state."""

    fingerprint = models.CharField(max_length=64, unique=True)
    sql = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)


class RateCounter(models.Model):
    """How often something was done in one window of time, for limits that all web processes share.

    The table is unlogged (a crash empties it, which only forgives); `programs.api_limits` counts in it.
    """

    bucket = models.BinaryField(max_length=32, primary_key=True)  # digest of limit, schema and who
    window_ends_at = models.DateTimeField(db_index=True)  # pruned by time
    used = models.IntegerField()


class PlatformAuditEntry(models.Model):
    """Who did what outside any programme: sign-ups, programmes created, staff acts."""

    append_only = True

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.CharField(max_length=80)
    actor_label = models.CharField(max_length=160)
    action = models.CharField(max_length=80)
    programme = models.ForeignKey(Programme, on_delete=models.SET_NULL, null=True, related_name="+")
    data = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
