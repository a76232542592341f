"""The page of sent texts in development, where no provider delivers them."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.page import page
from core.permissions import open_to_all
from core.requests import ProgrammeRequest
from messaging.models import OutboundMessage

SHOWN = 50


@require_safe
@never_cache
@open_to_all  # development only: elsewhere it does not exist, because it shows codes
def dev_messages(request: ProgrammeRequest) -> HttpResponse:
    if not settings.DEVELOPMENT:
        raise Http404
    messages = OutboundMessage.objects.select_related("customer").order_by("-id")[:SHOWN]
    return page(request, "messaging/dev_messages.html", {"outbound": messages}, partials={"message-list"})
