"""The code that a customer shows at the till."""

from __future__ import annotations

import segno
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.page import page
from screens.portal_session import CustomerRequest, signed_in_customer
from screens.till_token import RENEW_SECONDS, make_till_token


@require_GET
@signed_in_customer
def till_code(request: CustomerRequest) -> HttpResponse:
    """A QR code that renews itself; without JavaScript, a link does."""
    token = make_till_token(request.customer, timezone.now())
    picture = segno.make(token, micro=False, error="m")
    context = {
        "picture": picture.svg_data_uri(scale=1, border=2, dark="#000", light="#fff"),
        "token": " ".join(token[place : place + 4] for place in range(0, len(token), 4)),
        "renew_seconds": RENEW_SECONDS,
        "customer": request.customer,
    }
    return page(request, "screens/portal/till_code.html", context, partials={"till-code"})
