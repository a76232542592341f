"""docs/data-model.md shows the tables as they are."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings

from customers.data_model import GROUPS, written_into

PAGE = settings.BASE_DIR / "docs" / "data-model.md"


def test_every_table_is_drawn_once() -> None:
    drawn = [name for _about, names in GROUPS.values() for name in names]
    assert sorted(drawn) == sorted(model._meta.object_name for model in apps.get_app_config("customers").get_models())


def test_the_drawing_is_current() -> None:
    page = PAGE.read_text()
    assert written_into(page) == page, "run `manage.py data_model_doc`"
