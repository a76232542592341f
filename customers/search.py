"""Finding people by what somebody types: a name with a slip in it, a phone number in any spelling, an e-mail, an id."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_

from django.contrib.postgres.search import TrigramWordDistance
from django.db.models import Func, Q, QuerySet, Value

from core.phones import InvalidPhone, parse_phone, phone_begin
from customers.folding import folded, spellings
from customers.models import Customer, Identifier

MAX_LENGTH = 120
# A word of three letters has few trigrams of its own: below this length a slip matches half the list.
FUZZY_LENGTH = 4


class SoundingLike(Func):
    """Keys of the customers whose name sounds like a text, 200 at most; the trigram index answers it."""

    function = "customers_sounding_like"
    template = "(SELECT %(function)s(%(expressions)s))"


@dataclass(frozen=True, slots=True)
class Search:
    """`strict` finds what was typed; `fuzzy`, for when that finds nothing, what sounds like it (None: not worth it)."""

    strict: Q
    fuzzy: Q | None


def search_for(text: str, *, country: str, prefix: str = "") -> Search | None:
    """Conditions on a customer reached by `prefix` (such as "customer__"); None when nothing was typed. One query.

    A whole phone number, e-mail address or external id with a digit finds exactly its owner, and the first digits of a
    number those whose number begins so (a query more); words find names, parts of e-mail addresses and ids that hold
    all of them, and the owner of an id that is a word.
    """
    typed = _cleaned(text)
    if not typed:
        return None
    owners = list(Identifier.objects.filter(_identifiers(typed, country)).values_list("customer_id", flat=True))
    is_name = not any(character.isdigit() or character == "@" for character in typed)
    if owners and not is_name:
        # No "or" with the words: it would read every customer.
        return Search(Q(**{f"{prefix}pk__in": owners}), None)
    begins = phone_begin(typed, country)
    numbers = Identifier.objects.filter(kind=Identifier.Kind.PHONE, value__startswith=begins)
    if begins and not owners and numbers.exists():
        return Search(Q(**{f"{prefix}pk__in": numbers.values("customer_id")}), None)
    words = named(typed, prefix=prefix)
    strict = words | Q(**{f"{prefix}pk__in": owners}) if owners else words
    if not is_name or len(typed) < FUZZY_LENGTH:
        return Search(strict, None)
    alike = SoundingLike(Value(folded(typed)), Value(_threshold(typed)))
    return Search(strict, Q(**{f"{prefix}pk__in": alike}))


def best_matches(people: QuerySet[Customer], text: str, *, country: str, most: int) -> list[Customer]:
    """A few of `people`: who has what was typed, newest first; where nobody has, who sounds like it, closest first.

    Two or three queries.
    """
    search = search_for(text, country=country)
    if search is None:
        return []
    found = list(people.filter(search.strict).order_by("-created_at", "-id")[:most])
    if found or search.fuzzy is None:
        return found
    distance = TrigramWordDistance(folded(_cleaned(text)), "search_text")
    return list(people.filter(search.fuzzy).order_by(distance, "-created_at", "-id")[:most])


def _cleaned(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:MAX_LENGTH]


def _threshold(typed: str) -> Decimal:
    """How many of its trigrams a name has to share: of one word half, or all who begin alike sound alike."""
    return Decimal("0.35") if " " in typed else Decimal("0.5")


def named(typed: str, *, prefix: str = "") -> Q:
    """Customers whose name, e-mail address or id holds every word, with marks on the letters or without."""
    words = Q()
    for word in typed.split():
        words &= reduce(or_, (Q(**{f"{prefix}search_text__contains": spelling}) for spelling in spellings(word)))
    return words


def _identifiers(typed: str, country: str) -> Q:
    found = Q(kind=Identifier.Kind.EXTERNAL, value=typed)
    if "@" in typed:
        found |= Q(kind=Identifier.Kind.EMAIL, value=typed.lower())
    try:
        return found | Q(kind=Identifier.Kind.PHONE, value=parse_phone(typed, country))
    except InvalidPhone:
        return found
