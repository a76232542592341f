"""The upload, and what each column of it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from customers.attributes import definitions
from customers.imports.fields import fields_of, guess_mapping
from customers.imports.options import ImportOptions
from customers.imports.reading import ENCODINGS, Layout
from customers.imports.staging import ATTRIBUTE
from customers.models import ImportRun
from workspace.models import Business

DATE_ORDERS = (
    ("dmy", _("Day, month, year")),
    ("mdy", _("Month, day, year")),
    ("ymd", _("Year, month, day")),
)
DELIMITER_NAMES = ((",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", _("Bar")))


class UploadForm(forms.Form):
    business = forms.ModelChoiceField(Business.objects.none(), label=_("Business"), empty_label=None)
    file = forms.FileField(
        label=_("CSV or Excel file"),
        help_text=_("Customers, orders, sales lines, products or stock levels, with the names of the columns on top."),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        businesses = Business.objects.active().visible_to(actor)
        field = self.fields["business"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = businesses
        first = businesses.first()
        if businesses.count() == 1 and first is not None:
            field.initial = first.pk
            field.widget = forms.HiddenInput()


class LayoutForm(forms.Form):
    """How the file is read, where the guess was wrong: which sheet of an Excel file, which text of a CSV file."""

    sheet = forms.ChoiceField(label=_("Sheet"))
    encoding = forms.ChoiceField(label=_("Encoding"), choices=[(name, name) for name in ENCODINGS])
    delimiter = forms.ChoiceField(label=_("Between the columns"), choices=DELIMITER_NAMES)

    def __init__(self, *args: Any, run: ImportRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("encoding", "delimiter") if run.sheet else ("sheet",):
            del self.fields[name]
        for name, field in self.fields.items():
            field.initial = getattr(run, name)
        if run.sheet:
            sheets = self.fields["sheet"]
            assert isinstance(sheets, forms.ChoiceField)
            sheets.choices = [(name, name) for name in run.sheets]

    def layout(self) -> Layout:
        return Layout(**self.cleaned_data)


class ColumnsForm(forms.Form):
    """One choice of column for each field that a file of this kind can fill; the guess is chosen already."""

    date_order = forms.ChoiceField(label=_("Dates are written"), choices=DATE_ORDERS)
    refund_prefix = forms.CharField(
        label=_("Numbers of cancellations begin with"),
        max_length=10,
        required=False,
        help_text=_("Leave empty if cancellations have a quantity or total below zero."),
    )
    ignored_prefix = forms.CharField(
        label=_("Leave out numbers that begin with"),
        max_length=10,
        required=False,
        help_text=_("Bookkeeping entries that are neither sales nor refunds."),
    )

    repeats = forms.BooleanField(
        label=_("Rows of one order follow each other, and only the first says everything"), required=False
    )

    def __init__(self, *args: Any, run: ImportRun, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run, self.kind = run, kind
        mapping: Mapping[str, int] = run.mapping if kind == run.kind else guess_mapping(kind, run.header)
        self.guess = mapping
        columns = [("", _("Not in the file")), *((str(at), name or f"#{at + 1}") for at, name in enumerate(run.header))]
        self.targets = [field.name for field in fields_of(kind)]
        for field in fields_of(kind):
            self.fields[field.name] = forms.ChoiceField(
                label=field.label,  # type: ignore[arg-type]
                choices=columns,
                required=kind in field.required,
                initial=str(mapping[field.name]) if field.name in mapping else "",
            )
        if kind == ImportRun.Kind.CUSTOMERS:
            self._add_own_fields(columns, mapping)
        options = ImportOptions.of(run.options)
        self.fields["date_order"].initial = options.date_order
        self.fields["refund_prefix"].initial = options.refund_prefix
        self.fields["ignored_prefix"].initial = options.ignored_prefix
        self.fields["repeats"].initial = options.repeats
        if kind not in (ImportRun.Kind.LINES, ImportRun.Kind.PRODUCTS):
            del self.fields["repeats"]
        if kind not in (ImportRun.Kind.ORDERS, ImportRun.Kind.LINES):
            del self.fields["refund_prefix"], self.fields["ignored_prefix"]
        if kind == ImportRun.Kind.STOCK:
            del self.fields["date_order"]

    def _add_own_fields(self, columns: list[tuple[Any, Any]], mapping: Mapping[str, int]) -> None:
        for definition in definitions():
            name = ATTRIBUTE + definition.key
            self.targets.append(name)
            self.fields[name] = forms.ChoiceField(
                label=definition.label,
                choices=columns,
                required=False,
                initial=str(mapping[name]) if name in mapping else "",
            )

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[name] for name in self.targets]

    @property
    def choices(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.targets]

    def mapping(self) -> dict[str, int]:
        """Our field → the column's position. Only after `is_valid()`."""
        return {name: int(self.cleaned_data[name]) for name in self.targets if self.cleaned_data[name] != ""}

    def options(self) -> ImportOptions:
        return ImportOptions(
            date_order=self.cleaned_data.get("date_order", ImportOptions.of(self.run.options).date_order),
            refund_prefix=self.cleaned_data.get("refund_prefix", ""),
            ignored_prefix=self.cleaned_data.get("ignored_prefix", ""),
            repeats=self.cleaned_data.get("repeats", False),
        )
