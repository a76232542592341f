"""What a sale would give, without writing it."""

from __future__ import annotations

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
from loyalty.api_acts import TAG, count_number, encode
from loyalty.api_bodies import read, refusing
from workspace.api_auth import ApiCaller, hot_view


class SimulateInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    business_id: str
    amount_spent: Decimal
    customer_phone_number: str = ""


class PreviewLineOutput(msgspec.Struct):
    text: str
    points: int


class SimulateOutput(msgspec.Struct):
    """What a sale would give. `balance_after` is null without a member. Nothing was written."""

    points: int
    explanation: list[PreviewLineOutput]
    balance_after: int | None


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
    )
    answer = SimulateOutput(
        points=preview.points,
        explanation=[PreviewLineOutput(line.text, line.points) for line in preview.lines],
        balance_after=preview.balance_after,
    )
    return HttpResponse(encode(answer), content_type="application/json")
