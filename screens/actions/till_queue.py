"""Sales that a till kept while it had no connection, posted in their order, each once.

The keys belong to the till (`till:<code>`), not to the person: a new log-in changes nothing, and a sale whose answer
was lost is known by its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated, Literal

import msgspec
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput
from core.money import parse_amount
from core.tenancy import active_programme
from customers.models import Customer
from loyalty.actions.points import post_batch
from loyalty.errors import UnknownMember
from loyalty.ledger import Outcome
from loyalty.operations import AddPoints, Operation
from loyalty.rules import CLOCK_TOLERANCE
from screens.reports_till import key_owner
from workspace.actions.tills import tills_of_browser
from workspace.models import TillDevice

MAX_SALES = 100  # in one call; a longer queue comes in parts
MAX_KEY = 64

State = Literal["posted", "refused", "kept"]


class KeptSale(msgspec.Struct, frozen=True, kw_only=True):
    """One sale as the till wrote it down: `amount` and `phone` as typed, `customer` a code instead of a number."""

    key: str
    till: str
    amount: str
    sold_at: Annotated[datetime, msgspec.Meta(tz=True)]
    phone: str = ""
    customer: str = ""


@dataclass(frozen=True, slots=True)
class SaleOutcome:
    """What became of one sale. "posted": forget it. "refused": a person must look. "kept": not this time, and why."""

    state: State
    code: str = ""
    message: str = ""
    points: int = 0
    transaction: str = ""


def post_kept_sales(
    *, sales: Sequence[KeptSale | None], till: TillDevice, actor: Actor, now: datetime
) -> list[SaleOutcome]:
    """Post `sales` in their order; one outcome each, and a refusal stops no other. None: could not be read.

    A sale is posted for the till that took it, which is `till` or one that the same browser was before; anybody
    else's is refused. A sale of a business that the actor may not see is kept for somebody who does.
    """
    tills, customers = tills_of_browser(till), _customer_ids(sales)
    outcomes: list[SaleOutcome] = []
    for code, run in groupby(sales, key=lambda sale: sale.till if sale else None):
        part = list(run)
        device = tills.get(code) if code is not None else None
        refusal = _why_not(code, device, actor)
        if device is None or refusal is not None:
            outcomes += [refusal or _unreadable()] * len(part)
            continue
        posted = post_batch(
            operations=[_operation(sale, device, customers, now) for sale in part if sale],
            owner=key_owner(device),
            source="till",
            actor=actor,
            now=now,
        )
        outcomes += [_outcome(one) for one in posted]
    return outcomes


def _unreadable() -> SaleOutcome:
    return _refused(InvalidInput(_("This sale cannot be read. Enter it again.")))


def _why_not(code: str | None, device: TillDevice | None, actor: Actor) -> SaleOutcome | None:
    if code is None:
        return _unreadable()
    if device is None:
        text = _("This was written down when the browser was another till. Enter it again if it is not counted yet.")
        return SaleOutcome("refused", "other_till", text)
    if actor.business_id not in (None, device.business_id):
        text = _("This sale was made at %(business)s. It is sent when somebody from there logs in at this till.")
        return SaleOutcome("kept", "other_business", text % {"business": device.business.name})
    return None


def _operation(
    sale: KeptSale, device: TillDevice, customers: Mapping[str, int], now: datetime
) -> Operation | DomainError:
    if not 0 < len(sale.key) <= MAX_KEY:
        return InvalidInput(_("This sale has no key of its own."), field="key")
    if sale.customer and sale.customer not in customers:
        return UnknownMember(_("This customer is not there any more."))
    try:
        amount = parse_amount(sale.amount, active_programme().currency)
    except InvalidInput as error:
        return error
    return AddPoints(
        business=device.business_id,
        amount=amount,
        phone="" if sale.customer else sale.phone,
        customer_id=customers.get(sale.customer),
        placed_at=_moment(sale.sold_at, now),
        key=sale.key,
    )


def _moment(sold_at: datetime, now: datetime) -> datetime:
    """No sale is ahead of its posting: a clock that is somewhat fast counts as now, a wrong one is refused later."""
    return now if now < sold_at <= now + CLOCK_TOLERANCE else sold_at


def _customer_ids(sales: Sequence[KeptSale | None]) -> dict[str, int]:
    codes = {sale.customer for sale in sales if sale and sale.customer and "\0" not in sale.customer}
    people = Customer.objects.exclude(state=Customer.State.ERASED).filter(code__in=codes)
    # Who was merged while the till was offline is the survivor.
    return dict(people.values_list("code", Coalesce("merged_into_id", "pk"))) if codes else {}


def _outcome(one: Outcome) -> SaleOutcome:
    if isinstance(one, DomainError):
        return _refused(one)
    return SaleOutcome("posted", points=one.points, transaction=one.transaction)


def _refused(error: DomainError) -> SaleOutcome:
    return SaleOutcome("refused", error.code, str(error.message))
