"""A business leaves the programme: what would happen, asking for it, deciding it, calling it off."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import InvalidInput, PermissionRefused
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.actions.leaving import ask_to_leave, call_leaving_off, decide_leaving
from loyalty.models import Leaving
from loyalty.reports_leaving import is_last_business, leaving_of, preview_leaving
from screens.forms_leaving import AskToLeaveForm, DecideLeavingForm, LastDayForm
from screens.reports_final import preview_shown
from workspace.models import Business
from workspace.settings_tabs import settings_tabs


@require_safe
@requires(Perm.PROGRAMME_EDIT)
def leaving_page(request: StaffRequest, code: str) -> HttpResponse:
    return _page(request, _business(request, code))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def ask(request: StaffRequest, code: str) -> HttpResponse:
    """Ask the owners, as the manager of this business alone."""
    business = _business(request, code)
    form = AskToLeaveForm(request.POST)
    if form.is_valid():
        try:
            ask_to_leave(business=business, **form.cleaned_data, actor=request.actor, now=timezone.now())
        except InvalidInput as refused:
            form.add_error("last_day", str(refused.message))
        else:
            messages.success(request, _("An owner decides now. Until then nothing changes."))
            return done(request, reverse("leaving:page", args=[code]))
    return _page(request, business, form=form, status=422)


@require_POST
@requires(Perm.BUSINESSES_MANAGE)
def decide(request: StaffRequest, code: str) -> HttpResponse:
    business = _business(request, code)
    form = DecideLeavingForm(request.POST)
    if form.is_valid():
        try:
            leaving = decide_leaving(business=business, **form.cleaned_data, actor=request.actor, now=timezone.now())
        except InvalidInput as refused:
            form.add_error(refused.field or "last_day", str(refused.message))
        else:
            text = _("%(name)s leaves at the end of %(day)s. You can call it off until then.")
            day = date_format(leaving.last_day, "j F Y")
            messages.success(request, text % {"name": business.name, "day": day})
            return done(request, reverse("leaving:page", args=[code]))
    return _page(request, business, form=form, status=422)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def call_off(request: StaffRequest, code: str) -> HttpResponse:
    business = _business(request, code)
    if request.actor.business_id is None and Perm.BUSINESSES_MANAGE not in request.membership.permissions:
        raise PermissionRefused(_("An owner decides who leaves the programme."))
    call_leaving_off(business=business, actor=request.actor, now=timezone.now())
    messages.success(request, _("%(name)s stays") % {"name": business.name})
    return done(request, reverse("leaving:page", args=[code]))


def _business(request: StaffRequest, code: str) -> Business:
    business = Business.objects.visible_to(request.actor).filter(code=code).first()
    if business is None:
        raise Http404
    return business


def _page(
    request: StaffRequest, business: Business, *, form: LastDayForm | None = None, status: int = 200
) -> HttpResponse:
    leaving = leaving_of(business)
    is_done = leaving is not None and leaving.state == Leaving.State.DONE
    may_decide = Perm.BUSINESSES_MANAGE in request.membership.permissions and request.actor.business_id is None
    is_own = request.actor.business_id == business.pk
    if form is None:
        form = DecideLeavingForm(leaving=leaving) if may_decide else AskToLeaveForm()
    context = {
        "business": business,
        "leaving": leaving,
        "is_done": is_done,
        "is_asked": leaving is not None and leaving.state == Leaving.State.ASKED,
        "is_last": not is_done and is_last_business(business),
        "may_decide": may_decide and not is_done,
        "may_ask": is_own and leaving is None,
        "may_call_off": leaving is not None
        and not is_done
        and (may_decide or (is_own and leaving.state == Leaving.State.ASKED)),
        "form": form,
        "preview": None
        if is_done
        else preview_shown(
            preview_leaving(business, programme=request.programme, now=timezone.now()), request.programme, business
        ),
        "tabs": settings_tabs(request),
    }
    return page(request, "screens/leaving/page.html", context, status=status)
