"""Views of the customer list over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.errors import InvalidInput
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from customers.actions import saved_views as actions
from customers.api_customers import programme_of
from customers.list_query import list_form, written_down
from customers.models import SavedView
from customers.reports.customer_list import Scope
from workspace.api_auth import ApiView

TAG = "Customers"


@extend_schema_serializer(component_name="CustomerView")
class SavedViewOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    query = serializers.CharField(help_text="Filters, order and columns, as in the address of the list.")
    is_shared = serializers.SerializerMethodField(help_text="Everybody sees it; otherwise it is the caller's own.")
    is_default = serializers.BooleanField(help_text="The list opens with it.")
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_is_shared(self, view: SavedView) -> bool:
        return view.user_id is None


@extend_schema_serializer(component_name="CustomerViewInput")
class SavedViewInput(StrictSerializer):
    name = CleanCharField(max_length=40)
    query = CleanCharField(
        max_length=actions.MAX_QUERY,
        allow_blank=True,
        help_text="As in the address of the list: `country=DE&last=within-90&sort=name`. Without what is searched for.",
    )
    is_shared = serializers.BooleanField(default=False, help_text="Keys have no views of their own: theirs are shared.")
    is_default = serializers.BooleanField(default=False)


class SavedViewsView(ApiView):
    """The tabs over the customer list: shared ones, and the caller's own."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "POST": Perm.CUSTOMERS_VIEW}

    @extend_schema(
        operation_id="customer_views_list",
        tags=[TAG],
        parameters=page_parameters("created", default="created"),
        responses={200: page_of(SavedViewOutput)},
    )
    def get(self, request: Request) -> Response:
        page = cursor_page(
            request, actions.views_of(self.actor).order_by(), orders={"created": Order(["id"])}, default="created"
        )
        return page_response(page, SavedViewOutput)

    @extend_schema(
        operation_id="customer_views_create", tags=[TAG], request=SavedViewInput, responses={201: SavedViewOutput}
    )
    def post(self, request: Request) -> Response:
        """Keep filters under a name; a view of that name gets the new query. Sharing it needs `customers:write`."""
        given = read_body(request, SavedViewInput)
        view = actions.save_view(
            **{**given, "query": self._query(given["query"])},
            may_share=_may_share(self),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(SavedViewOutput(view).data, status=201)

    def _query(self, text: str) -> str:
        """As the list writes it down. Raises InvalidInput for what the list would leave out."""
        programme, query = programme_of(self), QueryDict(text)
        form = list_form(
            query, Scope(actor=self.actor, country=programme.country, zone=programme.zone, now=timezone.now())
        )
        written = written_down(form)
        unknown = sorted(query.keys() - QueryDict(written).keys() - {"sort"})
        if unknown:
            raise InvalidInput(_("The list does not understand a part of this."), field="query", unknown=unknown)
        return written


class SavedViewView(ApiView):
    """One view."""

    required = {"GET": Perm.CUSTOMERS_VIEW, "DELETE": Perm.CUSTOMERS_VIEW}

    @extend_schema(operation_id="customer_views_read", tags=[TAG], responses={200: SavedViewOutput})
    def get(self, request: Request, view_id: str) -> Response:
        return Response(SavedViewOutput(actions.get_view(view_id, self.actor)).data)

    @extend_schema(operation_id="customer_views_delete", tags=[TAG], responses={204: None})
    def delete(self, request: Request, view_id: str) -> Response:
        """Take the tab away. One that everybody sees needs `customers:write`."""
        actions.delete_view(code=view_id, may_share=_may_share(self), actor=self.actor)
        return Response(status=204)


def _may_share(view: ApiView) -> bool:
    return Perm.CUSTOMERS_EDIT in view.caller.permissions and view.actor.business_id is None
