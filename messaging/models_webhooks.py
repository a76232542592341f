"""Outbound webhooks: where a programme's events are sent, each sending, and each try. In the programme's schema."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.codes import public_code

MAX_URL = 500


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def kept(self) -> WebhookEndpointQuerySet:
        """Without those that were deleted and wait to be swept away."""
        return self.filter(deleted_at__isnull=True)

    def visible_to(self, actor: Actor) -> WebhookEndpointQuerySet:
        """All that are kept, or those limited to the actor's one business."""
        kept = self.kept()
        return kept if actor.business_id is None else kept.filter(business_id=actor.business_id)


class WebhookEndpoint(models.Model):
    """An address of the programme's own systems, and the events that are sent there, signed."""

    class Off(models.TextChoices):
        PAUSED = "paused", _("Paused by a person")
        GONE = "gone", _("It answered that it is gone")
        FAILING = "failing", _("It failed for five days")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    url = models.CharField(_("address"), max_length=MAX_URL)
    description = models.CharField(_("description"), max_length=120, blank=True)
    event_types = models.JSONField(default=list)  # empty: every event, also of kinds that do not exist yet
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, blank=True, related_name="webhook_endpoints"
    )
    # Encrypted, together with the programme and the endpoint that they belong to (webhooks.signing).
    secret = models.TextField()
    previous_secret = models.TextField(blank=True)
    previous_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    off_because = models.CharField(max_length=8, choices=Off.choices, blank=True)
    off_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)  # nothing has arrived since; empty: the last one did
    last_delivered_at = models.DateTimeField(null=True)
    # One worker at a time sends to an endpoint, so that events arrive in order; it renews this with each one it claims.
    busy_until = models.DateTimeField(null=True)
    # After a slow failure nobody sends here for a while: an address that hangs must not hold up the other work.
    rest_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=160, blank=True)
    deleted_at = models.DateTimeField(null=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(is_active=True, off_because="", off_at__isnull=True)
                | (Q(is_active=False, off_at__isnull=False) & ~Q(off_because="")),
                name="webhook_endpoint_off_says_why",
            )
        ]

    def __str__(self) -> str:
        return self.description or self.host

    @property
    def host(self) -> str:
        """The host (with its port) of an address that was fine once, whatever the settings allow now."""
        return self.url.partition("://")[2].partition("/")[0].partition("?")[0]

    def wants(self, *, event_type: str, business_id: int | None, received_at: datetime) -> bool:
        """Whether an event is for this endpoint: of a kind it asks for, of its business, and not older than itself."""
        if received_at < self.created_at or (self.business_id is not None and self.business_id != business_id):
            return False
        return not self.event_types or event_type in self.event_types


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def visible_to(self, actor: Actor) -> WebhookDeliveryQuerySet:
        found = self.filter(endpoint__deleted_at__isnull=True)
        return found if actor.business_id is None else found.filter(endpoint__business_id=actor.business_id)

    def due(self, now: datetime) -> WebhookDeliveryQuerySet:
        return self.filter(state="waiting", next_attempt_at__lte=now)

    def unfinished(self) -> WebhookDeliveryQuerySet:
        # Not "state IN (…)": the partial index is written like this, too.
        return self.filter(Q(state="waiting") | Q(state="claimed"))

    def not_arrived(self) -> WebhookDeliveryQuerySet:
        """Given up, or not even tried because the endpoint was off: what can be sent again."""
        return self.filter(state__in=["failed", "missed"])


class WebhookDelivery(models.Model):
    """One event for one endpoint. Keeps ids only: the body is made from the event each time that it is sent.

    *Claimed* is committed before the call. A worker that dies in between leaves a claim that runs out, and the
    delivery is sent again under the same message id: at least once, never silently not.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CLAIMED = "claimed", _("Being sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        MISSED = "missed", _("Missed")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(
        "customers.Event", on_delete=models.CASCADE, null=True, blank=True, related_name="webhook_deliveries"
    )  # empty: a test that a person asked for
    event_type = models.CharField(max_length=60)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)  # since it was made or last sent again by hand
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_fault = models.CharField(max_length=12, blank=True)  # one of WebhookAttempt.Fault
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint", "event"], name="webhook_delivery_once", condition=Q(event__isnull=False)
            )
        ]
        indexes: ClassVar = [
            models.Index("endpoint", models.F("id").desc(), name="webhook_delivery_newest"),  # the log
            # What a worker takes next, and the sweep.
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                name="webhook_delivery_unfinished",
                # Not "state IN (…)": PostgreSQL prints that with other casts after a replay of the schema.
                condition=Q(state="waiting") | Q(state="claimed"),
            ),
            models.Index(fields=["created_at"], name="webhook_delivery_by_age"),  # forgotten after KEPT
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.code}"

    @property
    def message_id(self) -> str:
        """The webhook-id: the same at each try and when it is sent again by hand."""
        return f"msg_{self.code}"


class WebhookAttempt(models.Model):
    """One try. Written with the claim, so that a try whose worker died is there too."""

    class Fault(models.TextChoices):
        STATUS = "status", _("It answered with an error")
        REDIRECT = "redirect", _("It pointed elsewhere; that is not followed")
        GONE = "gone", _("It said that it is gone for good")
        TIMEOUT = "timeout", _("It took too long")
        NO_HOST = "no_host", _("There is no such host")
        FORBIDDEN = "forbidden", _("The address is not on the internet")
        CONNECTION = "connection", _("No connection")
        CERTIFICATE = "certificate", _("Its certificate is not valid")
        NOT_HTTP = "not_http", _("What it said is not HTTP")
        UNKNOWN = "unknown", _("Our worker stopped before it had an answer")

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries", db_index=False)
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField(null=True)  # empty while it runs
    status = models.PositiveSmallIntegerField(null=True)
    fault = models.CharField(max_length=12, choices=Fault.choices, blank=True)
    answer = models.CharField(max_length=500, blank=True)  # the beginning of the body; emptied when a person is erased

    class Meta:
        indexes: ClassVar = [models.Index("delivery", models.F("id").desc(), name="webhook_attempt_newest")]

    def __str__(self) -> str:
        return f"try of {self.delivery_id}"
