"""Events that other systems send: their names, the newest of them, how long they are kept, how to send."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from core.keyset import CURSOR
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions.event_policy import keep_events_for, kept_days
from customers.forms_events import PolicyForm
from customers.ingestion import MAX_EVENT_NAME
from customers.reports.tracked_events import newest_events, tracked_names
from customers.views import scope_of

FEED = "event-feed"
EXAMPLE = """curl %s \\
  -H "X-API-Key: rg_live_…" \\
  -H "Content-Type: application/json" \\
  -d '{"event": "Product viewed",
       "email": "ada@example.com",
       "message_id": "a-unique-id",
       "properties": {"sku": "A1"}}'"""


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def events(request: StaffRequest) -> HttpResponse:
    return _page(request, PolicyForm(initial={"keep_days": kept_days()}))


@require_POST
@requires(Perm.SETTINGS_EDIT)
def keep(request: StaffRequest) -> HttpResponse:
    form = PolicyForm(request.POST)
    if form.is_valid():
        try:
            keep_events_for(days=form.cleaned_data["keep_days"], actor=request.actor, now=timezone.now())
        except DomainError as error:
            form.add_error("keep_days", str(error.message))
        else:
            messages.success(request, _("Saved"))
            return done(request, reverse("customers:events"))
    return _page(request, form, status=422)


def _page(request: StaffRequest, form: PolicyForm, *, status: int = 200) -> HttpResponse:
    chosen = request.GET.get("event", "")[:MAX_EVENT_NAME].replace("\x00", "")
    feed, count = newest_events(scope_of(request), event=chosen, cursor=request.GET.get(CURSOR, ""))
    context = {
        "feed": feed,
        "count": count,
        "links": feed.links(request.GET),
        "chosen": chosen,
        "names": tracked_names(),
        "form": form,
        "may_change": Perm.SETTINGS_EDIT in request.membership.permissions,
        "example": EXAMPLE % request.build_absolute_uri(reverse("api:events-track")),
    }
    return page(request, "customers/event_list.html", context, partials={FEED}, status=status)
