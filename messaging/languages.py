"""In which language a customer is written to."""

from __future__ import annotations

from django.conf import settings

from core.tenancy import active_programme
from customers.models import Customer


def offered_languages() -> list[tuple[str, str]]:
    """What customers may choose from: (code, name in that language)."""
    return [(code, str(name)) for code, name in settings.PORTAL_LANGUAGES]


def language_of(customer: Customer) -> str:
    """The customer's own if it is offered, else the programme's. An import may name any language of the world."""
    known = {code for code, _name in offered_languages()}
    chosen = customer.language.lower().replace("_", "-")
    for code in (chosen, chosen.partition("-")[0]):
        if code in known:
            return code
    return active_programme().language
