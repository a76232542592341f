"""The outbox, and customers' proof of their number. All of it lives in the programme's schema."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from messaging.models_webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint  # noqa: F401  (found here)
from messaging.querysets import (
    CustomerSessionQuerySet,
    InboundMessageQuerySet,
    OneTimeCodeQuerySet,
    OutboundMessageQuerySet,
)


class OutboundMessage(models.Model):
    """One text or e-mail to one person. The row decides whether it is sent: at most once to the provider.

    *Claimed* is committed before the channel is called, so a worker that dies in between leaves a row that nobody
    sends again: it becomes *unconfirmed* and a person decides.
    """

    class Channel(models.TextChoices):
        SMS = "sms", _("Text")
        EMAIL = "email", _("E-mail")

    class Purpose(models.TextChoices):
        ONE_TIME_CODE = "one_time_code", _("One-time code")  # asked for a moment ago: needs no consent
        RECEIPT = "receipt", _("Receipt")  # asked for at the till a moment ago
        REPLY = "reply", _("Answer to a text")  # they wrote a moment ago
        OPT_OUT_REPLY = "opt_out_reply", _("Answer to STOP")  # one, and the last
        TEST = "test", _("Test")  # to a member of staff, from the settings
        SERVICE = "service", _("About your points")
        MARKETING = "marketing", _("Offers and news")

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        CLAIMED = "claimed", _("Being sent")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        UNDELIVERED = "undelivered", _("Not delivered")
        FAILED = "failed", _("Failed")
        UNCONFIRMED = "unconfirmed", _("Perhaps sent")
        SUPPRESSED = "suppressed", _("Not sent")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    recipient = models.CharField(max_length=254)  # E.164 or an address
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, blank=True, related_name="messages"
    )
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    dedupe_key = models.CharField(max_length=160, unique=True)  # the cause; a repeated cause is one message
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    provider = models.CharField(max_length=40, blank=True)
    provider_id = models.CharField(max_length=120, blank=True)
    error = models.CharField(max_length=200, blank=True)  # a code and plain words, never the recipient
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)  # pointless afterwards: not sent, and a code's body is blanked
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    redacted_at = models.DateTimeField(null=True)

    objects = OutboundMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes: ClassVar = [
            models.Index(fields=["-id"], name="message_newest"),
            models.Index("customer", models.F("id").desc(), name="message_by_customer"),
            # The sweep: what waits for another try and what a dead worker left behind.
            models.Index(
                fields=["state", "next_attempt_at"],
                name="message_unfinished",
                # Not "state IN (…)": PostgreSQL prints that with other casts after a replay of the schema.
                condition=Q(state="queued") | Q(state="claimed"),
            ),
            # The sweep: bodies that still hold a code.
            models.Index(
                fields=["expires_at"],
                name="message_with_code",
                condition=Q(purpose="one_time_code", redacted_at__isnull=True),
            ),
            models.Index(fields=["provider_id"], name="message_by_provider_id"),  # what a provider reports on
            # The list of what was perhaps sent, oldest first.
            models.Index(fields=["id"], name="message_unconfirmed", condition=Q(state="unconfirmed")),
            # What waits for a person's decision about the number that it goes to.
            models.Index(fields=["recipient"], name="message_queued_to", condition=Q(state="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.code}"


class MessageReceipt(models.Model):
    """One thing that a provider said about a message. Saying it again changes nothing."""

    message = models.ForeignKey(OutboundMessage, on_delete=models.CASCADE, related_name="receipts")
    word = models.CharField(max_length=60)  # the provider's own
    state = models.CharField(max_length=12)  # sent, delivered, undelivered: what it means for us
    error = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "word"], name="receipt_once_per_word")]

    def __str__(self) -> str:
        return f"{self.word} of {self.message_id}"


class InboundMessage(models.Model):
    """A text that somebody sent to the programme's number. The provider's id makes a repeated call the same text.

    One that may ask for no more texts waits for a person: until then, offers to that number are held back.
    """

    class Reading(models.TextChoices):
        OTHER = "", _("Not answered")
        COMMAND = "command", _("Asked by a word")
        STOP = "stop", _("Stopped texts")
        START = "start", _("Started texts")
        UNCLEAR = "unclear", _("Perhaps an opt-out")

    class Decision(models.TextChoices):
        NONE = "", _("Not decided")
        STOPPED = "stopped", _("Texts stopped")
        KEPT = "kept", _("No opt-out")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    provider = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=120)
    sender = models.CharField(max_length=40)  # E.164, or as the provider wrote it; empty after erasing
    recipient = models.CharField(max_length=40, blank=True)
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, blank=True, related_name="texts_received"
    )
    body = models.TextField(blank=True)
    reading = models.CharField(max_length=8, choices=Reading.choices, blank=True, default="")
    decision = models.CharField(max_length=8, choices=Decision.choices, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)  # as the audit log; empty: by a word of their own
    received_at = models.DateTimeField(default=timezone.now)
    redacted_at = models.DateTimeField(null=True)

    objects = InboundMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming text")
        verbose_name_plural = _("incoming texts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "provider_id"], name="inbound_once_per_provider_id")
        ]
        indexes: ClassVar = [
            models.Index("customer", models.F("id").desc(), name="inbound_by_customer"),
            models.Index(fields=["sender"], name="inbound_by_sender"),  # erasing
            models.Index(fields=["received_at"], name="inbound_by_age"),  # the sweep
            # Asked before each offer leaves, and the list of what a person must decide.
            models.Index(fields=["sender"], name="inbound_undecided", condition=Q(reading="unclear", decision="")),
        ]

    def __str__(self) -> str:
        return f"text {self.code}"


class Suppression(models.Model):
    """A number that gets nothing any more, whoever it belongs to, until START comes from it."""

    class Reason(models.TextChoices):
        STOP = "stop", _("Sent STOP")
        PROVIDER = "provider", _("Stopped at the provider")
        STAFF = "staff", _("Asked in their own words")

    channel = models.CharField(max_length=10, choices=OutboundMessage.Channel.choices)
    address = models.CharField(max_length=254)  # E.164
    reason = models.CharField(max_length=10, choices=Reason.choices)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "address"], name="suppression_once_per_address")
        ]

    def __str__(self) -> str:
        return f"{self.channel} suppression {self.pk}"


class SmsConnection(models.Model):
    """The programme's account with a provider of texts: no row or one. `sealed` is opened by `actions.texts` only."""

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE, editable=False)
    provider = models.CharField(max_length=40)
    sender = models.CharField(max_length=40, blank=True)
    sealed = models.TextField()  # settings and the webhooks' code, encrypted together with the programme's schema
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField(default=timezone.now)
    last_test = models.ForeignKey(OutboundMessage, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="sms_connection_is_one")]

    def __str__(self) -> str:
        return self.provider


class OneTimeCode(models.Model):
    """One request for a code on the points page: who asked, for which number, and how often a code was tried.

    The request itself never looks the number up, so it cannot tell whether it is known. A worker does, and only then
    gives a known one its `code_digest`. Rows are kept for a day, for the caps.
    """

    class Purpose(models.TextChoices):
        SIGN_IN = "sign_in", _("Sign in")
        ERASE = "erase", _("Delete my data")

    request_digest = models.BinaryField(max_length=32, unique=True)  # of the token in the browser's cookie
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.SIGN_IN)
    phone = models.CharField(max_length=16)  # E.164
    prefix = models.CharField(max_length=16)  # the number without its last four digits
    dial_code = models.CharField(max_length=4, blank=True)  # +44
    address = models.CharField(max_length=45)  # IPv4, or the /64 network of IPv6
    code_digest = models.BinaryField(max_length=32, null=True)  # keyed; empty for numbers that nobody has
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = OneTimeCodeQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # The caps count the last requests of a number, a prefix, an address and the programme.
            models.Index(fields=["phone", "created_at"], name="code_by_phone"),
            models.Index(fields=["prefix", "created_at"], name="code_by_prefix"),
            models.Index(fields=["dial_code", "created_at"], name="code_by_dial_code"),
            models.Index(fields=["address", "created_at"], name="code_by_address"),
            models.Index(fields=["created_at"], name="code_by_age"),
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"


class CustomerSession(models.Model):
    """A customer who is signed in on the points page of this programme, in one browser."""

    token_digest = models.BinaryField(max_length=32, unique=True)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="sessions")
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = CustomerSessionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="customer_session_by_expiry")]

    def __str__(self) -> str:
        return f"session {self.pk}"


class CustomerPin(models.Model):
    """A customer's own PIN, with which they sign in without a text. Slow-hashed: four digits are soon guessed."""

    customer = models.OneToOneField(
        "customers.Customer", on_delete=models.CASCADE, primary_key=True, related_name="pin"
    )
    digest = models.CharField(max_length=128)  # as Django stores passwords
    set_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"PIN of customer {self.customer_id}"


class PinFailure(models.Model):
    """Wrong PINs in a row for one number, known or not: counting looks alike for both. A code starts it afresh."""

    phone_digest = models.BinaryField(max_length=32, unique=True)  # keyed, with the programme's schema
    failures = models.PositiveSmallIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["last_at"], name="pin_failure_by_age")]  # the sweep

    def __str__(self) -> str:
        return f"{self.failures} wrong PINs"
