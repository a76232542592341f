"""Rewards at the till: one tap for the customer at hand, and the code of a claim that a customer shows."""

from __future__ import annotations

from dataclasses import replace

from django import forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.actor import Actor
from core.codes import ALPHABET, public_code
from core.errors import DomainError
from core.page import done, page
from core.tenancy import active_schema
from customers.models import Customer
from loyalty.access_rewards import get_claim
from loyalty.actions.points import capture_hold, redeem_points
from loyalty.errors import HoldOver, UnknownHold
from loyalty.models import Hold
from loyalty.reports_rewards import claim_of, rewards_of_member
from programs import api_limits
from screens import reports_till
from screens.forms_till import KeyField
from screens.till_device import TillRequest, at_a_till
from screens.views_till_stamps import stamps_shown

CLAIM_LETTERS = 12  # core.codes.public_code


class RewardRedeemForm(forms.Form):
    reward = forms.CharField(max_length=16)
    key = KeyField()


class ClaimForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("The customer’s code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Type or scan the code that the customer shows.")},
    )


class CaptureForm(ClaimForm):
    key = KeyField()


def rewards_shown(request: TillRequest, customer: Customer) -> dict[str, object]:
    """What `_rewards.html` shows of a customer. One key a page: the next redemption is drawn anew."""
    found = rewards_of_member(customer.pk, now=timezone.now(), business_id=request.till.business_id)
    return {"rewards": found, "reward_key": public_code(), **stamps_shown(request, customer)}


# -- the customer at hand ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@at_a_till
def rewards(request: TillRequest, code: str) -> HttpResponse:
    """What the customer can have, and redeeming one: the key of the form makes a double tap one redemption."""
    customer = Customer.objects.behind(code)
    if customer is None:
        raise Http404
    if request.method == "GET":
        return _rewards_page(request, customer)
    form = RewardRedeemForm(request.POST)
    if not form.is_valid():
        return _rewards_page(request, customer, _("Choose a reward."), status=422)
    try:
        posting = redeem_points(
            business=request.till.business_id,
            customer_id=customer.pk,
            reward=form.cleaned_data["reward"],
            key=form.cleaned_data["key"],
            owner=reports_till.key_owner(request.till),
            source="till",
            actor=request.actor,
            now=timezone.now(),
        )
    except DomainError as error:
        return _rewards_page(request, customer, str(error.message), status=error.status)
    return done(request, reverse("till:done", args=[posting.transaction]))


def _rewards_page(request: TillRequest, customer: Customer, refusal: str = "", status: int = 200) -> HttpResponse:
    now = timezone.now()
    card = reports_till.customer_card(customer=customer, actor=request.actor, programme=request.programme, now=now)
    context = {
        "card": card,
        "till": request.till,
        **rewards_shown(request, customer),
        "refusal": refusal,
    }
    return page(request, "screens/till/rewards.html", context, status=status)


# -- a claim ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@at_a_till
def claim(request: TillRequest) -> HttpResponse:
    """Look a code up. It travels in the body: no log and no history holds one that is still good."""
    if request.method == "GET":
        return _claim_page(request, ClaimForm())
    return look_up_claim(request, ClaimForm(request.POST))


def look_up_claim(request: TillRequest, form: ClaimForm) -> HttpResponse:
    """What is claimed under the code that was typed or scanned, to be redeemed or not."""
    if form.is_valid():
        api_limits.count(api_limits.TILL_LOOKUP, f"{active_schema()}:{request.till.code}")
        hold = _look_up(request, form)
        if hold is not None:
            return _claim_page(request, form, hold)
    return _claim_page(request, form, status=422)


def is_claim_code(typed: str) -> bool:
    """Whether somebody scanned the code of a claim where a number is asked for: no number has these letters."""
    code = "".join(typed.split()).replace("-", "").upper()
    return len(code) == CLAIM_LETTERS and set(code) <= set(ALPHABET) and not code.isdigit()


@require_POST
@at_a_till
def claim_redeem(request: TillRequest) -> HttpResponse:
    """Redeem what was claimed, here. Sent twice, it is redeemed once."""
    form = CaptureForm(request.POST)
    if not form.is_valid():
        return _claim_page(request, form, status=422)
    hold = _look_up(request, form)
    if hold is None:
        return _claim_page(request, form, status=422)
    try:
        posting = capture_hold(
            hold=hold.transaction.code,
            business=request.till.business_id,
            key=form.cleaned_data["key"],
            owner=reports_till.key_owner(request.till),
            source="till",
            actor=_here(request),
            now=timezone.now(),
        )
    except DomainError as error:
        form.add_error("code", _over(hold) if isinstance(error, HoldOver) else str(error.message))
        return _claim_page(request, form, status=error.status)
    return done(request, reverse("till:done", args=[posting.transaction]))


def _here(request: TillRequest) -> Actor:
    """Whoever sells: a till reaches the claims that can be redeemed at its business."""
    return replace(request.actor, business_id=request.till.business_id)


def _look_up(request: TillRequest, form: ClaimForm) -> Hold | None:
    """The claim under the code typed; without one that can be redeemed here, the form says why."""
    try:
        hold = get_claim(_here(request), form.cleaned_data["code"])
    except UnknownHold:
        form.add_error("code", _("Nothing is claimed under this code here. Check it against the customer’s phone."))
        return None
    return hold


def _over(hold: Hold) -> str:
    hold.refresh_from_db()
    return {
        Hold.State.CAPTURED: _("This code has been redeemed."),
        Hold.State.VOIDED: _("The customer has given this back. The points are in the balance again."),
    }.get(Hold.State(hold.state), _("This code has run out. The points are in the balance again."))


def _claim_page(request: TillRequest, form: ClaimForm, hold: Hold | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    found = claim_of(hold, now) if hold is not None else None
    if found is not None and hold is not None and not found.is_live:
        form.add_error("code", _over(hold))
        found, status = None, HoldOver.status
    context = {
        "form": form,
        "found": found,
        "redeem_form": CaptureForm(initial={"code": found.code}) if found is not None else None,
        "till": request.till,
    }
    return page(request, "screens/till/claim.html", context, status=status)
