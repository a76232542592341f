"""Tiers for staff: the ladder with its members, what counts, a start, and how many would be where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import InvalidInput, NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Customer
from customers.reports.customer_list import name_and_contact
from loyalty.access_tiers import get_tier
from loyalty.actions import tiers as actions
from loyalty.balances import settings_now
from loyalty.models import Tier
from loyalty.standing import amount_text
from loyalty.tabs import loyalty_tabs
from programs.actions.due_work import handed_out_until
from screens import reports_tiers as report
from screens.forms_tiers import StarterForm, TierByHandForm, TierForm, TierRulesForm

REACH = "tier-reach"
Steps = Sequence[tuple[str, Decimal]]


@require_safe
@requires(Perm.PROGRAMME_VIEW)
def tiers(request: StaffRequest) -> HttpResponse:
    return _ladder(request)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def rules(request: StaffRequest) -> HttpResponse:
    """What counts towards every tier, and how long they are kept."""
    form = TierRulesForm(request.POST)
    return _act(
        request,
        form,
        lambda: actions.change_tier_settings(settings=form.settings(), actor=request.actor, now=timezone.now()),
        _("Saved. Members are being sorted in the background."),
        lambda: _ladder(request, rules_form=form, status=422),
    )


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def rules_preview(request: StaffRequest) -> HttpResponse:
    """How many members would be in each tier by what is typed so far. Writes nothing."""
    request.actor.check_sees_all()
    form = TierRulesForm(request.POST)
    if not form.is_valid():
        return _ladder(request, rules_form=form, reach={"missing": _("Complete the rules to see it.")}, status=422)
    typed = form.settings()
    steps = [(tier.name, tier.threshold) for tier in _active()]
    reach = _reach(steps, basis=typed.tier_basis, window=typed.tier_window_months)
    return _ladder(request, rules_form=form, reach={**reach, "sentences": report.rules_text(typed)})


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def start(request: StaffRequest) -> HttpResponse:
    """Make the tiers to begin with, as they were shown or as they were changed."""
    form = _starter(request)

    def act() -> None:
        with transaction.atomic():
            for values in form.tiers():
                actions.create_tier(values=values, actor=request.actor, now=timezone.now())

    made = _("Your tiers are made. Members are being sorted in the background.")
    return _act(request, form, act, made, lambda: _ladder(request, starter=form, status=422))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def start_preview(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    form = _starter(request)
    if not form.is_valid():
        return _ladder(request, starter=form, reach={"missing": _("Complete the tiers to see it.")}, status=422)
    return _ladder(request, starter=form, reach=_reach_now([(one.name, one.threshold) for one in form.tiers()]))


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    request.actor.check_sees_all()
    form = _form(request)
    if request.method != "POST":
        return _form_page(request, form)
    return _act(
        request,
        form,
        lambda: actions.create_tier(values=form.values(), actor=request.actor, now=timezone.now()),
        _("The tier is made. Members are being sorted in the background."),
        lambda: _form_page(request, form, status=422),
    )


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def preview_new(request: StaffRequest) -> HttpResponse:
    return _preview(request, None)


@require_http_methods(["GET", "POST"])
@requires(Perm.PROGRAMME_EDIT)
def change(request: StaffRequest, code: str) -> HttpResponse:
    request.actor.check_sees_all()
    tier = get_tier(code)
    form = _form(request, tier)
    if request.method != "POST":
        return _form_page(request, form, tier)
    return _act(
        request,
        form,
        lambda: actions.change_tier(code=tier.code, values=form.values(), actor=request.actor, now=timezone.now()),
        _("Saved. Members are being sorted in the background."),
        lambda: _form_page(request, form, tier, status=422),
    )


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def preview(request: StaffRequest, code: str) -> HttpResponse:
    return _preview(request, get_tier(code))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def remove(request: StaffRequest, code: str) -> HttpResponse:
    """Delete a tier that nobody ever had, end any other."""
    name = get_tier(code).name
    is_gone = actions.remove_tier(code=code, actor=request.actor, now=timezone.now())
    text = _("“%(name)s” is deleted.")
    if not is_gone:
        text = _("“%(name)s” has ended. Members are being sorted in the background.")
    messages.success(request, text % {"name": name})
    return done(request, reverse("loyalty:tiers"))


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def restore(request: StaffRequest, code: str) -> HttpResponse:
    tier = actions.switch_tier(code=code, is_active=True, actor=request.actor, now=timezone.now())
    text = _("“%(name)s” is back. Members are being sorted in the background.")
    messages.success(request, text % {"name": tier.name})
    return done(request, reverse("loyalty:tiers"))


@require_http_methods(["GET", "POST"])
@requires(Perm.POINTS_ADJUST)
def customer_tier(request: StaffRequest, code: str) -> HttpResponse:
    """Give one member a tier by hand, or take back what was given."""
    request.actor.check_sees_all()
    customer = Customer.objects.active().filter(code=code, account__isnull=False).first()
    if customer is None:
        raise NotFound
    form = TierByHandForm(request.POST or None)

    def act() -> None:
        chosen = form.cleaned_data["tier"]
        actions.set_tier(
            customer_id=customer.pk,
            tier=chosen.code if chosen else "",
            until=form.cleaned_data["until"],
            reason=form.cleaned_data["reason"],
            actor=request.actor,
            now=timezone.now(),
        )

    def again() -> HttpResponse:
        context = {
            "customer": customer,
            "tier_form": form,
            "name": name_and_contact(customer, request.programme.country)[0],
        }
        return page(request, "screens/tiers/customer_tier.html", context, status=422 if form.is_bound else 200)

    profile = reverse("screens:profile", args=[customer.code])
    return _act(request, form, act, _("The tier is set."), again, url=profile)


# -- the ladder -------------------------------------------------------------------------------------------------------


def _ladder(
    request: StaffRequest,
    *,
    rules_form: TierRulesForm | None = None,
    starter: StarterForm | None = None,
    reach: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with what was typed; htmx gets the part with the numbers alone, whatever is wrong with the rest."""
    if request.htmx and reach is not None:
        return page(request, "screens/tiers/tier_list.html", {"reach": reach}, partials={REACH})
    settings, now = settings_now(), timezone.now()
    sees_all = request.actor.business_id is None
    may_edit = sees_all and Perm.PROGRAMME_EDIT in request.membership.permissions
    found = list(Tier.objects.order_by("rank"))
    active = [tier for tier in found if tier.is_active]
    members = report.current_members(sees_all=sees_all)
    rows = report.tier_rows(active, basis=settings.tier_basis, members=members)
    if may_edit and not active:
        starter = starter or _starter(request, report.suggested_tiers(settings, now=now))
        reach = reach or _reach_now(
            [(one.name, one.threshold) for one in starter.tiers()] if starter.is_valid() else []
        )
    context = {
        "rows": rows,
        "ended": [tier for tier in found if not tier.is_active],
        "parts": report.parts_now(rows, members) if members is not None else None,
        "sentences": report.rules_text(settings),
        "rules_form": rules_form or _rules_form(),
        "starter": starter,
        "reach": reach,
        "basis": settings.get_tier_basis_display(),
        "is_sorting": handed_out_until(kind=actions.APPLY_TIERS) is not None,
        "may_edit": may_edit,
        "tabs": loyalty_tabs(request, "loyalty:tiers"),
    }
    return page(request, "screens/tiers/tier_list.html", context, status=status)


def _active() -> list[Tier]:
    return list(Tier.objects.filter(is_active=True).order_by("rank"))


def _rules_form() -> TierRulesForm:
    settings = settings_now()
    return TierRulesForm(initial={name: getattr(settings, name) for name in TierRulesForm.base_fields})


def _starter(request: StaffRequest, suggested: dict[str, str] | None = None) -> StarterForm:
    basis = settings_now().tier_basis
    return StarterForm(suggested or request.POST, basis=basis, currency=request.programme.currency)


def _reach_now(steps: Steps) -> dict[str, Any]:
    settings = settings_now()
    return _reach(steps, basis=settings.tier_basis, window=settings.tier_window_months)


def _reach(steps: Steps, *, basis: str, window: int | None) -> dict[str, Any]:
    """How many members reach each step now; without steps nothing."""
    if not steps:
        return {}
    rising = sorted(steps, key=lambda step: step[1])
    parts = report.parts_reached(rising, basis=basis, window=window, now=timezone.now())
    asks = ["", *(amount_text(threshold, basis) for _name, threshold in rising)]
    return {"parts": parts, "lines": list(zip(parts, asks, strict=True))}


# -- one tier ---------------------------------------------------------------------------------------------------------


def _form(request: StaffRequest, tier: Tier | None = None) -> TierForm:
    data = request.POST if request.method == "POST" else None
    return TierForm(data, basis=settings_now().tier_basis, currency=request.programme.currency, tier=tier)


def _preview(request: StaffRequest, tier: Tier | None) -> HttpResponse:
    """How many members would be in each tier with the number that is typed. Writes nothing."""
    request.actor.check_sees_all()
    form = _form(request, tier)
    form.is_valid()
    return _form_page(request, form, tier, status=200 if request.htmx or form.is_valid() else 422)


def _form_page(request: StaffRequest, form: TierForm, tier: Tier | None = None, *, status: int = 200) -> HttpResponse:
    settings = settings_now()
    name, threshold = (tier.name, tier.threshold) if tier else (_("This tier"), None)
    if form.is_bound:
        form.is_valid()
        name = form.cleaned_data.get("name") or name
        threshold = form.cleaned_data.get("threshold")
    others = [(one.name, one.threshold) for one in _active() if tier is None or one.pk != tier.pk]
    reach = _reach_now([*others, (name, threshold)]) if threshold else {"missing": _("Say what the tier asks for.")}
    context = {
        "form": form,
        "tier": tier,
        "reach": reach,
        "basis": settings.tier_basis,
        "is_named": tier is not None and actions.is_named(tier),
        "preview_url": reverse("loyalty:tier-preview", args=[tier.code])
        if tier
        else reverse("loyalty:tier-new-preview"),
    }
    return page(request, "screens/tiers/tier_form.html", context, partials={REACH}, status=status)


def _act(
    request: StaffRequest,
    form: Any,
    act: Callable[[], object],
    text: str,
    again: Callable[[], HttpResponse],
    *,
    url: str = "",
) -> HttpResponse:
    """Do it and go to `url` or the ladder, or show the form again with what is wrong."""
    if form.is_valid():
        try:
            act()
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, text)
            return done(request, url or reverse("loyalty:tiers"))
    return again()
