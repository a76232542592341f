"""Pages of customers, orders and products on a programme's host."""

from __future__ import annotations

from django.urls import path

from customers import views

app_name = "customers"
urlpatterns = [
    path("customers/", views.customers, name="list"),
]
