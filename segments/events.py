"""What segments tell the event stream. The count's statement writes them; a test holds it against these."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from customers.events import register_derived

_MEMBER = {"segment": "string", "segment_name": "string", "reason": "string"}
MEMBER_ENTERED = register_derived("segments.member.entered", title=_("Came into a segment"), icon="funnel", **_MEMBER)
MEMBER_LEFT = register_derived("segments.member.left", title=_("Left a segment"), icon="log-out", **_MEMBER)
