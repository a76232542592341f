"""What staff type about an earning rule, and the example sale beside it. Limits are the action's business."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import InvalidInput
from core.money import parse_amount
from loyalty.actions.rule_trial import ExampleSale
from loyalty.actions.rules import RuleValues, values_of
from loyalty.models import EarningRule, Tier
from loyalty.operations import SaleLine
from screens.forms_programme import NumberField
from screens.forms_till import PointsField
from screens.rule_starts import Shape
from workspace.models import Business

LINES = 3
_TEXT = {"autocomplete": "off"}
_NUMBER = {**_TEXT, "inputmode": "numeric"}
_DECIMAL = {**_TEXT, "inputmode": "decimal"}
_SEPARATOR = re.compile(r"[,;\n]")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class HourInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class WordsField(forms.CharField):
    """Words with commas between them; cleaned to a tuple."""

    def clean(self, value: Any) -> tuple[str, ...]:
        words = (word.strip() for word in _SEPARATOR.split(super().clean(value) or ""))
        return tuple(word for word in words if word)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else ", ".join(value)


class RuleForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("Members read it beside their points."),
        widget=forms.TextInput(attrs=_TEXT),
        error_messages={"required": gettext_lazy("Give the rule a name. Members read it.")},
    )
    factor = NumberField(
        label=gettext_lazy("Times the points"),
        max_length=8,
        widget=forms.TextInput(attrs=_DECIMAL),
        help_text=gettext_lazy("2 doubles them, 0 gives none."),
        error_messages={"required": gettext_lazy("Enter how many times the points.")},
    )
    points = PointsField(label=gettext_lazy("Points"))
    action = forms.CharField(
        label=gettext_lazy("Action"),
        max_length=40,
        help_text=gettext_lazy("The word by which your systems report it, such as review."),
        widget=forms.TextInput(attrs={**_TEXT, "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Enter the word of the action.")},
    )
    per_limit = forms.IntegerField(
        label=gettext_lazy("Times at most"), required=False, widget=forms.TextInput(attrs=_NUMBER)
    )
    per = forms.ChoiceField(label=gettext_lazy("In each"), required=False)
    categories = WordsField(label=gettext_lazy("Only these categories"), required=False, max_length=2000)
    products = WordsField(
        label=gettext_lazy("Only these stock codes"),
        required=False,
        max_length=4000,
        help_text=gettext_lazy("With commas between them. A line counts when its category or its code is named."),
    )
    min_spend = NumberField(
        label=gettext_lazy("From an amount of"),
        max_length=14,
        required=False,
        widget=forms.TextInput(attrs=_DECIMAL),
        help_text=gettext_lazy("Of the lines that the rule is about."),
    )
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Only on these days"),
        required=False,
        choices=[(str(day + 1), name) for day, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    from_time = forms.TimeField(label=gettext_lazy("From"), required=False, widget=HourInput())
    to_time = forms.TimeField(
        label=gettext_lazy("Until"),
        required=False,
        widget=HourInput(),
        help_text=gettext_lazy("Before the start it is past midnight."),
    )
    is_first_purchase = forms.BooleanField(label=gettext_lazy("First purchase only"), required=False)
    birthday_days = forms.IntegerField(
        label=gettext_lazy("Days around the birthday"),
        required=False,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("0 is the day itself, 3 the week around it."),
    )
    tier = forms.ModelChoiceField(
        label=gettext_lazy("For members from tier"),
        queryset=Tier.objects.none(),
        required=False,
        to_field_name="code",
        empty_label=gettext_lazy("Every member"),
    )
    business = forms.ModelChoiceField(
        label=gettext_lazy("Where"),
        queryset=Business.objects.none(),
        required=False,
        to_field_name="code",
        empty_label=gettext_lazy("Every business"),
    )
    starts_on = forms.DateField(label=gettext_lazy("First day"), required=False, widget=DayInput())
    ends_on = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=DayInput())
    stacks = forms.BooleanField(
        label=gettext_lazy("On top of other multipliers"),
        required=False,
        help_text=gettext_lazy("Otherwise the best one counts alone."),
    )

    def __init__(
        self,
        *args: Any,
        shape: Shape,
        businesses: Any,
        rule: EarningRule | None = None,
        is_limited: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shape, self.rule = shape, rule
        for name in set(self.fields) - {*shape.main, *shape.more}:
            del self.fields[name]
        if "per" in self.fields:
            self.fields["per"].choices = _periods(shape)  # type: ignore[attr-defined]
        if "tier" in self.fields:
            known = [rule.tier_id] if rule and rule.tier_id else []
            tiers = Tier.objects.filter(is_active=True) | Tier.objects.filter(pk__in=known)
            self.fields["tier"].queryset = tiers.order_by("rank")  # type: ignore[attr-defined]
            if not tiers.exists():
                del self.fields["tier"]
        if "business" in self.fields:
            self.fields["business"].queryset = businesses  # type: ignore[attr-defined]
            if is_limited:
                self.fields["business"].empty_label = None  # type: ignore[attr-defined]
                self.fields["business"].required = True

    def values(self) -> RuleValues:
        """What was typed; conditions that the form does not show stay as they are."""
        before = (
            values_of(self.rule)
            if self.rule
            else RuleValues(name="", trigger=self.shape.trigger, effect=self.shape.effect)
        )
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("business", "tier")}
        for name in ("business", "tier"):
            if name in self.cleaned_data:
                chosen = self.cleaned_data[name]
                given[f"{name}_id"] = chosen.pk if chosen else None
        if "weekdays" in given:
            given["weekdays"] = tuple(int(day) for day in given["weekdays"])
        if given.get("min_spend", 0) is None:
            given["min_spend"] = Decimal(0)
        return replace(before, **given)

    def refuse(self, error: InvalidInput) -> None:
        """Show a refusal at its field, or above the form where it has none here."""
        self.add_error(error.field if error.field in self.fields else None, str(error.message))


def initial_of(rule: EarningRule) -> dict[str, Any]:
    """A stored rule as its form shows it."""
    values = {name: getattr(rule, name) for name in RuleForm.base_fields if name not in ("business", "tier")}
    values["weekdays"] = [str(day) for day in rule.weekdays]
    values["min_spend"] = f"{rule.min_spend.normalize():f}" if rule.min_spend else ""
    values["factor"] = f"{rule.factor.normalize():f}" if rule.factor is not None else ""
    values["business"] = rule.business.code if rule.business else ""
    values["tier"] = rule.tier.code if rule.tier else ""
    return values


def _periods(shape: Shape) -> list[tuple[str, Any]]:
    if shape.effect == EarningRule.Effect.CAP:
        return [("sale", _("sale")), ("day", _("day")), ("month", _("month"))]
    return [
        ("", _("as often as it happens")),
        ("day", _("day")),
        ("month", _("month")),
        ("ever", _("member, for ever")),
    ]


class BasketForm(forms.Form):
    """The example sale beside a rule. What does not fit is left out or told at its field."""

    day = forms.DateField(label=gettext_lazy("Day"), widget=DayInput())
    at = forms.TimeField(label=gettext_lazy("Time"), widget=HourInput())
    tier = forms.ModelChoiceField(
        label=gettext_lazy("Member’s tier"),
        queryset=Tier.objects.none(),
        required=False,
        to_field_name="code",
        empty_label=gettext_lazy("None"),
    )
    business = forms.ModelChoiceField(
        label=gettext_lazy("Sold at"), queryset=Business.objects.none(), empty_label=None, to_field_name="code"
    )
    is_first = forms.BooleanField(label=gettext_lazy("Their first purchase"), required=False)
    is_birthday = forms.BooleanField(label=gettext_lazy("It is their birthday"), required=False)

    prefix = "try"

    def __init__(self, *args: Any, businesses: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["business"].queryset = businesses  # type: ignore[attr-defined]
        tiers = Tier.objects.filter(is_active=True).order_by("rank")
        self.fields["tier"].queryset = tiers  # type: ignore[attr-defined]
        if not tiers.exists():
            del self.fields["tier"]
        for number in range(1, LINES + 1):
            self.fields[f"category_{number}"] = _cell(_("Category of line %(number)s"), number, 120)
            self.fields[f"sku_{number}"] = _cell(_("Stock code of line %(number)s"), number, 64)
            self.fields[f"amount_{number}"] = _cell(_("Amount of line %(number)s"), number, 24, _DECIMAL)

    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (self[f"category_{number}"], self[f"sku_{number}"], self[f"amount_{number}"])
            for number in range(1, LINES + 1)
        ]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        lines = []
        for number in range(1, LINES + 1):
            typed = data.get(f"amount_{number}", "")
            if not typed:
                continue
            try:
                amount = parse_amount(typed, self.currency)
            except InvalidInput as error:
                self.add_error(f"amount_{number}", str(error.message))
                continue
            lines.append(SaleLine(amount=amount, category=data[f"category_{number}"], sku=data[f"sku_{number}"]))
        if not lines and not self.errors:
            self.add_error("amount_1", _("Enter the amount of a line."))
        return {**data, "lines": lines}

    def sale(self, zone: ZoneInfo) -> ExampleSale:
        data = self.cleaned_data
        tier = data.get("tier")
        return ExampleSale(
            business_id=data["business"].pk,
            lines=data["lines"],
            placed_at=datetime.combine(data["day"], data["at"], tzinfo=zone),
            tier_id=tier.pk if tier else None,
            is_first=data["is_first"],
            is_birthday=data["is_birthday"],
        )


def _cell(label: str, number: int, length: int, attrs: Mapping[str, str] = _TEXT) -> forms.CharField:
    return forms.CharField(
        label=label % {"number": number}, required=False, max_length=length, widget=forms.TextInput(attrs=dict(attrs))
    )


def fitting_basket(given: Mapping[str, Any], *, business: Business | None, now: datetime) -> dict[str, Any]:
    """An example that the rule of a form's initial values meets: its day, hour, goods, member and amount."""
    days = [int(day) for day in given.get("weekdays") or []] or [now.isoweekday()]
    day = next(
        now.date() + timedelta(days=ahead) for ahead in range(7) if (now.isoweekday() + ahead - 1) % 7 + 1 in days
    )
    words, codes = (
        value if isinstance(value, str) else ", ".join(value or ())
        for value in (given.get("categories", ""), given.get("products", ""))
    )
    category, sku = (_SEPARATOR.split(text)[0].strip() for text in (words, codes))
    start, spend = given.get("from_time"), given.get("min_spend")
    return {
        "day": max(day, given["starts_on"]) if given.get("starts_on") else day,
        "at": start or now.time().replace(second=0, microsecond=0),
        "business": business.code if business else "",
        "tier": given.get("tier", ""),
        "is_first": bool(given.get("is_first_purchase")),
        "is_birthday": given.get("birthday_days") is not None,
        "category_1": category,
        "sku_1": "" if category else sku,
        "amount_1": spend or "12",
        "category_2": "",
        "amount_2": "8",
    }
