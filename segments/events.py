"""What segments tell the event stream. The count's statement writes them; a test holds it against these."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from customers.events import register

_MEMBER = {"segment": "string", "segment_name": "string", "reason": "string"}
MEMBER_ENTERED = register(
    "segments.member.entered", title=_("Came into a segment"), icon="funnel", is_derived=True, **_MEMBER
)
MEMBER_LEFT = register("segments.member.left", title=_("Left a segment"), icon="log-out", is_derived=True, **_MEMBER)
