"""Businesses that join the programme: the join code, invitations, requests and their decision."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import JsonResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, cursor_page, page_response, read_body, read_query
from core.errors import NotFound
from core.hosts import public_url
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm
from loyalty.rules import MAX_RATE
from programs.models import BusinessInvitation, JoinRequest, JoinSettings, Programme
from screens.actions.joining import approve_request
from workspace.actions import business_invitations, join_codes, joining
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once
from workspace.models import Business


def _programme(request: Request) -> Programme:
    programme: Programme = request._request.programme  # type: ignore[attr-defined]
    return programme


class RateField(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=9, decimal_places=4, min_value=0, max_value=MAX_RATE, **kwargs)


# -- the code ---------------------------------------------------------------------------------------------------------


class JoinSettingsOutput(serializers.Serializer[Any]):
    is_on = serializers.BooleanField()
    code = serializers.CharField(allow_null=True, help_text="Null: there is none yet.")
    link = serializers.CharField(allow_null=True, help_text="On the public host, for people.")
    works = serializers.BooleanField(help_text="Whether somebody may ask with it now.")
    made_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    max_uses = serializers.IntegerField(allow_null=True)
    uses = serializers.IntegerField()
    asks_invited = serializers.BooleanField(help_text="Whether invited businesses wait for approval, too.")
    terms = serializers.CharField(help_text="The programme's own terms for businesses.")


class JoinSettingsChange(StrictSerializer):
    is_on = serializers.BooleanField(required=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    max_uses = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=join_codes.MAX_USES)
    asks_invited = serializers.BooleanField(required=False)
    terms = CleanCharField(required=False, allow_blank=True, max_length=join_codes.MAX_TERMS)


def _settings_output(stored: JoinSettings | None) -> dict[str, Any]:
    code = (join_codes.code_of(stored) or None) if stored else None
    values = {
        "is_on": stored.is_on if stored else False,
        "code": code,
        "link": public_url(reverse("join:ask", args=[code], urlconf="config.urls_public")) if code else None,
        "works": stored is not None and code is not None and stored.is_open(timezone.now()),
        "made_at": stored.made_at if stored else None,
        "expires_at": stored.expires_at if stored else None,
        "max_uses": stored.max_uses if stored else None,
        "uses": stored.uses if stored else 0,
        "asks_invited": stored.asks_invited if stored else False,
        "terms": stored.terms if stored else "",
    }
    output: dict[str, Any] = JoinSettingsOutput(values).data
    return output


class JoinSettingsView(ApiView):
    """How businesses may ask to join."""

    required = {"GET": Perm.BUSINESSES_MANAGE, "PATCH": Perm.BUSINESSES_MANAGE}

    @extend_schema(operation_id="join_settings_read", tags=["Programme"], responses={200: JoinSettingsOutput})
    def get(self, request: Request) -> Response:
        self.actor.check_sees_all()
        return Response(_settings_output(join_codes.settings_of(_programme(request))))

    @extend_schema(
        operation_id="join_settings_change",
        tags=["Programme"],
        request=JoinSettingsChange,
        responses={200: JoinSettingsOutput},
    )
    def patch(self, request: Request) -> Response:
        changes = read_body(request, JoinSettingsChange, partial=True)
        stored = join_codes.change_join_settings(
            programme=_programme(request), changes=changes, actor=self.actor, now=timezone.now()
        )
        return Response(_settings_output(stored))


class JoinCodeRotateView(ApiView):
    """Make a new join code that works; the older one ends at once."""

    required = {"POST": Perm.BUSINESSES_MANAGE}

    @extend_schema(
        operation_id="join_code_rotate",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={200: JoinSettingsOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        def act() -> dict[str, Any]:
            stored = join_codes.rotate_join_code(programme=_programme(request), actor=self.actor, now=timezone.now())
            return _settings_output(stored)

        return once(request, self.caller, "joining.rotate_code", "", act, status=200)


# -- invitations ------------------------------------------------------------------------------------------------------


class BusinessInvitationOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    name = serializers.CharField()
    email = serializers.CharField()
    points_per_unit = serializers.DecimalField(max_digits=9, decimal_places=4)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Afterwards the link works no more, until it is renewed.")


class BusinessInvitationInput(StrictSerializer):
    name = CleanCharField(max_length=80)
    email = serializers.EmailField(max_length=254)
    points_per_unit = RateField(help_text="Points for one unit of the currency, once it has joined.")


def _invitations(view: ApiView) -> QuerySet[BusinessInvitation]:
    view.actor.check_sees_all()
    return business_invitations.open_invitations(_programme(view.request))


def _invitation(view: ApiView, code: str) -> BusinessInvitation:
    found = _invitations(view).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


class BusinessInvitationsView(ApiView):
    """Businesses that are invited and have not answered."""

    required = {"GET": Perm.BUSINESSES_MANAGE, "POST": Perm.BUSINESSES_MANAGE}

    @extend_schema(
        operation_id="business_invitations_list",
        tags=["Programme"],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(BusinessInvitationOutput)},
    )
    def get(self, request: Request) -> Response:
        page = cursor_page(request, _invitations(self), orders={"created": Order(["id"])}, default="-created")
        return page_response(page, BusinessInvitationOutput)

    @extend_schema(
        operation_id="business_invitations_create",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=BusinessInvitationInput,
        responses={201: BusinessInvitationOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """Mail a business a link to join, good for fourteen days. Inviting an address again ends its older link."""
        given = read_body(request, BusinessInvitationInput)

        def act() -> dict[str, Any]:
            invitation = business_invitations.invite_business(
                programme=_programme(request), **given, actor=self.actor, now=timezone.now()
            )
            return dict(BusinessInvitationOutput(invitation).data)

        meaning = {**given, "points_per_unit": str(given["points_per_unit"])}
        return once(request, self.caller, "joining.invite", meaning, act, status=201)


class BusinessInvitationView(ApiView):
    """One open invitation of a business."""

    required = {"GET": Perm.BUSINESSES_MANAGE, "DELETE": Perm.BUSINESSES_MANAGE}

    @extend_schema(
        operation_id="business_invitations_read", tags=["Programme"], responses={200: BusinessInvitationOutput}
    )
    def get(self, request: Request, invitation_id: str) -> Response:
        return Response(BusinessInvitationOutput(_invitation(self, invitation_id)).data)

    @extend_schema(operation_id="business_invitations_withdraw", tags=["Programme"], responses={204: None})
    def delete(self, request: Request, invitation_id: str) -> Response:
        """Withdraw the invitation: its link works no more."""
        business_invitations.revoke_business_invitation(
            programme=_programme(request), code=invitation_id, actor=self.actor, now=timezone.now()
        )
        return Response(status=204)


class BusinessInvitationRenewView(ApiView):
    """Mail the invitation again, with a new link for fourteen more days; the older link ends."""

    required = {"POST": Perm.BUSINESSES_MANAGE}

    @extend_schema(
        operation_id="business_invitations_renew",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={200: BusinessInvitationOutput},
    )
    def post(self, request: Request, invitation_id: str) -> JsonResponse:
        def act() -> dict[str, Any]:
            renewed = business_invitations.renew_business_invitation(
                programme=_programme(request), code=invitation_id, actor=self.actor, now=timezone.now()
            )
            return dict(BusinessInvitationOutput(renewed).data)

        return once(request, self.caller, "joining.renew", invitation_id, act, status=200)


# -- requests ---------------------------------------------------------------------------------------------------------


class JoinRequestOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    state = serializers.ChoiceField(choices=JoinRequest.State.choices)
    name = serializers.CharField()
    contact_person = serializers.CharField()
    email = serializers.CharField(help_text="Of the business.")
    category = serializers.ChoiceField(choices=Business.Category.choices)
    address = serializers.CharField()
    points_per_unit = serializers.DecimalField(max_digits=9, decimal_places=4, help_text="What they wish for.")
    applicant = serializers.CharField(source="user.email", help_text="Whose account asks.")
    is_invited = serializers.SerializerMethodField()
    business_id = serializers.SerializerMethodField(help_text="The business that approval made; null before.")
    reason = serializers.CharField(help_text="Of a decline.")
    sent_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)

    def get_is_invited(self, asked: JoinRequest) -> bool:
        return asked.invitation_id is not None

    def get_business_id(self, asked: JoinRequest) -> str | None:
        codes: dict[int, str] = self.context["codes"]
        return codes.get(asked.business_id) if asked.business_id else None


class JoinRequestQuery(StrictSerializer):
    state = serializers.ChoiceField(choices=JoinRequest.State.choices, required=False)


class ApproveInput(StrictSerializer):
    points_per_unit = RateField(required=False, help_text="By default what they wish for.")
    name = CleanCharField(max_length=80, required=False, help_text="By default the name that they gave.")


class DeclineInput(StrictSerializer):
    reason = CleanCharField(max_length=500, help_text="The applicant reads it.")


def _requests(view: ApiView) -> QuerySet[JoinRequest]:
    view.actor.check_sees_all()
    return JoinRequest.objects.filter(programme=_programme(view.request)).select_related("user")


def _request_output(asked: JoinRequest) -> dict[str, Any]:
    codes = dict(Business.objects.filter(pk=asked.business_id or 0).values_list("id", "code"))
    return dict(JoinRequestOutput(asked, context={"codes": codes}).data)


class JoinRequestsView(ApiView):
    """Businesses that ask to join, newest first."""

    required = {"GET": Perm.BUSINESSES_MANAGE}

    @extend_schema(
        operation_id="join_requests_list",
        tags=["Programme"],
        parameters=[*page_parameters("sent", default="-sent"), JoinRequestQuery],
        responses={200: page_of(JoinRequestOutput)},
    )
    def get(self, request: Request) -> Response:
        asked = read_query(request, JoinRequestQuery)
        page = cursor_page(request, _requests(self).filter(**asked), orders={"sent": Order(["id"])}, default="-sent")
        return page_response(page, JoinRequestOutput, codes=dict(Business.objects.values_list("id", "code")))


class JoinRequestView(ApiView):
    """One request to join."""

    required = {"GET": Perm.BUSINESSES_MANAGE}

    @extend_schema(operation_id="join_requests_read", tags=["Programme"], responses={200: JoinRequestOutput})
    def get(self, request: Request, request_id: str) -> Response:
        asked = _requests(self).filter(code=request_id).first()
        if asked is None:
            raise NotFound()
        return Response(_request_output(asked))


class JoinRequestApproveView(ApiView):
    """Open the business, and make the applicant its manager. Approving again answers the same."""

    required = {"POST": Perm.BUSINESSES_MANAGE}

    @extend_schema(
        operation_id="join_requests_approve",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=ApproveInput,
        responses={200: JoinRequestOutput},
    )
    def post(self, request: Request, request_id: str) -> JsonResponse:
        given = read_body(request, ApproveInput)

        def act() -> dict[str, Any]:
            asked = _requests(self).filter(code=request_id).first()
            if asked is None:
                raise NotFound()
            approved = approve_request(
                programme=_programme(request),
                code=request_id,
                name=given.get("name") or asked.name,
                points_per_unit=given.get("points_per_unit", asked.points_per_unit),
                actor=self.actor,
                now=timezone.now(),
            )
            return _request_output(approved)

        meaning = [request_id, given.get("name", ""), str(given.get("points_per_unit", ""))]
        return once(request, self.caller, "joining.approve", meaning, act, status=200)


class JoinRequestDeclineView(ApiView):
    """Say no, with a reason that the applicant gets by e-mail. Declining again answers the same."""

    required = {"POST": Perm.BUSINESSES_MANAGE}

    @extend_schema(
        operation_id="join_requests_decline",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=DeclineInput,
        responses={200: JoinRequestOutput},
    )
    def post(self, request: Request, request_id: str) -> JsonResponse:
        given = read_body(request, DeclineInput)

        def act() -> dict[str, Any]:
            declined = joining.decline_request(
                programme=_programme(request), code=request_id, **given, actor=self.actor, now=timezone.now()
            )
            return _request_output(declined)

        return once(request, self.caller, "joining.decline", [request_id, given["reason"]], act, status=200)
