"""In which language a customer is written to."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation

from core.languages import offered
from core.tenancy import active_programme
from customers.models import Customer


def offered_languages() -> list[tuple[str, str]]:
    """What customers may choose from: (code, name in that language)."""
    return list(settings.PORTAL_LANGUAGES)


def other_languages() -> list[tuple[str, str]]:
    """What customers may choose instead of the language that is spoken now."""
    return [(code, name) for code, name in offered_languages() if code != translation.get_language()]


def own_language(customer: Customer) -> str:
    """The customer's own if it is offered, else "". An import may name any language of the world."""
    return offered(customer.language, settings.PORTAL_LANGUAGES)


def language_of(customer: Customer | None) -> str:
    """In which language a customer is written to: their own, or the programme's."""
    own = own_language(customer) if customer is not None else ""
    return own or offered(active_programme().language, settings.PORTAL_LANGUAGES) or "en"
