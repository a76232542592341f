"""A shop's own colour on its customers' pages: shades that read in both themes, served as a style sheet.

A style sheet, because the CSP allows no inline style. The shop chooses one colour; we move it towards black or white
until it has the contrast that WCAG 2.2 AA asks for where it is used.
"""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from core.permissions import open_to_all

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
# The surfaces of styles/tokens.css that are worst for coloured text in each theme.
DARK_SURFACE: Colour = (0x1D, 0x22, 0x2D)
LIGHT_SURFACE: Colour = (0xEC, 0xEE, 0xF3)
TEXT_CONTRAST, MARK_CONTRAST = 4.5, 3.0
STEPS = 100


def parse(text: str) -> Colour:
    """`#rrggbb` as three numbers. Raises ValueError."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"not a colour: {text!r}")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 to 21. Source: WCAG 2.2, contrast ratio."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def readable(colour: Colour, *, on: Colour, towards: Colour, ratio: float) -> Colour:
    """The shade nearest to `colour`, on the way `towards`, that has `ratio` against `on`."""
    shades = (mix(colour, towards, step / STEPS) for step in range(STEPS + 1))
    return next((shade for shade in shades if contrast(shade, on) >= ratio), towards)


def tokens(colour: Colour, *, dark: bool) -> dict[str, str]:
    """The accent tokens of one theme, made from the shop's colour."""
    surface, towards = (DARK_SURFACE, WHITE) if dark else (LIGHT_SURFACE, BLACK)
    fill = readable(colour, on=WHITE, towards=BLACK, ratio=TEXT_CONTRAST)
    ink = readable(colour, on=surface, towards=towards, ratio=TEXT_CONTRAST)
    mark = readable(colour, on=surface, towards=towards, ratio=MARK_CONTRAST)
    soft = mix(ink, surface, 0.88)
    values = {
        "accent": fill,
        "accent-hover": mix(fill, BLACK, 0.1),
        "accent-ink": ink if contrast(ink, soft) >= TEXT_CONTRAST else mix(ink, towards, 0.35),
        "accent-soft": soft,
        "accent-line": mix(ink, surface, 0.6),
        "chart-1": mark,
    }
    return {name: f"#{red:02x}{green:02x}{blue:02x}" for name, (red, green, blue) in values.items()}


def stylesheet(colour: str) -> str:
    """The rules that lay the shop's colour over the tokens. Raises ValueError for what is no colour."""
    parsed = parse(colour)

    def rule(selector: str, *, dark: bool) -> str:
        return selector + "{" + "".join(f"--{name}:{value};" for name, value in tokens(parsed, dark=dark).items()) + "}"

    return "\n".join(
        (
            rule(":root:root", dark=True),
            rule(':root:root[data-theme="light"]', dark=False),
            "@media (prefers-color-scheme: light){" + rule(':root:root[data-theme="system"]', dark=False) + "}",
        )
    )


@require_GET
@open_to_all  # a shop's colour, which its customers' pages show anyway
@cache_control(public=True, max_age=86400)
def brand_stylesheet(request: HttpRequest) -> HttpResponse:
    """The programme's colours; pages ask with the colour in the query, so that a change is seen at once."""
    programme = getattr(request, "programme", None)
    return HttpResponse(stylesheet(programme.colour) if programme else "", content_type="text/css")
