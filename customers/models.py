"""People, what they bought, what happened. All of it lives in the programme's schema.

Amounts are NUMERIC(19,4) in the programme's currency. Times are aware UTC.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.querysets import CustomerQuerySet, EventQuerySet, ImportRunQuerySet, OrderQuerySet, RefundQuerySet


class MoneyField(models.DecimalField):  # type: ignore[type-arg]
    """NUMERIC(19,4): exact for every currency and for unit prices below the minor unit."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class Customer(models.Model):
    """A person who bought, joined or was imported. Not a user: customers have their own sign-in on the points page.

    `phone` and `email` are copies for lists; `Identifier` alone decides who somebody is.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        ARCHIVED = "archived", _("Archived")
        ERASED = "erased", _("Erased")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    phone = models.CharField(_("phone"), max_length=16, blank=True)  # E.164
    phone_typed = models.CharField(max_length=40, blank=True)  # as a person wrote it
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    external_id = models.CharField(_("external id"), max_length=120, blank=True)
    address = models.CharField(_("address"), max_length=250, blank=True)
    city = models.CharField(_("town or city"), max_length=120, blank=True)
    region = models.CharField(_("region"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)  # ISO 3166 alpha-2, or the words of a source
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    source = models.CharField(max_length=40, blank=True)  # till, api, import:retail …
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    # What search as you type looks in.
    search_text = models.GeneratedField(
        expression=Lower(
            Concat(
                F("first_name"), Value(" "), F("last_name"), Value(" "), F("email"), Value(" "), F("external_id"),
                output_field=models.TextField(),
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )  # fmt: skip

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes: ClassVar = [
            # Fuzzy search on names and parts of e-mail addresses.
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="customer_search"),
            models.Index(F("created_at").desc(), F("id").desc(), name="customer_newest"),
            models.Index("last_name", "first_name", "id", name="customer_by_name"),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Identifier(models.Model):
    """The only look-up of a person by phone, e-mail or external id."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")  # E.164
        EMAIL = "email", _("E-mail")  # lower case
        EXTERNAL = "external", _("External id")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField(max_length=254)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identifiers")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value"], name="identifier_unique")]


class OrOldest(Func):
    """A time, or a moment before all others where there is none: lists sort by it and keyset pages compare it."""

    template = "(COALESCE(%(expressions)s, '1900-01-01 00:00:00+00'::timestamptz))"
    output_field = models.DateTimeField()


class CustomerFacts(models.Model):
    """What lists and segments sort and filter by, 1:1 with the customer; higher apps compute it, one action writes it.

    Built from raw rows by `customers.actions.facts`; a rebuild equals the roll-up. Behind the stream by seconds.
    """

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, primary_key=True, related_name="facts")
    orders_count = models.IntegerField(default=0)
    total_spent = MoneyField(default=0)  # net: lines − refunds
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    is_member = models.BooleanField(default=False)
    member_since = models.DateTimeField(null=True)
    balance = models.BigIntegerField(default=0)  # points
    lifetime_points = models.BigIntegerField(default=0)  # points ever earned
    # Scores 1 (worst) to 5 (best) and the group they give; written by intelligence.
    rfm_recency = models.PositiveSmallIntegerField(null=True)
    rfm_frequency = models.PositiveSmallIntegerField(null=True)
    rfm_monetary = models.PositiveSmallIntegerField(null=True)
    rfm_group = models.CharField(max_length=20, blank=True)
    rfm_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar = [
            # The customer list's sort orders, newest or largest first, with the key as tie-break for keyset pages.
            models.Index(F("total_spent").desc(), F("customer_id").desc(), name="facts_by_spend"),
            models.Index(F("orders_count").desc(), F("customer_id").desc(), name="facts_by_orders"),
            models.Index(OrOldest(F("last_order_at")).desc(), F("customer_id").desc(), name="facts_by_last_order"),
            models.Index(F("balance").desc(), F("customer_id").desc(), name="facts_by_balance"),
            models.Index("rfm_group", "customer", name="facts_by_rfm_group"),
        ]


class BusinessCustomerFacts(models.Model):
    """The same figures for one customer at one business: what its own staff see, and whose regular somebody is.

    A roll-up of orders and refunds, written with `CustomerFacts`; there is no row for a business never bought from.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="business_facts")
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="+", db_index=False)
    orders_count = models.IntegerField(default=0)
    total_spent = MoneyField(default=0)  # net
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["customer", "business"], name="business_facts_once"),
        ]
        indexes: ClassVar = [
            # The customer list of people limited to one business, in its sort orders.
            models.Index("business", F("total_spent").desc(), F("customer_id").desc(), name="business_facts_by_spend"),
            models.Index(
                "business", F("orders_count").desc(), F("customer_id").desc(), name="business_facts_by_orders"
            ),
            models.Index(
                "business", OrOldest(F("last_order_at")).desc(), F("customer_id").desc(), name="business_facts_by_last"
            ),
        ]


class DailySales(models.Model):
    """What one business sold on one day of the programme's zone. Built from raw rows; a rebuild equals the roll-up.

    Refunds are on their own day. `customers`, `new_customers` and `members` count people once a day and business, so
    they add up to visits, never to people.
    """

    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    orders = models.IntegerField(default=0)
    revenue = MoneyField(default=0)  # before refunds
    refunds = MoneyField(default=0)
    anonymous_orders = models.IntegerField(default=0)
    member_orders = models.IntegerField(default=0)
    member_revenue = MoneyField(default=0)
    customers = models.IntegerField(default=0)
    new_customers = models.IntegerField(default=0)  # whose first order anywhere in the programme this was
    members = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "day"], name="daily_sales_once"),
        ]
        indexes: ClassVar = [models.Index("day", "business", name="daily_sales_by_day")]


class StaleDay(models.Model):
    """A business-day whose roll-up must be computed again; gone when that is done."""

    business = models.ForeignKey("workspace.Business", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["business", "day"], name="stale_day_once")]


class RollupState(models.Model):
    """One row: the zone whose days the roll-ups hold. Its lock keeps a rebuild and an update apart."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    zone = models.CharField(max_length=64, blank=True)
    rebuilt_at = models.DateTimeField(null=True)


class ConsentRecord(models.Model):
    """One statement of consent or its withdrawal, per channel and purpose, with its proof. The newest one counts."""

    append_only = True

    class Channel(models.TextChoices):
        SMS = "sms", _("Texts")
        EMAIL = "email", _("E-mail")

    class Purpose(models.TextChoices):
        SERVICE = "service", _("About your points")
        MARKETING = "marketing", _("Offers and news")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    is_granted = models.BooleanField()
    source = models.CharField(max_length=40)  # till, points page, api, import …
    wording = models.CharField(max_length=60)  # version of the text that the person saw
    proof = models.JSONField(default=dict)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index("customer", "channel", "purpose", F("id").desc(), name="consent_newest"),
        ]


class Product(models.Model):
    """Something a shop sells, known by its stock code. Postage, fees and adjustments are products of another kind."""

    class Kind(models.TextChoices):
        GOODS = "goods", _("Goods")
        SERVICE = "service", _("Postage, fees and adjustments")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    sku = models.CharField(_("stock code"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=200, blank=True)
    vendor = models.CharField(_("vendor"), max_length=120, blank=True)
    category = models.CharField(_("category"), max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.GOODS)
    price = MoneyField(_("price"), null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.title or self.sku


class Order(models.Model):
    """One sale. Add-points, till, imports and store syncs that name the same reference are the same order.

    `total` is what its lines come to, or the amount paid where a till knows no lines. `business_id` never changes.
    """

    class Status(models.TextChoices):
        PAID = "paid", _("Paid")
        PART_REFUNDED = "part_refunded", _("Part refunded")
        REFUNDED = "refunded", _("Refunded")
        CANCELLED = "cancelled", _("Cancelled")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    # A foreign key whose column leads an index below has no index of its own: each one slows every write.
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="orders", db_index=False)
    source = models.CharField(max_length=40)  # till, api, import:retail …
    reference = models.CharField(max_length=120)  # the shop's own number; unique in the business
    number = models.CharField(max_length=60, blank=True)  # as shown to people
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="orders", db_index=False
    )
    channel = models.CharField(max_length=20, default="store")
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.PAID)
    fulfilment_status = models.CharField(max_length=20, blank=True)
    placed_at = models.DateTimeField()
    total = MoneyField()
    refunded_total = MoneyField(default=0)
    discount = MoneyField(default=0)
    tax = MoneyField(default=0)
    shipping = MoneyField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "reference"], name="order_reference_unique"),
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(condition=Q(refunded_total__gte=0), name="order_refunded_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(F("placed_at").desc(), F("id").desc(), name="order_newest"),
            models.Index("customer", F("placed_at").desc(), name="order_by_customer"),
            models.Index("business", F("placed_at").desc(), name="order_by_business"),
        ]

    def __str__(self) -> str:
        return self.number or self.reference


class OrderLine(models.Model):
    """One line of an order. `total` = quantity × unit price − discount."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    title = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit_price = MoneyField()
    discount = MoneyField(default=0)
    total = MoneyField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "position"], name="order_line_position")]
        # Top products and who bought a product.
        indexes: ClassVar = [models.Index("product", "order", name="order_line_by_product")]


class Refund(models.Model):
    """Money given back, counted on its own date. `order` is empty where the source names none."""

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="refunds", db_index=False)
    source = models.CharField(max_length=40)
    reference = models.CharField(max_length=120)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds", db_index=False
    )
    refunded_at = models.DateTimeField()
    total = MoneyField()  # positive: what the customer got back
    reason = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["business", "reference"], name="refund_reference_unique"),
            models.CheckConstraint(condition=Q(total__gte=0), name="refund_total_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(F("refunded_at").desc(), F("id").desc(), name="refund_newest"),
            models.Index("customer", F("refunded_at").desc(), name="refund_by_customer"),
        ]


class RefundLine(models.Model):
    """One line given back; `quantity` and `total` are positive."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=200, blank=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit_price = MoneyField()
    total = MoneyField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["refund", "position"], name="refund_line_position")]


class CurrentTransaction(Func):
    """The id of the transaction that writes the row, as BIGINT. Source: PostgreSQL, "Transaction ID functions"."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class Event(models.Model):
    """Something that happened, appended in the transaction that made it happen. Names are registered in `events`.

    `transaction_id` lets readers wait for transactions that were older but commit later (`customers.stream`).
    """

    name = models.CharField(max_length=60)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="events", db_index=False
    )
    business_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()  # by the source's clock
    received_at = models.DateTimeField(db_default=Func(function="clock_timestamp", output_field=models.DateTimeField()))
    transaction_id = models.BigIntegerField(db_default=CurrentTransaction())
    message_id = models.CharField(max_length=120, null=True)  # de-duplicates what others send us
    actor = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["message_id"], name="event_message_once", condition=Q(message_id__isnull=False)
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["transaction_id", "id"], name="event_stream"),  # readers
            models.Index("customer", F("occurred_at").desc(), F("id").desc(), name="event_timeline"),
            models.Index(F("occurred_at").desc(), F("id").desc(), name="event_newest"),
        ]


class StreamReader(models.Model):
    """How far a reader of the event stream is: everything up to this position has been dealt with."""

    name = models.CharField(max_length=60, primary_key=True)
    transaction_id = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)


class ImportRun(models.Model):
    """One file (or batch of rows) that becomes customers, orders and refunds of a business.

    Its job does the work; `phase` and `steps_done` say where a later run of it goes on; the counts are written in the
    transaction that wrote the rows, so they are true after any crash.
    """

    class Kind(models.TextChoices):
        CUSTOMERS = "customers", _("Customers")  # one row for each customer
        ORDERS = "orders", _("Orders")  # one row for each order
        LINES = "lines", _("Sales lines")  # one row for each line of an order

    class Phase(models.TextChoices):
        UPLOADED = "uploaded", _("Waiting for its columns")
        READING = "reading", _("Reading the file")
        WRITING = "writing", _("Writing")
        DONE = "done", _("Done")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    business = models.ForeignKey("workspace.Business", on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=120)  # as the person's computer called it
    path = models.CharField(max_length=200)  # under the programme's own media folder
    digest = models.CharField(max_length=64)  # SHA-256 of the file, in hexadecimal
    encoding = models.CharField(max_length=20)
    delimiter = models.CharField(max_length=1)
    header = models.JSONField(default=list)
    rows_total = models.BigIntegerField(default=0)
    mapping = models.JSONField(default=dict)  # our field → position of the file's column
    options = models.JSONField(default=dict)
    # What was asked for, as a digest: the same file, business, columns and options are one import.
    content_key = models.CharField(max_length=64, blank=True)
    is_dry_run = models.BooleanField(default=False)
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.UPLOADED)
    staged_rows = models.BigIntegerField(default=0)
    chunk_count = models.IntegerField(default=0)
    steps_done = models.IntegerField(default=0)  # of customers.imports.writing
    rows_failed = models.BigIntegerField(default=0)
    rows_skipped = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)  # customers_created, orders_updated … (customers.imports.counts)
    problems = models.JSONField(default=dict)  # code of a problem → rows
    error_path = models.CharField(max_length=200, blank=True)
    job = models.ForeignKey("workspace.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints: ClassVar = [
            # A file that is being imported or was imported is not imported again.
            models.UniqueConstraint(
                fields=["content_key"], name="import_once_per_content", condition=~Q(content_key="")
            )
        ]
        indexes: ClassVar = [models.Index(fields=["-id"], name="import_newest")]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """One row of a file on its way in, typed and judged. Deleted when its import ends; UNLOGGED, a crash empties it."""

    pk = models.CompositePrimaryKey("import_id", "chunk", "line")
    import_id = models.BigIntegerField()
    line = models.BigIntegerField()  # of the file, where the row begins; the header is 1
    chunk = models.IntegerField(default=0)  # written in one transaction; all rows of an order are in the same one
    problem = models.CharField(max_length=30, null=True)  # why the row cannot be imported
    document = models.CharField(max_length=1, null=True)  # s sale, r refund, empty: neither
    person_key = models.CharField(max_length=260, null=True)  # the strongest identifier: x:… p:… or e:…
    customer_external_id = models.CharField(max_length=120, null=True)
    phone = models.CharField(max_length=16, null=True)
    email = models.CharField(max_length=254, null=True)
    first_name = models.CharField(max_length=80, null=True)
    last_name = models.CharField(max_length=80, null=True)
    address = models.CharField(max_length=250, null=True)
    city = models.CharField(max_length=120, null=True)
    region = models.CharField(max_length=120, null=True)
    postcode = models.CharField(max_length=20, null=True)
    country = models.CharField(max_length=60, null=True)
    birthday = models.DateField(null=True)
    language = models.CharField(max_length=10, null=True)
    order_reference = models.CharField(max_length=120, null=True)
    order_number = models.CharField(max_length=60, null=True)
    refund_of = models.CharField(max_length=120, null=True)  # the order that a refund belongs to
    placed_at = models.DateTimeField(null=True)
    channel = models.CharField(max_length=20, null=True)
    order_total = MoneyField(null=True)
    discount = MoneyField(null=True)
    tax = MoneyField(null=True)
    shipping = MoneyField(null=True)
    sku = models.CharField(max_length=64, null=True)
    title = models.CharField(max_length=200, null=True)
    vendor = models.CharField(max_length=120, null=True)
    category = models.CharField(max_length=120, null=True)
    quantity = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    unit_price = MoneyField(null=True)
    line_discount = MoneyField(null=True)


class ImportPerson(models.Model):
    """Somebody that a file speaks of, and who that is here. Lives and dies with the import's rows; UNLOGGED."""

    pk = models.CompositePrimaryKey("import_id", "key")
    import_id = models.BigIntegerField()
    key = models.CharField(max_length=260)
    chunk = models.IntegerField()  # the first one of the latest step that names the person
    customer_id = models.BigIntegerField(null=True)
    is_new = models.BooleanField(default=False)
    first_at = models.DateTimeField(null=True)
    customer_external_id = models.CharField(max_length=120, null=True)
    phone = models.CharField(max_length=16, null=True)
    email = models.CharField(max_length=254, null=True)
    first_name = models.CharField(max_length=80, null=True)
    last_name = models.CharField(max_length=80, null=True)
    address = models.CharField(max_length=250, null=True)
    city = models.CharField(max_length=120, null=True)
    region = models.CharField(max_length=120, null=True)
    postcode = models.CharField(max_length=20, null=True)
    country = models.CharField(max_length=60, null=True)
    birthday = models.DateField(null=True)
    language = models.CharField(max_length=10, null=True)

    class Meta:
        indexes: ClassVar = [models.Index("import_id", "chunk", name="import_person_by_chunk")]
