"""Products over the API: what the shops of a programme sell. The catalogue is shared by all its businesses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import NotFound
from core.keyset import Order as ListOrder
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions import products as actions
from customers.api_customers import programme_of
from customers.api_fields import AmountField
from customers.models import Product
from workspace.api_auth import ApiView

TAG = "Orders and products"


class ProductOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    sku = serializers.CharField()
    title = serializers.CharField()
    vendor = serializers.CharField()
    category = serializers.CharField()
    kind = serializers.ChoiceField(choices=Product.Kind.choices)
    price = AmountField(allow_null=True)
    cost = AmountField(allow_null=True, help_text="What the shop pays for one.")
    barcode = serializers.CharField()
    is_archived = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_is_archived(self, product: Product) -> bool:
        return product.archived_at is not None


class ProductInput(StrictSerializer):
    sku = CleanCharField(max_length=64, help_text="The stock code, unique in the programme.")
    title = CleanCharField(max_length=200, required=False, allow_blank=True)
    vendor = CleanCharField(max_length=120, required=False, allow_blank=True)
    category = CleanCharField(max_length=120, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=Product.Kind.choices, required=False)
    price = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=0, required=False, allow_null=True)
    cost = serializers.DecimalField(max_digits=19, decimal_places=4, min_value=0, required=False, allow_null=True)
    barcode = CleanCharField(max_length=64, required=False, allow_blank=True)


class ProductFilter(StrictSerializer):
    sku = serializers.CharField(max_length=64, required=False)
    category = serializers.CharField(max_length=120, required=False)
    vendor = serializers.CharField(max_length=120, required=False)
    barcode = serializers.CharField(max_length=64, required=False)
    kind = serializers.ChoiceField(choices=Product.Kind.choices, required=False)
    state = serializers.ChoiceField(choices=["offered", "archived", "all"], default="all")
    search = serializers.CharField(max_length=120, required=False)


_PRODUCT_ORDERS: Mapping[str, ListOrder] = {
    "sku": ListOrder(["sku", "id"]),
    "title": ListOrder(["title", "id"]),
    "created": ListOrder(["created_at", "id"]),
}


class ProductsView(ApiView):
    """What the programme's shops sell. The catalogue is shared by all businesses."""

    required = {"GET": Perm.ORDERS_VIEW, "POST": Perm.PRODUCTS_EDIT}

    @extend_schema(
        operation_id="products_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("sku", str),
            OpenApiParameter("category", str),
            OpenApiParameter("vendor", str),
            OpenApiParameter("barcode", str),
            OpenApiParameter("kind", str, enum=Product.Kind.values),
            OpenApiParameter("state", str, enum=["offered", "archived", "all"], default="all"),
            OpenApiParameter("search", str, description="Part of the title, or the beginning of the stock code."),
            *page_parameters(*_PRODUCT_ORDERS, default="sku"),
        ],
        responses={200: page_of(ProductOutput)},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, ProductFilter)
        text, state = given.pop("search", None), given.pop("state")
        queryset = Product.objects.filter(**given)
        if state != "all":
            queryset = queryset.filter(archived_at__isnull=state == "offered")
        if text is not None:
            queryset = queryset.filter(Q(title__icontains=text) | Q(sku__istartswith=text))
        page = cursor_page(request, queryset, orders=_PRODUCT_ORDERS, default="sku")
        return page_response(page, ProductOutput, currency=programme_of(self).currency)

    @extend_schema(operation_id="products_create", tags=[TAG], request=ProductInput, responses={201: ProductOutput})
    def post(self, request: Request) -> Response:
        """Add a product. A stock code that another product has, archived ones too: 409."""
        made = actions.create_product(
            values=read_body(request, ProductInput),  # type: ignore[arg-type]
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(_output(self, made), status=201)


class ProductView(ApiView):
    """One product. Changes show in every business, so a caller limited to one makes none."""

    required = {"GET": Perm.ORDERS_VIEW, "PATCH": Perm.PRODUCTS_EDIT, "DELETE": Perm.PRODUCTS_EDIT}

    @extend_schema(operation_id="products_read", tags=[TAG], responses={200: ProductOutput})
    def get(self, request: Request, product_id: str) -> Response:
        return Response(_output(self, find_product(product_id)))

    @extend_schema(operation_id="products_change", tags=[TAG], request=ProductInput, responses={200: ProductOutput})
    def patch(self, request: Request, product_id: str) -> Response:
        """Change what is given."""
        changed = actions.change_product(
            code=product_id,
            values=read_body(request, ProductInput, partial=True),  # type: ignore[arg-type]
            actor=self.actor,
        )
        return Response(_output(self, changed))

    @extend_schema(operation_id="products_archive", tags=[TAG], responses={204: None})
    def delete(self, request: Request, product_id: str) -> Response:
        """Archive the product: gone from lists, while its sales stay and new ones that name it are recorded."""
        actions.archive_product(code=product_id, actor=self.actor, now=timezone.now())
        return Response(status=204)


class ProductRestoreView(ApiView):
    """Back from the archive."""

    required = {"POST": Perm.PRODUCTS_EDIT}

    @extend_schema(operation_id="products_restore", tags=[TAG], request=None, responses={200: ProductOutput})
    def post(self, request: Request, product_id: str) -> Response:
        """Undo the archiving of a product; one that is not archived stays as it is."""
        return Response(_output(self, actions.restore_product(code=product_id, actor=self.actor)))


def find_product(code: str) -> Product:
    """A product by public id. Raises NotFound."""
    product = Product.objects.filter(code=code).first()
    if product is None:
        raise NotFound()
    return product


def _output(view: ApiView, product: Product) -> dict[str, Any]:
    data: dict[str, Any] = dict(ProductOutput(product, context={"currency": programme_of(view).currency}).data)
    return data
