"""The audit log's words for webhooks."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from messaging.models_webhooks import WebhookEndpoint
from workspace.audit_registry import FIELDS, VALUES, Group, Named, Reader, register_act, register_subject

ACTS = {
    "created": (_("Webhook made"), _("{who} made the webhook {what}")),
    "changed": (_("Webhook changed"), _("{who} changed the webhook {what}")),
    "secret_rotated": (_("Webhook’s secret renewed"), _("{who} made a new secret for the webhook {what}")),
    "paused": (_("Webhook paused"), _("{who} paused the webhook {what}")),
    "resumed": (_("Webhook switched on"), _("{who} switched the webhook {what} on again")),
    "switched_off": (_("Webhook switched off"), _("{who} switched the webhook {what} off, because it failed")),
    "deleted": (_("Webhook deleted"), _("{who} deleted the webhook {what}")),
    "tested": (_("Webhook tested"), _("{who} sent a test to the webhook {what}")),
    "replayed": (_("Webhook sent again"), _("{who} had events sent again to the webhook {what}")),
}
for name, (title, sentence) in ACTS.items():
    register_act(f"messaging.webhook.{name}", group=Group.ACCESS, title=title, sentence=sentence)

FIELDS |= {
    "host": _("Host"),
    "off_because": _("Because"),
    "delivery": _("Delivery"),
    "deliveries": _("Deliveries"),
    "since": _("Since"),
}
VALUES |= {"off_because": dict(WebhookEndpoint.Off.choices)}


def _webhooks(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    """Also those that were deleted: the log outlives them a little, and then has the code."""
    found = WebhookEndpoint.objects.filter(code__in=codes)
    return {
        one.code: Named(str(one), "" if one.deleted_at else reverse("webhooks:detail", args=[one.code]))
        for one in found
    }


def _search_webhooks(text: str, reader: Reader) -> Collection[str]:
    kept = WebhookEndpoint.objects.visible_to(reader.actor)
    found = kept.filter(url__icontains=text) | kept.filter(description__icontains=text)
    return [f"webhook:{code}" for code in found.values_list("code", flat=True)[:100]]


register_subject("webhook", title=_("webhook"), find=_webhooks, search=_search_webhooks)
