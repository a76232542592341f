"""What happened, and how far each reader of it is."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Func, Q

from customers.models.people import Customer
from customers.querysets import EventQuerySet


class CurrentTransaction(Func):
    """The id of the transaction that writes the row, as BIGINT. Source: PostgreSQL, "Transaction ID functions"."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class Event(models.Model):
    """Something that happened, appended in the transaction that made it happen. Names are registered in `events`.

    `transaction_id` lets readers wait for transactions that were older but commit later (`customers.stream`).
    """

    name = models.CharField(max_length=60)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="events", db_index=False
    )
    business_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()  # by the source's clock
    received_at = models.DateTimeField(db_default=Func(function="clock_timestamp", output_field=models.DateTimeField()))
    transaction_id = models.BigIntegerField(db_default=CurrentTransaction())
    message_id = models.CharField(max_length=120, null=True)  # de-duplicates what others send us
    tracked = models.CharField(max_length=100, blank=True, default="", db_default="")  # what its sender calls it
    anonymous_id = models.CharField(max_length=120, null=True)  # of a visitor who was nobody's at the time
    actor = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["message_id"], name="event_message_once", condition=Q(message_id__isnull=False)
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["transaction_id", "id"], name="event_stream"),  # readers
            models.Index("customer", F("occurred_at").desc(), F("id").desc(), name="event_timeline"),
            models.Index(F("occurred_at").desc(), F("id").desc(), name="event_newest", condition=Q(tracked="")),
            models.Index("name", "tracked", "occurred_at", "customer", name="event_windows"),  # who did it, how often
            models.Index("received_at", name="event_to_forget", condition=~Q(tracked="")),
            models.Index(
                "anonymous_id", name="event_of_visitor", condition=Q(anonymous_id__isnull=False, customer__isnull=True)
            ),
        ]


class StreamReader(models.Model):
    """How far a reader of the event stream is: everything up to this position has been dealt with."""

    name = models.CharField(max_length=60, primary_key=True)
    transaction_id = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)


class TrackedName(models.Model):
    """A name under which others send events, and what comes with it: what lists and builders offer to choose from."""

    name = models.CharField(max_length=100, primary_key=True)
    count = models.BigIntegerField(default=0)  # ever, also of those that are forgotten by now
    properties = models.JSONField(default=dict)  # name → text, number, yes_no, list or object, as last sent
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(F("last_at").desc(), "name", name="tracked_name_newest")]


class EventPolicy(models.Model):
    """One row: how long events that others send are kept."""

    CHOICES = (90, 180, 365, 730, 1825)  # days

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    keep_days = models.PositiveIntegerField(default=730)
