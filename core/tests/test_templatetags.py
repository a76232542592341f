"""Formatting filters and small figures as templates use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from core import presentation


def render(source: str, **context: Any) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (Decimal("1206.4"), "GBP", "en", "£1,206.40"),
        (Decimal("-3"), "GBP", "en", "−£3.00"),
        (Decimal("0"), "USD", "en", "$0.00"),
        (Decimal("12.345"), "USD", "en", "$12.34"),
        (Decimal("1206.4"), "EUR", "de", "1.206,40\u00a0€"),
        (Decimal("-3"), "EUR", "de", "−3,00\u00a0€"),
        (Decimal("1206"), "JPY", "en", "¥1,206"),
        (Decimal("5.5"), "KWD", "en", "KWD\u00a05.500"),
        (Decimal("250"), "KES", "en", "KSh\u00a0250.00"),
        (Decimal("12"), "GHS", "en", "GH₵12.00"),
        (Decimal("12"), "NGN", "en", "₦12.00"),
        (7, "GBP", "en", "£7.00"),
        ("1206.40", "GBP", "en", "£1,206.40"),
        (None, "GBP", "en", ""),
        ("", "GBP", "en", ""),
    ],
)
def test_money_follows_currency_and_language(amount: object, currency: str, language: str, shown: str) -> None:
    with translation.override(language):
        assert render("{{ amount|money:currency }}", amount=amount, currency=currency) == shown


def test_headline_money_has_no_minor_unit() -> None:
    assert render("{{ a|money_whole:'GBP' }}", a=Decimal("48260.49")) == "£48,260"


@pytest.mark.parametrize(("value", "shown"), [(1284, "1,284"), (-350, "−350"), (0, "0"), (None, "")])
def test_points_are_grouped_whole_numbers(value: int | None, shown: str) -> None:
    assert render("{{ value|points }}", value=value) == shown


@pytest.mark.parametrize(("value", "shown"), [(46, "+46"), (-350, "−350"), (0, "0")])
def test_movement_carries_its_sign(value: int, shown: str) -> None:
    assert render("{{ value|signed }}", value=value) == shown


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Priya Nair", "PN"),
        ("Ana Maria de Souza", "AS"),
        ("prince", "P"),
        ("+44 7700 900142", "#"),
        ("", "#"),
        ("élodie", "É"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert render("{{ name|initials }}", name=name) == letters


def test_avatar_hue_is_stable_and_in_range() -> None:
    hues = [render("{{ key|avatar_hue }}", key=f"person {number}") for number in range(200)]
    assert hues == [render("{{ key|avatar_hue }}", key=f"person {number}") for number in range(200)]
    assert set(hues) == set("1234567")


@pytest.mark.parametrize(
    ("now", "before", "options", "text", "css"),
    [
        (112.4, 100, "", "+12.4%", "delta-up"),
        (96.9, 100, "", "−3.1%", "delta-down"),
        (114, 100, 'good="down"', "+14.0%", "delta-down"),
        (86, 100, 'good="down"', "−14.0%", "delta-up"),
        (103.8, 100, 'good="none"', "+3.8%", "delta-flat"),
        (100.01, 100, "", "0.0%", "delta-flat"),
        (99.99, 100, "", "0.0%", "delta-flat"),
        (0, 0, "", "0.0%", "delta-flat"),
        (12, 0, "", "new", "delta-up"),
        (46.2, 43.9, 'unit="points"', "+2.3 pts", "delta-up"),
        (1500, 300, 'unit="number"', "+1,200", "delta-up"),
        (-50, -100, "", "+50.0%", "delta-up"),
    ],
)
def test_delta_says_how_much_and_whether_that_is_good(
    now: float, before: float, options: str, text: str, css: str
) -> None:
    html = render("{% delta now before " + options + " %}", now=now, before=before)
    assert f"</svg>{text}</span>" in html
    assert css in html


def test_delta_of_an_unknown_period_is_nothing() -> None:
    assert render("{% delta 5 None %}").strip() == ""


def test_sparkline_reaches_its_extremes_and_never_overshoots() -> None:
    html = render("{% sparkline values %}", values=[1, 1, 9, 1, 1])
    line = html.split('<path d="')[2].split('"')[0]
    numbers = [float(part) for part in line.replace("M", " ").replace("C", " ").split()]
    ys = numbers[1::2]
    assert min(ys) == 3.0
    assert max(ys) == 33.0


@pytest.mark.parametrize("values", [[], [5], None])
def test_sparkline_of_too_few_values_draws_nothing(values: list[int] | None) -> None:
    assert "<svg" not in render("{% sparkline values %}", values=values)


def test_sparkline_of_equal_values_is_a_level_line() -> None:
    assert "M0.0 18.0" in render("{% sparkline values %}", values=[4, 4, 4])


def test_stacked_bar_fills_the_whole_and_leaves_empty_parts_out() -> None:
    html = render('{% stacked_bar "Share" parts %}', parts=[("A", 30, "1"), ("B", 0, "2"), ("C", 10, "muted")])
    assert 'aria-label="Share: A 75.0%, C 25.0%"' in html
    assert 'x="75.0%"' in html
    assert "tone-2" not in html


def test_svg_numbers_keep_their_point_in_any_language() -> None:
    with translation.override("fr"):  # a decimal comma, and no catalogue of ours
        html = render(
            '{% interval_bar "Redeemed" 14 25 60 "14 bis 25 %" expected=19 measured=22 measured_text="22 %" %}'
        )
    assert 'x="23.33%"' in html
    assert 'cx="36.67%"' in html


def test_interval_bar_stays_inside_its_scale() -> None:
    html = render('{% interval_bar "Return" -1 9 6 "−1 to 9" %}')
    assert 'x="0.0%"' in html
    assert 'width="100.0%"' in html


def test_unknown_icon_is_refused_loudly() -> None:
    with pytest.raises(LookupError, match="no-such-icon"):
        render('{% icon "no-such-icon" %}')


def test_icon_name_cannot_leave_its_folder() -> None:
    with pytest.raises(LookupError):
        render("{% icon name %}", name="../../img/mark")


def test_icon_attributes_are_escaped() -> None:
    html = render("{% icon 'plus' css=css %}", css='"><script>')
    assert "<script>" not in html


class ShopForm(forms.Form):
    name = forms.CharField(max_length=5, help_text="Over the door.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    kind = forms.ChoiceField(choices=[("a", "A")])
    live = forms.BooleanField(required=False, widget=forms.CheckboxInput(attrs={"role": "switch"}))


def field_html(form: forms.Form, name: str, **extra: Any) -> str:
    extra_words = "".join(f" {key}={key}" for key in extra)
    source = "{% include 'components/_field.html' with field=field" + extra_words + " only %}"
    return Template(source).render(Context({"field": form[name], **extra}))


def test_field_ties_label_hint_and_error_to_its_input() -> None:
    html = field_html(ShopForm({"name": "Too long a name", "kind": "a"}), "name")
    assert '<label for="id_name" class="label">' in html
    assert 'aria-describedby="id_name-hint id_name-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name-hint"' in html
    assert 'id="id_name-error"' in html
    assert 'value="Too long a name"' in html


def test_valid_field_says_nothing_of_errors() -> None:
    html = field_html(ShopForm({"name": "Mill", "kind": "a"}), "name")
    assert "aria-invalid" not in html
    assert "field-error" not in html


def test_only_optional_fields_are_marked() -> None:
    form = ShopForm()
    assert "(optional)" in field_html(form, "note")
    assert "(optional)" not in field_html(form, "name")


@pytest.mark.parametrize(
    ("name", "css"), [("name", "input"), ("note", "textarea"), ("kind", "select"), ("live", "switch")]
)
def test_widgets_wear_our_classes(name: str, css: str) -> None:
    assert f'class="{css}"' in field_html(ShopForm(), name)


def head(query: str, arguments: str = '"spent" "Spent" num=True target="#rows"') -> str:
    request = RequestFactory().get(f"/customers/{query}")
    return render("{% sort_header " + arguments + " %}", request=request)


def test_sort_header_offers_descending_first_for_numbers() -> None:
    html = head("?q=zo&page=3")
    assert 'href="?q=zo&amp;sort=-spent"' in html
    assert "aria-sort" not in html


def test_sort_header_turns_the_active_order_round() -> None:
    html = head("?sort=-spent")
    assert 'aria-sort="descending"' in html
    assert 'href="?sort=spent"' in html


def test_sort_header_knows_the_default_order() -> None:
    assert 'aria-sort="ascending"' in head("", '"name" "Name" default="name"')


def test_sort_header_escapes_the_query() -> None:
    assert "<script>" not in head("?q=<script>")


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(2.66, 1, "2.7"), (-2.66, 1, "−2.7"), (-0.3, 0, "0"), (-0.0, 1, "0.0"), (1e6, 0, "1,000,000")],
)
def test_number_is_rounded_and_never_minus_zero(value: float, decimals: int, shown: str) -> None:
    assert render("{{ value|number:decimals }}", value=value, decimals=decimals) == shown


@pytest.mark.parametrize(
    ("seconds", "done", "said"),
    [
        (60, 4, ""),  # too early to say
        (10, 50, "About 10 seconds left"),
        (60, 60, "About 40 seconds left"),
        (60, 40, "About 2 minutes left"),
        (600, 5, "About 190 minutes left"),
        (60, 99, ""),  # at once
        (60, 100, ""),
    ],
)
def test_time_left_follows_the_pace_so_far(seconds: int, done: int, said: str) -> None:
    started_at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    now = started_at + timedelta(seconds=seconds)
    assert presentation.time_left(started_at, done, 100, now=now) == said


@time_machine.travel(datetime(2026, 1, 5, 12, tzinfo=UTC), tick=False)
def test_job_that_waits_or_cannot_count_has_no_time() -> None:
    started_at = datetime(2026, 1, 5, 11, 59, tzinfo=UTC)
    jobs = [(None, 0, None), (started_at, 50, None), (started_at, 50, 100)]
    made = [SimpleNamespace(started_at=at, done_count=done, total_count=total) for at, done, total in jobs]
    assert [render("{{ job|time_left }}", job=job) for job in made] == ["", "", "About 60 seconds left"]
