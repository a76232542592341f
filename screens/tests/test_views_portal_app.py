"""The points page as an app: each programme's own name, colours and icons; only under /p/."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image

from core import brand
from programs.media import check_image, store_image
from screens.views_portal_app import CANVAS_DARK


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def change(programme, **values):
    for name, value in values.items():
        setattr(programme, name, value)
    connection.set_schema_to_public()
    programme.save(update_fields=list(values))
    connection.set_tenant(programme)


def picture_of(response):
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/png")
    return Image.open(io.BytesIO(response.content))


def test_the_manifest_names_the_programme_and_stays_under_p(client_of, programme):
    response = client_of(None).get("/p/app.webmanifest")
    assert response.headers["Content-Type"] == "application/manifest+json"
    data = response.json()
    assert data["name"] == "Your points at Harbour"
    assert (data["id"], data["start_url"], data["scope"]) == ("/p/", "/p/", "/p/")
    assert data["display"] == "standalone"
    assert {(icon["sizes"], icon["purpose"]) for icon in data["icons"]} == {
        ("180x180", "any"), ("192x192", "any"), ("512x512", "any"), ("512x512", "maskable"),
    }  # fmt: skip
    assert data["background_color"] == CANVAS_DARK


def test_every_icon_of_the_manifest_is_there_in_its_size(client_of, programme):
    browser = client_of(None)
    for icon in browser.get("/p/app.webmanifest").json()["icons"]:
        width, _height = icon["sizes"].split("x")
        assert picture_of(browser.get(icon["src"])).size == (int(width), int(width))


def test_a_pale_colour_is_darkened_until_white_letters_can_be_read(client_of, programme):
    change(programme, colour="#ffe08a")
    icon = picture_of(client_of(None).get("/p/icon-192-any.png"))
    ground = icon.convert("RGB").getpixel((2, 2))
    assert brand.contrast(ground, brand.WHITE) >= 4.5


def test_the_logo_is_the_icon_and_leaves_the_maskable_one_its_margin(client_of, programme):
    target = io.BytesIO()
    Image.new("RGB", (64, 64), "#00ff00").save(target, "PNG")
    change(programme, logo=store_image(check_image(target.getvalue())), colour="#000080")
    browser = client_of(None)
    plain = picture_of(browser.get("/p/icon-192-any.png"))
    maskable = picture_of(browser.get("/p/icon-512-maskable.png"))
    assert plain.getpixel((3, 3)) == (0, 255, 0)
    assert maskable.getpixel((3, 3)) == (0, 0, 128)
    assert maskable.getpixel((256, 256)) == (0, 255, 0)


def test_a_logo_that_is_lost_or_broken_leaves_initials(client_of, programme):
    change(programme, logo="0" * 32 + ".png")
    assert picture_of(client_of(None).get("/p/icon-192-any.png")).size == (192, 192)
    default_storage.save("brand/" + "0" * 32 + ".png", ContentFile(b"no picture"))
    assert picture_of(client_of(None).get("/p/icon-192-any.png")).size == (192, 192)


def test_another_look_has_another_address(client_of, programme):
    browser = client_of(None)
    before = browser.get("/p/app.webmanifest").json()["icons"]
    change(programme, colour="#123456")
    assert client_of(None).get("/p/app.webmanifest").json()["icons"] != before


@pytest.mark.parametrize("path", ["/p/icon-100-any.png", "/p/icon-192-round.png", "/p/icon-99999-any.png"])
def test_other_sizes_and_shapes_do_not_exist(path, client_of, programme):
    assert client_of(None).get(path).status_code == 404


def test_programmes_have_icons_of_their_own(client_of, programme, other_programme):
    change(programme, colour="#b5531c")
    ours = client_of(None).get("/p/icon-192-any.png").content
    assert ours != client_of(None, on=other_programme).get("/p/icon-192-any.png").content


def test_pages_point_to_the_manifest(client_of, programme):
    html = client_of(None).get("/p/sign-in/").content.decode()
    assert '<link rel="manifest" href="/p/app.webmanifest?language=en">' in html
    assert 'name="theme-color"' in html
