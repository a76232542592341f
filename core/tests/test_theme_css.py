"""The tokens: two equal light blocks, and enough contrast in both themes (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from core import css
from core.presentation import AVATAR_HUES

TOKENS = (css.ROOT / "styles" / "tokens.css").read_text()
SOURCE = css.SOURCE.read_text()
HEX = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})")

TEXT = ("ink", "muted", "subtle")
SURFACES = ("canvas", "surface", "surface-2", "surface-3", "sunken")
STATUS = ("success", "warning", "danger", "ai")


def block(start: str) -> str:
    """The declarations between the braces that follow `start`."""
    at = TOKENS.index("{", TOKENS.index(start)) + 1
    return TOKENS[at : TOKENS.index("}", at)]


def declarations(text: str) -> list[str]:
    return [
        " ".join(line.split()) for line in re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split(";") if line.strip()
    ]


DARK_BLOCK = block("\n:root {")
CHOSEN_LIGHT = block('\n:root[data-theme="light"]')
SYSTEM_LIGHT = block(':root[data-theme="system"] {')
THEMES = {
    "dark": dict(HEX.findall(DARK_BLOCK)),
    "light": dict(HEX.findall(DARK_BLOCK)) | dict(HEX.findall(CHOSEN_LIGHT)),
}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_formula_on_known_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_ways_to_the_light_theme_have_the_same_values() -> None:
    assert declarations(CHOSEN_LIGHT) == declarations(SYSTEM_LIGHT)
    assert len(declarations(CHOSEN_LIGHT)) > 40


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", [*TEXT, "accent-ink", *STATUS])
def test_text_reads_on_every_surface(theme: str, surface: str, text: str) -> None:
    tokens = THEMES[theme]
    assert contrast(tokens[text], tokens[surface]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tone", [*STATUS, "accent"])
def test_status_text_reads_on_its_own_tint(theme: str, tone: str) -> None:
    tokens = THEMES[theme]
    text = tokens["accent-ink" if tone == "accent" else tone]
    assert contrast(text, tokens[f"{tone}-soft"]) >= 4.5
    assert contrast(tokens["ink"], tokens[f"{tone}-soft"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("fill", ["accent", "accent-hover", "danger-solid"])
def test_white_reads_on_solid_buttons(theme: str, fill: str) -> None:
    assert contrast("#ffffff", THEMES[theme][fill]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "mark", ["line-control", "focus", *(f"chart-{number}" for number in range(1, 8)), "chart-muted"]
)
def test_controls_focus_and_chart_marks_stand_out(theme: str, mark: str) -> None:
    tokens = THEMES[theme]
    assert contrast(tokens[mark], tokens["surface"]) >= 3


def test_initials_read_on_every_avatar() -> None:
    hues = dict(re.findall(r"\.avatar-(\d) \{ background: (#[0-9a-f]{6}); \}", SOURCE))
    assert sorted(hues) == [str(number) for number in range(1, AVATAR_HUES + 1)]
    assert min(contrast("#ffffff", colour) for colour in hues.values()) >= 4.5


def test_style_sheet_asks_no_other_host() -> None:
    built = css.BUILT.read_text()
    assert "http://" not in built.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in built.replace("https://tailwindcss.com", "")
    assert "@import" not in built
