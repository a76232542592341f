"""Pictures that people upload: drawn anew, kept under the programme, never trusted to name themselves.

What is stored is not what was sent: the picture is decoded and written again, so that a file which is also something
else, where it was taken and with which camera, and what follows its end are gone. It is served with the type of what we
wrote, `nosniff` and a policy that lets it do nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _
from PIL import Image as Pictures
from PIL import ImageOps

from core.errors import InvalidInput

MAX_BYTES = 512 * 1024  # a logo is shown at 36 to 128 px
MAX_PIXELS = 16_000_000  # a small file may unfold to gigabytes
MAX_SIDE = 512  # of what is kept, in pixels
FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
CONTENT_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
NAME_PATTERN = re.compile(r"[0-9a-f]{32}\.(png|jpg|webp)")
FOLDER = "brand"


@dataclass(frozen=True, slots=True)
class Image:
    data: bytes
    extension: str


def check_image(data: bytes, *, field: str = "logo") -> Image:
    """PNG, JPEG or WebP of at most MAX_BYTES, drawn anew with at most MAX_SIDE pixels a side. Raises InvalidInput."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(_("The picture is larger than 512 kB. Save it smaller and try again."), field=field)
    extension = _extension(data)
    if not extension:
        raise InvalidInput(_("Use a picture in PNG, JPEG or WebP."), field=field)
    return Image(_drawn_anew(data, extension, field), extension)


def _drawn_anew(data: bytes, extension: str, field: str) -> bytes:
    """The first picture of the file, upright, without anything that is not picture."""
    target = io.BytesIO()
    try:
        with Pictures.open(io.BytesIO(data), formats=[FORMATS[extension]]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InvalidInput(_("The picture has too many pixels. Save it smaller and try again."), field=field)
            upright = ImageOps.exif_transpose(picture)
            plain = upright.convert("RGB" if extension == "jpg" else "RGBA")
    except (OSError, SyntaxError, ValueError, Pictures.DecompressionBombError) as error:
        raise InvalidInput(_("This picture cannot be read. Save it again and try once more."), field=field) from error
    plain.thumbnail((MAX_SIDE, MAX_SIDE))
    plain.info.clear()
    plain.save(target, FORMATS[extension], **({"quality": 88} if extension != "png" else {"optimize": True}))
    return target.getvalue()


def _extension(data: bytes) -> str:
    """By signature and, against a file that was cut off, by how the format ends or says its length."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and data.rstrip(b"\0")[-8:-4] == b"IEND":
        return "png"
    if data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return "jpg"
    is_riff = data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    if is_riff and int.from_bytes(data[4:8], "little") + 8 <= len(data) + 1:
        return "webp"
    return ""


def store_image(image: Image) -> str:
    """Keep the picture in the active programme's folder and return its name, which its content gives."""
    name = f"{hashlib.sha256(image.data).hexdigest()[:32]}.{image.extension}"
    path = f"{FOLDER}/{name}"
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(image.data))
    return name


def image_response(name: str) -> FileResponse:
    """The picture `name` of the active programme, safe to open by itself. Raises Http404."""
    if not NAME_PATTERN.fullmatch(name) or not default_storage.exists(f"{FOLDER}/{name}"):
        raise Http404
    response = FileResponse(
        default_storage.open(f"{FOLDER}/{name}"), content_type=CONTENT_TYPES[Path(name).suffix.lstrip(".")]
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"  # another picture has another name
    return response
