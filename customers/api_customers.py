"""Customers: list, search, add, change, archive, timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.codes import typed_code
from core.errors import InvalidInput, NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from core.phones import InvalidPhone, parse_phone
from customers.actions import customers as actions
from customers.actions.merging import refuse_merged
from customers.api_fields import AmountField
from customers.attribute_filters import AttributeFilter, narrowed
from customers.attributes import coerce
from customers.events import EVENT_TYPES
from customers.kept_groups import in_group
from customers.models import (
    AttributeDefinition,
    Customer,
    CustomerScores,
    CustomerTag,
    Event,
    Identifier,
    OrOldest,
    Tag,
)
from customers.search import best_matches, search_for
from programs.models import Programme
from workspace.api_auth import ApiView
from workspace.models import Business

SEARCH_LIMIT = 20
MAX_SEARCH_LIMIT = 50
SOURCE = "api"


@extend_schema_serializer(component_name="Customer")
class CustomerOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    external_id = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    phone = serializers.CharField(help_text="E.164, or empty.")
    email = serializers.CharField()
    address = serializers.CharField()
    city = serializers.CharField()
    region = serializers.CharField()
    postcode = serializers.CharField()
    country = serializers.CharField()
    birthday = serializers.DateField(allow_null=True)
    language = serializers.CharField()
    attributes = serializers.DictField()
    tags = serializers.SerializerMethodField(help_text="Names.")
    state = serializers.ChoiceField(choices=Customer.State.choices)
    source = serializers.CharField()  # type: ignore[assignment]
    orders_count = serializers.IntegerField(help_text="At the business that the caller is limited to, or at all.")
    total_spent = AmountField(help_text="Net of refunds; the same scope as orders_count.")
    last_order_at = serializers.DateTimeField(allow_null=True)
    is_member = serializers.BooleanField()
    balance = serializers.IntegerField(help_text="Points, a few seconds behind the ledger.")
    tier = serializers.CharField(help_text="The name of the member’s tier; empty: none. As current as `balance`.")
    rfm_group = serializers.CharField(help_text="Empty while there is none.")
    churn_risk = serializers.FloatField(
        allow_null=True, help_text="Chance of no purchase within the horizon. Null for callers limited to one business."
    )
    churn_band = serializers.ChoiceField(choices=CustomerScores.Band.choices, allow_null=True)
    archetype = serializers.CharField(source="archetype_code", allow_null=True, help_text="Id of the archetype.")
    ltv = AmountField(allow_null=True, help_text="Expected within 12 months, as money of today.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_tags(self, customer: Customer) -> list[str]:
        return sorted((row.tag.name for row in customer.customer_tags.all()), key=str.lower)

    def to_representation(self, instance: Customer) -> dict[str, Any]:
        """Figures come from annotations of `customers_of`; none of them is worked out here."""
        for name, missing in _FIGURES.items():
            value = getattr(instance, f"fact_{name}", None)
            setattr(instance, name, missing if value is None else value)
        return super().to_representation(instance)


# Figures of CustomerFacts, or of BusinessCustomerFacts for a caller limited to one business, and what "no row" means.
_FIGURES: Mapping[str, Any] = {
    "orders_count": 0,
    "total_spent": Decimal(0),
    "last_order_at": None,
    "is_member": False,
    "balance": 0,
    "tier": "",
    "rfm_group": "",
    "churn_risk": None,
    "churn_band": None,
    "archetype_code": None,
    "ltv": None,
}


_SCORES = {
    "fact_churn_risk": F("scores__churn"),
    "fact_churn_band": F("scores__band"),
    "fact_archetype_code": F("archetype__archetype__code"),
    "fact_ltv": F("scores__value_12"),
}


class CustomerInput(StrictSerializer):
    first_name = CleanCharField(max_length=80, required=False, allow_blank=True)
    last_name = CleanCharField(max_length=80, required=False, allow_blank=True)
    phone = CleanCharField(
        max_length=40, required=False, allow_blank=True, help_text="In any spelling; stored as E.164."
    )
    email = CleanCharField(max_length=254, required=False, allow_blank=True)
    external_id = CleanCharField(max_length=120, required=False, allow_blank=True, help_text="The shop's own id.")
    address = CleanCharField(max_length=250, required=False, allow_blank=True)
    city = CleanCharField(max_length=120, required=False, allow_blank=True)
    region = CleanCharField(max_length=120, required=False, allow_blank=True)
    postcode = CleanCharField(max_length=20, required=False, allow_blank=True)
    country = CleanCharField(max_length=60, required=False, allow_blank=True)
    birthday = serializers.DateField(required=False, allow_null=True)
    language = CleanCharField(max_length=10, required=False, allow_blank=True)
    attributes = serializers.DictField(
        required=False,
        help_text="Text, numbers, true or false by name, up to 50. A change merges them by key; null takes one away. "
        "A key of `customer-attributes/` takes values of its kind; others are kept as they come.",
    )


class KeyAndValue(CleanCharField):
    """`key:value`, as the values of a key are stored."""

    def to_internal_value(self, data: Any) -> Any:
        key, colon, text = super().to_internal_value(data).partition(":")
        if not key or not colon:
            raise serializers.ValidationError(_("Write the key, a colon and the value."))
        definition = AttributeDefinition.objects.filter(key=key).first()
        return key, coerce(definition, text) if definition else text


class CustomerFilter(StrictSerializer):
    search = serializers.CharField(max_length=120, required=False)
    state = serializers.ChoiceField(choices=["active", "archived", "all"], default="active")
    phone = serializers.CharField(max_length=40, required=False)
    email = serializers.CharField(max_length=254, required=False)
    external_id = serializers.CharField(max_length=120, required=False)
    is_member = serializers.BooleanField(required=False, allow_null=True, default=None)
    tier = serializers.CharField(max_length=40, required=False)
    rfm_group = serializers.CharField(max_length=20, required=False)
    churn_band = serializers.ChoiceField(choices=CustomerScores.Band.choices, required=False)
    archetype = serializers.CharField(max_length=16, required=False)
    segment = serializers.CharField(max_length=16, required=False)
    attribute = KeyAndValue(max_length=580, required=False)
    tag = CleanCharField(max_length=40, required=False)
    without_tag = CleanCharField(max_length=40, required=False)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)
    updated_after = serializers.DateTimeField(required=False)


class SearchFilter(StrictSerializer):
    query = serializers.CharField(max_length=120)


class SearchOutput(serializers.Serializer[Any]):
    data = CustomerOutput(many=True)  # type: ignore[assignment]


class TimelineOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(help_text="app.noun.past")
    title = serializers.SerializerMethodField()
    occurred_at = serializers.DateTimeField()
    business_id = serializers.SerializerMethodField()
    data = serializers.DictField()  # type: ignore[assignment]

    def get_title(self, event: Event) -> str:
        kind = EVENT_TYPES.get(event.name)
        return event.tracked or (str(kind.title) if kind else event.name)

    @extend_schema_field({"type": ["string", "null"]})
    def get_business_id(self, event: Event) -> str | None:
        codes: dict[int, str] = self.context["codes"]
        return codes.get(event.business_id) if event.business_id else None


ORDERS: Mapping[str, Order] = {
    "created": Order(["created_at", "id"]),
    "updated": Order(["updated_at", "id"]),
    "name": Order(["last_name", "first_name", "id"]),
    "spent": Order(["own__total_spent", "id"]),
    "orders": Order(["own__orders_count", "id"]),
    "last_order": Order([OrOldest(F("own__last_order_at")), "id"]),
    "points": Order(["facts__balance", "id"]),
}
# These compare a figure that a customer without orders at the caller's business does not have.
FIGURE_ORDERS = frozenset({"spent", "orders", "last_order", "points"})
# These are of the whole programme, and who never bought has none.
SCORE_ORDERS = {
    "churn": Order(["scores__churn", "scores__pk"]),
    "value": Order(["scores__value_12", "scores__pk"]),
}

FILTER_PARAMETERS = [
    OpenApiParameter("search", str, description="A name, part of an e-mail address, a whole phone number or id."),
    OpenApiParameter("state", str, enum=["active", "archived", "all"], default="active"),
    OpenApiParameter("phone", str, description="In any spelling."),
    OpenApiParameter("email", str),
    OpenApiParameter("external_id", str),
    OpenApiParameter("is_member", bool),
    OpenApiParameter("tier", str, description="The name of a tier, as `tier` of the answer."),
    OpenApiParameter("rfm_group", str),
    OpenApiParameter(
        "churn_band", str, enum=CustomerScores.Band.values, description="Not for callers of one business."
    ),
    OpenApiParameter("archetype", str, description="Id of an archetype. Not for callers of one business."),
    OpenApiParameter(
        "segment", str, description="Id of a segment; needs `segments:read`. Not for callers of one business."
    ),
    OpenApiParameter(
        "attribute", str, description="A key of `attributes`, a colon and its value: `size:42`. Without value: empty."
    ),
    OpenApiParameter("tag", str, description="The name of a tag that they have."),
    OpenApiParameter("without_tag", str, description="The name of a tag that they do not have."),
    OpenApiParameter("created_after", datetime),
    OpenApiParameter("created_before", datetime),
    OpenApiParameter("updated_after", datetime, description="For an incremental read, with ordering=updated."),
]


def programme_of(view: ApiView) -> Programme:
    """The programme of the request's host."""
    programme: Programme = view.request._request.programme  # type: ignore[attr-defined]
    return programme


SEARCH_PARAMETERS = [
    OpenApiParameter("query", str, required=True),
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_SEARCH_LIMIT, "default": SEARCH_LIMIT}),
]


def customers_of(view: ApiView) -> QuerySet[Customer]:
    """What the caller may see, with the figures of their scope. Erased people are gone."""
    limited_to = view.caller.business_id
    if limited_to is None:
        own = FilteredRelation("facts")
    else:
        own = FilteredRelation("business_facts", condition=Q(business_facts__business_id=limited_to))
    marked = CustomerTag.objects.filter(tag__is_going=False).select_related("tag")
    return (
        Customer.objects.visible_to(view.actor)
        .known()
        .annotate(own=own)
        .annotate(
            fact_orders_count=F("own__orders_count"),
            fact_total_spent=F("own__total_spent"),
            fact_last_order_at=F("own__last_order_at"),
            fact_is_member=F("facts__is_member"),
            fact_balance=F("facts__balance"),
            fact_tier=F("facts__tier"),
            fact_rfm_group=F("facts__rfm_group"),
            **(_SCORES if limited_to is None else {}),
        )
        .prefetch_related(Prefetch("customer_tags", marked))
    )


def find_customer(view: ApiView, code: str) -> Customer:
    """A customer by public id. Raises NotFound, also for one that the caller may not see."""
    customer = customers_of(view).filter(code=typed_code(code)).first()
    if customer is None:
        refuse_merged(code, view.actor)
        raise NotFound()
    return customer


def _output(view: ApiView, customer: Customer) -> dict[str, Any]:
    data: dict[str, Any] = dict(CustomerOutput(customer, context={"currency": programme_of(view).currency}).data)
    return data


def _filtered(view: ApiView, given: Mapping[str, Any]) -> QuerySet[Customer]:
    queryset, country = customers_of(view), programme_of(view).country
    if given["state"] != "all":
        queryset = queryset.filter(state=given["state"])
    search = search_for(given.get("search", ""), country=country)
    if search is not None:
        queryset = queryset.filter(search.strict)
    if "phone" in given:
        try:
            queryset = _identified(queryset, Identifier.Kind.PHONE, parse_phone(given["phone"], country))
        except InvalidPhone:
            queryset = queryset.none()
    if "email" in given:
        queryset = _identified(queryset, Identifier.Kind.EMAIL, given["email"].strip().lower())
    if "external_id" in given:
        queryset = _identified(queryset, Identifier.Kind.EXTERNAL, given["external_id"].strip())
    if given["is_member"] is not None:
        member = Q(facts__is_member=True)
        queryset = queryset.filter(member if given["is_member"] else ~member)
    if not given.keys().isdisjoint({"churn_band", "archetype", "segment"}):
        view.actor.check_sees_all()
    if "segment" in given:
        view.caller.require(Perm.SEGMENTS_VIEW)
        queryset = queryset.filter(in_group(given["segment"], customer="pk"))
    if "tag" in given:
        queryset = queryset.filter(_tagged(given["tag"]))
    if "without_tag" in given:
        queryset = queryset.filter(~_tagged(given["without_tag"]))
    if "attribute" in given:
        key, value = given["attribute"]
        asked = AttributeFilter(key, "is", value) if value not in (None, "") else AttributeFilter(key, "empty")
        queryset = narrowed(queryset, [asked])
    return queryset.filter(**{lookup: given[name] for name, lookup in _LOOKUPS.items() if name in given})


_LOOKUPS: Mapping[str, str] = {
    "tier": "facts__tier",
    "rfm_group": "facts__rfm_group",
    "churn_band": "scores__band",
    "archetype": "archetype__archetype__code",
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
    "updated_after": "updated_at__gte",
}


def _tagged(name: str) -> Exists:
    tags = Tag.objects.in_use().filter(name__iexact=name).order_by().values("pk")
    return Exists(CustomerTag.objects.filter(tag__in=tags, customer=OuterRef("pk")))


def _identified(queryset: QuerySet[Customer], kind: str, value: str) -> QuerySet[Customer]:
    owners = Identifier.objects.filter(kind=kind, value=value).values("customer_id")
    return queryset.filter(pk__in=owners)


class CustomersView(ApiView):
    """Customers of the programme; for a caller limited to one business, those who bought there."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(
        operation_id="customers_list",
        tags=["Customers"],
        parameters=[*FILTER_PARAMETERS, *page_parameters(*ORDERS, *SCORE_ORDERS, default="-created")],
        responses={200: page_of(CustomerOutput)},
    )
    def get(self, request: Request) -> Response:
        queryset = _filtered(self, read_query(request, CustomerFilter))
        ordering = request.query_params.get("ordering", "").removeprefix("-")
        if ordering in FIGURE_ORDERS:
            queryset = queryset.filter(own__isnull=False)  # type: ignore[misc]
        if ordering in SCORE_ORDERS:
            self.actor.check_sees_all()
            queryset = queryset.filter(scores__isnull=False)
        page = cursor_page(request, queryset, orders={**ORDERS, **SCORE_ORDERS}, default="-created")
        return page_response(page, CustomerOutput, currency=programme_of(self).currency)

    @extend_schema(
        operation_id="customers_create", tags=["Customers"], request=CustomerInput, responses={201: CustomerOutput}
    )
    def post(self, request: Request) -> Response:
        """Add a customer. Consent to marketing is never part of it. A phone, e-mail or id that somebody has: 409."""
        customer = actions.create_customer(
            values=read_body(request, CustomerInput),  # type: ignore[arg-type]
            source=SOURCE,
            region=programme_of(self).country,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(_output(self, customer), status=201)


class CustomerSearchView(ApiView):
    """Search as you type: who has it, newest first, or who sounds like it, closest first; at most 50."""

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(
        operation_id="customers_search",
        tags=["Customers"],
        parameters=SEARCH_PARAMETERS,
        responses={200: SearchOutput},
    )
    def get(self, request: Request) -> Response:
        text, limit = read_search(request)
        people = customers_of(self).filter(state=Customer.State.ACTIVE)
        found = best_matches(people, text, country=programme_of(self).country, most=limit)
        context = {"currency": programme_of(self).currency}
        return Response({"data": CustomerOutput(found, many=True, context=context).data})


def read_search(request: Request) -> tuple[str, int]:
    """(what is searched for, how many are wanted). Raises InvalidInput, or a ValidationError without a query."""
    text: str = read_query(request, SearchFilter)["query"]
    return text, _search_limit(request.query_params.get("limit", str(SEARCH_LIMIT)))


def _search_limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and 1 <= int(text) <= MAX_SEARCH_LIMIT):
        raise InvalidInput(_("Ask for 1 to 50 at a time."), field="limit")
    return int(text)


class CustomerView(ApiView):
    """One customer."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "PATCH": Perm.CUSTOMERS_EDIT, "DELETE": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="customers_read", tags=["Customers"], responses={200: CustomerOutput})
    def get(self, request: Request, customer_id: str) -> Response:
        return Response(_output(self, find_customer(self, customer_id)))

    @extend_schema(
        operation_id="customers_change", tags=["Customers"], request=CustomerInput, responses={200: CustomerOutput}
    )
    def patch(self, request: Request, customer_id: str) -> Response:
        """Change what is given. A new phone, e-mail or external id replaces the old one; attributes are merged."""
        actions.update_customer(
            customer_id=find_customer(self, customer_id).pk,
            values=read_body(request, CustomerInput, partial=True),  # type: ignore[arg-type]
            region=programme_of(self).country,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(_output(self, find_customer(self, customer_id)))

    @extend_schema(operation_id="customers_archive", tags=["Customers"], responses={204: None})
    def delete(self, request: Request, customer_id: str) -> Response:
        """Archive the customer: gone from lists and sending, while orders and points stay."""
        actions.archive_customer(customer_id=find_customer(self, customer_id).pk, actor=self.actor, now=timezone.now())
        return Response(status=204)


class RestoreView(ApiView):
    """Back from the archive."""

    required = {"POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="customers_restore", tags=["Customers"], request=None, responses={200: CustomerOutput})
    def post(self, request: Request, customer_id: str) -> Response:
        """Undo the archiving of a customer; one who is not archived stays as they are."""
        found = find_customer(self, customer_id)
        actions.restore_customer(customer_id=found.pk, actor=self.actor, now=timezone.now())
        return Response(_output(self, find_customer(self, customer_id)))


class TimelineView(ApiView):
    """What happened to a customer, newest first; a caller limited to one business sees that one's events."""

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(
        operation_id="customers_timeline",
        tags=["Customers"],
        parameters=page_parameters("at", default="-at"),
        responses={200: page_of(TimelineOutput)},
    )
    def get(self, request: Request, customer_id: str) -> Response:
        customer = find_customer(self, customer_id)
        happened = Event.objects.visible_to(self.actor).filter(customer=customer)
        page = cursor_page(request, happened, orders={"at": Order(["occurred_at", "id"])}, default="-at")
        return page_response(page, TimelineOutput, codes=business_codes())


def business_codes() -> dict[int, str]:
    """Public ids of the programme's businesses, which are few, by their keys."""
    return dict(Business.objects.values_list("id", "code"))
