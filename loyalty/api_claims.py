"""Claims over the API: points are set aside, then redeemed (whole or in part) or given back."""

from __future__ import annotations

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.permissions import Perm
from loyalty.api_acts import act, count_number, do, key_of
from loyalty.api_points import RedeemPointsInput, wanted_of
from loyalty.operations import CaptureHold, HoldPoints, VoidHold
from loyalty.rules import HOLD_MINUTES
from workspace.api_auth import ApiCaller
from workspace.api_bodies import read


class ClaimInput(RedeemPointsInput, kw_only=True):
    """After `minutes` (to 43,200, which is 30 days) the points go back by themselves. A reward says its own time."""

    minutes: int = HOLD_MINUTES


class CaptureInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`points` redeems only a part; the rest goes back. A reward is redeemed whole. `business_id` is where, for a
    reward that its member claimed without saying so."""

    points: int | None = None
    business_id: str | None = None


class VoidInput(msgspec.Struct, forbid_unknown_fields=True):
    pass


_CLAIM = msgspec.json.Decoder(ClaimInput)
_CAPTURE = msgspec.json.Decoder(CaptureInput)
_VOID = msgspec.json.Decoder(VoidInput)


@act(
    Perm.POINTS_WRITE,
    id="claims_create",
    summary="Set points aside",
    description="Nobody can spend them elsewhere, and they do not expire meanwhile. Capture or void `claim_id`.",
    request=ClaimInput,
)
def claim(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    body = read(request, _CLAIM)
    return do(hold_of(body, key=key_of(request), caller=caller), caller, timezone.now())


@act(
    Perm.POINTS_WRITE,
    id="claims_capture",
    summary="Redeem what was set aside",
    description="At the business and for the reason of the claim. The redemption can be reversed like any other.",
    request=CaptureInput,
)
def capture(request: HttpRequest, caller: ApiCaller, claim_id: str) -> HttpResponse:
    body = read(request, _CAPTURE) if request.body else CaptureInput()
    return do(capture_of(body, claim_id, key=key_of(request)), caller, timezone.now())


@act(Perm.POINTS_WRITE, id="claims_void", summary="Give back what was set aside", request=VoidInput)
def void(request: HttpRequest, caller: ApiCaller, claim_id: str) -> HttpResponse:
    if request.body:
        read(request, _VOID)
    return do(VoidHold(hold=claim_id, key=key_of(request)), caller, timezone.now())


def hold_of(item: ClaimInput, *, key: str, caller: ApiCaller) -> HoldPoints:
    """Raises InvalidBody (a reward and a number, or neither) and TooManyRequests."""
    count_number(caller)
    wanted = wanted_of(item)
    return HoldPoints(
        business=item.business_id,
        phone=item.customer_phone_number,
        points=wanted.points,
        reason=wanted.reason,
        reward=wanted.reward,
        minutes=item.minutes,
        key=key,
    )


def capture_of(item: CaptureInput, claim_id: str, *, key: str) -> CaptureHold:
    return CaptureHold(hold=claim_id, points=item.points, business=item.business_id, key=key)
