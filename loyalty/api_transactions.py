"""What happened to points, read only: the programme's transactions, and one customer's with the balance.

The acts that write them are hot views (`api_points`, `api_claims`, `api_batch`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_query
from core.keyset import Order
from core.money import quantise
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.api_customers import find_customer, programme_of
from customers.api_fields import AmountField
from customers.models import Customer
from loyalty.api_acts import TAG
from loyalty.balances import balance_of
from loyalty.models import Transaction
from loyalty.reports import find_transactions
from workspace.api_auth import ApiView
from workspace.models import Business


class TransactionOutput(serializers.Serializer[Any]):
    transaction_id = serializers.CharField(source="code")
    type = serializers.ChoiceField(source="kind", choices=Transaction.Kind.choices)
    points = serializers.IntegerField(help_text="Signed: what the balance changed by.")
    balance = serializers.IntegerField(source="response.balance", default=None, allow_null=True, help_text="After it.")
    held = serializers.IntegerField(
        source="response.held", default=0, help_text="Signed: points set aside for a claim."
    )
    customer_id = serializers.CharField(source="account.customer.code")
    business_id = serializers.CharField(source="business.code", default=None, allow_null=True)
    order_id = serializers.CharField(source="order.code", default=None, allow_null=True)
    order_ref = serializers.CharField(source="order.reference", default=None, allow_null=True)
    amount_spent = serializers.SerializerMethodField(help_text="Of the sale that earned.")
    reason = serializers.CharField()
    reverses = serializers.CharField(
        source="reverses.code", default=None, allow_null=True, help_text="The transaction that this one undoes."
    )
    reversed_points = serializers.IntegerField(help_text="How many of its points were undone since, without a sign.")
    by = serializers.CharField(source="actor_label", help_text="Who did it; empty: the server.")
    at = serializers.DateTimeField(help_text="When it was posted.")

    @extend_schema_field({"type": ["string", "null"], "format": "decimal"})
    def get_amount_spent(self, row: Transaction) -> str | None:
        if row.order is None or row.kind != Transaction.Kind.EARN:
            return None
        return str(quantise(row.order.total, self.context["currency"]))


class BalanceOutput(serializers.Serializer[Any]):
    is_member = serializers.BooleanField()
    points = serializers.IntegerField(help_text="What can be spent now.")
    held = serializers.IntegerField(help_text="What is set aside for claims, beside `points`.")
    debt = serializers.IntegerField(help_text="What the next points repay first.")
    lifetime_points = serializers.IntegerField()
    worth = AmountField(help_text="Of `points`, at the value of a point.")
    joined_at = serializers.DateTimeField(allow_null=True)
    expires_next_at = serializers.DateTimeField(allow_null=True)
    expiring_points = serializers.IntegerField(help_text="What `expires_next_at` takes unless it is spent before.")


class LedgerOutput(serializers.Serializer[Any]):
    balance = BalanceOutput()
    data = TransactionOutput(many=True)  # type: ignore[assignment]
    next_cursor = serializers.CharField(allow_null=True)


class LedgerFilter(StrictSerializer):
    type = serializers.ChoiceField(choices=Transaction.Kind.choices, default="")
    business_id = serializers.CharField(max_length=16, required=False)
    after = serializers.DateTimeField(default=None)
    before = serializers.DateTimeField(default=None)


class TransactionFilter(LedgerFilter):
    customer_id = serializers.CharField(max_length=16, required=False)


# Ids are given in the order of posting, and have the indexes of histories.
ORDERS: Mapping[str, Order] = {"at": Order(["id"])}
PARAMETERS = [
    OpenApiParameter("type", str, enum=Transaction.Kind.values),
    OpenApiParameter("business_id", str),
    OpenApiParameter("after", datetime, description="This moment or later."),
    OpenApiParameter("before", datetime, description="Earlier than this moment."),
    *page_parameters(*ORDERS, default="-at"),
]


def _found(view: ApiView, given: Mapping[str, Any], customer_id: int | None) -> QuerySet[Transaction]:
    """Ids are looked up first, so that the page comes from the index of that customer's or business's history."""
    business_id: int | None = None
    if "business_id" in given:
        shop = Business.objects.visible_to(view.actor).filter(code=given["business_id"])
        business_id = shop.values_list("pk", flat=True).first()
        if business_id is None:
            return Transaction.objects.none()
    found = find_transactions(
        visible_to=view.actor,
        customer_id=customer_id,
        business_id=business_id,
        kind=given["type"],
        start=given["after"],
        end=given["before"],
    )
    return found.select_related("account__customer", "business", "order", "reverses")


class TransactionsView(ApiView):
    """What happened to points, newest first, without refusals; a caller limited to one business sees that one's."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="transactions_list",
        tags=[TAG],
        parameters=[OpenApiParameter("customer_id", str), *PARAMETERS],
        responses={200: page_of(TransactionOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, TransactionFilter)
        customer_id: int | None = None
        if "customer_id" in given:
            people = Customer.objects.filter(code=given["customer_id"])
            customer_id = people.values_list("pk", flat=True).first() or 0  # 0: nobody
        page = cursor_page(request, _found(self, given, customer_id), orders=ORDERS, default="-at")
        return page_response(page, TransactionOutput, currency=programme_of(self).currency)


class LedgerView(ApiView):
    """One customer's balance and transactions, newest first. The balance is the same for all businesses."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(operation_id="customers_ledger", tags=[TAG], parameters=PARAMETERS, responses={200: LedgerOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        customer = find_customer(self, customer_id)
        found = _found(self, read_query(request, LedgerFilter), customer.pk)
        page = cursor_page(request, found, orders=ORDERS, default="-at")
        answer = page_response(page, TransactionOutput, currency=programme_of(self).currency)
        balance = balance_of(customer.pk, now=timezone.now())
        context = {"currency": programme_of(self).currency}
        answer.data = {"balance": BalanceOutput(balance, context=context).data, **answer.data}
        return answer
