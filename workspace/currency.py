"""Whether the programme's currency is fixed: it is while somebody keeps amounts in it.

Nothing is stored about it: a sale writes no flag, and the settings ask when they are opened and saved. Apps with
amounts register in their `tasks.py`, which the workspace loads. Who writes the first amount does so in
`currency_kept`, so that the currency cannot change at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from programs.models import Programme

Keeper = Callable[[], bool]
KEEPERS: list[Keeper] = []


def keeps_amounts(has_amounts: Keeper) -> Keeper:
    """Register a cheap look whether the active programme has amounts in its currency."""
    KEEPERS.append(has_amounts)
    return has_amounts


def is_currency_fixed() -> bool:
    """One EXISTS for each keeper, up to the first that has amounts."""
    return any(has_amounts() for has_amounts in KEEPERS)


class CurrencyChanged(DomainError):
    code = "currency_changed"
    message = _("The currency has just changed. Check the amount and send it again.")


def is_known_fixed(programme: Programme) -> bool:
    """Whether amounts were seen before by whoever holds this `programme`: then nothing has to be kept. No query."""
    return getattr(programme, _SEEN, False)


@contextmanager
def currency_kept(programme: Programme) -> Iterator[None]:
    """Around the writing of amounts that were read in `programme.currency`: it stays that until they are committed.

    Once there are amounts, it is fixed, and that is remembered on `programme` (which processes read anew every few
    seconds). Before, the programme's row is share-locked: a change waits and then finds the amount. Raises
    CurrencyChanged when a change was first.
    """
    if is_known_fixed(programme):
        yield
        return
    fixed = is_currency_fixed()
    with nullcontext() if fixed else transaction.atomic():
        with connection.cursor() as cursor:
            lock = "" if fixed else " FOR SHARE"
            cursor.execute(f"SELECT currency FROM public.programs_programme WHERE id = %s{lock}", [programme.pk])
            if cursor.fetchone() != (programme.currency,):
                raise CurrencyChanged()
        if fixed:
            setattr(programme, _SEEN, True)
        yield


_SEEN = "_has_amounts"
