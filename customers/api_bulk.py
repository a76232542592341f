"""Many customers over HTTP: one act on them, and a file of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, read_body
from core.errors import InvalidInput
from core.permissions import Perm
from customers.actions import bulk as actions
from customers.actions.customer_files import note_export, open_export
from customers.actions.saved_views import get_view
from customers.api_customers import programme_of
from customers.attribute_filters import AttributeFilter
from customers.attributes import coerce
from customers.bulk import Selection
from customers.list_query import filters_of
from customers.models import AttributeDefinition, BulkRun, Customer, Tag
from customers.reports.customer_list import CustomerFilters, Scope
from workspace.api_auth import ApiView
from workspace.api_work import JobOutput

MOST_IDS = 1000
ACTS = [act.value for act in BulkRun.Act if act != BulkRun.Act.EXPORT]


class BulkFilter(StrictSerializer):
    """As the filters of `GET customers/`; empty: everybody who is not archived."""

    search = CleanCharField(max_length=120, required=False)
    state = serializers.ChoiceField(choices=["active", "archived"], default="active")
    is_member = serializers.BooleanField(required=False, allow_null=True, default=None)
    tier = CleanCharField(max_length=40, required=False)
    rfm_group = CleanCharField(max_length=20, required=False)
    country = CleanCharField(max_length=60, required=False)
    tags = serializers.ListField(child=CleanCharField(max_length=40), required=False, help_text="Has one of these.")
    without_tags = serializers.ListField(
        child=CleanCharField(max_length=40), required=False, help_text="Has none of these."
    )
    attributes = serializers.DictField(required=False, help_text="Has exactly these values; null: empty.")


class SelectionInput(StrictSerializer):
    """Who is meant: one of the three."""

    ids = serializers.ListField(child=CleanCharField(max_length=16), required=False, min_length=1, max_length=MOST_IDS)
    filter = BulkFilter(required=False)
    view = CleanCharField(max_length=16, required=False, help_text="An id of `customer-views/`.")


class BulkInput(SelectionInput):
    act = serializers.ChoiceField(choices=ACTS)
    tag = CleanCharField(max_length=40, required=False, help_text="A name, for `tag` and `untag`.")
    attribute = CleanCharField(max_length=60, required=False, help_text="A key of `customer-attributes/`, for `set`.")
    value = serializers.JSONField(required=False, allow_null=True, help_text="For `set`; null takes it away.")


class BulkView(ApiView):
    """The same act on many customers."""

    required = {"POST": Perm.CUSTOMERS_EDIT}

    @extend_schema(operation_id="customers_bulk", tags=["Customers"], request=BulkInput, responses={202: JobOutput})
    def post(self, request: Request) -> Response:
        """Add or remove a tag, set a field, archive or restore: `ids`, or everybody whom `filter` or `view` finds now.

        The work goes on in the background: follow it at `jobs/{id}`. Who becomes a customer later is not meant; who no
        longer fits the filter when their turn comes is left out. `result` counts `matched` and `changed`.
        """
        given, now = read_body(request, BulkInput), timezone.now()
        run = actions.start_bulk(
            act=given["act"],
            values=self._values(given),
            selection=selection_of(self, given),
            is_small=False,
            actor=self.actor,
            now=now,
        )
        return Response(JobOutput(run.job).data, status=202)

    def _values(self, given: Mapping[str, Any]) -> dict[str, object]:
        act = given["act"]
        if act in (BulkRun.Act.TAG, BulkRun.Act.UNTAG):
            if not given.get("tag"):
                raise InvalidInput(_("Say which tag."), field="tag")
            return actions.tag_values(given["tag"], is_new=act == BulkRun.Act.TAG, actor=self.actor, now=timezone.now())
        if act == BulkRun.Act.SET:
            definition = _definition(given.get("attribute", ""), field="attribute")
            if "value" not in given:
                raise InvalidInput(_("Give a value, or null."), field="value")
            return actions.field_values(definition, given["value"])
        return {}


class ExportView(ApiView):
    """Customers as a file."""

    required = {"POST": Perm.CUSTOMERS_EXPORT}

    @extend_schema(
        operation_id="customers_export_list", tags=["Customers"], request=SelectionInput, responses={202: JobOutput}
    )
    def post(self, request: Request) -> Response:
        """Start to write a CSV file of `ids`, or of everybody whom `filter` or `view` finds now.

        When the job is done, `result` has `matched`, how many are in it, and `file`, where it is: for a day, and only
        for who asked. The columns are those of the export by page.
        """
        selection, now = selection_of(self, read_body(request, SelectionInput)), timezone.now()
        run = actions.start_bulk(
            act=BulkRun.Act.EXPORT, values={}, selection=selection, is_small=False, actor=self.actor, now=now
        )
        note_export(customers=selection.total(_scope(self)), actor=self.actor)
        return Response(JobOutput(run.job).data, status=202)


class ExportFileView(ApiView):
    """The file of an export."""

    required = {"GET": Perm.CUSTOMERS_EXPORT}

    @extend_schema(
        operation_id="customers_export_list_file",
        tags=["Customers"],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: str) -> FileResponse:
        """404 until its job is done, a day later, and for anybody else than who asked for it."""
        file = open_export(actions.get_run_of_job(job_id, self.actor), now=timezone.now())
        response = FileResponse(file, as_attachment=True, filename="customers.csv", content_type="text/csv")
        response.headers["Cache-Control"] = "private, no-store"
        return response


def selection_of(view: ApiView, given: Mapping[str, Any]) -> Selection:
    """Who a body of SelectionInput means. Raises InvalidInput, with the ids that the caller does not see."""
    if sum(name in given for name in ("ids", "filter", "view")) != 1:
        raise InvalidInput(_("Give ids, a filter or a view: one of them."), field="ids")
    if "filter" in given:
        return Selection(filters=_filters(given["filter"]))
    if "view" in given:
        query = QueryDict(get_view(given["view"], view.actor).query)
        return Selection(filters=filters_of(query, _scope(view)))
    codes = given["ids"]
    found = Customer.objects.visible_to(view.actor).known().filter(code__in=codes)
    keys = dict(found.values_list("code", "pk"))
    missing = sorted(set(codes) - set(keys))
    if missing:
        raise InvalidInput(_("Some of these customers do not exist."), field="ids", missing=missing[:50])
    return Selection(ids=sorted(keys.values()))


def _scope(view: ApiView) -> Scope:
    programme = programme_of(view)
    return Scope(actor=view.actor, country=programme.country, zone=programme.zone, now=timezone.now())


def _filters(given: Mapping[str, Any]) -> CustomerFilters:
    member = {None: "", True: "yes", False: "no"}[given["is_member"]]
    return CustomerFilters(
        text=given.get("search", ""),
        is_archived=given["state"] == "archived",
        member=member,
        tier=given.get("tier", ""),
        group=given.get("rfm_group", ""),
        country=given.get("country", ""),
        tags=_tags(given.get("tags", []), field="tags"),
        without_tags=_tags(given.get("without_tags", []), field="without_tags"),
        attributes=tuple(_attribute(key, value) for key, value in given.get("attributes", {}).items()),
    )


def _tags(names: list[str], *, field: str) -> tuple[int, ...]:
    """Raises InvalidInput for a name that is no tag: leaving it out would mean more people."""
    known = {tag.name.lower(): tag.pk for tag in Tag.objects.in_use()} if names else {}
    try:
        return tuple(known[name.lower()] for name in names)
    except KeyError as missing:
        raise InvalidInput(_("There is no such tag."), field=field) from missing


def _attribute(key: str, value: object) -> AttributeFilter:
    wanted = coerce(_definition(key, field="attributes"), value)
    return AttributeFilter(key, "is", wanted) if wanted is not None else AttributeFilter(key, "empty")


def _definition(key: str, *, field: str) -> AttributeDefinition:
    found = AttributeDefinition.objects.filter(key=key, is_archived=False).first()
    if found is None:
        raise InvalidInput(_("There is no field with this key."), field=field)
    return found
