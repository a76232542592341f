"""Files on their way in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.fields import MoneyField
from customers.querysets import ImportRunQuerySet


class ImportRun(models.Model):
    """One file (or batch of rows) that becomes customers, orders and refunds of a business.

    Its job does the work; `phase` and `steps_done` say where a later run of it goes on; the counts are written in the
    transaction that wrote the rows, so they are true after any crash.
    """

    class Kind(models.TextChoices):
        CUSTOMERS = "customers", _("Customers")  # one row for each customer
        ORDERS = "orders", _("Orders")  # one row for each order
        LINES = "lines", _("Sales lines")  # one row for each line of an order
        PRODUCTS = "products", _("Products")  # one row for each product
        STOCK = "stock", _("Stock levels")  # one row for each product at a place

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
    encoding = models.CharField(max_length=20, blank=True)  # of a CSV file
    delimiter = models.CharField(max_length=1)
    sheet = models.CharField(max_length=100, blank=True)  # of an Excel file, the one that is imported
    sheets = models.JSONField(default=list)  # all that it has
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
    preset = models.CharField(max_length=30, blank=True)  # whose export it is, where the columns told
    problems = models.JSONField(default=dict)  # code of a problem → rows
    error_path = models.CharField(max_length=200, blank=True)
    # Rows of another database instead of a file: which reading of it, and which section of its mapping.
    sync_run = models.ForeignKey("customers.SyncRun", on_delete=models.SET_NULL, null=True, related_name="imports")
    section = models.CharField(max_length=10, blank=True)
    job = models.ForeignKey("workspace.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    undo_job = models.ForeignKey("workspace.Job", on_delete=models.SET_NULL, null=True, related_name="+")
    undo_counts = models.JSONField(default=dict)  # orders_removed, customers_kept … (customers.imports.undoing)
    undone_at = models.DateTimeField(null=True)
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


class ImportUndo(models.Model):
    """A row that an import made or changed, and what stood there before: all that undoing it needs.

    Written by the statements that write the row, taken away by those that set it back, and after `KEPT_DAYS`.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "c", _("Customer")
        IDENTIFIER = "i", _("Identifier")  # only those added to customers who were there
        PRODUCT = "p", _("Product")
        ORDER = "o", _("Order")  # with its lines
        REFUND = "r", _("Refund")  # with its lines
        TAG = "t", _("Tag of a customer")
        STOCK = "s", _("Stock movement")
        REORDER = "l", _("Reorder point")  # of a stock level

    pk = models.CompositePrimaryKey("import_id", "kind", "row_id")
    import_id = models.BigIntegerField()
    kind = models.CharField(max_length=1, choices=Kind.choices)
    row_id = models.BigIntegerField()
    before = models.JSONField(null=True)  # null: the import made the row
    after = models.JSONField(null=True)  # what the import wrote over `before`; a row that differs was changed since


class PersonCells(models.Model):
    """What a row of a file says of a person; null: nothing."""

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
    attributes = models.JSONField(null=True)  # fields of the programme's own, as they are stored

    class Meta:
        abstract = True


class ImportRow(PersonCells):
    """One row of a file on its way in, typed and judged. Deleted when its import ends; UNLOGGED, a crash empties it."""

    pk = models.CompositePrimaryKey("import_id", "chunk", "line")
    import_id = models.BigIntegerField()
    line = models.BigIntegerField()  # of the file, where the row begins; the header is 1
    chunk = models.IntegerField(default=0)  # written in one transaction; all rows of an order are in the same one
    problem = models.CharField(max_length=30, null=True)  # why the row cannot be imported
    document = models.CharField(max_length=1, null=True)  # s sale, r refund, empty: neither
    person_key = models.CharField(max_length=260, null=True)  # the strongest identifier: x:… p:… or e:…
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
    status = models.CharField(max_length=10, null=True)  # paid, unpaid, refunded, cancelled
    refunded = MoneyField(null=True)  # what was given back of the order
    cost = MoneyField(null=True)
    barcode = models.CharField(max_length=64, null=True)
    tags = models.JSONField(null=True)  # names, each once
    location = models.CharField(max_length=80, null=True)  # where the stock lies; null: where sales leave
    low_at = models.DecimalField(max_digits=12, decimal_places=3, null=True)  # reorder point


class ImportPerson(PersonCells):
    """Somebody that a file speaks of, and who that is here. Lives and dies with the import's rows; UNLOGGED."""

    pk = models.CompositePrimaryKey("import_id", "key")
    import_id = models.BigIntegerField()
    key = models.CharField(max_length=260)
    chunk = models.IntegerField()  # the first one of the latest step that names the person
    customer_id = models.BigIntegerField(null=True)
    is_new = models.BooleanField(default=False)
    first_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index("import_id", "chunk", name="import_person_by_chunk")]
