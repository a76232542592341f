"""Everything about one person, for the person: what a download of their data holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.clock import local_day
from core.tenancy import active_programme
from customers.models import (
    ConsentRecord,
    Customer,
    CustomerArchetype,
    CustomerScores,
    CustomerTag,
    Event,
    Identifier,
    ImportRun,
    ImportUndo,
    Note,
    Order,
    OrderLine,
    Refund,
    RefundLine,
)
from intelligence.features.registry import FEATURES
from intelligence.reports_features import features_of, plain
from loyalty.models import Account, AffiliateCustomer, Recommendation, Referral, Transaction
from loyalty.querysets import MERGE
from loyalty.recommenders import RECOMMENDERS
from loyalty.reports_stamps import stamp_history
from loyalty.standing import tier_history
from messaging.models import CustomerPin, CustomerSession, InboundMessage, OutboundMessage
from segments.models import Segment, SegmentChange, SegmentMember

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """`rows` gives JSON-safe rows; times are ISO 8601 in UTC, amounts text in the programme's currency."""

    name: str
    title: str | Promise
    rows: Callable[[Customer], Iterator[Row]]


def sections() -> list[Section]:
    return [
        Section("profile", _("You"), _profile),
        Section("identifiers", _("What you are known by"), _identifiers),
        Section("tags", _("Words that the shop marked you with"), _tags),
        Section("notes", _("What was noted about you"), _notes),
        Section("consents", _("What you agreed to"), _consents),
        Section("points", _("Your points"), _points),
        Section("transactions", _("Everything that moved your points"), _transactions),
        Section("stamps", _("Your stamp cards"), _stamps),
        Section("referrals", _("Who you brought, and who brought you"), _referrals),
        Section("affiliates", _("By whose link or code you came"), _affiliates),
        Section("recommendations", _("What was suggested to you"), _recommendations),
        Section("tiers", _("Your tiers"), _tiers),
        Section("orders", _("What you bought"), _orders),
        Section("refunds", _("What you gave back"), _refunds),
        Section("scores", _("What the shop expects of you"), _scores),
        Section("archetype", _("Which customers you are like"), _archetype),
        Section("features", _("What follows from what you bought"), _features),
        Section("segments", _("Groups that the shop put you into"), _segments),
        Section("imports", _("What files changed about you"), _imports),
        Section("events", _("What other systems of the shop told it about you"), _events),
        Section("messages", _("What was sent to you"), _messages),
        Section("texts", _("What you texted"), _texts),
        Section("sessions", _("Where you are signed in"), _sessions),
    ]


def count_rows(customer: Customer) -> int:
    """How much there is, for progress: the kinds that grow. Four queries."""
    return (
        Event.objects.filter(customer=customer).exclude(tracked="").count()
        + Order.objects.filter(customer=customer).count()
        + Transaction.objects.filter(account_id=customer.pk).count()
        + OutboundMessage.objects.filter(customer=customer).count()
    )


def _everybody(customer: Customer) -> list[int]:
    """The person and the duplicates that became part of them: what is never changed stayed there."""
    return [customer.pk, *(part.pk for part in Customer.objects.parts_of(customer))]


def _profile(customer: Customer) -> Iterator[Row]:
    names = (
        "first_name", "last_name", "phone", "email", "external_id", "address", "city", "region", "postcode", "country",
        "language", "source",
    )  # fmt: skip
    yield {
        "id": customer.code,
        **{name: getattr(customer, name) for name in names},
        "birthday": customer.birthday.isoformat() if customer.birthday else None,
        "attributes": customer.attributes,
        "state": customer.state,
        "created_at": _time(customer.created_at),
        "has_pin": CustomerPin.objects.filter(customer=customer).exists(),
    }


def _identifiers(customer: Customer) -> Iterator[Row]:
    for kind, value, at in Identifier.objects.filter(customer=customer).values_list("kind", "value", "created_at"):
        yield {"kind": kind, "value": value, "since": _time(at)}


def _tags(customer: Customer) -> Iterator[Row]:
    for row in CustomerTag.objects.filter(customer=customer).select_related("tag").order_by("pk"):
        yield {"title": row.tag.name, "since": _time(row.added_at)}


def _notes(customer: Customer) -> Iterator[Row]:
    """The words and when; who of the team wrote them is not theirs."""
    for note in Note.objects.filter(customer=customer).order_by("created_at", "pk").iterator():
        yield {"text": note.text, "at": _time(note.created_at)}


def _consents(customer: Customer) -> Iterator[Row]:
    """The whole history, with the words that were shown."""
    for record in ConsentRecord.objects.filter(customer__in=_everybody(customer)).order_by("pk").iterator():
        yield {
            "channel": record.channel,
            "purpose": record.purpose,
            "is_granted": record.is_granted,
            "text": record.proof.get("text", ""),
            "ip": record.proof.get("ip"),
            "source": record.source,
            "at": _time(record.at),
        }


def _points(customer: Customer) -> Iterator[Row]:
    for account in Account.objects.filter(pk=customer.pk):
        yield {
            "available": account.available,
            "set_aside": account.held,
            "debt": account.debt,
            "earned_ever": account.lifetime,
            "member_since": _time(account.joined_at),
        }


def _transactions(customer: Customer) -> Iterator[Row]:
    moved = Transaction.objects.done().filter(account_id=customer.pk).select_related("business", "order")
    for row in moved.order_by("pk").iterator(chunk_size=2000):
        yield {
            "id": row.code,
            "kind": "merge" if row.key_endpoint == MERGE else row.kind,
            "points": row.points,
            "business": row.business.name if row.business else None,
            "order": row.order.code if row.order else None,
            "reason": row.reason,
            "at": _time(row.at),
        }


def _stamps(customer: Customer) -> Iterator[Row]:
    """What came, went and was full, oldest first."""
    rows = [row for pk in _everybody(customer) for row in stamp_history(pk, limit=None)]
    for row in sorted(rows, key=lambda row: row.at):
        yield {
            "card": row.card.name,
            "stamps": row.stamps,
            "what": row.text,
            "business": row.business or None,
            "reason": row.reason,
            "at": _time(row.at),
        }


def _referrals(customer: Customer) -> Iterator[Row]:
    """The part of each that is theirs: never who the other one is."""
    found = Referral.objects.filter(Q(referrer_id=customer.pk) | Q(friend=customer)).order_by("pk")
    for row in found.iterator():
        is_referrer = row.referrer_id == customer.pk
        yield {
            "id": row.code,
            "kind": "brought" if is_referrer else "was_brought",
            "status": row.state,
            "points": row.referrer_points if is_referrer else row.friend_points,
            "at": _time(row.created_at),
        }


def _affiliates(customer: Customer) -> Iterator[Row]:
    """Who brought them, and whether that counts; what the affiliate gets for it is not theirs."""
    found = AffiliateCustomer.objects.filter(customer=customer).select_related("affiliate").order_by("pk")
    for row in found.iterator():
        yield {"name": row.affiliate.name, "code": row.affiliate.link_code, "at": _time(row.created_at)}


def _recommendations(customer: Customer) -> Iterator[Row]:
    """Also what chance left unsaid."""
    for row in Recommendation.objects.filter(customer=customer).order_by("pk").iterator():
        rule = RECOMMENDERS.get(row.rule)
        words = rule.to_member(row.evidence) if rule else None
        yield {
            "id": row.code,
            "text": words.text if words else "",
            "reason": words.reason if words else "",
            "was_told": not row.is_held,
            "came_back_at": _time(row.came_back_at) if row.came_back_at else None,
            "at": _time(row.made_at),
        }


def _features(customer: Customer) -> Iterator[Row]:
    """What the shop counts of a buyer; nothing where nothing can be said."""
    programme = active_programme()
    found = features_of(customer.pk, today=local_day(timezone.now(), programme.zone)) or {}
    for key, value in found.items():
        if value is not None:
            yield {"feature": key, "value": str(plain(FEATURES[key], value, programme.currency))}


def _tiers(customer: Customer) -> Iterator[Row]:
    steps = [step for pk in _everybody(customer) for step in tier_history(pk, most=None)]
    for step in sorted(steps, key=lambda step: (step.at, step.change.pk)):
        yield {
            "tier": step.change.tier.name if step.change.tier else None,
            "tier_before": step.change.before.name if step.change.before else None,
            "what": step.change.cause,
            "kept_until": step.kept_until.isoformat() if step.kept_until else None,
            "reason": step.reason,
            "at": _time(step.at),
        }


def _orders(customer: Customer) -> Iterator[Row]:
    bought = Order.objects.filter(customer=customer).select_related("business").prefetch_related("lines__product")
    for order in bought.order_by("placed_at", "pk").iterator(chunk_size=500):
        yield {
            "id": order.code,
            "number": order.number,
            "business": order.business.name,
            "status": order.status,
            "placed_at": _time(order.placed_at),
            "total": str(order.total),
            "refunded": str(order.refunded_total),
            "lines": [_line(line) for line in order.lines.all()],
        }


def _line(line: OrderLine) -> Row:
    return {
        "title": line.title or (line.product.title if line.product else ""),
        "quantity": str(line.quantity),
        "unit_price": str(line.unit_price),
        "total": str(line.total),
    }


def _refunds(customer: Customer) -> Iterator[Row]:
    given_back = Refund.objects.filter(customer=customer).select_related("business", "order").prefetch_related("lines")
    for refund in given_back.order_by("refunded_at", "pk").iterator(chunk_size=500):
        lines: list[RefundLine] = list(refund.lines.all())
        yield {
            "id": refund.code,
            "order": refund.order.code if refund.order else None,
            "business": refund.business.name,
            "refunded_at": _time(refund.refunded_at),
            "total": str(refund.total),
            "lines": [{"quantity": str(line.quantity), "total": str(line.total)} for line in lines],
        }


def _scores(customer: Customer) -> Iterator[Row]:
    for row in CustomerScores.objects.filter(customer=customer):
        yield {
            "chance_of_staying_away": row.churn,
            "within_days": row.horizon_days,
            "risk": row.band,
            "expected_value_12_months": str(row.value_12),
            "expected_value_from": str(row.value_12_low),
            "expected_value_to": str(row.value_12_high),
            "next_purchase_on": row.next_purchase_on.isoformat() if row.next_purchase_on else None,
            "computed_on": row.computed_on.isoformat(),
        }


def _archetype(customer: Customer) -> Iterator[Row]:
    for row in CustomerArchetype.objects.filter(customer=customer).select_related("archetype"):
        yield {
            "kind_of_customer": row.archetype.name,
            "what_they_do": row.archetype.description,
            "how_sure": row.confidence,
            "since_on": row.since.isoformat(),
        }


def _segments(customer: Customer) -> Iterator[Row]:
    """Which ones they are in, and when they came and left before."""
    since = dict(SegmentMember.objects.filter(customer=customer).values_list("segment", "since"))
    for key, name in Segment.objects.filter(pk__in=since).order_by("name").values_list("pk", "name"):
        yield {"title": name, "since": _time(since[key])}
    changes = SegmentChange.objects.filter(customer__in=_everybody(customer)).order_by("at", "pk")
    for name, is_entry, at in changes.values_list("segment__name", "is_entry", "at"):
        yield {"title": name, "entered" if is_entry else "left": _time(at)}


def _imports(customer: Customer) -> Iterator[Row]:
    """What stood in their profile before an import, as long as that can be undone."""
    runs = {run.pk: run for run in ImportRun.objects.filter(undone_at=None).order_by("pk")}
    noted = ImportUndo.objects.filter(import_id__in=list(runs), kind=ImportUndo.Kind.CUSTOMER, row_id=customer.pk)
    for row in noted.filter(before__isnull=False).order_by("import_id"):
        yield {"before": row.before, "after": row.after, "at": _time(runs[row.import_id].created_at)}


def _events(customer: Customer) -> Iterator[Row]:
    for event in Event.objects.filter(customer=customer).exclude(tracked="").order_by("occurred_at", "pk").iterator():
        yield {
            "event": event.tracked,
            "properties": event.data.get("properties", {}),
            "at": _time(event.occurred_at),
        }


def _messages(customer: Customer) -> Iterator[Row]:
    for message in OutboundMessage.objects.filter(customer=customer).order_by("pk").iterator():
        yield {
            "channel": message.channel,
            "purpose": message.purpose,
            "to": message.recipient,
            "subject": message.subject,
            # A code that still works opens the page: it is no record of anything.
            "text": "" if message.purpose == OutboundMessage.Purpose.ONE_TIME_CODE else message.body,
            "state": message.state,
            "at": _time(message.created_at),
        }


def _texts(customer: Customer) -> Iterator[Row]:
    for text in InboundMessage.objects.filter(customer=customer).order_by("pk").iterator():
        yield {"text": text.body, "at": _time(text.received_at)}


def _sessions(customer: Customer) -> Iterator[Row]:
    for session in CustomerSession.objects.filter(customer=customer).order_by("pk"):
        yield {
            "signed_in_at": _time(session.created_at),
            "last_seen_at": _time(session.last_seen_at),
            "ended_at": _time(session.ended_at) if session.ended_at else None,
            "ends_at": _time(session.expires_at),
        }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
