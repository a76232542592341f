"""API acts that touch many rooms at once."""

from __future__ import annotations

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
from core.errors import NotFound
from core.permissions import Perm
from core.requests import client_ip
from core.tenancy import enter, enter_public
from loyalty.actions.settings import set_earning_rate
from loyalty.models import EarningRate
from programs import api_limits
from programs.actions import api_sessions
from programs.actions.people import create_person, has_verified
from programs.actions.programmes import host_of
from programs.api import OpenApiView, TokensOutput, send_code_at_most, tokens_output
from programs.api_fields import CountryField, CurrencyField, TimeZoneField
from programs.models import Programme, User
from screens.actions.onboarding import open_shop
from workspace.api_auth import ApiView
from workspace.models import Business


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
        max_length=40, help_text="Becomes the programme's address. Small letters, digits, hyphens."
    )
    currency = CurrencyField(help_text="ISO 4217.")
    country = CountryField(help_text="ISO 3166 alpha-2, for phone numbers.")
    loyalty_rate = serializers.DecimalField(
        max_digits=9, decimal_places=4, min_value=Decimal(0), help_text="Points for one unit of the currency."
    )
    time_zone = TimeZoneField(required=False, help_text="A place such as Europe/London; by default the country's.")
    category = serializers.ChoiceField(choices=Business.Category.choices, default=Business.Category.OTHER)


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
    """

    limit = api_limits.REGISTER

    @extend_schema(
        operation_id="auth_register_business",
        tags=["Access"],
        auth=[],
        request=RegisterBusinessInput,
        responses={201: RegisterBusinessOutput},
    )
    def post(self, request: Request) -> Response:
        if request._request.programme is not None:  # type: ignore[attr-defined]
            raise PublicHostNeeded()
        given = read_body(request, RegisterBusinessInput)
        api_limits.count(api_limits.LOGIN_EMAIL, given["email"].lower())
        now = timezone.now()
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
