"""docs/features.md and the registry say the same, and say it completely."""

from __future__ import annotations

from django.conf import settings

from intelligence.features.document import written_into
from intelligence.features.families import FAMILIES
from intelligence.features.registry import FEATURES
from intelligence.models import CustomerFeatures
from screens.personal_data_words import FEATURES as TOLD

PAGE = settings.BASE_DIR / "docs" / "features.md"


def test_the_page_is_current() -> None:
    page = PAGE.read_text()
    assert written_into(page) == page, "run `manage.py features_doc`"
    assert all(f"| `{key}` |" in page for key in FEATURES)


def test_the_table_keeps_what_the_families_count() -> None:
    columns = [field.column for field in CustomerFeatures._meta.concrete_fields]
    assert columns == ["customer_id", *(column for family in FAMILIES for column in family.columns)]


def test_a_person_is_told_of_each() -> None:
    assert list(TOLD) == list(FEATURES)
