"""`{% load ui %}`: icons, money and points, small figures, fields. A tag runs no query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from core import figures, icons, presentation
from core.phones import example_phone

register = template.Library()

Number = Decimal | int | float


def _number(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


@register.simple_tag
def icon(name: str, size: int = 16, stroke: str = icons.STROKE, css: str = "") -> SafeString:
    """`{% icon "plus" size=15 css="text-subtle" %}`, decoration only: the words beside it carry the meaning."""
    return icons.icon(name, size=size, stroke=str(stroke), css=css)


@register.simple_tag
def icon_symbol(name: str) -> SafeString:
    """`{% icon_symbol "plus" %}`, once in an SVG of the page, for `{% icon_use "plus" %}` in its many rows."""
    return icons.symbol(name)


@register.simple_tag
def icon_use(name: str) -> SafeString:
    return icons.use(name)


@register.filter
def money(value: object, currency: str) -> str:
    """`{{ order.total|money:programme.currency }}`; nothing for no value."""
    number = _number(value)
    return "" if number is None else presentation.format_money(number, currency)


@register.filter
def money_whole(value: object, currency: str) -> str:
    """Money without its minor unit, for headline figures."""
    number = _number(value)
    return "" if number is None else presentation.format_money(number, currency, whole=True)


@register.filter
def currency_symbol(currency: str) -> str:
    """The symbol alone, for an input's affix."""
    return presentation.SYMBOLS.get(currency, currency)


@register.filter
def points(value: object) -> str:
    """Whole points, grouped."""
    number = _number(value)
    return "" if number is None else presentation.format_points(int(number))


@register.filter
def signed(value: object) -> str:
    """A movement of points: +46, −350."""
    number = _number(value)
    return "" if number is None else presentation.format_signed(int(number))


@register.filter
def number(value: object, decimals: int = 0) -> str:
    """A grouped number."""
    parsed = _number(value)
    return "" if parsed is None else presentation.format_number(parsed, decimals)


@register.filter
def quantity(value: object) -> str:
    """Pieces, or kilograms with what is after the point: 12, 0.5."""
    parsed = _number(value)
    return "" if parsed is None else presentation.format_exact(parsed)


register.filter("phone_example", example_phone)


@register.filter
def time_left(job: Any) -> str:
    """How long a running job still takes, for `_job_progress`: anything with started_at, done_count and total_count."""
    if not job.started_at or not job.total_count:
        return ""
    return presentation.time_left(job.started_at, job.done_count, job.total_count, now=timezone.now())


@register.filter
def initials(name: object) -> str:
    return presentation.initials(str(name))


@register.filter
def avatar_hue(key: object) -> int:
    return presentation.avatar_hue(key)


@register.inclusion_tag("components/_delta.html")
def delta(now: Number | None, before: Number | None, good: str = "up", unit: str = "percent") -> dict[str, Any]:
    """`{% delta revenue before %}`; `good="down"` where less is better, `unit="points"` for two percentages."""
    made = figures.make_delta(now, before, good=good, unit=unit)
    return {} if made is None else {"text": made.text, "direction": made.direction, "tone": made.tone}


@register.inclusion_tag("components/_sparkline.html")
def sparkline(values: Sequence[Number] | None, tone: str = "1") -> dict[str, Any]:
    """`{% sparkline figures.revenue_by_day %}`: decoration beside a number that says the same in words."""
    made = figures.make_sparkline(values or [])
    return {"spark": made, "tone": tone}


@register.inclusion_tag("components/_interval_bar.html")
def interval_bar(
    label: str,
    low: Number,
    high: Number,
    maximum: Number,
    range_text: str,
    expected: Number | None = None,
    measured: Number | None = None,
    measured_text: str = "",
) -> dict[str, Any]:
    """A forecast's 8-in-10 range, and later the measured value beside it."""
    bar = figures.make_interval_bar(low, high, expected=expected, measured=measured, maximum=maximum)
    return {
        "label": label,
        "bar": bar,
        "range_text": range_text,
        "measured_text": measured_text,
    }


@register.inclusion_tag("components/_stacked_bar.html")
def stacked_bar(label: str, parts: Iterable[tuple[str, Number, str]]) -> dict[str, Any]:
    """Parts of a whole as (label, value, tone "1" to "7" or "muted"); the figures belong in a table beside it."""
    return {"label": label, "slices": figures.make_slices(parts)}


@register.inclusion_tag("components/_table_head.html", takes_context=True)
def sort_header(
    context: Context,
    key: str,
    label: str,
    num: bool = False,
    css: str = "",
    target: str = "",
    default: str = "",
    first: str = "",
) -> dict[str, Any]:
    """One sortable column head: `{% sort_header "spent" label num=True target="#rows" default="-spent" %}`.

    The order is the query parameter `sort` (`key`, or `-key` for descending); `default` is the page's order without
    it. Numbers sort descending first, words ascending, unless `first` says "ascending" or "descending".
    """
    request = context["request"]
    active = request.GET.get("sort") or default
    direction = {key: "ascending", f"-{key}": "descending"}.get(active, "")
    start = first or ("descending" if num else "ascending")
    wanted = {"": start, "ascending": "descending", "descending": "ascending"}[direction]
    query = request.GET.copy()
    for old in ("page", "after", "before", "cursor"):
        query.pop(old, None)
    query["sort"] = f"-{key}" if wanted == "descending" else key
    return {
        "label": label,
        "num": num,
        "css": css,
        "target": target,
        "direction": direction,
        "url": f"?{query.urlencode()}",
    }


def _widget_class(widget: forms.Widget, size: str) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "switch" if widget.attrs.get("role") == "switch" else "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "check"
    base = "input"
    if isinstance(widget, forms.Textarea):
        return "textarea"
    if isinstance(widget, forms.Select):
        base = "select"
    return f"{base} {base}-{size}" if base == "input" and size else f"{base} input-{size}" if size else base


@register.simple_tag
def render_field(field: BoundField, size: str = "", hint: str = "", css: str = "") -> SafeString:
    """The field's widget in our classes, tied to its hint and its error for screen readers."""
    own = field.field.widget.attrs.get("class", "")
    classes = " ".join(part for part in (_widget_class(field.field.widget, size), css, own) if part)
    return field.as_widget(attrs={"class": classes, **_described(field, hint)})


@register.simple_tag
def render_code(field: BoundField, hint: str = "") -> SafeString:
    """The one input of a six-digit code, as phones fill it in from a text; a space in the middle may be pasted."""
    attrs = {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "7", "class": "bare-input"}
    return field.as_widget(attrs={**attrs, **_described(field, hint)})


def _described(field: BoundField, hint: str) -> dict[str, Any]:
    """What ties an input to its hint and its error."""
    attrs: dict[str, Any] = {}
    described = []
    if hint:
        described.append(f"{field.id_for_label}-hint")
    if field.errors:
        described.append(f"{field.id_for_label}-error")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return attrs


@register.filter
def widget_kind(field: BoundField) -> str:
    """How `_field.html` lays the widget out: check, choices, hidden or input."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "hidden" if widget.is_hidden else "input"
