"""Why a product is suggested, as staff read it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from intelligence.engine.next_products import Why
from intelligence.reports_products import Suggestion


def reason_of(one: Suggestion) -> str:
    if one.why is Why.GOES_WITH and one.partner is not None:
        return _("Often bought with %(product)s") % {"product": one.partner}
    if one.why is Why.BOUGHT_OFTEN:
        return _("Bought again and again")
    if one.why is Why.BOUGHT_BEFORE:
        return _("Bought before")
    return _("People like them buy it")


def with_reasons(found: Sequence[Suggestion]) -> list[tuple[Suggestion, str]]:
    return [(one, reason_of(one)) for one in found]
