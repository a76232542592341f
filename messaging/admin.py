"""What was sent and received, and to whom nothing is, on a programme's admin site. People decide under Settings."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from messaging.models import InboundMessage, OutboundMessage, SmsConnection, Suppression
from messaging.models_webhooks import WebhookDelivery, WebhookEndpoint
from programs.admin_sites import RecordAdmin, programme_site


@admin.register(OutboundMessage, site=programme_site)
class OutboundMessageAdmin(RecordAdmin):
    list_display = ("created_at", "channel", "purpose", "recipient", "state", "error", "attempts", "provider")
    list_filter = ("state", "channel", "purpose")
    search_fields = ("code", "recipient", "customer__code")
    search_help_text = "A message's or a customer's public id, or a whole number or address."
    ordering = ("-id",)
    hidden: ClassVar = ("body",)  # it may hold a code


@admin.register(InboundMessage, site=programme_site)
class InboundMessageAdmin(RecordAdmin):
    list_display = ("received_at", "sender", "body", "reading", "decision", "decided_by", "provider")
    list_filter = ("reading", "decision")
    search_fields = ("code", "sender", "customer__code")
    search_help_text = "A text's or a customer's public id, or a whole number."
    ordering = ("-id",)


@admin.register(Suppression, site=programme_site)
class SuppressionAdmin(RecordAdmin):
    list_display = ("at", "channel", "address", "reason")
    list_filter = ("channel", "reason")
    search_fields = ("=address",)
    search_help_text = "A whole number."
    ordering = ("-pk",)


@admin.register(SmsConnection, site=programme_site)
class SmsConnectionAdmin(RecordAdmin):
    list_display = ("provider", "sender", "is_active", "changed_at")
    ordering = ("pk",)
    hidden: ClassVar = ("sealed",)


@admin.register(WebhookEndpoint, site=programme_site)
class WebhookEndpointAdmin(RecordAdmin):
    list_display = ("host", "code", "business", "is_active", "off_because", "failing_since", "last_delivered_at")
    list_filter = ("is_active", "off_because")
    list_select_related = ("business",)
    search_fields = ("code", "url", "description")
    ordering = ("-pk",)
    hidden: ClassVar = ("secret", "previous_secret")


@admin.register(WebhookDelivery, site=programme_site)
class WebhookDeliveryAdmin(RecordAdmin):
    list_display = ("created_at", "code", "endpoint", "event_type", "state", "attempts", "last_status", "last_fault")
    list_filter = ("state", "last_fault")
    list_select_related = ("endpoint",)
    search_fields = ("code", "endpoint__code")
    search_help_text = "A delivery's or an endpoint's public id."
    ordering = ("-id",)
