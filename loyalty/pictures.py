"""Pictures of rewards: drawn anew at upload, kept under the programme, served as what we wrote.

What people send is a photograph of several megabytes; what is kept is a WebP that a phone loads at once. Nothing of the
file that was sent survives but what can be seen: no place where it was taken, no second content.
"""

from __future__ import annotations

import hashlib
import io
import re

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from core.errors import InvalidInput

MAX_BYTES = 8 * 1024 * 1024  # a photograph from a phone
MAX_BODY_BYTES = MAX_BYTES + 64 * 1024  # with the form around it
MAX_PIXELS = 50_000_000  # a small file may unfold to gigabytes
MAX_SIDE = 960  # of what is kept, in pixels: a card is shown at up to 480, on sharp screens
FORMATS = ("PNG", "JPEG", "WEBP")
FOLDER = "rewards"
_NAME = re.compile(r"[0-9a-f]{32}\.webp")


def check_picture(data: bytes) -> bytes:
    """The picture as it will be kept: WebP, upright, at most MAX_SIDE pixels a side. Raises InvalidInput (`image`)."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(_("The picture is larger than 8 MB. Save it smaller and try again."), field="image")
    target = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InvalidInput(_("The picture has too many pixels. Save it smaller and try again."), field="image")
            picture.draft("RGB", (MAX_SIDE * 2, MAX_SIDE * 2))  # a large JPEG is not even decoded whole
            plain = ImageOps.exif_transpose(picture).convert("RGBA" if _has_alpha(picture) else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        text = _("This is no picture that can be read. Use one in PNG, JPEG or WebP.")
        raise InvalidInput(text, field="image") from error
    plain.thumbnail((MAX_SIDE, MAX_SIDE))
    plain.info.clear()
    plain.save(target, "WEBP", quality=82)
    return target.getvalue()


def _has_alpha(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def store_picture(data: bytes) -> str:
    """Keep what `check_picture` gave in the active programme's folder; returns its name, which its content gives."""
    name = f"{hashlib.sha256(data).hexdigest()[:32]}.webp"
    if not default_storage.exists(f"{FOLDER}/{name}"):
        default_storage.save(f"{FOLDER}/{name}", ContentFile(data))
    return name


def picture_response(name: str) -> FileResponse:
    """The picture `name` of the active programme, safe to open by itself. Raises Http404."""
    if not _NAME.fullmatch(name) or not default_storage.exists(f"{FOLDER}/{name}"):
        raise Http404
    response = FileResponse(default_storage.open(f"{FOLDER}/{name}"), content_type="image/webp")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"  # another picture has another name
    return response
