from django.urls import path

from customers import api_attributes, api_customers, api_imports, api_products

urlpatterns = [
    path("customers/", api_customers.CustomersView.as_view(), name="customers"),
    path("customers/search", api_customers.CustomerSearchView.as_view(), name="customer-search"),
    path("customers/<code:customer_id>", api_customers.CustomerView.as_view(), name="customer"),
    path("customers/<code:customer_id>/restore", api_customers.RestoreView.as_view(), name="customer-restore"),
    path("customers/<code:customer_id>/timeline", api_customers.TimelineView.as_view(), name="customer-timeline"),
    path("customer-attributes/", api_attributes.AttributesView.as_view(), name="customer-attributes"),
    path("customer-attributes/<code:attribute_id>", api_attributes.AttributeView.as_view(), name="customer-attribute"),
    path("imports/", api_imports.ImportsView.as_view(), name="imports"),
    path("imports/<code:import_id>", api_imports.ImportView.as_view(), name="import"),
    path("products/", api_products.ProductsView.as_view(), name="products"),
    path("products/<code:product_id>", api_products.ProductView.as_view(), name="product"),
    path("products/<code:product_id>/restore", api_products.ProductRestoreView.as_view(), name="product-restore"),
]
