"""Pictures that people upload: judged by their first bytes, kept under the programme, never trusted to name themselves.

A picture is not decoded here. It is served with the type that its bytes say, `nosniff` and a policy that lets it do
nothing, so a picture that is also something else stays a picture.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

MAX_BYTES = 512 * 1024  # a logo is shown at 36 to 128 px
CONTENT_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
NAME_PATTERN = re.compile(r"[0-9a-f]{32}\.(png|jpg|webp)")
FOLDER = "brand"


@dataclass(frozen=True, slots=True)
class Image:
    data: bytes
    extension: str


def check_image(data: bytes, *, field: str = "logo") -> Image:
    """PNG, JPEG or WebP of at most MAX_BYTES. Raises InvalidInput."""
    if len(data) > MAX_BYTES:
        raise InvalidInput(_("The picture is larger than 512 kB. Save it smaller and try again."), field=field)
    extension = _extension(data)
    if not extension:
        raise InvalidInput(_("Use a picture in PNG, JPEG or WebP."), field=field)
    return Image(data, extension)


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
