"""Reports over the API: points of a period with the one before, people, what is owed, breakage, settlement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import StrictSerializer, read_query
from core.clock import Period, local_day
from core.errors import InvalidInput
from core.permissions import Perm
from customers.api_customers import programme_of
from customers.api_fields import AmountField
from loyalty import rules
from loyalty.actions.settlement import close_month
from loyalty.api_acts import TAG
from loyalty.balances import settings_now
from loyalty.breakage import PERIOD_DAYS
from loyalty.errors import UnknownBusiness
from loyalty.reports_points import (
    MAX_TOP,
    PointReport,
    breakage_report,
    member_figures,
    narrowed,
    point_report,
    top_members,
)
from loyalty.reports_settlement import Settlement, first_month, month_of, next_month, parse_month, settlement_of
from loyalty.settlement import Party, net
from workspace.api_auth import ApiView
from workspace.models import Business

DEFAULT_DAYS = 30
MAX_DAYS = 1100  # three years
MAX_SETTLED = 24  # months in one answer
TOP = 10

BUSINESS = OpenApiParameter("business", str, description="The id of one business; none: all that the caller may see.")
PARAMETERS = [
    BUSINESS,
    OpenApiParameter("from", date, description="The first day, in the programme's time zone. 29 days before `to`."),
    OpenApiParameter("to", date, description="The last day. Today."),
]


class PeriodFilter(StrictSerializer):
    business = serializers.CharField(max_length=16, required=False)

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name in Python
        days = {"from": serializers.DateField(required=False), "to": serializers.DateField(required=False)}
        return {**super().get_fields(), **days}


class TopFilter(PeriodFilter):
    n = serializers.IntegerField(min_value=1, max_value=MAX_TOP, default=TOP)


class BreakageFilter(StrictSerializer):
    business = serializers.CharField(max_length=16, required=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about: `only` one business or none; `code` is its public id."""

    period: Period
    only: int | None
    code: str | None


def _asked(view: ApiView, given: Mapping[str, Any], *, most: int = MAX_DAYS) -> Asked:
    zone = programme_of(view).zone
    today = local_day(timezone.now(), zone)
    last = given.get("to") or max(today, given.get("from") or today)
    first = given.get("from") or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise InvalidInput(_("The first day is after the last."), field="from")
    if (last - first).days >= most:
        raise InvalidInput(_("Ask for at most three years at once."), field="from")
    only, code = _business(view, given)
    return Asked(Period(first, last, zone), only, code)


def _business(view: ApiView, given: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """The one asked for, or the one that the caller is limited to. Raises UnknownBusiness."""
    found = Business.objects.visible_to(view.actor)
    if "business" in given:
        shop = found.filter(code=given["business"]).first()
        if shop is None:
            raise UnknownBusiness()
        return shop.pk, shop.code
    only = narrowed(view.actor, None)
    return only, found.get(pk=only).code if only is not None else None


def _head(asked: Asked) -> dict[str, Any]:
    before = asked.period.before()
    return {
        "from": asked.period.first_day,
        "to": asked.period.last_day,
        "before_from": before.first_day,
        "business_id": asked.code,
    }


class HeadOutput(serializers.Serializer[Any]):
    before_from = serializers.DateField(help_text="Where the equally long period before begins, for `before`.")
    business_id = serializers.CharField(allow_null=True, help_text="The one that it is about; null: all.")

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(), "to": serializers.DateField(), **super().get_fields()}


def _figures(report: PointReport, names: tuple[str, ...]) -> dict[str, Any]:
    def of(figures: Any) -> dict[str, Any]:
        return {name: getattr(figures, name) for name in names}

    return {
        **of(report.total),
        "before": of(report.before),
        "businesses": [
            {
                "business_id": row.business.code if row.business else None,
                "name": row.business.name if row.business else "",
                **of(row.figures),
                "before": of(row.before),
            }
            for row in report.businesses
        ],
    }


# -- points -----------------------------------------------------------------------------------------------------------


class IssuedFigures(serializers.Serializer[Any]):
    issued = serializers.IntegerField(help_text="By sales, bonuses and by hand.")
    taken_back = serializers.IntegerField(help_text="By refunds, reversals and by hand; not part of `issued`.")
    expired = serializers.IntegerField(help_text="Of the points that the business issued.")


class IssuedOfBusiness(IssuedFigures):
    business_id = serializers.CharField(allow_null=True, help_text="Null: the programme itself.")
    name = serializers.CharField()
    before = IssuedFigures()


class PointsIssuedOutput(HeadOutput, IssuedFigures):
    before = IssuedFigures()
    businesses = IssuedOfBusiness(many=True)


class PointsIssuedView(ApiView):
    """Points that were issued in a period, taken back, and expired."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="reports_total_points_issued",
        tags=[TAG],
        parameters=PARAMETERS,
        responses={200: PointsIssuedOutput},
    )
    def get(self, request: Request) -> Response:
        asked = _asked(self, read_query(request, PeriodFilter))
        report = point_report(asked.period, actor=self.actor, business_id=asked.only)
        answer = {**_head(asked), **_figures(report, ("issued", "taken_back", "expired"))}
        return Response(_shown(self, PointsIssuedOutput, answer))


class RedeemedFigures(serializers.Serializer[Any]):
    redeemed = serializers.IntegerField(help_text="Less what was given back.")
    worth = AmountField(help_text="At the value of a point today.")


class RedeemedOfBusiness(RedeemedFigures):
    business_id = serializers.CharField(allow_null=True, help_text="Where they were spent.")
    name = serializers.CharField()
    before = RedeemedFigures()


class RedemptionsOutput(HeadOutput, RedeemedFigures):
    before = RedeemedFigures()
    businesses = RedeemedOfBusiness(many=True)


class RedemptionsView(ApiView):
    """Points that were redeemed in a period, where they were."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="reports_total_redemptions",
        tags=[TAG],
        parameters=PARAMETERS,
        responses={200: RedemptionsOutput},
    )
    def get(self, request: Request) -> Response:
        asked = _asked(self, read_query(request, PeriodFilter))
        report = point_report(asked.period, actor=self.actor, business_id=asked.only)
        answer = {**_head(asked), **_figures(report, ("redeemed",))}
        value = settings_now().point_value
        rows = [answer, answer["before"], *(part for row in answer["businesses"] for part in (row, row["before"]))]
        for row in rows:
            row["worth"] = rules.worth(row["redeemed"], value)
        return Response(_shown(self, RedemptionsOutput, answer))


class LiabilityFigures(serializers.Serializer[Any]):
    outstanding = serializers.IntegerField(
        help_text="Points that members had when the period ended, those set aside and those that wait among them."
    )
    liability = AmountField(help_text="At the value of a point today.")


class LiabilityOfBusiness(LiabilityFigures):
    business_id = serializers.CharField(allow_null=True, help_text="Who issued them. Null: the programme itself.")
    name = serializers.CharField()
    before = LiabilityFigures()


class LiabilityOutput(HeadOutput, LiabilityFigures):
    point_value = serializers.DecimalField(max_digits=12, decimal_places=6)
    before = LiabilityFigures(help_text="When the period before ended.")
    businesses = LiabilityOfBusiness(many=True)


class LiabilityView(ApiView):
    """What the businesses owe their members in points, and what that is worth, at the end of a period."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="reports_liability", tags=[TAG], parameters=PARAMETERS, responses={200: LiabilityOutput}
    )
    def get(self, request: Request) -> Response:
        asked = _asked(self, read_query(request, PeriodFilter))
        report = point_report(asked.period, actor=self.actor, business_id=asked.only)
        answer = {
            **_head(asked),
            "point_value": settings_now().point_value,
            **_figures(report, ("outstanding", "liability")),
        }
        return Response(_shown(self, LiabilityOutput, answer))


def _shown(view: ApiView, serializer: type[serializers.Serializer[Any]], answer: Mapping[str, Any]) -> Any:
    return serializer(answer, context={"currency": programme_of(view).currency}).data


# -- people -----------------------------------------------------------------------------------------------------------


class PeopleFigures(serializers.Serializer[Any]):
    unique = serializers.IntegerField(help_text="Different members to whose points a person did something.")
    active = serializers.IntegerField(help_text="Those with a sale or a redemption that was not undone.")
    members = serializers.IntegerField(allow_null=True, help_text="At the end; null for one business.")
    new_members = serializers.IntegerField(allow_null=True, help_text="Who joined; null for one business.")


class CustomerCountOutput(HeadOutput, PeopleFigures):
    before = PeopleFigures()


class CustomerCountView(ApiView):
    """How many different members took part in a period, and how many bought or redeemed."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="reports_customer_count", tags=[TAG], parameters=PARAMETERS, responses={200: CustomerCountOutput}
    )
    def get(self, request: Request) -> Response:
        asked = _asked(self, read_query(request, PeriodFilter))
        now, before = member_figures(asked.period, actor=self.actor, business_id=asked.only)
        answer = {**_head(asked), **asdict(now), "before": asdict(before)}
        return Response(_shown(self, CustomerCountOutput, answer))


class TopCustomerOutput(serializers.Serializer[Any]):
    customer_id = serializers.CharField(source="customer.code")
    points = serializers.IntegerField(help_text="Issued in the period, less what was taken back.")
    points_before = serializers.IntegerField(help_text="In the period before.")
    redeemed = serializers.IntegerField()
    sales = serializers.IntegerField(help_text="That gave points and were not undone.")
    spent = AmountField(help_text="What these sales came to.")


class TopCustomersOutput(HeadOutput):
    customers = TopCustomerOutput(many=True)


class TopCustomersView(ApiView):
    """The members with the most points of a period, most first."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="reports_top_customers",
        tags=[TAG],
        parameters=[
            *PARAMETERS,
            OpenApiParameter("n", {"type": "integer", "minimum": 1, "maximum": MAX_TOP, "default": TOP}),
        ],
        responses={200: TopCustomersOutput},
    )
    def get(self, request: Request) -> Response:
        given = read_query(request, TopFilter)
        asked = _asked(self, given)
        found = top_members(asked.period, actor=self.actor, business_id=asked.only, most=given["n"])
        return Response(_shown(self, TopCustomersOutput, {**_head(asked), "customers": found}))


# -- breakage ---------------------------------------------------------------------------------------------------------


class BreakageAgeOutput(serializers.Serializer[Any]):
    age = serializers.IntegerField(help_text=f"Whole periods of {PERIOD_DAYS} days since the points came in.")
    outstanding = serializers.IntegerField()
    at_risk = serializers.IntegerField(help_text="Points that were there when this period of their life began.")
    redeemed = serializers.IntegerField(help_text="Of them, within it.")
    expired = serializers.IntegerField(help_text="Of them, within it.")


class BreakageOutput(serializers.Serializer[Any]):
    business_id = serializers.CharField(allow_null=True)
    method = serializers.CharField(help_text="How it is estimated.")
    counted_on = serializers.DateField(allow_null=True, help_text="The last day that is part of it; null: none yet.")
    outstanding = serializers.IntegerField()
    points = serializers.IntegerField(
        allow_null=True, help_text="Of `outstanding`, how many will not be redeemed. Null: too early to say."
    )
    worth = AmountField(help_text="Of `points`.")
    rate = serializers.FloatField(allow_null=True, help_text="Of points issued today, the share (0 to 1).")
    ages = BreakageAgeOutput(many=True)


class BreakageView(ApiView):
    """How many of the outstanding points will never be redeemed, as estimated last night."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(operation_id="reports_breakage", tags=[TAG], parameters=[BUSINESS], responses={200: BreakageOutput})
    def get(self, request: Request) -> Response:
        only, code = _business(self, read_query(request, BreakageFilter))
        report = breakage_report(actor=self.actor, business_id=only)
        answer = {
            "business_id": code,
            "method": "aalen-johansen",
            "counted_on": report.counted_on,
            "outstanding": report.outstanding,
            "points": report.breakage.points if report.breakage else None,
            "worth": report.worth,
            "rate": round(report.breakage.rate, 6) if report.breakage else None,
            "ages": report.ages,
        }
        return Response(_shown(self, BreakageOutput, answer))


# -- settlement -------------------------------------------------------------------------------------------------------


class SettlementDebtOutput(serializers.Serializer[Any]):
    debtor_id = serializers.CharField(allow_null=True, help_text="Who issued the points. Null: the programme itself.")
    creditor_id = serializers.CharField(allow_null=True, help_text="Where they were spent. Null: the programme itself.")
    points = serializers.IntegerField(help_text="Below zero: more of earlier months was undone than spent.")
    amount = AmountField()


class SettlementPairOutput(serializers.Serializer[Any]):
    payer_id = serializers.CharField(allow_null=True)
    payee_id = serializers.CharField(allow_null=True)
    amount = AmountField(help_text="What is left when both debts are set against each other.")


class SettlementMonthOutput(serializers.Serializer[Any]):
    month = serializers.CharField(help_text="Such as 2026-06.")
    closed_at = serializers.DateTimeField(allow_null=True, help_text="Null: open, and still changing.")
    point_value = serializers.DecimalField(max_digits=12, decimal_places=6)
    currency = serializers.CharField()
    digest = serializers.CharField(allow_null=True, help_text="SHA-256 over a closed month.")
    debts = SettlementDebtOutput(many=True)
    netted = SettlementPairOutput(many=True)


class SettlementOutput(serializers.Serializer[Any]):
    business_id = serializers.CharField(allow_null=True)
    months = SettlementMonthOutput(many=True)


class SettlementView(ApiView):
    """What the businesses owe each other for the months of a period: points of one that were spent at another."""

    required = {"GET": Perm.POINTS_VIEW}

    @extend_schema(
        operation_id="reports_settlement", tags=[TAG], parameters=PARAMETERS, responses={200: SettlementOutput}
    )
    def get(self, request: Request) -> Response:
        """Months that the period touches, oldest first, at most 24; those before the first transaction and after this
        month are left out. A closed month is as it was closed.
        """
        asked = _asked(self, read_query(request, PeriodFilter), most=31 * MAX_SETTLED)
        programme, now = programme_of(self), timezone.now()
        codes: dict[Party, str | None] = dict(Business.objects.values_list("pk", "code"))
        first, month = first_month(programme.zone), month_of(asked.period.first_day)
        rows: list[dict[str, Any]] = []
        last = min(asked.period.last_day, local_day(now, programme.zone))
        while month <= last and len(rows) < MAX_SETTLED:
            if first is not None and month >= first:
                found = settlement_of(month, zone=programme.zone, currency=programme.currency, now=now)
                rows.append(_month(found, asked.only, codes))
            month = next_month(month)
        return Response(_shown(self, SettlementOutput, {"business_id": asked.code, "months": rows}))


class CloseMonthView(ApiView):
    """Freeze a month of settlement."""

    required = {"POST": Perm.SETTLEMENT_CLOSE}

    @extend_schema(
        operation_id="settlement_close",
        tags=[TAG],
        request=None,
        responses={200: SettlementMonthOutput},
    )
    def post(self, request: Request, month: str) -> Response:
        """Close a month that is over, such as 2026-06, at today's value of a point; the earliest open one first. Closed
        again, it is as it was.
        """
        programme, now = programme_of(self), timezone.now()
        closed = close_month(month=parse_month(month), actor=self.actor, now=now)
        found = settlement_of(closed.month, zone=programme.zone, currency=programme.currency, now=now)
        codes: dict[Party, str | None] = dict(Business.objects.values_list("pk", "code"))
        return Response(_shown(self, SettlementMonthOutput, _month(found, None, codes)))


def _month(found: Settlement, only: int | None, codes: Mapping[Party, str | None]) -> dict[str, Any]:
    debts = [debt for debt in found.debts if only is None or only in (debt.debtor, debt.creditor)]
    return {
        "month": f"{found.month:%Y-%m}",
        "closed_at": found.closed.closed_at if found.closed else None,
        "point_value": found.point_value,
        "currency": found.currency,
        "digest": found.closed.digest if found.closed else None,
        "debts": [
            {
                "debtor_id": codes.get(debt.debtor),
                "creditor_id": codes.get(debt.creditor),
                "points": debt.points,
                "amount": debt.amount,
            }
            for debt in debts
        ],
        "netted": [
            {"payer_id": codes.get(pair.payer), "payee_id": codes.get(pair.payee), "amount": pair.amount}
            for pair in net(debts)
        ],
    }
