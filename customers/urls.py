"""Pages of customers, orders and products on a programme's host."""

from __future__ import annotations

from django.urls import path

import core.api  # noqa: F401 (the converter `code`)
from customers import (
    views,
    views_customer,
    views_fields,
    views_imports,
    views_notes,
    views_products,
    views_saved,
    views_tags,
)

app_name = "customers"
urlpatterns = [
    path("customers/", views.customers, name="list"),
    path("customers/new/", views_customer.create, name="create"),
    path("customers/<code:code>/edit/", views_customer.edit, name="edit"),
    path("customers/<code:code>/archive/", views_customer.archive, name="archive"),
    path("customers/<code:code>/restore/", views_customer.restore, name="restore"),
    path("customers/<code:code>/notes/", views_notes.write, name="note-write"),
    path("customers/notes/<code:code>/", views_notes.change, name="note"),
    path("customers/notes/<code:code>/pin/", views_notes.pin, name="note-pin"),
    path("customers/notes/<code:code>/delete/", views_notes.delete, name="note-delete"),
    path("customers/views/new/", views_saved.save, name="view-save"),
    path("customers/views/<code:code>/", views_saved.change, name="view"),
    path("customers/views/<code:code>/delete/", views_saved.delete, name="view-delete"),
    path("customers/tags/", views_tags.tags, name="tags"),
    path("customers/tags/new/", views_tags.create, name="tag-create"),
    path("customers/tags/<code:code>/", views_tags.change, name="tag"),
    path("customers/tags/<code:code>/merge/", views_tags.merge, name="tag-merge"),
    path("customers/tags/<code:code>/delete/", views_tags.delete, name="tag-delete"),
    path("customers/<code:code>/tags/", views_tags.add, name="tag-add"),
    path("customers/<code:code>/tags/remove/", views_tags.remove, name="tag-remove"),
    path("customers/fields/", views_fields.fields, name="fields"),
    path("customers/fields/new/", views_fields.create, name="field-create"),
    path("customers/fields/<code:code>/", views_fields.change, name="field"),
    path("customers/fields/<code:code>/archive/", views_fields.archive, name="field-archive"),
    path("customers/fields/<code:code>/restore/", views_fields.restore, name="field-restore"),
    path("customers/fields/<code:code>/place/", views_fields.place, name="field-place"),
    path("customers/imports/", views_imports.imports, name="imports"),
    path("customers/imports/upload/", views_imports.upload, name="import-upload"),
    path("customers/imports/<code:code>/", views_imports.import_detail, name="import"),
    path("customers/imports/<code:code>/read/", views_imports.import_read, name="import-read"),
    path("customers/imports/<code:code>/try/", views_imports.import_try, name="import-try"),
    path("customers/imports/<code:code>/start/", views_imports.import_start, name="import-start"),
    path("customers/imports/<code:code>/stop/", views_imports.import_stop, name="import-stop"),
    path("customers/imports/<code:code>/undo/", views_imports.import_undo, name="import-undo"),
    path("customers/imports/<code:code>/errors.csv", views_imports.import_errors, name="import-errors"),
    path("orders/", views.orders, name="orders"),
    path("refunds/", views.refunds, name="refunds"),
    path("products/", views_products.products, name="products"),
    path("products/add/", views_products.create, name="product-create"),
    path("products/<code:code>/", views_products.product, name="product"),
    path("products/<code:code>/edit/", views_products.edit, name="product-edit"),
    path("products/<code:code>/archive/", views_products.archive, name="product-archive"),
    path("products/<code:code>/restore/", views_products.restore, name="product-restore"),
]
