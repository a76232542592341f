"""The programme's settings and its businesses."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
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
from core.permissions import Perm
from programs.api_fields import CountryField, CurrencyField, TimeZoneField
from programs.models import Programme
from programs.rules import MAX_ORIGINS, ORIGIN_MAX_LENGTH, clean_origin
from workspace.actions.businesses import change_business, open_business
from workspace.actions.settings import change_programme
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


# -- settings ---------------------------------------------------------------------------------------------------------


class SettingsOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    subdomain = serializers.CharField(source="slug")
    currency = serializers.CharField()
    country = serializers.CharField()
    time_zone = serializers.CharField()
    language = serializers.CharField()
    colour = serializers.CharField()
    cors_origins = serializers.ListField(
        child=serializers.CharField(), help_text="Web origins whose pages may call this API; none by default."
    )


class OriginField(serializers.CharField):
    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_an_origin": _("Send an origin such as https://shop.example.com, without a path.")
    }

    def to_internal_value(self, data: Any) -> str:
        origin = clean_origin(super().to_internal_value(data))
        if not origin:
            self.fail("not_an_origin")
        return origin


class SettingsChange(StrictSerializer):
    name = CleanCharField(max_length=80, required=False)
    currency = CurrencyField(required=False, help_text="ISO 4217; fixed after the first sale.")
    country = CountryField(required=False, help_text="ISO 3166-1, for phone numbers.")
    time_zone = TimeZoneField(required=False, help_text="A place such as Europe/London.")
    language = serializers.ChoiceField(choices=settings.PORTAL_LANGUAGES, required=False)
    colour = serializers.RegexField(r"^#[0-9a-f]{6}\Z", required=False, help_text="Such as #0f766e.")

    cors_origins = serializers.ListField(
        child=OriginField(max_length=ORIGIN_MAX_LENGTH),
        max_length=MAX_ORIGINS,
        required=False,
        help_text="All web origins whose pages may call this API, such as https://shop.example.com.",
    )

    def validate_cors_origins(self, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))


class SettingsView(ApiView):
    """The programme's settings."""

    required = {"GET": Perm.PROGRAMME_VIEW, "PATCH": Perm.SETTINGS_EDIT}

    @extend_schema(operation_id="settings_read", tags=["Programme"], responses={200: SettingsOutput})
    def get(self, request: Request) -> Response:
        programme: Programme = request._request.programme  # type: ignore[attr-defined]
        return Response(SettingsOutput(Programme.objects.get(pk=programme.pk)).data)

    @extend_schema(
        operation_id="settings_change", tags=["Programme"], request=SettingsChange, responses={200: SettingsOutput}
    )
    def patch(self, request: Request) -> Response:
        programme: Programme = request._request.programme  # type: ignore[attr-defined]
        changed = change_programme(
            programme=programme,
            changes=read_body(request, SettingsChange, partial=True),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(SettingsOutput(changed).data)
