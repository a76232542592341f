"""Finding people by what somebody types: a name with a slip in it, a phone number in any spelling, an e-mail, an id."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import BooleanField, F, Func, Q, Value

from core.phones import InvalidPhone, parse_phone
from customers.models import Identifier

MAX_LENGTH = 120
# A word of three letters has few trigrams of its own: below this length a slip matches half the list.
FUZZY_LENGTH = 4


class WordSimilar(Func):
    """`text %> term`: some part of the text is similar to the term; the trigram index answers it."""

    template = "(%(expressions)s)"
    arg_joiner = " OPERATOR(public.%%>) "
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class Search:
    """`strict` finds what was typed; `fuzzy`, for when that finds nothing, what sounds like it (None: not worth it)."""

    strict: Q
    fuzzy: Func | None


def search_for(text: str, *, country: str, prefix: str = "") -> Search | None:
    """Conditions on a customer reached by `prefix` (such as "customer__"); None when nothing was typed. One query.

    A whole phone number, e-mail address or external id with a digit finds exactly its owner; words find names, parts of
    e-mail addresses and ids that hold all of them, and the owner of an id that is a word.
    """
    typed = " ".join(text.replace("\x00", "").split())[:MAX_LENGTH]
    if not typed:
        return None
    owners = list(Identifier.objects.filter(_identifiers(typed, country)).values_list("customer_id", flat=True))
    is_name = not any(character.isdigit() or character == "@" for character in typed)
    if owners and not is_name:
        # No "or" with the words: it would read every customer.
        return Search(Q(**{f"{prefix}pk__in": owners}), None)
    words = Q()
    for word in typed.lower().split():
        words &= Q(**{f"{prefix}search_text__contains": word})
    strict = words | Q(**{f"{prefix}pk__in": owners}) if owners else words
    is_fuzzy = is_name and len(typed) >= FUZZY_LENGTH
    return Search(strict, WordSimilar(F(f"{prefix}search_text"), Value(typed.lower())) if is_fuzzy else None)


def _identifiers(typed: str, country: str) -> Q:
    found = Q(kind=Identifier.Kind.EXTERNAL, value=typed)
    if "@" in typed:
        found |= Q(kind=Identifier.Kind.EMAIL, value=typed.lower())
    try:
        return found | Q(kind=Identifier.Kind.PHONE, value=parse_phone(typed, country))
    except InvalidPhone:
        return found
