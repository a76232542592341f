"""A member's points by phone number: what the points page shows, for the shop's own systems."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, read_query
from core.permissions import Perm
from core.phones import parse_phone
from customers.api_customers import programme_of
from customers.api_fields import AmountField, QuantityField
from customers.models import Customer, Identifier
from loyalty.api_acts import TAG
from loyalty.api_stamps import MemberCardOutput, StampRewardOutput, member_stamps
from loyalty.api_transactions import TransactionOutput
from loyalty.balances import balance_of
from loyalty.errors import UnknownMember
from loyalty.reports import find_transactions
from loyalty.standing import standing_of
from workspace.api_auth import ApiView

RECENT, MAX_RECENT = 5, 50


class RecentTransactionOutput(TransactionOutput):
    business_name = serializers.CharField(source="business.name", default=None, allow_null=True)


class NextTierOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()


class PointsTierOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="tier.code", default=None, allow_null=True)
    name = serializers.CharField(source="tier.name", default="", help_text="Empty: none yet.")
    since = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateField(allow_null=True, help_text="The last day. Null: for good, or no tier.")
    next_tier = NextTierOutput(allow_null=True)
    missing = QuantityField(help_text="What `next_tier` still asks for, in what tiers count.")


class MemberPointsOutput(serializers.Serializer[Any]):
    customer_id = serializers.CharField()
    total_points = serializers.IntegerField(source="balance.points", help_text="What can be spent now.")
    held = serializers.IntegerField(source="balance.held", help_text="What is set aside for claims, beside them.")
    worth = AmountField(source="balance.worth", help_text="Of `total_points`, at the value of a point.")
    expires_next_at = serializers.DateTimeField(source="balance.expires_next_at", allow_null=True)
    expiring_points = serializers.IntegerField(
        source="balance.expiring_points", help_text="What `expires_next_at` takes unless it is spent before."
    )
    tier = PointsTierOutput(allow_null=True, help_text="Null where the programme has no tiers.")
    stamps = MemberCardOutput(many=True, help_text="Stamp cards that the member collects on.")
    stamp_rewards = StampRewardOutput(many=True, help_text="Full stamp cards that wait.")
    recent_transactions = RecentTransactionOutput(many=True, help_text="Newest first.")


class RecentFilter(StrictSerializer):
    n = serializers.IntegerField(min_value=1, max_value=MAX_RECENT, default=RECENT)


class MemberPointsView(ApiView):
    """Points and last transactions of whoever has this number, in any spelling. Needs `points:read`, too.

    The balance is that of all businesses; a caller limited to one sees its transactions, of people who bought there.
    """

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(
        operation_id="customers_points",
        tags=[TAG],
        parameters=[
            OpenApiParameter("n", {"type": "integer", "minimum": 1, "maximum": MAX_RECENT, "default": RECENT}),
        ],
        responses={200: MemberPointsOutput},
    )
    def get(self, request: Request, phone: str) -> Response:
        self.caller.require(Perm.POINTS_VIEW)
        now = timezone.now()
        recent, programme = read_query(request, RecentFilter)["n"], programme_of(self)
        number = parse_phone(phone, programme.country)
        owner = Identifier.objects.filter(kind=Identifier.Kind.PHONE, value=number).values("customer_id")
        member = Customer.objects.visible_to(self.actor).filter(pk__in=owner, account__isnull=False).first()
        if member is None:
            raise UnknownMember()
        found = find_transactions(visible_to=self.actor, customer_id=member.pk)
        stamps = member_stamps(member, self.actor)
        shown = {
            "customer_id": member.code,
            "balance": balance_of(member.pk, now=now),
            "tier": standing_of(member.pk, now=now),
            "stamps": stamps.cards,
            "stamp_rewards": stamps.ready,
            "recent_transactions": found.select_related("account__customer", "business", "order", "reverses").order_by(
                "-pk"
            )[:recent],
        }
        return Response(MemberPointsOutput(shown, context={"currency": programme.currency}).data)
