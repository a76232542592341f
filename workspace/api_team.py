"""The people of the programme."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
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
from programs.models import Membership, Programme
from workspace.actions import team
from workspace.api_auth import ApiView
from workspace.api_programme import find_business
from workspace.models import Business


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
