"""Referrals for staff: what they give, what waits for a person, and all of them."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError, InvalidInput, NotFound
from core.keyset import CURSOR
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.actions import referrals as actions
from loyalty.actions.referral_settings import change_referral_settings, referral_settings
from loyalty.models import Referral
from loyalty.tabs import loyalty_tabs
from screens import reports_referrals as report
from screens.forms_referrals import ReferralForm

PAGE_SIZE = 25


@require_safe
@requires(Perm.POINTS_VIEW)
def referrals(request: StaffRequest) -> HttpResponse:
    return _referrals_page(request)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def settings(request: StaffRequest) -> HttpResponse:
    """What referrals give from now on; those that were claimed keep what was promised."""
    request.actor.check_sees_all()
    form = ReferralForm(request.POST)
    if form.is_valid():
        try:
            change_referral_settings(values=form.values(), actor=request.actor)
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if not form.is_valid():
        return _referrals_page(request, form=form, status=422)
    messages.success(request, _("Saved. Friends who were named before keep what was promised."))
    return done(request, reverse("loyalty:referrals"))


@require_POST
@requires(Perm.POINTS_ADJUST)
def complete(request: StaffRequest, code: str) -> HttpResponse:
    def act() -> str:
        actions.complete_by_hand(code=code, actor=request.actor, now=timezone.now())
        return _("Completed: the points are given.")

    return _decide(request, act)


@require_POST
@requires(Perm.POINTS_ADJUST)
def cancel(request: StaffRequest, code: str) -> HttpResponse:
    def act() -> str:
        actions.cancel_referral(code=code, actor=request.actor, now=timezone.now())
        return _("Cancelled. Nobody got points for it.")

    return _decide(request, act)


def _decide(request: StaffRequest, act: Callable[[], str]) -> HttpResponse:
    """Say what came of it on the list; another's or a missing referral stays a 404."""
    try:
        messages.success(request, act())
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, str(error.message))
    return done(request, reverse("loyalty:referrals"))


def _referrals_page(request: StaffRequest, form: ReferralForm | None = None, status: int = 200) -> HttpResponse:
    now, actor, programme = timezone.now(), request.actor, request.programme
    may = request.membership.permissions
    state = request.GET.get("state", "")
    rows = report.referral_page(
        actor=actor,
        programme=programme,
        state=state,
        cursor=request.GET.get(CURSOR, ""),
        size=PAGE_SIZE,
        now=now,
    )
    current = referral_settings()
    may_change = Perm.PROGRAMME_EDIT in may and actor.business_id is None
    context = {
        "settings": current,
        "figures": report.referral_figures(actor=actor, now=now),
        "days": report.DAYS,
        "waiting": report.review_rows(actor=actor, programme=programme, now=now),
        "rows": rows.rows,
        **rows.links(request.GET),
        "state": state,
        "states": [("", _("All")), *Referral.State.choices],
        "form": (form or _form(current)) if may_change else None,
        "may_decide": Perm.POINTS_ADJUST in may,
        "tabs": loyalty_tabs(request, "loyalty:referrals"),
    }
    return page(request, "screens/loyalty/referrals.html", context, status=status, partials={"referral-list"})


def _form(current: object) -> ReferralForm:
    values = {name: getattr(current, name) for name in ReferralForm.base_fields}
    values["min_spend"] = f"{values['min_spend'].normalize():f}" if values["min_spend"] else ""
    return ReferralForm(initial=values)
