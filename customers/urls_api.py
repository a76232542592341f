from django.urls import path

from customers import api_attributes, api_customers, api_imports, api_merging, api_notes, api_products, api_tags

urlpatterns = [
    path("customers/", api_customers.CustomersView.as_view(), name="customers"),
    path("customers/search", api_customers.CustomerSearchView.as_view(), name="customer-search"),
    path("customers/merge", api_merging.MergeView.as_view(), name="customer-merge"),
    path("customers/merges/<code:merge_id>/undo", api_merging.UndoMergeView.as_view(), name="customer-merge-undo"),
    path("customers/duplicates", api_merging.DuplicatesView.as_view(), name="customer-duplicates"),
    path("customers/duplicates/keep-apart", api_merging.KeepApartView.as_view(), name="customer-keep-apart"),
    path("customers/<code:customer_id>", api_customers.CustomerView.as_view(), name="customer"),
    path("customers/<code:customer_id>/restore", api_customers.RestoreView.as_view(), name="customer-restore"),
    path("customers/<code:customer_id>/timeline", api_customers.TimelineView.as_view(), name="customer-timeline"),
    path("customers/<code:customer_id>/tags", api_tags.CustomerTagsView.as_view(), name="customer-tags"),
    path("customers/<code:customer_id>/tags/<code:tag_id>", api_tags.CustomerTagView.as_view(), name="customer-tag"),
    path("customers/<code:customer_id>/notes", api_notes.NotesView.as_view(), name="customer-notes"),
    path("customers/<code:customer_id>/notes/<code:note_id>", api_notes.NoteView.as_view(), name="customer-note"),
    path("tags/", api_tags.TagsView.as_view(), name="tags"),
    path("tags/<code:tag_id>", api_tags.TagView.as_view(), name="tag"),
    path("tags/<code:tag_id>/merge", api_tags.TagMergeView.as_view(), name="tag-merge"),
    path("customer-attributes/", api_attributes.AttributesView.as_view(), name="customer-attributes"),
    path("customer-attributes/<code:attribute_id>", api_attributes.AttributeView.as_view(), name="customer-attribute"),
    path("imports/", api_imports.ImportsView.as_view(), name="imports"),
    path("imports/<code:import_id>", api_imports.ImportView.as_view(), name="import"),
    path("imports/<code:import_id>/undo", api_imports.ImportUndoView.as_view(), name="import-undo"),
    path("products/", api_products.ProductsView.as_view(), name="products"),
    path("products/<code:product_id>", api_products.ProductView.as_view(), name="product"),
    path("products/<code:product_id>/restore", api_products.ProductRestoreView.as_view(), name="product-restore"),
]
