"""How what customers own moves in a merge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.actions import events
from customers.consent import consents_of
from customers.events import CONSENT_CHANGED
from customers.merging import Mover, Pair, Rows, moves, stays
from customers.models import ConsentRecord, Customer, CustomerTag, Event, Identifier, Note, Order, Refund

SOURCE = "merge"


class Consents(Mover):
    """Statements are proofs and stay where they were made; the survivor gets a new one where theirs has to change.

    Of two statements the newer one decides, but a no never becomes a yes by a merge.
    """

    name = "customers_consentrecord.customer_id"
    columns = (name,)

    def move(self, pair: Pair) -> list[dict[str, Any]] | None:
        own, others = consents_of(pair.survivor_id), consents_of(pair.duplicate_id)
        written = []
        for key, theirs in others.items():
            mine = own.get(key)
            if mine is not None and (not mine.is_granted or theirs.is_granted or theirs.at < mine.at):
                continue
            record = _write(pair, theirs, is_granted=theirs.is_granted, changes=bool(mine) or theirs.is_granted)
            written.append({"record": record.pk, "was": mine.pk if mine else None})
        return written or None

    def undo(self, pair: Pair, moved: list[dict[str, Any]]) -> None:
        """The survivor's own statement holds again, where nobody said anything since."""
        newest = {record.pk: record for record in consents_of(pair.survivor_id).values()}
        before = ConsentRecord.objects.in_bulk([one["was"] for one in moved if one["was"]])
        for one in moved:
            record, was = newest.get(one["record"]), before.get(one["was"])
            if record is None:
                continue
            if was is not None:
                _write(pair, was, is_granted=was.is_granted, changes=True)
            elif record.is_granted:
                _write(pair, record, is_granted=False, changes=True)


class Tags(Mover):
    """What both are marked with stays once; undoing marks the duplicate again."""

    name = "customers_customertag.customer_id"
    columns = (name,)
    title = _("Tags")

    def count(self, customer_id: int) -> int:
        return CustomerTag.objects.filter(customer=customer_id).count()

    def move(self, pair: Pair) -> dict[str, Any] | None:
        theirs = CustomerTag.objects.filter(customer=pair.duplicate_id)
        own = CustomerTag.objects.filter(customer=pair.survivor_id).values_list("tag", flat=True)
        twice = list(theirs.filter(tag__in=list(own)).values_list("tag", flat=True))
        theirs.filter(tag__in=twice).delete()
        moving = list(theirs.values_list("tag", flat=True))
        theirs.update(customer=pair.survivor_id)
        return {"moved": moving, "twice": twice} if moving or twice else None

    def undo(self, pair: Pair, moved: dict[str, Any]) -> None:
        """The survivor keeps what they had; a tag that was taken off since stays off, one that is gone stays gone."""
        own = CustomerTag.objects.filter(customer=pair.survivor_id)
        own.filter(tag__in=moved["moved"]).update(customer=pair.duplicate_id)
        again = [
            CustomerTag(customer_id=pair.duplicate_id, tag_id=tag, added_at=pair.now, actor=pair.actor.reference)
            for tag in own.filter(tag__in=moved["twice"]).values_list("tag", flat=True)
        ]
        CustomerTag.objects.bulk_create(again, ignore_conflicts=True)

    def left(self, survivor_id: int, moved: dict[str, Any]) -> int:
        tags = [*moved["moved"], *moved["twice"]]
        return CustomerTag.objects.filter(customer=survivor_id, tag__in=tags).count()


def _write(pair: Pair, like: ConsentRecord, *, is_granted: bool, changes: bool) -> ConsentRecord:
    """A statement of the survivor with the words and the time of `like`."""
    proof: Mapping[str, object] = {**like.proof, "merge": pair.key, "statement": like.pk}
    record = ConsentRecord.objects.create(
        customer_id=pair.survivor_id,
        channel=like.channel,
        purpose=like.purpose,
        is_granted=is_granted,
        source=SOURCE,
        wording=like.wording,
        proof=proof,
        actor=pair.actor.reference,
        at=like.at,
    )
    if changes:
        events.append(
            CONSENT_CHANGED,
            actor=pair.actor,
            occurred_at=pair.now,
            customer_id=pair.survivor_id,
            data={"channel": like.channel, "purpose": like.purpose, "is_granted": is_granted},
        )
    return record


moves(
    Rows(Identifier, title=_("Numbers, addresses and ids")),
    Rows(Order, title=_("Orders")),
    Rows(Refund, title=_("Refunds")),
    Rows(Event, title=_("Events")),
    Rows(Note, title=_("Notes")),
    Tags(),
    Consents(),
    Rows(Customer, "merged_into"),
)
stays(
    {
        "customers_customerfacts.customer_id": "computed again for both",
        "customers_businesscustomerfacts.customer_id": "computed again for both",
        "customers_customerscores.customer_id": "computed again each night, of those who are there",
        "customers_customerarchetype.customer_id": "computed again each night, of those who are there",
        "customers_customermerge.survivor_id": "what happened",
        "customers_customermerge.duplicate_id": "what happened",
        "customers_duplicatepair.first_id": "of those who are there; found anew each night",
        "customers_duplicatepair.second_id": "of those who are there; found anew each night",
        "customers_keptapart.first_id": "about these two rows",
        "customers_keptapart.second_id": "about these two rows",
    }
)
