"""Icons of a programme's points page on a phone's home screen: the logo, or initials on the programme's colour."""

from __future__ import annotations

import io
import unicodedata

from django.core.files.storage import default_storage
from PIL import Image, ImageDraw, ImageFont

from core import brand
from core.presentation import initials
from programs.media import FOLDER
from programs.models import Programme

SIZES = (180, 192, 512)  # Apple's home screen, Android's, and its splash screen
# Android cuts any shape out of a maskable icon: what matters is inside this share of its width.
# Source: W3C, "Web Application Manifest", safe zone of maskable icons.
SAFE_SHARE = 0.6
FULL_SHARE = 0.8


def draw_icon(programme: Programme, size: int, *, maskable: bool) -> bytes:
    """A square PNG of `size` pixels."""
    colour = brand.readable(
        brand.parse(programme.colour), on=brand.WHITE, towards=brand.BLACK, ratio=brand.TEXT_CONTRAST
    )
    icon = Image.new("RGB", (size, size), colour)
    share = SAFE_SHARE if maskable else FULL_SHARE
    logo = _logo(programme)
    if logo is None:
        _write_initials(icon, _plain(initials(programme.name)), round(size * share * 0.6))
    else:
        _lay_logo(icon, logo, round(size * (share if maskable else 1)))
    target = io.BytesIO()
    icon.save(target, "PNG", optimize=True)
    return target.getvalue()


def _logo(programme: Programme) -> Image.Image | None:
    path = f"{FOLDER}/{programme.logo}"
    if not programme.logo or not default_storage.exists(path):
        return None
    try:
        with default_storage.open(path, "rb") as file, Image.open(file, formats=["PNG", "JPEG", "WEBP"]) as picture:
            return picture.convert("RGBA")
    except OSError:
        return None


def _lay_logo(icon: Image.Image, logo: Image.Image, side: int) -> None:
    scale = side / max(logo.size)
    fitting = logo.resize((max(1, round(logo.width * scale)), max(1, round(logo.height * scale))))
    place = ((icon.width - fitting.width) // 2, (icon.height - fitting.height) // 2)
    icon.paste(fitting, place, fitting)


def _plain(text: str) -> str:
    """Letters that the font has: without accents, and a dot where the script is another one."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip() or "•"


def _write_initials(icon: Image.Image, text: str, height: int) -> None:
    font = ImageFont.load_default(height)
    middle = icon.width / 2
    ImageDraw.Draw(icon).text((middle, middle), text, fill="#ffffff", font=font, anchor="mm")
