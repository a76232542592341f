"""Settings: webhooks, their deliveries, and sending again."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from core.forms import field_check
from core.keyset import CURSOR, Order, count_up_to_cap, keyset_page
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_number
from core.requests import StaffRequest
from messaging.actions import webhook_deliveries as sending
from messaging.actions import webhooks as actions
from messaging.actions.webhooks import EndpointChanges, IssuedSecret
from messaging.forms_webhooks import SINCE, DeliveryFilterForm, EndpointForm, ReplayForm
from messaging.models_webhooks import WebhookDelivery, WebhookEndpoint
from messaging.reports_webhooks import delivery_lines, endpoint_lines, event_titles, words_of
from messaging.webhooks.catalogue import title_of
from workspace.models import Business
from workspace.settings_tabs import settings_tabs

NEWEST = Order(["id"])
TRIES_SHOWN = 100


@require_safe
@requires(Perm.KEYS_MANAGE)
def webhook_list(request: StaffRequest) -> HttpResponse:
    lines = endpoint_lines(request.actor, now=timezone.now())
    context = {
        "lines": lines,
        "given_up": [one.endpoint for one in lines if one.endpoint.off_because in ("gone", "failing")],
        "tabs": settings_tabs(request),
        "docs_url": reverse("api-docs"),
    }
    return page(request, "messaging/webhook_list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.KEYS_MANAGE)
def webhook_new(request: StaffRequest) -> HttpResponse:
    """The secret is shown in the answer that makes it: it is in no session, no log and no other page."""
    data = request.POST if request.method == "POST" else None
    form = _form(request, data, check_url=reverse("webhooks:create"))
    if data is not None:
        checked = field_check(request, form)
        if checked is not None:
            return checked
        if form.is_valid():
            try:
                issued = actions.create_endpoint(**_values(request, form), actor=request.actor, now=timezone.now())
            except DomainError as error:
                form.add_error(None, str(error.message))
            else:
                return _show(request, issued.endpoint, issued=issued)
    context = {"form": form, "tabs": settings_tabs(request)}
    return page(request, "messaging/webhook_form.html", context, status=422 if form.errors else 200)


@require_safe
@requires(Perm.KEYS_MANAGE)
def webhook_detail(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    return _show(request, _endpoint(request, endpoint_code))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.KEYS_MANAGE)
def webhook_edit(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_code)
    data = request.POST if request.method == "POST" else None
    form = _form(request, data, endpoint, check_url=reverse("webhooks:edit", args=[endpoint.code]))
    if data is not None:
        checked = field_check(request, form)
        if checked is not None:
            return checked
        if form.is_valid():
            actions.change_endpoint(endpoint=endpoint, changes=_values(request, form), actor=request.actor)
            messages.success(request, _("Saved"))
            return done(request, _url(endpoint))
    context = {"form": form, "endpoint": endpoint, "tabs": settings_tabs(request)}
    return page(request, "messaging/webhook_form.html", context, status=422 if form.errors else 200)


@never_cache
@require_POST
@requires(Perm.KEYS_MANAGE)
def webhook_rotate(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_code)
    issued = actions.rotate_secret(endpoint=endpoint, actor=request.actor, now=timezone.now())
    return _show(request, issued.endpoint, issued=issued)


@require_POST
@requires(Perm.KEYS_MANAGE)
def webhook_pause(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_code)
    actions.pause_endpoint(endpoint=endpoint, actor=request.actor, now=timezone.now())
    messages.success(request, _("Paused. What happens meanwhile is kept as missed."))
    return done(request, _url(endpoint))


@require_POST
@requires(Perm.KEYS_MANAGE)
def webhook_resume(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_code)
    actions.resume_endpoint(endpoint=endpoint, actor=request.actor)
    messages.success(request, _("Switched on. What was missed is sent when you ask for it."))
    return done(request, _url(endpoint))


@require_POST
@requires(Perm.KEYS_MANAGE)
def webhook_delete(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_code)
    actions.delete_endpoint(endpoint=endpoint, actor=request.actor, now=timezone.now())
    messages.success(request, _("Deleted. Nothing is sent there any more."))
    return done(request, reverse("webhooks:list"))


@require_POST
@requires(Perm.KEYS_MANAGE)
def webhook_test(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    endpoint = _endpoint(request, endpoint_code)
    delivery = sending.send_test(endpoint=endpoint, actor=request.actor, now=timezone.now())
    return done(request, reverse("webhooks:delivery", args=[delivery.code]))


@require_POST
@requires(Perm.KEYS_MANAGE)
def webhook_replay(request: StaffRequest, endpoint_code: str) -> HttpResponse:
    """Everything again that failed or was missed since then."""
    endpoint = _endpoint(request, endpoint_code)
    form = ReplayForm(request.POST)
    if not form.is_valid():
        raise Http404
    now = timezone.now()
    since = now - timedelta(hours=int(form.cleaned_data["hours"]))
    count = sending.replay_failed(endpoint=endpoint, since=since, actor=request.actor, now=now)
    said = ngettext("%(n)s event is sent again", "%(n)s events are sent again", count) % {"n": format_number(count)}
    messages.success(request, said if count else _("Nothing has failed or was missed since then"))
    return done(request, _url(endpoint))


@require_safe
@requires(Perm.KEYS_MANAGE)
def delivery_detail(request: StaffRequest, delivery_code: str) -> HttpResponse:
    delivery = _delivery(request, delivery_code)
    tries = list(delivery.tries.order_by("-id")[:TRIES_SHOWN])
    context = {
        "delivery": delivery,
        "endpoint": delivery.endpoint,
        "line": delivery_lines([delivery])[0],
        "tries": [(one, words_of(one.status, one.fault)) for one in tries],
        # Somebody may be waiting for the first answer; later ones come in hours.
        "is_awaited": delivery.state == WebhookDelivery.State.CLAIMED
        or (delivery.state == WebhookDelivery.State.WAITING and not delivery.attempts),
    }
    return page(request, "messaging/webhook_delivery.html", context, partials={"delivery-state"})


@require_POST
@requires(Perm.KEYS_MANAGE)
def delivery_replay(request: StaffRequest, delivery_code: str) -> HttpResponse:
    delivery = _delivery(request, delivery_code)
    sending.replay_delivery(delivery=delivery, actor=request.actor, now=timezone.now())
    return done(request, reverse("webhooks:delivery", args=[delivery.code]))


def _show(request: StaffRequest, endpoint: WebhookEndpoint, *, issued: IssuedSecret | None = None) -> HttpResponse:
    """The page of an endpoint with its newest deliveries, filtered."""
    filters = DeliveryFilterForm(request.GET)
    filters.is_valid()
    given = filters.cleaned_data
    found = endpoint.deliveries.all()
    if given.get("state"):
        found = found.filter(state=given["state"])
    if given.get("event"):
        found = found.filter(event_type=given["event"])
    rows = keyset_page(found, NEWEST, descending=True, cursor=request.GET.get(CURSOR, ""))
    now = timezone.now()
    context = {
        "endpoint": endpoint,
        "event_titles": [str(title_of(name)) for name in endpoint.event_types],
        "old_secret_until": endpoint.previous_until if (endpoint.previous_until or now) > now else None,
        "given": given,
        "page": rows.with_rows(delivery_lines(rows.rows)),
        "total": count_up_to_cap(found),
        "is_narrowed": bool(given.get("state") or given.get("event")),
        "states": [("", _("Every state")), *WebhookDelivery.State.choices],
        "events": [("", _("Every event")), *event_titles()],
        "since_choices": SINCE,
        "issued": issued,
        "tabs": settings_tabs(request),
        "here": _url(endpoint),
        **rows.links(request.GET),
    }
    return page(request, "messaging/webhook_detail.html", context, partials={"webhook-deliveries"})


def _form(
    request: StaffRequest, data: object, endpoint: WebhookEndpoint | None = None, *, check_url: str
) -> EndpointForm:
    open_or_own = Q(is_active=True) | Q(pk=endpoint.business_id if endpoint else None)
    return EndpointForm(
        data,
        initial=EndpointForm.values_of(endpoint) if endpoint else None,
        businesses=list(Business.objects.visible_to(request.actor).filter(open_or_own).order_by("name")),
        sees_all=request.actor.business_id is None,
        check_url=check_url,
    )


def _values(request: StaffRequest, form: EndpointForm) -> EndpointChanges:
    code = form.cleaned_data["business"]
    return {
        "url": form.cleaned_data["url"],
        "description": form.cleaned_data["description"],
        "event_types": form.chosen_events(),
        "business": Business.objects.visible_to(request.actor).get(code=code) if code else None,
    }


def _endpoint(request: StaffRequest, code: str) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.visible_to(request.actor).select_related("business").filter(code=code).first()
    if found is None:
        raise Http404
    return found


def _delivery(request: StaffRequest, code: str) -> WebhookDelivery:
    found = WebhookDelivery.objects.visible_to(request.actor).select_related("endpoint").filter(code=code).first()
    if found is None:
        raise Http404
    return found


def _url(endpoint: WebhookEndpoint) -> str:
    return reverse("webhooks:detail", args=[endpoint.code])
