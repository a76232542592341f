"""Events over the API: who somebody is, what they did, up to 1,000 of either at a time; and what was sent so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_query
from core.errors import DomainError, InvalidInput
from core.keyset import Order
from core.openapi import Operation, describe, page_of, page_parameters
from core.permissions import Perm
from core.problems import Problem, problem_response
from customers import attributes, ingestion
from customers.actions.ingestion import MAX_BATCH, Outcome, Taken, TooManyEvents, take_in
from customers.api_customers import TimelineOutput, business_codes, find_customer
from customers.ingestion import Arrival
from customers.models import AttributeDefinition, Event, TrackedName
from workspace.api_auth import ApiCaller, ApiView, hot_view
from workspace.api_bodies import InvalidBody, decode, read, refusal, refusing
from workspace.models import Business

TAG = "Events"
SOURCE = "events"
LIFTED = ("external_id", "phone", "email")  # traits that say who somebody is


class PersonInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who it is about: at least one of `customer_id` (our id), `external_id` (the id in your own system), `phone` (in
    any spelling), `email` and `anonymous_id` (a browser or an app whose owner is not known yet).

    `timestamp`, with its zone, is when it was, if not now; `sent_at`, by the same clock, takes out that clock's error.
    The same `message_id` is taken in once. `business_id` says at which business it was."""

    customer_id: str = ""
    external_id: str = ""
    phone: str = ""
    email: str = ""
    anonymous_id: str = ""
    timestamp: datetime | None = None
    sent_at: datetime | None = None
    message_id: str = ""
    business_id: str | None = None


class IdentifyInput(PersonInput, kw_only=True):
    """`traits` are fields of the customer (first_name, birthday, city …) and, by any other name, attributes: text,
    numbers, true, false; null empties. A trait that was said later than this stays as it is."""

    traits: dict[str, Any] = {}


class TrackInput(PersonInput, kw_only=True):
    """`event` is your name for what happened, such as `Product viewed`; `properties` is what belongs to it."""

    event: str
    properties: dict[str, Any] = {}


class BatchIdentify(IdentifyInput, tag="identify", tag_field="type", kw_only=True):
    pass


class BatchTrack(TrackInput, tag="track", tag_field="type", kw_only=True):
    pass


class EventsBatchInput(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 1,000 items, taken in in their order. `sent_at` holds for each item without its own."""

    batch: list[msgspec.Raw]
    sent_at: datetime | None = None


class EventsBatchDescription(msgspec.Struct):
    """What the document shows of a batch: the items are read one by one, so that each is refused alone."""

    batch: list[BatchIdentify | BatchTrack]
    sent_at: datetime | None = None


class TakenOutput(msgspec.Struct, omit_defaults=True, kw_only=True):
    """`customer_id` is null for a visitor who is nobody's yet. `changed` names what is different now. `unlinked` names
    identifiers that belong to another customer and stayed theirs: the two may be one person."""

    customer_id: str | None
    is_new: bool = False
    changed: list[str] = []
    unlinked: list[str] = []


class EventResult(msgspec.Struct, omit_defaults=True):
    """`status` is what the item alone would have answered with; `result` or `problem` is its body."""

    status: int
    result: TakenOutput | None = None
    problem: Problem | None = None


class EventsBatchOutput(msgspec.Struct):
    results: list[EventResult]


_IDENTIFY = msgspec.json.Decoder(IdentifyInput)
_TRACK = msgspec.json.Decoder(TrackInput)
_BATCH = msgspec.json.Decoder(EventsBatchInput)
_ITEM: msgspec.json.Decoder[Any] = msgspec.json.Decoder(BatchIdentify | BatchTrack)
_encode = msgspec.json.Encoder().encode


class _Reader:
    """Reads the items of one call: what they share is looked up once."""

    def __init__(self, caller: ApiCaller, country: str, now: datetime) -> None:
        self.country, self.now = country, now
        self.known: Mapping[str, AttributeDefinition] = {one.key: one for one in attributes.definitions()}
        businesses = Business.objects.active().visible_to(caller.actor)
        self.businesses = dict(businesses.values_list("code", "pk"))

    def arrival_of(self, item: IdentifyInput | TrackInput, *, sent_at: datetime | None = None) -> Arrival:
        """Raises InvalidInput, naming the field."""
        event, properties = "", dict[str, object]()
        fields, own = dict[str, object](), dict[str, object]()
        given = {name: getattr(item, name) for name in ("customer_id", *ingestion.IDENTITIES)}
        if isinstance(item, TrackInput):
            event, properties = ingestion.read_event(item.event), ingestion.read_properties(item.properties)
        else:
            given |= {name: _text(name, item.traits[name]) for name in LIFTED if item.traits.get(name)}
            fields, own = ingestion.read_traits(item.traits, known=self.known, country=self.country, now=self.now)
        return Arrival(
            person=ingestion.read_person(given, country=self.country),
            occurred_at=ingestion.read_time(item.timestamp, sent_at=item.sent_at or sent_at, received_at=self.now),
            message_id=ingestion.read_message_id(item.message_id),
            business_id=self._business(item.business_id),
            event=event,
            properties=properties,
            fields=fields,
            attributes=own,
        )

    def _business(self, code: str | None) -> int | None:
        if code is None:
            return None
        if code not in self.businesses:
            raise InvalidInput("There is no such business.", field="business_id")
        return self.businesses[code]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInput("This is a text.", field=f"traits.{name}")
    return value


def _single(summary: str, name: str, request: Any) -> Operation:
    return Operation(
        id=name,
        summary=summary,
        description="201: taken in. 200: this message was taken in before.",
        tag=TAG,
        request=request,
        responses={201: TakenOutput, 200: TakenOutput},
    )


@describe(POST=_single("Say who somebody is", "events_identify", IdentifyInput))
@hot_view(POST=Perm.EVENTS_SEND)
@refusing
def identify(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    return _one(request, caller, _IDENTIFY)


@describe(POST=_single("Say what somebody did", "events_track", TrackInput))
@hot_view(POST=Perm.EVENTS_SEND)
@refusing
def track(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    return _one(request, caller, _TRACK)


def _one(request: HttpRequest, caller: ApiCaller, decoder: msgspec.json.Decoder[Any]) -> HttpResponse:
    now = timezone.now()
    item = read(request, decoder)
    item.message_id = item.message_id or request.headers.get("Idempotency-Key", "").strip()
    arrival = _reader(request, caller, now).arrival_of(item)
    (outcome,) = take_in([arrival], source=SOURCE, actor=caller.actor, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    status = 200 if outcome.is_repeated else 201
    return HttpResponse(_encode(_output(outcome)), status=status, content_type="application/json")


@describe(
    POST=Operation(
        id="events_batch",
        summary="Up to 1,000 events at once",
        description="Each item has its own result, in the order of the request; a refused one stops no other.",
        tag=TAG,
        request=EventsBatchDescription,
        responses={200: EventsBatchOutput},
    )
)
@hot_view(POST=Perm.EVENTS_SEND)
@refusing
def batch(request: HttpRequest, caller: ApiCaller) -> HttpResponse:
    now = timezone.now()
    given = read(request, _BATCH)
    if len(given.batch) > MAX_BATCH:
        raise TooManyEvents(field="batch")
    reader = _reader(request, caller, now)
    arrivals: list[Arrival | DomainError] = []
    for raw in given.batch:
        try:
            arrivals.append(reader.arrival_of(decode(raw, _ITEM), sent_at=given.sent_at))
        except InvalidInput as error:
            arrivals.append(error)
    outcomes = take_in(arrivals, source=SOURCE, actor=caller.actor, now=now)
    results = [_result(outcome) for outcome in outcomes]
    return HttpResponse(_encode(EventsBatchOutput(results)), content_type="application/json")


def _reader(request: HttpRequest, caller: ApiCaller, now: datetime) -> _Reader:
    return _Reader(caller, request.programme.country, now)  # type: ignore[attr-defined]


def _result(outcome: Outcome) -> EventResult:
    if isinstance(outcome, Taken):
        return EventResult(status=200 if outcome.is_repeated else 201, result=_output(outcome))
    response = refusal(outcome) if isinstance(outcome, InvalidBody) else problem_response(outcome)
    return EventResult(status=outcome.status, problem=msgspec.json.decode(response.content, type=Problem))


def _output(taken: Taken) -> TakenOutput:
    return TakenOutput(
        customer_id=taken.customer or None,
        is_new=taken.is_new,
        changed=list(taken.changed),
        unlinked=list(taken.unlinked),
    )


# -- reading ----------------------------------------------------------------------------------------------------------


class EventOutput(TimelineOutput):
    customer_id = serializers.CharField(source="customer.code", default=None, allow_null=True)
    received_at = serializers.DateTimeField()


class EventFilter(StrictSerializer):
    name = serializers.CharField(max_length=60, required=False)
    event = serializers.CharField(max_length=ingestion.MAX_EVENT_NAME, required=False)
    customer_id = serializers.CharField(max_length=16, required=False)
    occurred_after = serializers.DateTimeField(required=False)
    occurred_before = serializers.DateTimeField(required=False)


class TrackedNameOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField(help_text="How often it came, ever.")
    properties = serializers.DictField(child=serializers.CharField(), help_text="Name → kind of value, as last sent.")
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class EventsView(ApiView):
    """The programme's event stream."""

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(
        operation_id="events_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter("name", str, description="Such as `customers.order.placed`."),
            OpenApiParameter("event", str, description="A name of yours, as you sent it."),
            OpenApiParameter("customer_id", str),
            OpenApiParameter("occurred_after", datetime),
            OpenApiParameter("occurred_before", datetime),
            *page_parameters("received", default="-received"),
        ],
        responses={200: page_of(EventOutput)},
    )
    def get(self, request: Request) -> Response:
        """Newest first, as they came in. To be told of each one, use a webhook: it loses none."""
        given = read_query(request, EventFilter)
        events = Event.objects.visible_to(self.actor).select_related("customer")
        if "event" in given:
            events = events.filter(name="customers.event.tracked", tracked=given["event"])
        if "name" in given:
            events = events.filter(name=given["name"])
        if "customer_id" in given:
            events = events.filter(customer=find_customer(self, given["customer_id"]))
        if "occurred_after" in given:
            events = events.filter(occurred_at__gte=given["occurred_after"])
        if "occurred_before" in given:
            events = events.filter(occurred_at__lt=given["occurred_before"])
        page = cursor_page(request, events, orders={"received": Order(["id"])}, default="-received")
        return page_response(page, EventOutput, codes=business_codes())


class EventNamesView(ApiView):
    """Your names for events."""

    required = {"GET": Perm.CUSTOMERS_VIEW}

    @extend_schema(
        operation_id="event_names_list",
        tags=[TAG],
        parameters=page_parameters("last", default="-last"),
        responses={200: page_of(TrackedNameOutput)},
    )
    def get(self, request: Request) -> Response:
        """What was tracked so far, by name, with the properties that came with it."""
        orders = {"last": Order(["last_at", "name"])}
        page = cursor_page(request, TrackedName.objects.all(), orders=orders, default="-last")
        return page_response(page, TrackedNameOutput)
