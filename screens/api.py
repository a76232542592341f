"""API acts that touch many rooms at once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import CleanCharField, StrictSerializer, read_body
from core.countries import COUNTRIES
from core.errors import InvalidInput, NotFound
from core.permissions import Perm
from core.requests import client_ip, client_network
from core.tenancy import enter, enter_public
from loyalty.actions.settings import set_earning_rate
from loyalty.models import EarningRate
from programs import api_limits
from programs.actions import api_sessions
from programs.actions.people import create_person, has_verified
from programs.actions.programmes import host_of
from programs.api import OpenApiView, TokensOutput, send_code_at_most, tokens_output
from programs.api_fields import CountryField, CurrencyField, TimeZoneField
from programs.models import JoinRequest, Programme, User
from screens.actions.joining import ask_to_join
from screens.actions.onboarding import open_shop
from screens.joining import terms_of
from workspace.actions import joining
from workspace.api_auth import ApiView
from workspace.models import Business


class TermsChanged(InvalidInput):
    code = "terms_not_accepted"
    message = _("Read the terms at auth/join-codes/ and send their terms_id.")


class PublicHostNeeded(NotFound):
    code = "public_host_needed"
    message = _("Register on the public host: this is a programme's address.")


class RegisterBusinessInput(StrictSerializer):
    name = CleanCharField(max_length=80, help_text="Of the business and of its programme.")
    contact_person = CleanCharField(max_length=120)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    code = serializers.CharField(
        max_length=20,
        required=False,
        default="",
        help_text="For a person who has an account with an authenticator app.",
    )
    subdomain = serializers.CharField(
        max_length=40,
        required=False,
        help_text="Becomes the programme's address. Small letters, digits, hyphens. Needed without `join_code`.",
    )
    currency = CurrencyField(required=False, help_text="ISO 4217. Needed without `join_code`.")
    country = CountryField(required=False, help_text="ISO 3166 alpha-2, for phone numbers. Needed without `join_code`.")
    loyalty_rate = serializers.DecimalField(
        max_digits=9, decimal_places=4, min_value=Decimal(0), help_text="Points for one unit of the currency."
    )
    time_zone = TimeZoneField(required=False, help_text="A place such as Europe/London; by default the country's.")
    category = serializers.ChoiceField(choices=Business.Category.choices, default=Business.Category.OTHER)
    address = CleanCharField(max_length=500, required=False, default="", allow_blank=True)
    join_code = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Of an existing programme: the business asks to join it, and `loyalty_rate` is its wish.",
    )
    terms = serializers.CharField(
        max_length=64, required=False, help_text="With `join_code`: the `terms_id` that was read and is agreed to."
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        needed: tuple[str, ...] = NEW_PROGRAMME
        other: tuple[str, ...] = JOINING
        if "join_code" in given:
            needed, other = JOINING, (*NEW_PROGRAMME, "time_zone")
        missing = {name: [serializers.ErrorDetail(str(NEEDED), "required")] for name in needed if name not in given}
        surplus = {name: [serializers.ErrorDetail(str(EXCLUDED), "not_both")] for name in other if name in given}
        if missing or surplus:
            raise serializers.ValidationError({**missing, **surplus})
        return given


NEW_PROGRAMME, JOINING = ("subdomain", "currency", "country"), ("join_code", "terms")
NEEDED = _("This field is required.")
EXCLUDED = _("Found a programme or join one: this field belongs to the other way.")


class NewProgrammeOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    subdomain = serializers.CharField()
    host = serializers.CharField(help_text="Where the programme's pages and API are.")
    currency = serializers.CharField()
    country = serializers.CharField()
    time_zone = serializers.CharField()


class NewBusinessOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class PendingRequestOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    state = serializers.ChoiceField(choices=JoinRequest.State.choices)
    programme = serializers.CharField(help_text="Its name.")
    subdomain = serializers.CharField(
        allow_null=True, help_text="Of the programme, for a log-in, once the request is approved."
    )
    name = serializers.CharField(help_text="Of the business.")
    reason = serializers.CharField(help_text="Of a decline.")
    sent_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    token = serializers.CharField(help_text="For auth/join-requests/{token}. Keep it secret: it may withdraw.")


class PendingBusinessOutput(serializers.Serializer[Any]):
    request = PendingRequestOutput()
    email_verified = serializers.BooleanField(
        help_text="False: a code was mailed, to be sent to auth/verify-email. The owner can approve only then."
    )


class RegisterBusinessOutput(serializers.Serializer[Any]):
    programme = NewProgrammeOutput()
    business = NewBusinessOutput()
    tokens = TokensOutput()
    email_verified = serializers.BooleanField(
        help_text="False: a code was mailed, to be sent to auth/verify-email. Until then these tokens and their "
        "refreshes work, a new log-in does not."
    )


class RegisterBusinessView(OpenApiView):
    """Sign up: a person, their programme and its first business, and tokens, in one act.

    On the public host. An e-mail address that has an account already needs that account's password.
    With `join_code`, the business asks to join an existing programme: the answer is 202 with a request to follow.
    """

    limit = api_limits.REGISTER

    @extend_schema(
        operation_id="auth_register_business",
        tags=["Access"],
        auth=[],
        request=RegisterBusinessInput,
        responses={201: RegisterBusinessOutput, 202: PendingBusinessOutput},
    )
    def post(self, request: Request) -> Response:
        if request._request.programme is not None:  # type: ignore[attr-defined]
            raise PublicHostNeeded()
        given = read_body(request, RegisterBusinessInput)
        api_limits.count(api_limits.LOGIN_EMAIL, given["email"].lower())
        now = timezone.now()
        if "join_code" in given:
            return Response(_ask_to_join(request, given, now), status=202)
        with transaction.atomic():
            person = _person(given, ip=client_ip(request._request) or None)
            programme = open_shop(
                name=given["name"],
                slug=given["subdomain"],
                currency=given["currency"],
                country=given["country"],
                time_zone=given.get("time_zone") or COUNTRIES[given["country"]].time_zone,
                owner=person,
                business_name=given["name"],
                points_per_unit=given["loyalty_rate"],
                category=given["category"],
                contact_person=given["contact_person"],
                business_email=given["email"],
                now=now,
                ip=client_ip(request._request) or None,
            )
            pair = api_sessions.open_session(user=person, programme=programme, now=now)
        verified = has_verified(user=person, email=person.email)
        if not verified:
            send_code_at_most(person, programme)
        return Response(
            {
                "programme": _programme_output(programme),
                "business": _first_business(programme),
                "tokens": tokens_output(pair),
                "email_verified": verified,
            },
            status=201,
        )


def _ask_to_join(request: Request, given: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The person, if new, and their request, in one transaction; a waiting request of theirs is answered again.

    Whom an invitation was mailed to, and who has not shown yet that they read that mail, becomes a person with a code
    and sends this again. Raises InvitedNotProved then.
    """
    api_limits.count(api_limits.JOIN_CODE, client_network(request._request))
    door = joining.find_door(given["join_code"], now=now)
    terms = terms_of(door.programme, door.settings)
    if given["terms"] != terms.mark:
        raise TermsChanged(field="terms")
    ip = client_ip(request._request) or None
    applicant = joining.Applicant(
        name=given["name"],
        contact_person=given["contact_person"],
        email=given["email"],
        category=given["category"],
        address=given["address"],
        points_per_unit=given["loyalty_rate"],
    )
    with transaction.atomic():
        person = _person(given, ip=ip)
        is_doubtful = door.invitation is not None and _is_unproved(person, door.invitation.email)
        if not is_doubtful:
            asked = ask_to_join(door=door, user=person, given=applicant, terms=terms.stored, ip=ip, now=now)
    if is_doubtful:
        send_code_at_most(person, door.programme)
        raise joining.InvitedNotProved()
    verified = has_verified(user=person, email=person.email)
    if not verified:
        send_code_at_most(person, door.programme)
    return {"request": pending_output(asked), "email_verified": verified}


def _is_unproved(person: User, email: str) -> bool:
    """It is the person's own address, and they have not shown that they read its mail."""
    return person.email.lower() == email.lower() and not has_verified(user=person, email=email)


def _person(given: dict[str, Any], *, ip: str | None) -> User:
    """The person of the address: their password proves an existing one, a good password makes a new one."""
    existing = User.objects.filter(email__iexact=given["email"]).first()
    if existing is not None:
        return api_sessions.prove(email=given["email"], password=given["password"], code=given["code"])
    try:
        validate_password(given["password"], User(email=given["email"], name=given["contact_person"]))
    except DjangoValidationError as error:
        details = {"password": [serializers.ErrorDetail(text, "weak_password") for text in error.messages]}
        raise serializers.ValidationError(details) from error
    try:
        return create_person(email=given["email"], password=given["password"], name=given["contact_person"], ip=ip)
    except IntegrityError:  # the same registration, sent twice, was faster
        return api_sessions.prove(email=given["email"], password=given["password"], code=given["code"])


def _programme_output(programme: Programme) -> dict[str, str]:
    return {
        "name": programme.name,
        "subdomain": programme.slug,
        "host": host_of(programme.slug),
        "currency": programme.currency,
        "country": programme.country,
        "time_zone": programme.time_zone,
    }


def _first_business(programme: Programme) -> dict[str, str]:
    try:
        enter(programme)
        business = Business.objects.get()
        return {"id": business.code, "name": business.name}
    finally:
        enter_public()


# -- joining ----------------------------------------------------------------------------------------------------------


class JoinTermsOutput(serializers.Serializer[Any]):
    programme = serializers.CharField(help_text="Its name.")
    currency = serializers.CharField()
    point_value = serializers.DecimalField(max_digits=12, decimal_places=6, help_text="What one point is worth.")
    terms = serializers.CharField(help_text="The programme's own words; the product's are in its guide.")
    terms_id = serializers.CharField(help_text="Changes with the terms; send it as `terms`.")
    needs_approval = serializers.BooleanField()


class JoinCodeView(OpenApiView):
    """What a join code, or the token of an invitation's link, opens: the programme and its terms for businesses."""

    limit = api_limits.JOIN_CODE

    @extend_schema(operation_id="auth_join_code", tags=["Access"], auth=[], responses={200: JoinTermsOutput})
    def get(self, request: Request, join_code: str) -> Response:
        if request._request.programme is not None:  # type: ignore[attr-defined]
            raise PublicHostNeeded()
        door = joining.find_door(join_code, now=timezone.now())
        terms = terms_of(door.programme, door.settings)
        values = {
            "programme": door.programme.name,
            "currency": terms.currency,
            "point_value": terms.point_value,
            "terms": terms.own,
            "terms_id": terms.mark,
            "needs_approval": door.needs_approval,
        }
        return Response(JoinTermsOutput(values).data)


class JoinStateView(OpenApiView):
    """What became of a request to join, for the client that sent it."""

    def _request(self, request: Request, token: str) -> JoinRequest:
        if request._request.programme is not None:  # type: ignore[attr-defined]
            raise PublicHostNeeded()
        return joining.find_request(token)

    @extend_schema(operation_id="auth_join_request", tags=["Access"], auth=[], responses={200: PendingRequestOutput})
    def get(self, request: Request, token: str) -> Response:
        return Response(pending_output(self._request(request, token)))

    @extend_schema(operation_id="auth_join_withdraw", tags=["Access"], auth=[], responses={204: None})
    def delete(self, request: Request, token: str) -> Response:
        """Withdraw a request that waits."""
        asked = self._request(request, token)
        ip = client_ip(request._request) or None
        joining.withdraw_request(code=asked.code, user=asked.user, ip=ip, now=timezone.now())
        return Response(status=204)


def pending_output(asked: JoinRequest) -> dict[str, Any]:
    """A request as its sender sees it."""
    is_in = asked.state == JoinRequest.State.APPROVED
    values = {
        "id": asked.code,
        "state": asked.state,
        "programme": asked.programme.name,
        "subdomain": asked.programme.slug if is_in else None,
        "name": asked.name,
        "reason": asked.reason,
        "sent_at": asked.sent_at,
        "decided_at": asked.decided_at,
        "token": joining.state_token(asked),
    }
    return dict(PendingRequestOutput(values).data)


# -- earning rate -----------------------------------------------------------------------------------------------------


class LoyaltyRulesInput(StrictSerializer):
    points_per_unit = serializers.DecimalField(
        max_digits=9, decimal_places=4, min_value=Decimal(0), help_text="Points for one unit of the currency."
    )
    rounding = serializers.ChoiceField(choices=EarningRate.Rounding.choices, default=EarningRate.Rounding.DOWN)


class LoyaltyRulesOutput(serializers.Serializer[Any]):
    business_id = serializers.CharField()
    points_per_unit = serializers.CharField()
    rounding = serializers.ChoiceField(choices=EarningRate.Rounding.choices)


class LoyaltyRulesView(ApiView):
    """How a business gives points for its sales."""

    required = {"GET": Perm.PROGRAMME_VIEW, "POST": Perm.PROGRAMME_EDIT}

    def _business(self, code: str) -> Business:
        business = Business.objects.visible_to(self.actor).filter(code=code).first()
        if business is None:
            raise NotFound()
        return business

    @extend_schema(operation_id="loyalty_rules_read", tags=["Loyalty"], responses={200: LoyaltyRulesOutput})
    def get(self, request: Request, business_id: str) -> Response:
        business = self._business(business_id)
        rate = EarningRate.objects.filter(pk=business.pk).first() or EarningRate(business=business)
        return Response(_rules_output(business, rate))

    @extend_schema(
        operation_id="loyalty_rules_change",
        tags=["Loyalty"],
        request=LoyaltyRulesInput,
        responses={200: LoyaltyRulesOutput},
    )
    def post(self, request: Request, business_id: str) -> Response:
        """Set the rate; sales from now on use it."""
        business = self._business(business_id)
        given = read_body(request, LoyaltyRulesInput)
        rate = set_earning_rate(business_id=business.pk, **given, actor=self.actor)
        return Response(_rules_output(business, rate))


def _rules_output(business: Business, rate: EarningRate) -> dict[str, str]:
    return {"business_id": business.code, "points_per_unit": str(rate), "rounding": rate.rounding}
