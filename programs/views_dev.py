"""The page of sent e-mails in development, where no mail server delivers them."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.page import page
from core.permissions import open_to_all
from programs import sent_mail

SHOWN = 20


@require_safe
@never_cache
@open_to_all  # development only: elsewhere it does not exist, because it shows codes
def dev_mail(request: HttpRequest) -> HttpResponse:
    if not settings.DEVELOPMENT:
        raise Http404
    context = {"mails": sent_mail.newest(SHOWN), "is_kept": sent_mail.is_kept()}
    return page(request, "programs/dev_mail.html", context, partials={"mail-list"})
