"""Stock: levels, movements, places, and the three acts on them."""

from __future__ import annotations

from django.urls import path

import core.api  # noqa: F401 (the converter `code`)
from screens import views_stock

app_name = "stock"
urlpatterns = [
    path("", views_stock.levels, name="list"),
    path("levels.csv", views_stock.levels_csv, name="levels-csv"),
    path("receive/", views_stock.receive, name="receive"),
    path("count/", views_stock.count, name="count"),
    path("move/", views_stock.move, name="move"),
    path("correct/", views_stock.correct, name="correct"),
    path("movements/", views_stock.movements, name="movements"),
    path("movements.csv", views_stock.movements_csv, name="movements-csv"),
    path("places/", views_stock.places, name="places"),
    path("places/add/", views_stock.place_add, name="place-add"),
    path("places/<code:code>/", views_stock.place, name="place"),
    path("places/<code:code>/archive/", views_stock.place_archive, name="place-archive"),
    path("levels/<code:code>/", views_stock.level, name="level"),
]
