"""Settings: the businesses of the programme."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import PermissionRefused
from core.forms import field_check
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from workspace.actions.businesses import change_business, open_business
from workspace.actions.joining import waiting_count
from workspace.forms import BusinessForm
from workspace.models import Business
from workspace.settings_tabs import settings_tabs


@require_safe
@requires(Perm.PROGRAMME_VIEW)
def business_list(request: StaffRequest) -> HttpResponse:
    may_let_join = Perm.BUSINESSES_MANAGE in request.membership.permissions
    context = {
        "businesses": Business.objects.visible_to(request.actor).order_by("-is_active", "name"),
        "may_edit": Perm.PROGRAMME_EDIT in request.membership.permissions,
        "may_open": _may_open(request),
        "may_let_join": may_let_join,
        "waiting": waiting_count(request.programme) if may_let_join else 0,
        "tabs": settings_tabs(request),
    }
    return page(request, "workspace/business_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def business_new(request: StaffRequest) -> HttpResponse:
    if not _may_open(request):
        raise PermissionRefused(_("Only somebody who sees all businesses can open another one."))
    data = request.POST if request.method == "POST" else None
    form = BusinessForm(data, check_url=reverse("workspace:business-new"))
    if data is not None:
        checked = field_check(request, form)
        if checked is not None:
            return checked
        if form.is_valid():
            business = open_business(**form.cleaned_data, actor=request.actor, now=timezone.now())
            messages.success(request, _("%(name)s is open") % {"name": business.name})
            return done(request, reverse("workspace:business-list"))
    context = {"form": form, "tabs": settings_tabs(request)}
    return page(request, "workspace/business_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def business_edit(request: StaffRequest, code: str) -> HttpResponse:
    business = _business(request, code)
    data = request.POST if request.method == "POST" else None
    form = BusinessForm(data, business=business, check_url=reverse("workspace:business-edit", args=[code]))
    if data is not None:
        checked = field_check(request, form)
        if checked is not None:
            return checked
        if form.is_valid():
            change_business(business=business, changes=form.cleaned_data, actor=request.actor)
            messages.success(request, _("%(name)s is saved") % {"name": form.cleaned_data["name"]})
            return done(request, reverse("workspace:business-list"))
    context = {"form": form, "business": business, "tabs": settings_tabs(request)}
    return page(request, "workspace/business_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def business_close(request: StaffRequest, code: str) -> HttpResponse:
    """Close a business: it keeps its history, and nobody can sell there."""
    return _switch(request, code, is_active=False)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def business_reopen(request: StaffRequest, code: str) -> HttpResponse:
    return _switch(request, code, is_active=True)


def _switch(request: StaffRequest, code: str, *, is_active: bool) -> HttpResponse:
    business = change_business(business=_business(request, code), changes={"is_active": is_active}, actor=request.actor)
    said = _("%(name)s is open again") if is_active else _("%(name)s is closed")
    messages.success(request, said % {"name": business.name})
    return done(request, reverse("workspace:business-list"))


def _business(request: StaffRequest, code: str) -> Business:
    business = Business.objects.visible_to(request.actor).filter(code=code).first()
    if business is None:
        raise Http404
    return business


def _may_open(request: StaffRequest) -> bool:
    return Perm.PROGRAMME_EDIT in request.membership.permissions and request.actor.business_id is None
