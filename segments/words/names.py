"""The vocabulary of the programme that is active now. One query for each kind of names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from customers.models import Customer, Product
from programs.models import Programme
from segments.choices import choices
from segments.fields.base import Field
from segments.fields.registry import fields_of_programme
from segments.words.vocabulary import Vocabulary

MOST_PLACES = 3_000
_UNNAMED = frozenset({"products"})  # too many: their titles are open words
_MONTH_FIRST = frozenset({"US", "PH"})


def vocabulary_now() -> Vocabulary:
    fields = fields_of_programme()
    programme: Programme = connection.tenant  # type: ignore[attr-defined]
    return Vocabulary(
        fields,
        {name: choices(name) for name in sorted(_asked_for(fields))},
        programme.name,
        cities=_places("city"),
        regions=_places("region"),
        is_month_first=programme.country in _MONTH_FIRST,
        sells=_sells,
    )


def _asked_for(fields: Mapping[str, Field]) -> set[str]:
    own = {field.choices for field in fields.values()}
    narrowed = {one.choices for field in fields.values() for one in field.source.properties.values()}
    return {name for name in own | narrowed if name and name not in _UNNAMED}


def _places(column: str) -> Sequence[str]:
    known = Customer.objects.exclude(**{column: ""}).order_by(column).values_list(column, flat=True)
    return list(known.distinct()[:MOST_PLACES])


def _sells(words: str) -> bool:
    return Product.objects.filter(title__icontains=words).exists()
