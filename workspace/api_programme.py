"""The programme, its businesses and its people."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm, Role
from programs.models import Membership, Programme
from workspace.actions.businesses import change_business, open_business
from workspace.api_auth import ApiView
from workspace.models import Business


class UnknownBusiness(NotFound):
    code = "unknown_business"
    message = _("There is no such business.")


def find_business(view: ApiView, code: str, *, field: str = "business_id") -> Business:
    """The business that a body names. Raises UnknownBusiness, also for one that the caller may not see."""
    business = Business.objects.visible_to(view.actor).filter(code=code).first()
    if business is None:
        raise UnknownBusiness(field=field)
    return business


# -- businesses -------------------------------------------------------------------------------------------------------


class BusinessOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    contact_person = serializers.CharField()
    email = serializers.CharField()
    category = serializers.ChoiceField(choices=Business.Category.choices)
    address = serializers.CharField()
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class BusinessInput(StrictSerializer):
    name = CleanCharField(max_length=80)
    contact_person = CleanCharField(max_length=120, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    category = serializers.ChoiceField(choices=Business.Category.choices, required=False)
    address = CleanCharField(max_length=500, required=False, allow_blank=True)


class BusinessChange(BusinessInput):
    is_active = serializers.BooleanField(
        required=False, help_text="False closes the business; the last one stays open."
    )


class BusinessesView(ApiView):
    """The businesses of the programme; a caller who is limited to one sees that one."""

    required = {"GET": Perm.PROGRAMME_VIEW, "POST": Perm.PROGRAMME_EDIT}

    @extend_schema(
        operation_id="businesses_list",
        tags=["Programme"],
        parameters=page_parameters("name", "created", default="name"),
        responses={200: page_of(BusinessOutput)},
    )
    def get(self, request: Request) -> Response:
        orders = {"name": Order(["name", "id"]), "created": Order(["id"])}
        page = cursor_page(request, Business.objects.visible_to(self.actor), orders=orders, default="name")
        return page_response(page, BusinessOutput)

    @extend_schema(
        operation_id="businesses_create", tags=["Programme"], request=BusinessInput, responses={201: BusinessOutput}
    )
    def post(self, request: Request) -> Response:
        given = read_body(request, BusinessInput)
        business = open_business(**given, actor=self.actor, now=timezone.now())
        return Response(BusinessOutput(business).data, status=201)


class BusinessView(ApiView):
    """One business."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.PROGRAMME_EDIT, "DELETE": Perm.PROGRAMME_EDIT}

    def _business(self, code: str) -> Business:
        business = Business.objects.visible_to(self.actor).filter(code=code).first()
        if business is None:
            raise NotFound()
        return business

    @extend_schema(operation_id="businesses_read", tags=["Programme"], responses={200: BusinessOutput})
    def get(self, request: Request, business_id: str) -> Response:
        return Response(BusinessOutput(self._business(business_id)).data)

    @extend_schema(
        operation_id="businesses_change", tags=["Programme"], request=BusinessChange, responses={200: BusinessOutput}
    )
    def patch(self, request: Request, business_id: str) -> Response:
        business = self._business(business_id)
        changed = change_business(
            business=business, changes=read_body(request, BusinessChange, partial=True), actor=self.actor
        )
        return Response(BusinessOutput(changed).data)

    @extend_schema(operation_id="businesses_close", tags=["Programme"], responses={204: None})
    def delete(self, request: Request, business_id: str) -> Response:
        """Close the business. Its sales and points stay; opening it again is a PATCH of `is_active`."""
        change_business(business=self._business(business_id), changes={"is_active": False}, actor=self.actor)
        return Response(status=204)


# -- people -----------------------------------------------------------------------------------------------------------


class MemberOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField(source="user.name")
    email = serializers.CharField(source="user.email")
    role = serializers.ChoiceField(choices=Role.choices)
    business_id = serializers.SerializerMethodField(help_text="The business that the person is limited to; null: all.")
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField(allow_null=True)

    def get_business_id(self, member: Membership) -> str | None:
        codes: dict[int, str] = self.context["codes"]
        return codes.get(member.business_id) if member.business_id else None


class MembersView(ApiView):
    """The people of the programme and their roles."""

    required = {"GET": Perm.TEAM_MANAGE}

    @extend_schema(
        operation_id="members_list",
        tags=["Programme"],
        parameters=page_parameters("created", default="created"),
        responses={200: page_of(MemberOutput)},
    )
    def get(self, request: Request) -> Response:
        programme: Programme = request._request.programme  # type: ignore[attr-defined]
        members = Membership.objects.live().filter(programme=programme).select_related("user")
        if self.caller.business_id is not None:
            members = members.filter(business_id=self.caller.business_id)
        page = cursor_page(request, members, orders={"created": Order(["id"])}, default="created")
        return page_response(page, MemberOutput, codes=dict(Business.objects.values_list("id", "code")))


# -- settings ---------------------------------------------------------------------------------------------------------


class SettingsOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    subdomain = serializers.CharField(source="slug")
    currency = serializers.CharField()
    country = serializers.CharField()
    time_zone = serializers.CharField()
    language = serializers.CharField()
    colour = serializers.CharField()
    cors_origins = serializers.ListField(child=serializers.CharField())


class SettingsView(ApiView):
    """The programme's settings."""

    required = {"GET": Perm.PROGRAMME_VIEW}

    @extend_schema(operation_id="settings_read", tags=["Programme"], responses={200: SettingsOutput})
    def get(self, request: Request) -> Response:
        programme: Programme = request._request.programme  # type: ignore[attr-defined]
        return Response(SettingsOutput(Programme.objects.get(pk=programme.pk)).data)
