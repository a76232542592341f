"""A select with hundreds of options says what Django's says, without a template for each option."""

import pytest
from django import forms
from django.test.html import parse_html

from core.forms import LongSelect

CHOICES = [("Europe/London", "Europe, London"), ("Africa/Accra", "Africa, Accra"), ("<&>", "“<script>” & co")]


@pytest.mark.parametrize("value", [None, "", "Africa/Accra", "<&>", "not there"])
def test_it_renders_what_django_renders(value):
    attrs = {"id": "id_zone", "class": "select", "required": True, "data-check": "", "disabled": False}
    long = LongSelect(choices=CHOICES).render("zone", value, attrs=attrs)
    assert parse_html(long) == parse_html(forms.Select(choices=CHOICES).render("zone", value, attrs=attrs))
