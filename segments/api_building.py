"""What a builder of segments needs: what rules can ask, what they would find, and sentences read as rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, read_body, read_query
from core.errors import NotFound
from core.permissions import Perm
from customers.api_customers import programme_of
from customers.api_fields import AverageField
from segments.actions.segments import read_tree
from segments.api_fields import TAG, RulesField, refusals_at
from segments.choices import MOST, choices
from segments.fields.base import Field, Property
from segments.fields.registry import fields_of_programme
from segments.reports.overview import describer_of
from segments.reports.preview import SPENT_DAYS, Preview, preview
from segments.rules import Rules, conditions, written
from segments.schema import rules_schema
from segments.statement import Moment
from segments.words.engine import engine
from segments.words.names import vocabulary_now
from segments.words.reading import NOT_UNDERSTOOD, Reading
from workspace.api_auth import ApiView


class SegmentPropertyOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField()
    operators = serializers.ListField(child=serializers.CharField())
    choices = serializers.CharField(help_text="What `GET segments/choices?of=` takes; empty: anything may be said.")


class SegmentFieldOutput(SegmentPropertyOutput):
    group = serializers.CharField()
    unit = serializers.CharField(help_text="What a number counts.")
    takes_window = serializers.BooleanField()
    takes_minutes = serializers.BooleanField(help_text="A window may be of minutes and hours.")
    properties = SegmentPropertyOutput(many=True, help_text="What `where` may narrow by.")
    example = serializers.DictField(help_text="What a condition says beside the field.")


class SegmentFieldsOutput(serializers.Serializer[Any]):
    data = SegmentFieldOutput(many=True)  # type: ignore[assignment]


class SegmentChoiceOutput(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="As rules name it.")
    label = serializers.CharField()  # type: ignore[assignment]


class SegmentChoicesOutput(serializers.Serializer[Any]):
    data = SegmentChoiceOutput(many=True, help_text=f"The first {MOST}.")  # type: ignore[assignment]


class SegmentChoicesQuery(StrictSerializer):
    of = CleanCharField(max_length=80)
    search = CleanCharField(max_length=80, required=False)


class SegmentPreviewInput(StrictSerializer):
    rules = RulesField()
    seed = CleanCharField(max_length=40, default="", allow_blank=True, help_text="Another one: other people as sample.")


class SegmentConditionOutput(serializers.Serializer[Any]):
    path = serializers.CharField()
    condition = serializers.CharField(help_text="As after “customers who”.")
    people = serializers.IntegerField(allow_null=True, help_text="Who fits it alone; null: counting takes longer.")


class SegmentReachOutput(serializers.Serializer[Any]):
    sms = serializers.IntegerField()
    email = serializers.IntegerField()


class SegmentRangeOutput(serializers.Serializer[Any]):
    low = serializers.IntegerField()
    high = serializers.IntegerField()


class SegmentFiguresOutput(serializers.Serializer[Any]):
    reachable = SegmentReachOutput(help_text="Who may get offers that way.")
    spent = AverageField(help_text=f"In the last {SPENT_DAYS} days, less refunds.")
    average_spent = AverageField(allow_null=True, help_text="Of each person.")
    churn_risk_avg = serializers.FloatField(source="churn", allow_null=True)
    likely_back = SegmentRangeOutput(
        allow_null=True, help_text="How many of them buy again within the horizon of churn, 8 times in 10."
    )


class SegmentSampleOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    last_order_at = serializers.DateTimeField(source="facts.last_order_at", default=None, allow_null=True)
    total_spent = AverageField(source="facts.total_spent", default=Decimal(0))


class SegmentPreviewOutput(serializers.Serializer[Any]):
    description = serializers.CharField()
    everyone = serializers.IntegerField(help_text="Customers who can be in a segment.")
    people = serializers.IntegerField(source="total", allow_null=True, help_text="Null: counting takes longer.")
    is_slow = serializers.BooleanField(
        help_text="Counting takes longer than five seconds. Saved, it is counted anyway."
    )
    conditions = SegmentConditionOutput(many=True)
    figures = SegmentFiguresOutput(allow_null=True)
    sample = SegmentSampleOutput(many=True)


class SegmentTextInput(StrictSerializer):
    text = CleanCharField(max_length=500)


class SegmentSpanOutput(serializers.Serializer[Any]):
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    path = serializers.CharField(allow_null=True, help_text="The condition that was made of it; null: a small word.")
    is_understood = serializers.BooleanField()


class SegmentSuggestionOutput(serializers.Serializer[Any]):
    words = serializers.CharField()
    near = serializers.ListField(child=serializers.CharField())


class SegmentRefusalOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class SegmentReadingOutput(serializers.Serializer[Any]):
    """What was understood; a sentence that was understood in part says so."""

    rules = RulesField(allow_null=True)
    description = serializers.CharField()
    spans = SegmentSpanOutput(many=True)
    notes = serializers.ListField(child=serializers.CharField(), help_text="What was assumed.")
    not_understood = serializers.ListField(child=serializers.CharField())
    suggestions = SegmentSuggestionOutput(many=True)
    refusal = SegmentRefusalOutput(allow_null=True, help_text="Why the text is no segment.")
    engine = serializers.CharField(help_text="Who read it.")


class SegmentFieldsView(ApiView):
    """What a condition can be about."""

    required = {"GET": Perm.SEGMENTS_VIEW}

    @extend_schema(operation_id="segments_fields", tags=[TAG], responses={200: SegmentFieldsOutput})
    def get(self, request: Request) -> Response:
        """Fields with their operators, the programme's own fields of customers and the events that it is sent."""
        self.actor.check_sees_all()
        return Response(SegmentFieldsOutput({"data": map(_field, fields_of_programme().values())}).data)


class SegmentChoicesView(ApiView):
    """What a condition can choose from."""

    required = {"GET": Perm.SEGMENTS_VIEW}

    @extend_schema(
        operation_id="segments_choices",
        tags=[TAG],
        parameters=[
            OpenApiParameter("of", str, required=True, description="`choices` of a field or a property."),
            OpenApiParameter("search", str, description="Words of the label."),
        ],
        responses={200: SegmentChoicesOutput},
    )
    def get(self, request: Request) -> Response:
        """Codes and labels of what a field or a property chooses from."""
        self.actor.check_sees_all()
        given = read_query(request, SegmentChoicesQuery)
        try:
            found = choices(given["of"], words=given.get("search", ""))
        except KeyError as unknown:
            raise NotFound from unknown
        return Response(SegmentChoicesOutput({"data": [{"id": code, "label": label} for code, label in found]}).data)


class SegmentSchemaView(ApiView):
    """The JSON Schema of rules."""

    required = {"GET": Perm.SEGMENTS_VIEW}

    @extend_schema(operation_id="segments_schema", tags=[TAG], responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        """A JSON Schema (2020-12) of rules, with this programme's own fields and events."""
        self.actor.check_sees_all()
        return Response(rules_schema(fields_of_programme()))


class SegmentPreviewView(ApiView):
    """What rules would find."""

    required = {"POST": Perm.SEGMENTS_VIEW}

    @extend_schema(
        operation_id="segments_preview", tags=[TAG], request=SegmentPreviewInput, responses={200: SegmentPreviewOutput}
    )
    def post(self, request: Request) -> Response:
        """Count whom rules find now, each condition by itself, and show five of them. Nothing is kept."""
        self.actor.check_sees_all()
        given = read_body(request, SegmentPreviewInput)
        with refusals_at("rules"):
            tree = read_tree(given["rules"])
        assert tree is not None
        fields, programme = fields_of_programme(), programme_of(self)
        shown = preview(tree, fields, Moment(timezone.now(), programme.zone), actor=self.actor, seed=given["seed"])
        return Response(
            SegmentPreviewOutput(
                _previewed(tree, shown, fields, programme.currency), context={"currency": programme.currency}
            ).data
        )


class SegmentTextView(ApiView):
    """A sentence read as rules."""

    required = {"POST": Perm.SEGMENTS_VIEW}

    @extend_schema(
        operation_id="segments_from_text", tags=[TAG], request=SegmentTextInput, responses={200: SegmentReadingOutput}
    )
    def post(self, request: Request) -> Response:
        """Read a sentence such as “spent over £50 in the last 90 days” as rules, word by word. Nothing is kept."""
        self.actor.check_sees_all()
        programme, vocabulary = programme_of(self), vocabulary_now()
        text = read_body(request, SegmentTextInput)["text"]
        reading = engine().read(text, vocabulary, Moment(timezone.now(), programme.zone))
        return Response(SegmentReadingOutput(_read(reading, vocabulary.fields, programme.currency)).data)


def _property(key: str, own: Field | Property) -> dict[str, Any]:
    return {
        "id": key,
        "label": str(own.label),
        "kind": str(own.kind),
        "operators": list(own.operators),
        "choices": own.choices,
    }


def _field(field: Field) -> dict[str, Any]:
    source = field.source
    return {
        **_property(field.key, field),
        "group": str(field.group),
        "unit": field.unit,
        "takes_window": source.takes_window,
        "takes_minutes": source.takes_moments,
        "properties": [_property(key, own) for key, own in source.properties.items()],
        "example": field.example,
    }


def _previewed(rules: Rules, shown: Preview, fields: Mapping[str, Field], currency: str) -> dict[str, Any]:
    words = describer_of([rules], fields, currency)
    counts = shown.counts or {}
    figures = None
    if shown.figures is not None:
        likely = shown.figures.likely_back
        figures = {
            "reachable": shown.figures,
            "spent": shown.figures.spent,
            "average_spent": shown.figures.spent / shown.total if shown.total else None,
            "churn": shown.figures.churn,
            "likely_back": likely and {"low": likely[0], "high": likely[1]},
        }
    return {
        "description": words.sentence(rules),
        "everyone": shown.everyone,
        "total": shown.total,
        "is_slow": shown.is_slow,
        "conditions": [
            {"path": path, "condition": words.condition(one), "people": counts.get(path)}
            for path, one in conditions(rules)
        ],
        "figures": figures,
        "sample": shown.sample,
    }


def _read(reading: Reading, fields: Mapping[str, Field], currency: str) -> dict[str, Any]:
    description = ""
    if reading.rules is not None:
        description = describer_of([reading.rules], fields, currency).sentence(reading.rules)
    return {
        "rules": reading.rules and written(reading.rules),
        "description": description,
        "spans": [
            {
                "start": span.start,
                "end": span.end,
                "path": None if span.path == NOT_UNDERSTOOD else span.path,
                "is_understood": span.is_understood,
            }
            for span in reading.spans
        ],
        "notes": list(map(str, reading.notes)),
        "not_understood": reading.not_understood,
        "suggestions": reading.suggestions,
        "refusal": reading.refusal,
        "engine": reading.engine,
    }
