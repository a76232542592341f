"""Column types that several tables share."""

from __future__ import annotations

from django.db import models


class MoneyField(models.DecimalField):  # type: ignore[type-arg]
    """NUMERIC(19,4): exact for every currency and for unit prices below the minor unit."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
