"""Businesses, access for systems, what was done, what is being done. All of it lives in the programme's schema."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from core.permissions import Perm
from workspace.querysets import ApiClientQuerySet, ApiKeyQuerySet, AuditEntryQuerySet, BusinessQuerySet, JobQuerySet


class Business(models.Model):
    """A shop of the programme. All businesses of a programme share customers and points."""

    class Category(models.TextChoices):
        CAFE = "cafe", _("Café")
        BAKERY = "bakery", _("Bakery")
        RESTAURANT = "restaurant", _("Restaurant")
        GROCERY = "grocery", _("Grocery")
        BEAUTY = "beauty", _("Beauty and wellness")
        FASHION = "fashion", _("Fashion")
        GIFTS = "gifts", _("Gifts and home")
        SERVICES = "services", _("Services")
        ONLINE = "online", _("Online shop")
        OTHER = "other", _("Other")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=80)
    contact_person = models.CharField(_("contact person"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    category = models.CharField(_("category"), max_length=20, choices=Category.choices, default=Category.OTHER)
    address = models.TextField(_("address"), max_length=500, blank=True)
    is_active = models.BooleanField(default=True)
    left_on = models.DateField(_("left the programme on"), null=True, blank=True)  # its last day; it stays closed
    created_at = models.DateTimeField(default=timezone.now)

    objects = BusinessQuerySet.as_manager()

    class Meta:
        verbose_name = _("business")
        verbose_name_plural = _("businesses")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="business_name_unique")]

    def __str__(self) -> str:
        return self.name


class ApiClient(models.Model):
    """A system that calls the API: the owner of its keys and of its idempotency keys, so both survive a rotation."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=80)
    business = models.ForeignKey(Business, on_delete=models.PROTECT, null=True, blank=True, related_name="api_clients")
    scopes = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=160, blank=True)

    objects = ApiClientQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def permissions(self) -> frozenset[Perm]:
        known = set(Perm.values)
        return frozenset(Perm(scope) for scope in self.scopes if scope in known)


class ApiKey(models.Model):
    """One secret of a client: shown once, stored as SHA-256, recognised by its prefix."""

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="keys")
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return self.prefix


class AuditEntry(models.Model):
    """Who did what to what, when and from where. Written in the transaction of the act, never changed."""

    append_only = True

    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160)
    action = models.CharField(max_length=80)  # app.noun.past
    subject = models.CharField(max_length=80, blank=True)  # noun:code
    business_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),  # the audit page, newest first
            models.Index(fields=["subject", "-id"], name="audit_by_subject"),  # "what happened to this customer"
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["business_id", "-at", "-id"], name="audit_by_business"),
            # Of all but points entries (migration 0004): `audit_by_action`, and `audit_words` of what `data` says.
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label} {self.action}"


class Job(models.Model):
    """Work that takes time, with its progress. The row, not the queue, decides whether and how often it runs."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Stopped")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)  # asking twice for the same work gives the same job
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    done_count = models.BigIntegerField(default=0)
    total_count = models.BigIntegerField(null=True)
    message = models.CharField(max_length=200, blank=True)
    warnings = models.JSONField(default=list)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # committed before the work, so a killing task ends too
    cancel_requested = models.BooleanField(default=False)
    # Until when the queue or a worker is believed to look after it; the tick takes up what is past it.
    lease_until = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    created_by = models.CharField(max_length=160, blank=True)
    business_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "key"], name="job_once_per_key")]
        indexes: ClassVar = [
            models.Index(fields=["-id"], name="job_newest"),
            # The tick looks for abandoned work.
            models.Index(
                fields=["lease_until"], name="job_unfinished_by_lease", condition=models.Q(finished_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def percent(self) -> int | None:
        """0 to 100, or None while the total is unknown."""
        if not self.total_count:
            return None
        return min(100, int(100 * self.done_count / self.total_count))


class IdempotencyRecord(models.Model):
    """The first answer to a keyed request outside the ledger (whose transactions carry their own key)."""

    owner = models.CharField(max_length=80)  # an API client or till device, not a person or a key
    endpoint = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    request_digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)  # null while the first request runs
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "endpoint", "key"], name="idempotency_once_per_key")
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_by_age")]  # pruned after 30 days


class TillDevice(models.Model):
    """A till in a browser: owner of its idempotency keys, so that a replay survives a new log-in."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=60)
    business = models.ForeignKey(Business, on_delete=models.PROTECT, related_name="tills")
    token_digest = models.BinaryField(max_length=32, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    # The till that the same browser was before: sales that it still holds are posted for that one.
    moved_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.name
