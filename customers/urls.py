"""Pages of customers, orders and products on a programme's host."""

from __future__ import annotations

from django.urls import path

from customers import views

app_name = "customers"
urlpatterns = [
    path("customers/", views.customers, name="list"),
    path("orders/", views.orders, name="orders"),
    path("orders/<slug:code>/", views.order, name="order"),
    path("products/", views.products, name="products"),
]
