"""In which language a customer is written to."""

from __future__ import annotations

from django.conf import settings

from core.tenancy import active_programme
from customers.models import Customer


def offered_languages() -> list[tuple[str, str]]:
    """What customers may choose from: (code, name in that language)."""
    return [(code, str(name)) for code, name in settings.PORTAL_LANGUAGES]


def own_language(customer: Customer) -> str:
    """The customer's own if it is offered, else "". An import may name any language of the world."""
    known = {code for code, _name in offered_languages()}
    chosen = customer.language.lower().replace("_", "-")
    return next((code for code in (chosen, chosen.partition("-")[0]) if code in known), "")


def language_of(customer: Customer) -> str:
    """In which language the customer is written to: their own, or the programme's."""
    return own_language(customer) or active_programme().language
