"""Uploaded pictures are drawn anew: what was hidden in them is gone, and none unfolds to gigabytes."""

import io

import pytest
from PIL import Image

from core.errors import InvalidInput
from programs.media import MAX_SIDE, check_image


def picture(format="PNG", size=(40, 30), mode="RGB", **options):
    target = io.BytesIO()
    Image.new(mode, size, "#b5531c").save(target, format, **options)
    return target.getvalue()


@pytest.mark.parametrize(("format", "extension"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_each_format_stays_what_it_is(format, extension):
    image = check_image(picture(format))
    with Image.open(io.BytesIO(image.data)) as drawn:
        assert (image.extension, drawn.format, drawn.size) == (extension, format, (40, 30))


def test_what_follows_the_picture_and_where_it_was_taken_is_gone():
    exif = Image.Exif()
    exif[0x010F] = "Camera of Priya"
    data = picture("JPEG", exif=exif, comment=b"<script>alert(1)</script>")
    assert b"Camera of Priya" in data
    image = check_image(data)
    assert b"Camera of Priya" not in image.data
    assert b"script" not in image.data


def test_a_picture_that_lies_on_its_side_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(check_image(picture("JPEG", exif=exif)).data)) as drawn:
        assert drawn.size == (30, 40)


def test_a_large_one_becomes_small_and_keeps_its_shape():
    with Image.open(io.BytesIO(check_image(picture(size=(2000, 1000))).data)) as drawn:
        assert drawn.size == (MAX_SIDE, MAX_SIDE // 2)


def test_a_small_file_that_unfolds_to_gigabytes_is_refused():
    data = picture(size=(6000, 6000), mode="1")
    assert len(data) < 512 * 1024
    with pytest.raises(InvalidInput, match="too many pixels"):
        check_image(data)


def test_a_picture_that_ends_in_the_middle_is_refused():
    data = picture(size=(300, 300), compress_level=0)
    with pytest.raises(InvalidInput):
        check_image(data[:2000] + data[-12:])


def test_transparency_stays():
    with Image.open(io.BytesIO(check_image(picture(mode="RGBA")).data)) as drawn:
        assert drawn.mode == "RGBA"
