"""What each event means to who receives it, and the version of its `data`. docs/api/webhooks.md is written from this.

Every event of the registry (`customers.events`) is offered; a test finds those without words here. The version goes
up when a field of `data` changes its meaning or goes away; a new field leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.events import EVENT_TYPES, EventType

TEST_EVENT = "webhook.test"
TEST_TITLE = _("Test")


@dataclass(frozen=True, slots=True)
class Meaning:
    """`text` is one or two English sentences for developers."""

    text: str
    version: int = 1


MEANINGS: dict[str, Meaning] = {
    "customers.customer.created": Meaning("Somebody became a customer: at the till, by API, on the points page."),
    "customers.customer.changed": Meaning("Details of a customer changed; `fields` names which."),
    "customers.customer.archived": Meaning("A customer was archived. They come back with their next purchase."),
    "customers.customer.restored": Meaning("An archived customer is back."),
    "customers.customer.erased": Meaning("A customer was erased for good. Forget what you keep about this id."),
    "customers.tag.added": Meaning("A customer was marked with a tag. Renaming or merging tags sends none."),
    "customers.tag.removed": Meaning("A tag was taken from a customer. Deleting or merging a tag sends none."),
    "customers.customer.merged": Meaning(
        "A duplicate became part of this customer: what you keep about `duplicate` belongs to this id now."
    ),
    "customers.customer.unmerged": Meaning("A merge was undone: this id is there again, beside `survivor`."),
    "customers.order.placed": Meaning("A sale, with a customer or without. Sales of an imported history send none."),
    "customers.order.attached": Meaning("A sale that had no customer got one."),
    "customers.order.refunded": Meaning("Money of an order was given back, all of it or a part."),
    "customers.order.cancelled": Meaning("A sale was undone as a whole."),
    "customers.stock.low": Meaning("The stock of a product at one place fell to its mark; told once for each fall."),
    "customers.consent.changed": Meaning("A customer gave or took back consent to one channel and purpose."),
    "customers.event.tracked": Meaning(
        "Something that another system sent to `events/track`; `event` is its name for it."
    ),
    "customers.visitor.recognised": Meaning("What a visitor did before they said who they are is the customer's now."),
    "customers.import.finished": Meaning("A file was imported. The rows in it send no events of their own."),
    "loyalty.points.earned": Meaning("A sale earned points."),
    "loyalty.points.redeemed": Meaning("Points were spent; `points` is below zero."),
    "loyalty.points.reversed": Meaning("A transaction was undone, all of it or a part; `points` is what that moved."),
    "loyalty.points.adjusted": Meaning("Somebody of the team changed a balance by hand."),
    "loyalty.points.bonus": Meaning("A gift: a birthday, joining, or an action that a rule rewards."),
    "loyalty.points.referral": Meaning("Points for who brought somebody, or for who was brought; `action` says which."),
    "loyalty.points.transferred": Meaning(
        "Points passed from one member to another: one event for each of them. `cause` is `merge` where two entries of "
        "one person became one, or two again."
    ),
    "loyalty.points.matured": Meaning("Points that had to wait can be spent now."),
    "loyalty.points.expired": Meaning("Points ran out; `points` is how many."),
    "loyalty.points.held": Meaning("Points were set aside for a claim."),
    "loyalty.points.released": Meaning("Points that were set aside are free again."),
    "loyalty.reward.ran_out": Meaning("The last one of a reward was taken or set aside. No customer."),
    "loyalty.reward.came_back": Meaning("A reward that had run out is there again. No customer."),
    "loyalty.referral.tracked": Meaning(
        "A member brought somebody who has not bought yet. The customer is the member."
    ),
    "loyalty.referral.completed": Meaning("Who was brought has bought, and both get what was promised."),
    "loyalty.referral.ended": Meaning("A referral ended without points or lost them; `reason` is a word for why."),
    "loyalty.affiliate.customer_came": Meaning("Somebody came through an affiliate and counts for them from now on."),
    "loyalty.affiliate.commission_earned": Meaning("A sale earned an affiliate a commission, or a larger one."),
    "loyalty.affiliate.commission_taken": Meaning("A commission shrank or went, as with a refund; `total` is by what."),
    "loyalty.affiliate.payout_made": Meaning("A statement of what an affiliate gets was made, still to be paid."),
    "loyalty.affiliate.payout_paid": Meaning("Somebody noted that an affiliate was paid."),
    "loyalty.tier.changed": Meaning("A member reached, kept or lost a tier."),
    "segments.member.entered": Meaning(
        "A customer came into a segment, whose code is in `segment`. `reason` is `person` where something about them "
        "changed, `time` where time passed, `hand` where staff put them in. The first count of a segment sends none, "
        "and neither do other rules."
    ),
    "segments.member.left": Meaning("A customer left a segment; see `segments.member.entered`."),
    "loyalty.stamps.given": Meaning("A stamp card got stamps."),
    "loyalty.stamps.taken": Meaning("Stamps were taken back, as with a refund."),
    "loyalty.stamps.completed": Meaning("A stamp card is full."),
    "loyalty.stamps.reward_used": Meaning("A member had what a full stamp card is for."),
    "loyalty.stamps.reward_released": Meaning("The use of a full stamp card was undone."),
    "loyalty.stamps.reward_taken": Meaning("A full stamp card was taken back, because a sale was undone."),
}
FIELDS: dict[str, str] = {
    "affiliate": "Code of the affiliate, as in `affiliates/`.",
    "action": "The action that a rule rewards, such as `review`; of a referral, `referrer` or `friend`.",
    "balance": "Points that can be spent afterwards.",
    "before": "Code of the tier before; empty: none.",
    "card": "Code of the stamp card, as in `stamp-cards/`.",
    "cause": "`reached`, `renewed`, `dropped`, `undone`, `retired` or `set`.",
    "channel": "`sms` or `email`.",
    "counts": "How many of what were written, by name.",
    "event": "What the sender calls it.",
    "events": "How many events are the customer's now.",
    "duplicate": "Code of the customer who went into another one.",
    "fields": "Names of what changed, without values.",
    "held": "Points that are set aside.",
    "hold": "Code of the claim that set them aside.",
    "import": "Code of the import, as in `imports/`.",
    "is_granted": "Whether they agree from now on.",
    "kind": "What the file held, such as `customers` or `orders`.",
    "location": "Code of the place, as in `stock-locations/`.",
    "low_at": "The mark, as text.",
    "order": "Code of the order, as in `orders/`.",
    "payout": "Code of the payout, as in `affiliates/{id}/payouts`.",
    "points": "Whole points; below zero where they went away.",
    "properties": "What the sender said about it.",
    "purpose": "`service` or `marketing`.",
    "product": "Code of the product, as in `products/`.",
    "quantity": "What is left there, as text.",
    "reason": "What somebody wrote beside it; of a referral or a segment, one of a few words such as `time`.",
    "referral": "Code of the referral, as in `referrals/`.",
    "refund": "Code of the refund.",
    "reverses": "Code of the transaction that it undoes.",
    "reward": "Code of the full card, as in `stamp-rewards/`; where a reward ran out or came back, as in `rewards/`.",
    "rows": "Rows of the file.",
    "segment": "Code of the segment, as in `segments/`.",
    "reward_name": "The name of the reward as it was when this happened.",
    "segment_name": "What the segment is called.",
    "sku": "The product's stock code.",
    "source": "Where it came from, such as `till` or `api`.",
    "stamps": "How many stamps.",
    "tag": "Code of the tag, as in `tags/`.",
    "tag_name": "What the tag is called.",
    "survivor": "Code of the customer who stays.",
    "tier": "Code of the tier, as in `tiers/`; empty: none any more.",
    "total": "Amount in the programme's currency, as text.",
    "transaction": "Code of the transaction, as in `transactions/`.",
}


def version_of(event_type: str) -> int:
    meaning = MEANINGS.get(event_type)
    return meaning.version if meaning else 1


def offered() -> Sequence[EventType]:
    """Every event that can be chosen, in the order of their names."""
    return sorted(EVENT_TYPES.values(), key=lambda kind: kind.name)


def title_of(event_type: str) -> str | Promise:
    """How people call an event; its name where it is no longer registered."""
    if event_type == TEST_EVENT:
        return TEST_TITLE
    kind = EVENT_TYPES.get(event_type)
    return kind.title if kind else event_type


def events_markdown() -> str:
    """The table of events in docs/api/webhooks.md."""
    lines = ["| Event | Version | Means | `data` beside `version`, `customer_id`, `business_id` |", "|---|:-:|---|---|"]
    for kind in offered():
        meaning = MEANINGS[kind.name]
        fields = ", ".join(
            f"`{name.rstrip('?')}` {'(sometimes) ' if name.endswith('?') else ''}{of}"
            for name, of in kind.fields.items()
        )
        lines.append(f"| `{kind.name}` | {meaning.version} | {meaning.text} | {fields or '–'} |")
    lines += ["", "| Field | Means |", "|---|---|"]
    used = sorted({name.rstrip("?") for kind in offered() for name in kind.fields})
    lines += [f"| `{name}` | {FIELDS[name]} |" for name in used]
    return "\n".join(lines)


BEGIN, END = "<!-- events: written by manage.py webhooks_doc -->", "<!-- end of events -->"


def written_into(page: str) -> str:
    """The page with today's table between its two marks."""
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    return f"{before}{BEGIN}\n\n{events_markdown()}\n\n{END}{after}"
