"""Customers and what they bought on a programme's admin site."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from customers.actions.customers import update_customer
from customers.models import (
    Archetype,
    AttributeDefinition,
    BulkRun,
    ConsentRecord,
    Customer,
    CustomerArchetype,
    CustomerFacts,
    CustomerScores,
    CustomerTag,
    Event,
    Identifier,
    ImportRun,
    Note,
    Order,
    OrderLine,
    Product,
    Refund,
    RefundLine,
    SavedView,
    StockForecast,
    StockLevel,
    StockLocation,
    StockMovement,
    Tag,
)
from customers.search import search_for
from programs.admin_sites import RecordAdmin, RecordInline, programme_site


class IdentifierInline(RecordInline):
    model = Identifier
    fields = ("kind", "value", "created_at")


class FactsInline(RecordInline):
    model = CustomerFacts
    fields = ("orders_count", "total_spent", "last_order_at", "balance", "is_member", "rfm_group", "updated_at")


class ScoresInline(RecordInline):
    model = CustomerScores
    fields = ("churn", "horizon_days", "band", "value_12", "value_12_low", "value_12_high", "computed_on")


class ArchetypeInline(RecordInline):
    model = CustomerArchetype
    fields = ("archetype", "confidence", "second", "since")


@admin.register(Archetype, site=programme_site)
class ArchetypeAdmin(RecordAdmin):
    list_display = ("name", "level", "place", "is_current", "customers", "value_12", "churn", "found_at")
    list_filter = ("level", "is_current")
    ordering = ("-is_current", "level", "place")


@admin.register(Customer, site=programme_site)
class CustomerAdmin(RecordAdmin):
    list_display = ("name_or_code", "phone", "email", "external_id", "state", "source", "created_at")
    list_filter = ("state",)
    search_fields = ("search_text",)
    ordering = ("-created_at", "-id")
    hidden: ClassVar = ("search_text", "phone_typed")
    editable: ClassVar = (
        *("first_name", "last_name", "phone", "email", "external_id", "address", "city", "region", "postcode"),
        *("country", "birthday", "language"),
    )
    inlines = (IdentifierInline, FactsInline, ScoresInline, ArchetypeInline)

    @admin.display(description="name", ordering="last_name")
    def name_or_code(self, customer: Customer) -> str:
        return str(customer)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        search = search_for(search_term, country=request.programme.country)  # type: ignore[attr-defined]
        return (queryset.filter(search.strict), False) if search else (queryset, False)

    def save_model(self, request: HttpRequest, obj: Customer, form: ModelForm[Customer], change: bool) -> None:  # noqa: FBT001
        changed: Any = {name: form.cleaned_data[name] for name in form.changed_data}
        update_customer(
            customer_id=obj.pk,
            values=changed,
            region=request.programme.country,  # type: ignore[attr-defined]
            actor=self.actor_of(request),
            now=timezone.now(),
        )


@admin.register(AttributeDefinition, site=programme_site)
class AttributeDefinitionAdmin(RecordAdmin):
    list_display = ("label", "key", "kind", "is_archived", "position")
    list_filter = ("kind", "is_archived")
    search_fields = ("label", "key")
    ordering = ("position", "id")


@admin.register(Tag, site=programme_site)
class TagAdmin(RecordAdmin):
    list_display = ("name", "code", "tone", "is_going", "created_at")
    search_fields = ("name",)
    ordering = ("name", "id")


@admin.register(CustomerTag, site=programme_site)
class CustomerTagAdmin(RecordAdmin):
    list_display = ("customer", "tag", "added_at", "actor")
    list_select_related = ("customer", "tag")
    search_fields = ("customer__code",)
    ordering = ("-id",)


@admin.register(Note, site=programme_site)
class NoteAdmin(RecordAdmin):
    list_display = ("code", "customer", "author_label", "is_pinned", "created_at")
    list_select_related = ("customer",)
    search_fields = ("customer__code",)
    ordering = ("-id",)


@admin.register(SavedView, site=programme_site)
class SavedViewAdmin(RecordAdmin):
    list_display = ("name", "user_id", "is_default", "created_by", "created_at")
    search_fields = ("name",)
    ordering = ("-id",)


@admin.register(BulkRun, site=programme_site)
class BulkRunAdmin(RecordAdmin):
    list_display = ("act", "code", "actor_label", "matched", "changed", "created_at", "finished_at")
    list_filter = ("act",)
    hidden: ClassVar = ("filters", "ids", "path")
    ordering = ("-id",)


class OrderLineInline(RecordInline):
    model = OrderLine
    fields = ("position", "product", "title", "quantity", "unit_price", "discount", "total")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("product", "order").order_by("position")


@admin.register(Order, site=programme_site)
class OrderAdmin(RecordAdmin):
    list_display = ("reference", "business", "customer", "total", "refunded_total", "status", "source", "placed_at")
    list_filter = ("status", "business")
    list_select_related = ("business", "customer")
    search_fields = ("reference__startswith", "number__startswith", "code")
    ordering = ("-placed_at", "-id")
    inlines = (OrderLineInline,)


@admin.register(Product, site=programme_site)
class ProductAdmin(RecordAdmin):
    list_display = ("sku", "title", "category", "vendor", "kind", "price")
    list_filter = ("kind",)
    search_fields = ("sku__startswith", "title")
    ordering = ("sku",)


class RefundLineInline(RecordInline):
    model = RefundLine
    fields = ("position", "product", "title", "quantity", "unit_price", "total")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("product", "refund").order_by("position")


@admin.register(Refund, site=programme_site)
class RefundAdmin(RecordAdmin):
    list_display = ("reference", "business", "customer", "order", "total", "refunded_at")
    list_filter = ("business",)
    list_select_related = ("business", "customer", "order")
    search_fields = ("reference__startswith", "code")
    ordering = ("-refunded_at", "-id")
    inlines = (RefundLineInline,)


@admin.register(Event, site=programme_site)
class EventAdmin(RecordAdmin):
    list_display = ("occurred_at", "name", "customer", "actor", "business_id")
    list_select_related = ("customer",)
    search_fields = ("customer__code",)
    search_help_text = "The public id of a customer."
    ordering = ("-occurred_at", "-id")


@admin.register(ConsentRecord, site=programme_site)
class ConsentAdmin(RecordAdmin):
    list_display = ("at", "customer", "channel", "purpose", "is_granted", "source", "wording")
    list_filter = ("channel", "purpose", "is_granted")
    list_select_related = ("customer",)
    search_fields = ("customer__code",)
    ordering = ("-id",)


@admin.register(ImportRun, site=programme_site)
class ImportRunAdmin(RecordAdmin):
    list_display = ("__str__", "business", "created_at")
    list_select_related = ("business", "job")
    ordering = ("-id",)


@admin.register(StockLocation, site=programme_site)
class StockLocationAdmin(RecordAdmin):
    list_display = ("name", "business", "is_default", "archived_at", "created_at")
    list_select_related = ("business",)
    search_fields = ("name", "code")
    ordering = ("business", "id")


class StockForecastInline(RecordInline):
    model = StockForecast
    fields = ("model", "weekly_demand", "days_left", "days_left_low", "days_left_high", "order_quantity", "computed_on")


@admin.register(StockLevel, site=programme_site)
class StockLevelAdmin(RecordAdmin):
    list_display = ("product", "location", "quantity", "low_at", "counted_at", "updated_at")
    list_filter = ("location",)
    list_select_related = ("product", "location")
    search_fields = ("product__sku__startswith", "code")
    ordering = ("-id",)
    inlines = (StockForecastInline,)


@admin.register(StockMovement, site=programme_site)
class StockMovementAdmin(RecordAdmin):
    list_display = ("product", "location", "kind", "quantity", "reason", "reference", "actor_label", "at")
    list_filter = ("kind", "location")
    list_select_related = ("product", "location")
    search_fields = ("product__sku__startswith", "reference__startswith", "code")
    ordering = ("-id",)
