"""A business leaves the programme: what would happen, asking or deciding, calling off, the final statement."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, read_body
from core.errors import NotFound
from core.permissions import Perm
from loyalty.actions.leaving import ask_to_leave, call_leaving_off, decide_leaving
from loyalty.models import Leaving, LeavingWay
from loyalty.reports_leaving import FinalShown, leaving_of, preview_leaving
from loyalty.settlement import statement_of
from programs.models import Programme
from screens.reports_final import get_final, own_name
from workspace.api_auth import ApiView
from workspace.models import Business


class LeavingDebtOutput(serializers.Serializer[Any]):
    partner_id = serializers.CharField(allow_null=True, help_text="A business; null: the programme's own account.")
    partner = serializers.CharField(help_text="Its name.")
    our_points_there = serializers.IntegerField()
    we_owe = serializers.DecimalField(max_digits=19, decimal_places=4)
    their_points_here = serializers.IntegerField()
    they_owe = serializers.DecimalField(max_digits=19, decimal_places=4)


class LeavingPreviewOutput(serializers.Serializer[Any]):
    """As of now."""

    debts = LeavingDebtOutput(many=True)
    live_points = serializers.IntegerField(help_text="Points of the business that members hold.")
    live_points_value = serializers.DecimalField(max_digits=19, decimal_places=4)
    claims = serializers.IntegerField(help_text="Open ones that only this business honours.")
    rewards = serializers.IntegerField()
    stamp_cards = serializers.IntegerField()
    people = serializers.IntegerField(help_text="Of the team, limited to this business.")
    api_clients = serializers.IntegerField()
    tills = serializers.IntegerField()


class LeavingOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Leaving.State.choices, allow_null=True, help_text="Null: it stays.")
    last_day = serializers.DateField(allow_null=True)
    way = serializers.ChoiceField(choices=LeavingWay.choices, allow_null=True)
    reason = serializers.CharField()
    preview = LeavingPreviewOutput(allow_null=True, help_text="Null once it has left.")


class LeavingInput(StrictSerializer):
    last_day = serializers.DateField()
    way = serializers.ChoiceField(
        choices=LeavingWay.choices,
        default=LeavingWay.PAID,
        help_text="Who pays for live points; only who decides says so.",
    )
    reason = CleanCharField(max_length=500, required=False, default="", allow_blank=True)


class FinalStatementOutput(serializers.Serializer[Any]):
    business_id = serializers.CharField()
    name = serializers.CharField()
    last_day = serializers.DateField()
    currency = serializers.CharField()
    point_value = serializers.DecimalField(max_digits=12, decimal_places=6)
    debts = LeavingDebtOutput(many=True)
    way = serializers.ChoiceField(choices=LeavingWay.choices)
    live_points = serializers.IntegerField()
    live_points_value = serializers.DecimalField(max_digits=19, decimal_places=4)
    balance = serializers.DecimalField(
        max_digits=19, decimal_places=4, help_text="What the business gets in the end; below zero it pays."
    )
    digest = serializers.CharField()


def _business(view: ApiView, code: str) -> Business:
    business = Business.objects.visible_to(view.actor).filter(code=code).first()
    if business is None:
        raise NotFound()
    return business


def _programme(view: ApiView) -> Programme:
    programme: Programme = view.request._request.programme  # type: ignore[attr-defined]
    return programme


def _debts(lines: Any, names: dict[int | None, str]) -> list[dict[str, Any]]:
    codes: dict[int | None, str] = dict(Business.objects.values_list("pk", "code"))
    return [
        {
            "partner_id": codes.get(line.other),
            "partner": names.get(line.other, ""),
            "our_points_there": line.our_points_there,
            "we_owe": line.we_owe,
            "their_points_here": line.their_points_here,
            "they_owe": line.they_owe,
        }
        for line in lines
    ]


class LeavingView(ApiView):
    """Whether and when a business leaves, and what that would settle and end."""

    required = {"GET": Perm.PROGRAMME_EDIT, "POST": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}

    @extend_schema(operation_id="business_leaving_read", tags=["Programme"], responses={200: LeavingOutput})
    def get(self, request: Request, business_id: str) -> Response:
        return Response(self._output(_business(self, business_id)))

    @extend_schema(
        operation_id="business_leaving_decide",
        tags=["Programme"],
        request=LeavingInput,
        responses={200: LeavingOutput},
    )
    def post(self, request: Request, business_id: str) -> Response:
        """Decide that the business leaves at the end of a day, or change that; needs `businesses:manage`.

        Sending the same decision again changes nothing. Who is limited to the business asks for it, once; then owners
        decide.
        """
        business, now = _business(self, business_id), timezone.now()
        given = read_body(request, LeavingInput)
        if self.actor.business_id is None:
            self.caller.require(Perm.BUSINESSES_MANAGE)
            decide_leaving(business=business, **given, actor=self.actor, now=now)
        else:
            del given["way"]
            ask_to_leave(business=business, **given, actor=self.actor, now=now)
        return Response(self._output(business))

    @extend_schema(operation_id="business_leaving_call_off", tags=["Programme"], responses={204: None})
    def delete(self, request: Request, business_id: str) -> Response:
        """Call it off, until its last day is over; who is limited to the business, until it is decided."""
        business = _business(self, business_id)
        if self.actor.business_id is None:
            self.caller.require(Perm.BUSINESSES_MANAGE)
        call_leaving_off(business=business, actor=self.actor, now=timezone.now())
        return Response(status=204)

    def _output(self, business: Business) -> dict[str, Any]:
        programme, leaving = _programme(self), leaving_of(business)
        preview = None
        if leaving is None or leaving.is_open:
            seen = preview_leaving(business, programme=programme, now=timezone.now())
            names: dict[int | None, str] = {None: own_name(programme)}
            names |= dict(Business.objects.values_list("pk", "name"))
            preview = {
                "debts": _debts(seen.lines, names),
                "live_points": seen.points,
                "live_points_value": seen.amount,
                "claims": seen.claims,
                "rewards": seen.rewards,
                "stamp_cards": seen.stamp_cards,
                "people": seen.managers + seen.others,
                "api_clients": seen.keys,
                "tills": seen.tills,
            }
        values = {
            "state": leaving.state if leaving else None,
            "last_day": leaving.last_day if leaving else None,
            "way": leaving.way if leaving and leaving.state != Leaving.State.ASKED else None,
            "reason": leaving.reason if leaving else "",
            "preview": preview,
        }
        return dict(LeavingOutput(values).data)


class FinalStatementView(ApiView):
    """The final statement of a business that left; it never changes."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(operation_id="business_final_statement", tags=["Programme"], responses={200: FinalStatementOutput})
    def get(self, request: Request, business_id: str) -> Response:
        final: FinalShown = get_final(business_id, programme=_programme(self), actor=self.actor)
        stored = final.statement
        values = {
            "business_id": business_id,
            "name": stored.business_name,
            "last_day": stored.last_day,
            "currency": stored.currency,
            "point_value": stored.point_value,
            "debts": _debts(statement_of(stored.business_id, final.debts), final.names),
            "way": stored.way,
            "live_points": stored.points,
            "live_points_value": final.amount,
            "balance": final.balance,
            "digest": stored.digest,
        }
        return Response(FinalStatementOutput(values).data)
