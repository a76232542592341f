"""The programme's own settings, and a person's."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.forms import field_check
from core.hosts import public_url
from core.page import done, page
from core.permissions import Perm, member_only, requires
from core.requests import StaffRequest
from programs.actions.people import change_person
from programs.admin_sites import programme_site
from programs.forms import PersonForm, ProgrammeSettingsForm
from programs.models import Programme
from programs.views_programme import YEAR_SECONDS
from workspace.actions.settings import change_logo, change_programme
from workspace.currency import is_currency_fixed
from workspace.settings_tabs import settings_tabs


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.SETTINGS_EDIT)
def programme_settings(request: StaffRequest) -> HttpResponse:
    programme = Programme.objects.get(pk=request.programme.pk)  # the request's may be seconds old
    url = reverse("workspace:settings")
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ProgrammeSettingsForm(data, files, programme=programme, is_currency_fixed=is_currency_fixed(), check_url=url)
    if data is not None:
        checked = field_check(request, form)
        if checked is not None:
            return checked
        if form.is_valid():
            values = dict(form.cleaned_data)
            logo = values.pop("logo")
            change_programme(programme=programme, changes=values, actor=request.actor, now=timezone.now())
            if logo is not None:
                change_logo(programme=programme, data=logo, actor=request.actor)
            messages.success(request, _("Settings saved"))
            return done(request, url)
    context = {
        "form": form,
        "stored": programme,
        "tabs": settings_tabs(request),
        "sees_all": request.actor.business_id is None,
        "records_url": reverse("programme:index") if programme_site.has_permission(request) else "",
    }
    return page(request, "workspace/settings.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.SETTINGS_EDIT)
def logo_remove(request: StaffRequest) -> HttpResponse:
    change_logo(programme=request.programme, data=None, actor=request.actor)
    messages.success(request, _("Logo removed"))
    return done(request, reverse("workspace:settings"))


@require_http_methods(["GET", "HEAD", "POST"])
@member_only
def me(request: StaffRequest) -> HttpResponse:
    url = reverse("workspace:me")
    data = request.POST if request.method == "POST" else None
    form = PersonForm(data, user=request.user, check_url=url)
    if data is not None:
        checked = field_check(request, form)
        if checked is not None:
            return checked
        if form.is_valid():
            change_person(user=request.user, changes=form.cleaned_data, ip=request.actor.ip)
            messages.success(request, _("Your profile is saved"))
            response = done(request, url)
            _write_preferences(response, **form.cleaned_data)
            return response
    context = {"form": form, "tabs": settings_tabs(request), "security_url": public_url("/accounts/2fa/")}
    return page(request, "workspace/me.html", context, status=422 if form.errors else 200)


def _write_preferences(response: HttpResponse, *, theme: str, language: str, **_others: object) -> None:
    """The server reads both from cookies, before it knows the person."""
    secure = settings.IS_HTTPS
    response.set_cookie("theme", theme, max_age=YEAR_SECONDS, secure=secure, samesite="Lax")
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR_SECONDS, secure=secure, samesite="Lax"
        )
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
