"""What a sale would give, without writing it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.openapi import Operation as Described
from core.openapi import describe
from core.permissions import Perm
from core.phones import parse_phone
from core.tenancy import active_programme
from customers.models import Identifier
from loyalty import reports
from loyalty.api_acts import TAG, StepOutput, count_number, encode, step_of
from loyalty.api_points import LineInput
from workspace.api_auth import ApiCaller, hot_view
from workspace.api_bodies import read, refusing


class SimulateInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A sale as `add-points` takes it. Without a number, or with one that nobody has, it is somebody's first."""

    business_id: str
    amount_spent: Decimal
    customer_phone_number: str = ""
    placed_at: datetime | None = None
    lines: list[LineInput] = []


class SimulateOutput(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a sale would give. `balance_after` is null without a member. Nothing was written.

    `welcome_points` come on top for who joins by it. `pending` of the points can be spent from `available_at` on and
    are not in `balance_after`."""

    points: int
    explanation: list[StepOutput]
    balance_after: int | None
    welcome_points: int = 0
    pending: int = 0
    available_at: datetime | None = None


_SIMULATE = msgspec.json.Decoder(SimulateInput)


@describe(
    POST=Described(
        id="transactions_simulate",
        summary="What a sale would give, and why",
        tag=TAG,
        request=SimulateInput,
        responses={200: SimulateOutput},
    )
)
@hot_view(POST=Perm.POINTS_WRITE)
@refusing
def simulate(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    body = read(request, _SIMULATE)
    customer_id: int | None = None
    if body.customer_phone_number:
        count_number(caller)
        phone = parse_phone(body.customer_phone_number, active_programme().country, field="customer_phone_number")
        known = Identifier.objects.filter(kind=Identifier.Kind.PHONE, value=phone)
        customer_id = known.values_list("customer_id", flat=True).first()
    preview = reports.preview_sale(
        business=body.business_id,
        amount=body.amount_spent,
        customer_id=customer_id,
        now=timezone.now(),
        actor=caller.actor,
        lines=[line.line() for line in body.lines],
        placed_at=body.placed_at,
    )
    answer = SimulateOutput(
        points=preview.points,
        explanation=[step_of(line) for line in preview.lines],
        balance_after=preview.balance_after,
        welcome_points=preview.welcome,
        pending=preview.pending,
        available_at=preview.available_at,
    )
    return HttpResponse(encode(answer), content_type="application/json")
