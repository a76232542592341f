"""One customer: what they bought, what they have, what happened."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def profile(request: StaffRequest, code: str) -> HttpResponse:
    return page(request, "screens/profile.html", {})
