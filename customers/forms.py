"""What the list pages accept in their URLs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.keyset import with_query
from core.presentation import format_money
from customers.forms_attributes import OWN_FIELD, FilterGroup, asked_of, chip_text, filter_fields, without
from customers.models import Archetype, AttributeDefinition, CustomerScores, Order, PeopleGroup, Tag
from customers.order_words import channel_words
from customers.reports.customer_list import LONGER_DAYS, WITHIN_DAYS, CustomerFilters
from customers.reports.orders import OrderFilters, OrderWords, RefundFilters
from customers.rfm_groups import RFM_GROUPS
from workspace.models import Business


def _last_choices() -> list[tuple[str, Any]]:
    within = [(f"within-{days}", ngettext_lazy("within %d day", "within %d days", days) % days) for days in WITHIN_DAYS]
    over = [(f"over-{days}", ngettext_lazy("over %d day ago", "over %d days ago", days) % days) for days in LONGER_DAYS]
    return [*within, *over, ("never", _("never bought"))]


MOST_LETTERS = 60  # of a country or a tier
TAGS = "tags"  # the column of that name
MOST_COLUMNS = 3  # of the programme's own fields: the table stays readable
DAYS_BOUGHT = frozenset({"bought_from", "bought_to"})  # one means nothing without the other, nor does `first`
MONTHS = ("cohort", "active")  # filters of whole months
WEEKDAYS = [(str(number + 1), name) for number, name in DAY_NAMES.items()]
SCORES = [(str(score), str(score)) for score in range(5, 0, -1)]


class CustomerFilterForm(forms.Form):
    """Every field optional. What is not valid in a link is left out, never an error page."""

    q = forms.CharField(required=False, max_length=120, strip=True)
    member = forms.ChoiceField(label=_("Membership"), required=False)
    tier = forms.ChoiceField(label=_("Tier"), required=False)
    group = forms.ChoiceField(label=_("RFM group"), required=False)
    churn = forms.ChoiceField(label=_("Churn"), required=False)
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    archetype = forms.ChoiceField(label=_("Archetype"), required=False)
    archetype_before = forms.ChoiceField(label=_("Archetype before"), required=False)
    last = forms.ChoiceField(label=_("Last order"), required=False)
    business = forms.ChoiceField(label=_("Shop"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False)
    min = forms.DecimalField(label=_("Spent at least"), required=False, max_digits=12, decimal_places=2)
    max = forms.DecimalField(label=_("Spent at most"), required=False, max_digits=12, decimal_places=2)
    r = forms.TypedChoiceField(label=_("Recency score"), required=False, choices=SCORES, coerce=int, empty_value=None)
    f = forms.TypedChoiceField(label=_("Frequency score"), required=False, choices=SCORES, coerce=int, empty_value=None)
    state = forms.ChoiceField(label=_("Archive"), required=False, choices=[("", _("No")), ("archived", _("Archived"))])
    new = forms.IntegerField(label=_("New within days"), required=False, min_value=1, max_value=366)
    # Links of the analytics pages bring these.
    orders = forms.IntegerField(label=_("Orders"), required=False, min_value=1, max_value=PeopleGroup.MOST_ORDERS)
    region = forms.CharField(label=_("Region"), required=False, max_length=120)
    cohort = forms.DateField(label=_("First order in"), required=False, input_formats=["%Y-%m"])
    active = forms.DateField(label=_("Bought in"), required=False, input_formats=["%Y-%m"])
    bought_from = forms.DateField(label=_("Bought from"), required=False)
    bought_to = forms.DateField(label=_("Bought up to"), required=False)
    first = forms.ChoiceField(
        label=_("First order"),
        required=False,
        choices=[("within", _("within these days")), ("before", _("before these days"))],
    )
    tag = forms.MultipleChoiceField(
        label=_("Has one of these tags"), required=False, widget=forms.CheckboxSelectMultiple
    )
    no_tag = forms.MultipleChoiceField(
        label=_("Has none of these tags"), required=False, widget=forms.CheckboxSelectMultiple
    )
    col = forms.MultipleChoiceField(label=_("Columns"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self,
        query: QueryDict,
        *,
        businesses: list[Business],
        countries: list[str],
        tiers: list[str],
        definitions: Sequence[AttributeDefinition] = (),
        tags: Sequence[Tag] = (),
        archetypes: Sequence[Archetype] = (),
        segments: Sequence[tuple[str, str]] = (),
        sees_all: bool = True,
    ) -> None:
        super().__init__(query)
        self.query = query
        self.definitions = definitions
        for definition in definitions:
            self.fields |= filter_fields(definition)
        self.tags = {tag.code: tag for tag in tags}
        names: list[tuple[Any, Any]] = [(tag.code, tag.name) for tag in tags]
        self._choose("tag", names)
        self._choose("no_tag", names)
        with_tags = [(TAGS, _("Tags"))] if tags else []
        self._choose("col", [*with_tags, *((one.code, one.label) for one in definitions)])
        any_choice = ("", _("Any"))
        self._choose("member", [any_choice, ("yes", _("Members")), ("no", _("Not members"))])
        self._choose("tier", [any_choice, *self._words("tier", tiers)])
        self._choose("group", [any_choice, *((group.code, group.name) for group in RFM_GROUPS.values())])
        self._choose("churn", [any_choice, *CustomerScores.Band.choices] if sees_all else [])
        self._choose("segment", [any_choice, *segments])
        self.archetypes = {one.code: one.pk for one in archetypes}
        self._choose("archetype", [any_choice, *((one.code, one.name) for one in archetypes if one.is_current)])
        self._choose("archetype_before", [any_choice, *((one.code, one.name) for one in archetypes)])
        self._choose("last", [any_choice, *_last_choices()])
        self._choose("business", [any_choice, *((business.code, business.name) for business in businesses)])
        self._choose("country", [any_choice, *self._words("country", countries)])
        for name in ("min", "max"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal"})
        self.business_ids = {business.code: business.pk for business in businesses}

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _words(self, name: str, known: list[str]) -> list[tuple[Any, Any]]:
        """Words that customers have, and the one that is asked for: a tier that nobody has (any more) finds nobody."""
        asked = self.query.get(name, "")
        is_new = asked and asked not in known and len(asked) <= MOST_LETTERS and "\x00" not in asked
        return [(word, word) for word in ([*known, asked] if is_new else known)]

    @property
    def valid(self) -> Mapping[str, Any]:
        """The fields that are given, valid and complete: what says nothing without another field is left out."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        is_whole = given.keys() >= DAYS_BOUGHT
        return {name: value for name, value in given.items() if is_whole or name not in (*DAYS_BOUGHT, "first")}

    @property
    def lost(self) -> list[str]:
        """Filters of the URL that say nothing (any more), such as a tag that was deleted: left out, they find more."""
        given = {name for name, values in self.query.lists() if any(map(str.strip, values))}
        names = [name for name in given - self.valid.keys() if name in self.fields or name.startswith(OWN_FIELD)]
        return sorted(set(names) - {"col"})

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a search keeps: the other filters and the columns, as they are in the URL."""
        return [(name, value) for name in self.valid if name != "q" for value in self.query.getlist(name)]

    @property
    def kept_without_columns(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.kept if name != "col"]

    @property
    def kept_columns(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.kept if name == "col"]

    @property
    def attribute_groups(self) -> list[FilterGroup]:
        return [FilterGroup(one, [self[name] for name in filter_fields(one)]) for one in self.definitions]

    def columns(self) -> list[AttributeDefinition]:
        """Fields of the programme's own that the table shows, the first few of those asked for."""
        asked = self.valid.get("col", [])
        return [one for one in self.definitions if one.code in asked][:MOST_COLUMNS]

    @property
    def shows_tags(self) -> bool:
        return TAGS in self.valid.get("col", [])

    def filters(self) -> CustomerFilters:
        valid = self.valid
        return CustomerFilters(
            text=valid.get("q", ""),
            member=valid.get("member", ""),
            tier=valid.get("tier", ""),
            group=valid.get("group", ""),
            churn=valid.get("churn", ""),
            archetype_id=self.archetypes.get(valid.get("archetype", "")),
            archetype_before_id=self.archetypes.get(valid.get("archetype_before", "")),
            segment=valid.get("segment", ""),
            recency=valid.get("r"),
            frequency=valid.get("f"),
            last=valid.get("last", ""),
            spent_min=valid.get("min"),
            spent_max=valid.get("max"),
            business_id=self.business_ids.get(valid.get("business", "")),
            country=valid.get("country", ""),
            new_days=valid.get("new"),
            orders=valid.get("orders"),
            region=valid.get("region", "").replace("\x00", ""),
            cohort=valid.get("cohort"),
            active_in=valid.get("active"),
            bought_from=valid.get("bought_from"),
            bought_to=valid.get("bought_to"),
            first_bought=valid.get("first", ""),
            is_archived=valid.get("state") == "archived",
            tags=self._tag_ids("tag"),
            without_tags=self._tag_ids("no_tag"),
            attributes=tuple(filter(None, (asked_of(one, valid) for one in self.definitions))),
        )

    def _tag_ids(self, name: str) -> tuple[int, ...]:
        return tuple(self.tags[code].pk for code in self.valid.get(name, []))

    def chips(self, query: QueryDict, currency: str) -> list[Chip]:
        """The active filters, each with the link that removes it."""
        chips = []
        valid = self.valid
        for name, value in valid.items():
            if name in ("q", "col", "tag", "no_tag") or name.startswith(OWN_FIELD):
                continue
            field = self.fields[name]
            text: Any = value
            if isinstance(field, forms.ChoiceField):
                text = dict(field.choices).get(str(value), value)  # type: ignore[arg-type]
            elif isinstance(value, Decimal):
                text = format_money(value, currency)
            elif isinstance(value, date):
                text = date_format(value, "M Y" if name in MONTHS else "j M Y")
            chips.append(Chip(str(field.label), str(text), with_query(query, **{name: None})))
        for name, label in (("tag", _("Tag")), ("no_tag", _("Without tag"))):
            chosen = [self.tags[code].name for code in valid.get(name, [])]
            if chosen:
                chips.append(Chip(str(label), " / ".join(chosen), with_query(query, **{name: None})))
        for one in self.definitions:
            asked = asked_of(one, valid)
            if asked is not None:
                chips.append(Chip(one.label, chip_text(one, asked), without(one, query)))
        return chips


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    value: str
    remove_url: str


class OrderFilterForm(forms.Form):
    """Every field optional; what is not valid in a link is left out. `from` and `to` are days of the programme."""

    q = forms.CharField(required=False, max_length=120, strip=True)
    status = forms.ChoiceField(label=_("Status"), required=False)
    business = forms.ChoiceField(label=_("Shop"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    fulfilment = forms.ChoiceField(label=_("Fulfilment"), required=False)
    to = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    min = forms.DecimalField(label=_("Total at least"), required=False, max_digits=12, decimal_places=2)
    max = forms.DecimalField(label=_("Total at most"), required=False, max_digits=12, decimal_places=2)
    product = forms.ChoiceField(label=_("Product"), required=False)
    customer = forms.ChoiceField(label=_("Customer"), required=False)
    weekday = forms.TypedChoiceField(label=_("Weekday"), required=False, choices=WEEKDAYS, coerce=int, empty_value=None)
    hour = forms.IntegerField(label=_("Hour"), required=False, min_value=0, max_value=23)

    def __init__(
        self, query: QueryDict, *, businesses: list[Business], named: Mapping[str, str], words: OrderWords
    ) -> None:
        super().__init__(query)
        for name in ("min", "max"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal"})
        # Not a class attribute: `from` is a word of Python, and what people read in the URL.
        self.fields["from"] = forms.DateField(
            label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
        )
        self.order_fields(["q", "status", "business", "channel", "fulfilment", "from", "to"])
        for name, choices in (
            ("status", Order.Status.choices),
            ("business", [(business.code, business.name) for business in businesses]),
            ("channel", [(word, channel_words(word)) for word in words.channels]),
            ("fulfilment", [(word, word) for word in words.fulfilments]),
            # Links of other pages bring these; the form keeps them.
            ("product", [(query.get("product", ""), named["product"])] if "product" in named else []),
            ("customer", [(query.get("customer", ""), named["customer"])] if "customer" in named else []),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("Any")), *choices]
        self.business_ids = {business.code: business.pk for business in businesses}

    @property
    def valid(self) -> Mapping[str, Any]:
        """The fields that are given and valid."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a search keeps: the other filters, as they are in the URL."""
        return [(name, self.data[name]) for name in self.valid if name != "q"]

    def filters(self) -> OrderFilters:
        valid = self.valid
        return OrderFilters(
            text=valid.get("q", ""),
            status=valid.get("status", ""),
            business_id=self.business_ids.get(valid.get("business", "")),
            first_day=valid.get("from"),
            last_day=valid.get("to"),
            channel=valid.get("channel", ""),
            fulfilment=valid.get("fulfilment", ""),
            total_min=valid.get("min"),
            total_max=valid.get("max"),
            product=valid.get("product", ""),
            customer=valid.get("customer", ""),
            weekday=valid.get("weekday"),
            hour=valid.get("hour"),
        )

    def chips(self, query: QueryDict) -> list[Chip]:
        """The active filters, each with the link that removes it."""
        chips = []
        for name, value in self.valid.items():
            if name == "q":
                continue
            field = self.fields[name]
            text = value
            if isinstance(field, forms.ChoiceField):
                text = dict(field.choices).get(str(value), value)  # type: ignore[arg-type]
            elif isinstance(value, date):
                text = date_format(value, "j M Y")
            chips.append(Chip(str(field.label), str(text), with_query(query, **{name: None})))
        return chips


class RefundFilterForm(forms.Form):
    """Every field optional; what is not valid in a link is left out. `from` and `to` are days of the programme."""

    q = forms.CharField(required=False, max_length=120, strip=True)
    business = forms.ChoiceField(label=_("Shop"), required=False)
    to = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, query: QueryDict, *, businesses: list[Business]) -> None:
        super().__init__(query)
        self.fields["from"] = forms.DateField(
            label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
        )
        self.order_fields(["q", "business", "from", "to"])
        field = self.fields["business"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any")), *((business.code, business.name) for business in businesses)]
        self.business_ids = {business.code: business.pk for business in businesses}
        self.names = {business.code: business.name for business in businesses}

    @property
    def valid(self) -> Mapping[str, Any]:
        """The fields that are given and valid."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def filters(self) -> RefundFilters:
        valid = self.valid
        return RefundFilters(
            text=valid.get("q", "").replace("\x00", ""),
            business_id=self.business_ids.get(valid.get("business", "")),
            first_day=valid.get("from"),
            last_day=valid.get("to"),
        )

    def chips(self, query: QueryDict) -> list[Chip]:
        """The active filters, each with the link that removes it."""
        return [
            Chip(
                str(self.fields[name].label),
                date_format(value, "j M Y") if isinstance(value, date) else self.names.get(value, str(value)),
                with_query(query, **{name: None}),
            )
            for name, value in self.valid.items()
            if name != "q"
        ]
