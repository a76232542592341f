"""What was sent and received, on a programme's admin site. People decide about it under Settings, Texts."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from messaging.models import InboundMessage, OutboundMessage
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
