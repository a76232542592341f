"""Settings: who carries the programme's texts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.errors import InvalidInput
from core.page import done, page
from core.permissions import Perm, requires
from core.phones import example_phone
from core.requests import StaffRequest
from messaging.actions.texts import choose_provider, find_provider, opened_or_nothing, send_test
from messaging.errors import UnknownProvider
from messaging.forms_texts import ConnectionForm, TestTextForm
from messaging.models import SmsConnection
from messaging.providers.contract import Provider
from messaging.reports_messages import to_decide
from messaging.reports_texts import choices, current_connection, last_test, reach_nobody, webhooks
from workspace.settings_tabs import settings_tabs


@never_cache
@require_safe
@requires(Perm.SETTINGS_EDIT)
def texts(request: StaffRequest) -> HttpResponse:
    connection = current_connection()
    name = request.GET.get("provider") or (connection.provider if connection else "")
    form = _form(_provider(name), connection) if name else None
    return _show(request, connection, form)


@never_cache
@require_POST
@requires(Perm.SETTINGS_EDIT)
def texts_save(request: StaffRequest) -> HttpResponse:
    connection, provider = current_connection(), _provider(request.POST.get("provider", ""))
    form = _form(provider, connection, request.POST)
    if form.is_valid():
        try:
            choose_provider(
                provider=provider.name,
                sender=form.cleaned_data["sender"],
                settings=form.settings,
                is_active=form.cleaned_data["is_active"],
                actor=request.actor,
                now=timezone.now(),
            )
        except InvalidInput as refused:  # what only the provider's own rules can say, at the field that it is about
            form.add_refusal(refused)
        else:
            messages.success(request, _("Saved. Send a test text to be sure."))
            return done(request, reverse("messaging:texts"))
    return _show(request, connection, form, status=422)


@require_POST
@requires(Perm.SETTINGS_EDIT)
def texts_test(request: StaffRequest) -> HttpResponse:
    connection = current_connection()
    test_form = TestTextForm(request.POST)
    if connection is not None and test_form.is_valid():
        try:
            send_test(phone=test_form.cleaned_data["phone"], actor=request.actor, now=timezone.now())
        except InvalidInput as refused:
            test_form.add_error("phone", str(refused.message))
        else:
            return done(request, reverse("messaging:texts"))
    if connection is None:
        raise Http404
    return _show(request, connection, _form(_provider(connection.provider), connection), test_form, status=422)


def _provider(name: str) -> Provider:
    try:
        return find_provider(name)
    except UnknownProvider as error:
        raise Http404 from error


def _form(provider: Provider, connection: SmsConnection | None, data: Any = None) -> ConnectionForm:
    is_current = connection is not None and connection.provider == provider.name
    known = opened_or_nothing(connection).settings if connection is not None and is_current else {}
    form = ConnectionForm(
        data,
        provider=provider,
        sender=connection.sender if connection is not None and is_current else "",
        known=known,
    )
    if connection is not None and is_current:
        form.fields["is_active"].initial = connection.is_active
    return form


def _show(
    request: StaffRequest,
    connection: SmsConnection | None,
    form: ConnectionForm | None,
    test_form: TestTextForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "choices": choices(connection, form.provider if form else None),
        "form": form,
        "is_current": bool(form and connection and connection.provider == form.provider.name),
        "connection": connection,
        "reach_nobody": reach_nobody(connection),
        "webhooks": webhooks(connection) if connection else None,
        "test_form": test_form or TestTextForm(),
        "test": last_test(connection) if connection else None,
        "waiting": to_decide() if request.actor.business_id is None else None,
        "example": example_phone(request.programme.country),
        "sees_all": request.actor.business_id is None,
        "tabs": settings_tabs(request),
    }
    return page(request, "messaging/texts.html", context, partials={"texts-test"}, status=status)
