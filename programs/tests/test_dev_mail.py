"""The development page of sent e-mails shows what the file backend wrote, and does not exist elsewhere."""

import pytest
from django.test import Client

from programs.mail import Letter
from programs.sent_mail import FILE_BACKEND


@pytest.fixture
def browser(db, settings, tmp_path):
    settings.EMAIL_BACKEND = FILE_BACKEND
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return Client(headers={"host": "localhost"})


def send(subject, text="Hello"):
    Letter(to="ann@example.com", subject=subject, text=text, page=f"<p>{text}</p>").send()


def test_newest_first_with_links_that_work(browser):
    send("The first")
    send("Über die Einladung", "Come in: https://example.com/invitations/abc/ until Friday")
    html = browser.get("/dev/mail/").content.decode()
    assert html.index("Über die Einladung") < html.index("The first")
    assert 'href="https://example.com/invitations/abc/"' in html
    assert "ann@example.com" in html


def test_markup_in_an_e_mail_stays_text(browser):
    send("<b>bold</b>", "<script>alert(1)</script>")
    html = browser.get("/dev/mail/").content.decode()
    assert "<script>alert" not in html
    assert "&lt;b&gt;bold" in html


def test_a_file_that_is_still_being_written_is_passed_over(browser, tmp_path):
    send("Whole")
    (tmp_path / "99991231-235959-1.log").write_bytes(b"")
    assert b"Whole" in browser.get("/dev/mail/").content


def test_nothing_sent_yet(browser):
    assert b"Nothing has been sent yet" in browser.get("/dev/mail/").content


def test_a_mail_server_is_said(browser, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert b"EMAIL_URL names a mail server" in browser.get("/dev/mail/").content


def test_outside_development_the_page_does_not_exist(browser, settings):
    settings.DEVELOPMENT = False
    assert browser.get("/dev/mail/").status_code == 404
