"""Whatever colour a shop chooses, its pages stay readable."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from core import brand

COLOURS = ["#2563eb", "#ffe600", "#000000", "#ffffff", "#808080", "#ff0000", "#00ff7f", "#f3ead9", "#1b0030"]


def value(colour: str, name: str, *, dark: bool) -> brand.Colour:
    return brand.parse(brand.tokens(brand.parse(colour), dark=dark)[name])


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("colour", COLOURS)
def test_any_colour_gives_readable_shades(colour: str, dark: bool) -> None:
    surface = brand.DARK_SURFACE if dark else brand.LIGHT_SURFACE
    fill = value(colour, "accent", dark=dark)
    assert brand.contrast(brand.WHITE, fill) >= 4.5
    assert brand.contrast(brand.WHITE, value(colour, "accent-hover", dark=dark)) >= 4.5
    ink = value(colour, "accent-ink", dark=dark)
    assert brand.contrast(ink, surface) >= 4.5
    assert brand.contrast(ink, value(colour, "accent-soft", dark=dark)) >= 4.5
    assert brand.contrast(value(colour, "chart-1", dark=dark), surface) >= 3


def test_a_colour_that_already_reads_stays_as_it_is() -> None:
    assert brand.tokens(brand.parse("#2563eb"), dark=True)["accent"] == "#2563eb"


@pytest.mark.parametrize("text", ["red", "#fff", "#12345g", "#2563eb;}body{display:none", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a colour"):
        brand.stylesheet(text)


def test_each_programme_gets_its_own_colour() -> None:
    for colour in ("#aa0000", "#00aa00"):
        request = RequestFactory().get("/brand.css")
        request.programme = SimpleNamespace(colour=colour)
        fill = brand.tokens(brand.parse(colour), dark=True)["accent"]
        response = brand.brand_stylesheet(request)
        assert f"--accent:{fill};" in response.content.decode()
        assert response.headers["Content-Type"] == "text/css"


def test_public_host_has_no_shop_colour() -> None:
    request = RequestFactory().get("/brand.css")
    request.programme = None
    assert brand.brand_stylesheet(request).content == b""
