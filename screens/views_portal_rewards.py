"""Rewards on the points page: what there is, claiming one with a code to show at the till, giving it back."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.codes import public_code
from core.errors import DomainError
from core.page import done, page
from loyalty.actions.points import hold_points, void_hold
from loyalty.errors import HoldOver, UnknownHold, UnknownReward
from loyalty.models import Hold
from loyalty.reports_rewards import MemberReward, claim_of, claims_of_member, rewards_of_member
from screens.forms_till import KeyedForm
from screens.portal_session import CustomerRequest, signed_in_customer

STRIP = 8  # rewards on the first page; all of them are one tap away


def rewards_shown(request: CustomerRequest) -> dict[str, object]:
    """What the points page shows of rewards and claims."""
    now = timezone.now()
    found = rewards_of_member(request.customer.pk, now=now)
    return {
        "rewards": found,
        "strip": found.rewards[:STRIP],
        "claims": claims_of_member(request.customer.pk, now=now),
    }


@require_GET
@signed_in_customer
def rewards(request: CustomerRequest) -> HttpResponse:
    return page(request, "screens/portal/rewards.html", rewards_shown(request))


@require_GET
@signed_in_customer
def reward(request: CustomerRequest, code: str) -> HttpResponse:
    return _reward_page(request, _offered(request, code))


@require_POST
@signed_in_customer
def claim(request: CustomerRequest, code: str) -> HttpResponse:
    """Set the points aside and get a code. The key of the form makes a double tap one claim."""
    form = KeyedForm(request.POST)
    if not form.is_valid():
        return _reward_page(request, _offered(request, code), _("Try again."), status=422)
    try:
        posting = hold_points(
            business=None,
            customer_id=request.customer.pk,
            reward=code,
            key=form.cleaned_data["key"],
            source="portal",
            actor=request.actor,
            now=timezone.now(),
        )
    except DomainError as error:
        if isinstance(error, UnknownReward):
            raise
        return _refused(request, code, error)
    return done(request, reverse("portal:claim", args=[posting.transaction]))


@require_GET
@signed_in_customer
def show_claim(request: CustomerRequest, code: str) -> HttpResponse:
    """The code, to be shown at the till; or what became of it."""
    now = timezone.now()
    found = claim_of(_own_claim(request, code), now)
    picture = segno.make(found.code.upper(), micro=False, error="m")
    context = {
        "claim": found,
        "picture": picture.svg_data_uri(scale=1, border=2, dark="#000", light="#fff"),
    }
    return page(request, "screens/portal/claim.html", context)


@require_POST
@signed_in_customer
def give_back(request: CustomerRequest, code: str) -> HttpResponse:
    """Give the claim back. Pressed twice, it is given back once; too late, the page says what became of it."""
    hold = _own_claim(request, code)
    try:
        void_hold(
            hold=hold.transaction.code,
            key=f"void:{hold.transaction.code}",
            source="portal",
            actor=request.actor,
            now=timezone.now(),
        )
    except HoldOver:
        return done(request, reverse("portal:claim", args=[hold.transaction.code]))
    messages.success(request, _("Your points are back."))
    return done(request, reverse("portal:points"))


def _own_claim(request: CustomerRequest, code: str) -> Hold:
    """A claim of this customer; anybody else's is not there. Raises UnknownHold."""
    mine = Hold.objects.filter(account_id=request.customer.pk, transaction__code=code)
    hold = mine.select_related("transaction__reward__business", "transaction__business", "account__customer").first()
    if hold is None:
        raise UnknownHold()
    return hold


def _offered(request: CustomerRequest, code: str) -> MemberReward:
    """A reward that is offered to members now. Raises UnknownReward."""
    found = rewards_of_member(request.customer.pk, now=timezone.now()).rewards
    one = next((one for one in found if one.reward.code == code), None)
    if one is None:
        raise UnknownReward()
    return one


def _refused(request: CustomerRequest, code: str, error: DomainError) -> HttpResponse:
    """On the reward's page; where it is not offered any more, on the list."""
    try:
        one = _offered(request, code)
    except UnknownReward:
        context = {**rewards_shown(request), "refusal": str(error.message)}
        return page(request, "screens/portal/rewards.html", context, status=error.status)
    return _reward_page(request, one, str(error.message), status=error.status)


def _reward_page(request: CustomerRequest, one: MemberReward, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {"one": one, "key": public_code(), "refusal": refusal}
    return page(request, "screens/portal/reward.html", context, status=status)
