"""Who the caller is, what they prefer, and ending their session."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, NotAuthenticated, StrictSerializer, read_body
from core.errors import PermissionRefused
from core.permissions import MEMBER, Role
from programs import api_tokens
from programs.actions.api_sessions import end_session
from programs.actions.people import change_person
from programs.models import Membership, Programme, User
from programs.rules import NOTIFICATIONS, THEMES
from workspace.api_auth import ApiView
from workspace.models import ApiClient, Business


class MeProgramme(serializers.Serializer[Any]):
    name = serializers.CharField()
    subdomain = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)


class MeBusiness(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class MeOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["person", "api_client"])
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    programme = serializers.CharField(help_text="Subdomain of the programme that answers.")
    role = serializers.ChoiceField(choices=Role.choices, allow_null=True)
    permissions = serializers.ListField(child=serializers.CharField())
    business = MeBusiness(allow_null=True, help_text="The business that the caller is limited to; null: all.")
    programmes = MeProgramme(many=True, help_text="Every programme that the person belongs to.")


class MeView(ApiView):
    """The caller: a person with their programmes and roles, or an API client with its scopes."""

    required = {"GET": MEMBER}

    @extend_schema(operation_id="auth_me", tags=["Access"], responses={200: MeOutput})
    def get(self, request: Request) -> Response:
        programme: Programme = request._request.programme  # type: ignore[attr-defined]
        business = Business.objects.filter(pk=self.caller.business_id).first() if self.caller.business_id else None
        answer: dict[str, Any] = {
            "programme": programme.slug,
            "permissions": sorted(perm.value for perm in self.caller.permissions),
            "business": {"id": business.code, "name": business.name} if business else None,
        }
        if self.actor.kind == "api":
            client = ApiClient.objects.get(code=self.actor.id)
            return Response(
                {**answer, "kind": "api_client", "name": client.name, "email": None, "role": None, "programmes": []}
            )
        user = User.objects.get(pk=int(self.actor.id))
        memberships: QuerySet[Membership] = (
            Membership.objects.live().filter(user=user).select_related("programme").order_by("programme__name", "pk")
        )
        programmes = [
            {"name": one.programme.name, "subdomain": one.programme.slug, "role": one.role} for one in memberships
        ]
        role = next((one.role for one in memberships if one.programme_id == programme.pk), None)
        person = {"kind": "person", "name": user.name, "email": user.email, "role": role, "programmes": programmes}
        return Response({**answer, **person})


class LogoutView(ApiView):
    """End the session of the token that is sent; its access and refresh tokens are refused from now on."""

    required = {"POST": MEMBER}

    @extend_schema(operation_id="auth_logout", tags=["Access"], request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        if self.actor.kind != "user":
            raise NotAuthenticated(_("A key has no session. Revoke the key instead."))
        token = request._request.headers["Authorization"].partition(" ")[2].strip()
        claims = api_tokens.decode(api_tokens.ACCESS, token, schema=None)
        end_session(session_id=claims.session_id, now=timezone.now())
        return Response(status=204)


class PeopleOnly(PermissionRefused):
    code = "people_only"
    message = _("This is about a person. Send a person's token, not a key.")


class PreferencesOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    language = serializers.CharField(help_text="Empty: as the browser says.")
    theme = serializers.ChoiceField(choices=THEMES)
    notifications = serializers.ListField(
        child=serializers.ChoiceField(choices=NOTIFICATIONS), help_text="E-mails that the person wants."
    )


class PreferencesChange(StrictSerializer):
    name = CleanCharField(max_length=120, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False, allow_blank=True)
    theme = serializers.ChoiceField(choices=THEMES, required=False)
    notifications = serializers.ListField(
        child=serializers.ChoiceField(choices=NOTIFICATIONS),
        required=False,
        max_length=len(NOTIFICATIONS),
        help_text="All e-mails that the person wants; those about their own log-in always come.",
    )


class PreferencesView(ApiView):
    """The caller's own name, language, theme and e-mails, the same in every programme."""

    required = {"GET": MEMBER, "PATCH": MEMBER}

    def _person(self) -> User:
        if self.actor.user_id is None:
            raise PeopleOnly
        return User.objects.get(pk=self.actor.user_id)

    @extend_schema(operation_id="me_preferences_read", tags=["Access"], responses={200: PreferencesOutput})
    def get(self, request: Request) -> Response:
        return Response(PreferencesOutput(self._person()).data)

    @extend_schema(
        operation_id="me_preferences_change",
        tags=["Access"],
        request=PreferencesChange,
        responses={200: PreferencesOutput},
    )
    def patch(self, request: Request) -> Response:
        person = self._person()
        change_person(user=person, changes=read_body(request, PreferencesChange, partial=True), ip=self.actor.ip)
        return Response(PreferencesOutput(person).data)
