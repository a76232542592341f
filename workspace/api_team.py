"""The people of the programme, and who is invited to join them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import JsonResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, cursor_page, page_response, read_body
from core.errors import NotFound
from core.keyset import Order
from core.openapi import page_of, page_parameters
from core.permissions import Perm, Role
from programs.models import Invitation, Membership, Programme
from workspace.actions import team
from workspace.api_auth import ApiView
from workspace.api_once import KEY_PARAMETER, once
from workspace.api_programme import find_business
from workspace.models import Business

# -- members ----------------------------------------------------------------------------------------------------------


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


class MemberChange(StrictSerializer):
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    business_id = serializers.CharField(
        max_length=16, required=False, allow_null=True, help_text="The business to limit the person to; null: all."
    )


def _members(view: ApiView) -> QuerySet[Membership]:
    """The team of the programme, or of the one business that the caller is limited to."""
    programme: Programme = view.request._request.programme  # type: ignore[attr-defined]
    members = Membership.objects.live().filter(programme=programme).select_related("user", "programme")
    limited_to = view.caller.business_id
    return members if limited_to is None else members.filter(business_id=limited_to)


def _member_output(member: Membership) -> dict[str, Any]:
    codes = dict(Business.objects.values_list("id", "code"))
    output: dict[str, Any] = MemberOutput(member, context={"codes": codes}).data
    return output


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
        page = cursor_page(request, _members(self), orders={"created": Order(["id"])}, default="created")
        return page_response(page, MemberOutput, codes=dict(Business.objects.values_list("id", "code")))


class MemberView(ApiView):
    """One person of the team."""

    required = {"GET": Perm.TEAM_MANAGE, "PATCH": Perm.TEAM_MANAGE, "DELETE": Perm.TEAM_MANAGE}

    def _member(self, code: str) -> Membership:
        member = _members(self).filter(code=code).first()
        if member is None:
            raise NotFound()
        return member

    @extend_schema(operation_id="members_read", tags=["Programme"], responses={200: MemberOutput})
    def get(self, request: Request, member_id: str) -> Response:
        return Response(_member_output(self._member(member_id)))

    @extend_schema(
        operation_id="members_change", tags=["Programme"], request=MemberChange, responses={200: MemberOutput}
    )
    def patch(self, request: Request, member_id: str) -> Response:
        """Give another role or another limit. Only an owner's token gives or takes the role of owner."""
        given = read_body(request, MemberChange, partial=True)
        member = self._member(member_id)
        changes: team.MemberChanges = {}
        if "role" in given:
            changes["role"] = Role(given["role"])
        if "business_id" in given:
            named = given["business_id"]
            changes["business_id"] = find_business(self, named).pk if named else None
        changed = team.change_member(
            programme=member.programme,
            code=member.code,
            changes=changes,
            actor=self.actor,
            may_grant=self.caller.permissions,
        )
        return Response(_member_output(changed))

    @extend_schema(operation_id="members_remove", tags=["Programme"], responses={204: None})
    def delete(self, request: Request, member_id: str) -> Response:
        """Remove somebody from the team; their sessions and tokens end at once."""
        member = self._member(member_id)
        team.remove_member(programme=member.programme, code=member.code, actor=self.actor, now=timezone.now())
        return Response(status=204)


# -- invitations ------------------------------------------------------------------------------------------------------


class InvitationOutput(serializers.Serializer[Any]):
    id = serializers.CharField(source="code")
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    business_id = serializers.SerializerMethodField(help_text="The business that the person would be limited to.")
    invited_by = serializers.SerializerMethodField(help_text="Name of a person; null: a key did.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Afterwards the link works no more, until it is renewed.")

    def get_business_id(self, invitation: Invitation) -> str | None:
        codes: dict[int, str] = self.context["codes"]
        return codes.get(invitation.business_id) if invitation.business_id else None

    def get_invited_by(self, invitation: Invitation) -> str | None:
        return str(invitation.invited_by) if invitation.invited_by else None


class InvitationInput(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices)
    business_id = serializers.CharField(
        max_length=16, required=False, allow_null=True, default=None, help_text="The business to limit the person to."
    )


def _invitations(view: ApiView) -> QuerySet[Invitation]:
    """The open invitations of the programme, or to the one business that the caller is limited to."""
    programme: Programme = view.request._request.programme  # type: ignore[attr-defined]
    open_ones = Invitation.objects.filter(programme=programme, accepted_at=None, revoked_at=None)
    limited_to = view.caller.business_id
    invitations = open_ones if limited_to is None else open_ones.filter(business_id=limited_to)
    return invitations.select_related("invited_by", "programme")


def _invitation(view: ApiView, code: str) -> Invitation:
    invitation = _invitations(view).filter(code=code).first()
    if invitation is None:
        raise NotFound()
    return invitation


def _invitation_output(invitation: Invitation) -> dict[str, Any]:
    codes = dict(Business.objects.values_list("id", "code"))
    output: dict[str, Any] = InvitationOutput(invitation, context={"codes": codes}).data
    return output


class InvitationsView(ApiView):
    """Open invitations to the team."""

    required = {"GET": Perm.TEAM_MANAGE, "POST": Perm.TEAM_MANAGE}

    @extend_schema(
        operation_id="invitations_list",
        tags=["Programme"],
        parameters=page_parameters("created", default="-created"),
        responses={200: page_of(InvitationOutput)},
    )
    def get(self, request: Request) -> Response:
        page = cursor_page(request, _invitations(self), orders={"created": Order(["id"])}, default="-created")
        return page_response(page, InvitationOutput, codes=dict(Business.objects.values_list("id", "code")))

    @extend_schema(
        operation_id="invitations_create",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=InvitationInput,
        responses={201: InvitationOutput},
    )
    def post(self, request: Request) -> JsonResponse:
        """Mail somebody a link that makes them a member, good for seven days.

        Inviting an address again ends its older link. Only an owner's token invites owners.
        """
        given = read_body(request, InvitationInput)

        def act() -> dict[str, Any]:
            business = find_business(self, given["business_id"]) if given["business_id"] else None
            invitation = team.invite(
                programme=request._request.programme,  # type: ignore[attr-defined]
                email=given["email"],
                role=Role(given["role"]),
                business_id=business.pk if business else None,
                actor=self.actor,
                may_grant=self.caller.permissions,
                now=timezone.now(),
            )
            return _invitation_output(invitation)

        return once(request, self.caller, "team.invite", given, act, status=201)


class InvitationView(ApiView):
    """One open invitation."""

    required = {"GET": Perm.TEAM_MANAGE, "DELETE": Perm.TEAM_MANAGE}

    @extend_schema(operation_id="invitations_read", tags=["Programme"], responses={200: InvitationOutput})
    def get(self, request: Request, invitation_id: str) -> Response:
        return Response(_invitation_output(_invitation(self, invitation_id)))

    @extend_schema(operation_id="invitations_withdraw", tags=["Programme"], responses={204: None})
    def delete(self, request: Request, invitation_id: str) -> Response:
        """Withdraw the invitation: its link works no more."""
        invitation = _invitation(self, invitation_id)
        team.revoke_invitation(
            programme=invitation.programme, code=invitation.code, actor=self.actor, now=timezone.now()
        )
        return Response(status=204)


class InvitationRenewView(ApiView):
    """Mail the invitation again, with a new link for seven more days; the older link ends."""

    required = {"POST": Perm.TEAM_MANAGE}

    @extend_schema(
        operation_id="invitations_renew",
        tags=["Programme"],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={200: InvitationOutput},
    )
    def post(self, request: Request, invitation_id: str) -> JsonResponse:
        def act() -> dict[str, Any]:
            invitation = _invitation(self, invitation_id)
            renewed = team.renew_invitation(
                programme=invitation.programme,
                code=invitation.code,
                actor=self.actor,
                may_grant=self.caller.permissions,
                now=timezone.now(),
            )
            return _invitation_output(renewed)

        return once(request, self.caller, "team.renew_invitation", invitation_id, act, status=200)
