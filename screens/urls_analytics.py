"""Measure → Analytics, included at `/analytics/`."""

from django.urls import path

import core.api  # noqa: F401 (the converter `code`)
from screens import (
    views_analytics,
    views_analytics_cohorts,
    views_analytics_customers,
    views_analytics_hours,
    views_analytics_products,
)

app_name = "analytics"
urlpatterns = [
    path("", views_analytics.overview_page, name="overview"),
    path("<slug:report>.csv", views_analytics.overview_file, name="overview-file"),
    path("products/", views_analytics_products.products, name="products"),
    path("products/file.csv", views_analytics_products.products_file, name="products-file"),
    path("products/<code:code>/", views_analytics_products.product, name="product"),
    path("customers/", views_analytics_customers.customers, name="customers"),
    path("customers/<slug:report>.csv", views_analytics_customers.customers_file, name="customers-file"),
    path("cohorts/", views_analytics_cohorts.cohorts, name="cohorts"),
    path("cohorts/file.csv", views_analytics_cohorts.cohorts_file, name="cohorts-file"),
    path("hours/", views_analytics_hours.hours, name="hours"),
    path("hours/file.csv", views_analytics_hours.hours_file, name="hours-file"),
    path("bought-together/", views_analytics_products.pairs, name="pairs"),
    path("bought-together/file.csv", views_analytics_products.pairs_file, name="pairs-file"),
]
