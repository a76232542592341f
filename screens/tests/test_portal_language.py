"""Which language a customer reads: on the page, in texts, e-mails and files; staff go on in theirs."""

import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.test import RequestFactory
from django.utils import timezone, translation

from config.customer_texts import ROOT
from core.actor import Actor
from core.languages import portal_language, staff_language
from core.permissions import Role
from customers.actions.consent import record_consent
from customers.models import ConsentRecord, Customer, Event
from loyalty.actions.points import add_points
from loyalty.actions.settings import PointSettings, change_point_settings, set_earning_rate
from loyalty.actions.warnings import warn_members
from loyalty.models import Transaction
from messaging.actions.outbox import send_message
from messaging.languages import language_of
from messaging.models import OutboundMessage
from programs.models import Programme
from screens.actions.points_texts import text_about_points
from screens.actions.privacy import erase_customer
from screens.actions.receipts import email_receipt, text_receipt
from screens.reports_receipt import receipt_of
from screens.tests.test_views_portal import ask, make_customer, sign_in
from screens.tests.till import code_in, sell
from workspace.actions.team import invite
from workspace.actions.team_mail import mail_invitation
from workspace.models import AuditEntry

# Source: 3GPP TS 23.038, 6.2.1, the GSM 7 bit default alphabet, and the euro of its extension.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà€"
)
NINE = datetime(2026, 11, 14, 9, 5, tzinfo=UTC)
GERMAN_BROWSER = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def customer(programme):
    return make_customer()


@pytest.fixture
def german(customer):
    Customer.objects.update(language="de")
    return Customer.objects.get()


@pytest.fixture
def browser(client_of):
    return client_of(None)


@pytest.fixture
def sale(german, business, actor):
    """1,250 points for £1,250.00, that run out after a month."""
    set_earning_rate(business_id=business.pk, points_per_unit=Decimal(1), actor=actor)
    life = PointSettings(point_value=Decimal("0.01"), expiry_months=1, warning_days=30)
    change_point_settings(settings=life, actor=actor, now=timezone.now())
    posting = add_points(
        business=business.pk, customer_id=german.pk, amount=Decimal(1250), key="a", actor=actor, now=timezone.now()
    )
    return Transaction.objects.get(code=posting.transaction)


def html_of(response):
    return response.content.decode()


# -- choosing ---------------------------------------------------------------------------------------------------------


def test_a_choice_is_kept_on_the_customer_and_in_a_cookie_of_the_points_page(browser, customer):
    html = html_of(sign_in(browser).get("/p/account/"))
    assert '<option value="en" selected>English</option>' in html
    assert '<option value="de">Deutsch</option>' in html
    response = browser.post("/p/account/language/", {"language": "de"})
    assert (response.status_code, response.headers["Location"]) == (303, "/p/account/")
    customer.refresh_from_db()
    assert customer.language == "de"
    cookie = browser.cookies["points-language"]
    assert (cookie.value, cookie["path"], cookie["httponly"]) == ("de", "/p/", True)
    assert "django_language" not in browser.cookies
    del browser.cookies["points-language"]
    html = html_of(browser.get("/p/account/"))
    assert '<html lang="de"' in html
    assert '<option value="de" selected>Deutsch</option>' in html
    browser.post("/p/account/language/", {"language": "en"})
    assert "Hello Priya" in html_of(browser.get("/p/"))


def test_visitors_choose_before_they_sign_in(browser, programme):
    for path in ("/p/sign-in/", "/p/sign-in/pin/"):
        assert "Deutsch</button>" in html_of(browser.get(path))
    response = browser.post("/p/account/language/", {"language": "de"})
    assert (response.status_code, response.headers["Location"]) == (303, "/p/sign-in/")
    html = html_of(browser.get("/p/sign-in/"))
    assert "Deine Punkte bei Harbour" in html
    assert "English</button>" in html
    assert "Deutsch</button>" not in html


def test_a_language_that_is_not_offered_is_refused(browser, customer):
    assert browser.post("/p/account/language/", {"language": "tlh"}).status_code == 422
    sign_in(browser)
    assert browser.post("/p/account/language/", {"language": "fr"}).status_code == 422
    customer.refresh_from_db()
    assert customer.language == ""


@pytest.mark.parametrize(
    ("cookie", "header", "programme_language", "spoken"),
    [
        ("", "", "en", "en"),
        ("", "", "de", "de"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "en", "de"),
        ("", "en-GB,de;q=0.5", "de", "en"),
        ("", "fr-FR,fr;q=0.9,de;q=0.5", "en", "de"),
        ("", "fr", "de", "de"),
        ("", "*", "de", "de"),
        ("en", "de", "de", "en"),
        ("de", "en", "en", "de"),
        ("tlh", "de", "en", "de"),
        ("", "de;q=0", "en", "en"),
        ("", "%%%", "fr", "en"),
    ],
)
def test_what_a_visitor_reads(cookie, header, programme_language, spoken):
    request = RequestFactory().get("/p/", headers={"accept-language": header})
    request.COOKIES["points-language"] = cookie
    request.programme = Programme(language=programme_language)
    assert portal_language(request) == spoken


@pytest.mark.parametrize(
    ("own", "of_programme", "written"),
    [
        ("", "en", "en"),
        ("", "de", "de"),
        ("en", "de", "en"),
        ("de", "en", "de"),
        ("de-AT", "en", "de"),
        ("DE_ch", "en", "de"),
        ("fr", "de", "de"),
        ("Deutsch", "en", "en"),
        ("", "tlh", "en"),
    ],
)
def test_in_which_language_a_customer_is_written_to(own, of_programme, written, programme):
    programme.language = of_programme
    assert language_of(Customer(language=own)) == written


def test_an_imported_language_that_is_not_offered_is_not_spoken(browser, customer):
    Customer.objects.update(language="fr")
    assert '<html lang="en"' in html_of(sign_in(browser).get("/p/"))
    Customer.objects.update(language="de-AT")
    assert '<html lang="de"' in html_of(browser.get("/p/"))


def test_the_language_of_a_programme_is_one_of_its_customers(client_of, owner, programme):
    html = html_of(client_of(owner).get("/settings/"))
    assert "Language of your customers" in html
    assert '<option value="de">Deutsch</option>' in html


def test_the_manifest_speaks_the_language_of_the_page_that_links_it(browser, programme):
    assert 'href="/p/app.webmanifest?language=de"' in html_of(browser.get("/p/sign-in/", headers=GERMAN_BROWSER))
    manifest = browser.get("/p/app.webmanifest?language=de").json()
    assert (manifest["name"], manifest["lang"]) == ("Deine Punkte bei Harbour", "de")
    assert browser.get("/p/app.webmanifest?language=tlh").json()["lang"] == "en"


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("get", "/p/nowhere/", 404, "Diese Seite gibt es hier nicht"),
        ("get", "/p/rewards/abc/", 404, "Diese Prämie gibt es nicht."),
        ("get", "/p/account/language/", 405, "Hier gibt es nichts zu sehen"),
        ("post", "/p/account/language/", 422, "Wähl eine Sprache aus der Liste."),
    ],
)
def test_errors_speak_the_customer_s_language_whatever_the_browser_asks_for(
    method, path, status, words, browser, german
):
    browser.cookies["points-language"] = "de"
    response = getattr(sign_in(browser), method)(path, headers={"accept-language": "en"})
    assert response.status_code == status
    assert words in html_of(response)
    assert '<a class="btn btn-primary btn-lg" href="/p/">Zur Startseite</a>' in html_of(response)
    assert '<html lang="de"' in html_of(response)


def test_a_refusal_speaks_the_customer_s_own_language_without_a_cookie(browser, german):
    response = sign_in(browser).get("/p/rewards/abc/", headers={"accept-language": "en"})
    assert "Diese Prämie gibt es nicht." in html_of(response)
    assert response.headers["Content-Language"] == "de"


def test_a_page_that_breaks_says_so_in_german(client_of, programme, monkeypatch):
    browser = client_of(None, raise_request_exception=False)
    monkeypatch.setattr("screens.views_portal.PhoneForm", None)
    response = browser.get("/p/sign-in/", headers=GERMAN_BROWSER)
    assert response.status_code == 500
    assert "Bei uns ist etwas schiefgegangen" in html_of(response)
    assert 'href="/p/">Zur Startseite' in html_of(response)


def test_a_form_that_is_too_old_says_so_in_german(client_of, programme):
    browser = client_of(None, enforce_csrf_checks=True)
    response = browser.post("/p/sign-in/", {"phone": "1"}, headers=GERMAN_BROWSER)
    assert response.status_code == 403
    assert "Diese Seite war zu lange offen" in html_of(response)


def test_a_wrong_address_says_so_in_german(public_client):
    response = public_client.get("/p/", headers={"host": "nobody.localhost", **GERMAN_BROWSER})
    assert response.status_code == 404
    assert "Unter dieser Adresse gibt es kein Programm" in html_of(response)


@pytest.mark.parametrize("spoken", ["en", "de"])
def test_countries_stand_in_the_order_of_their_names(spoken, browser, programme):
    html = html_of(browser.get("/p/sign-in/", headers={"accept-language": spoken}))
    names = re.findall(r"<option[^>]*>\+\d+ \w\w · ([^<]+)<", html)
    around = {
        "en": ["Austria", "Azerbaijan", "Egypt"],
        "de": ["Afghanistan", "Ägypten", "Albanien", "Oman", "Österreich"],
    }[spoken]
    places = [names.index(name) for name in around]
    assert places == sorted(places)


def test_numbers_money_and_days_have_their_german_form(sale, browser):
    with time_machine.travel(NINE, tick=False):
        now = timezone.now()
        Transaction.objects.update(at=now - timedelta(days=3))
        html = html_of(sign_in(browser).get("/p/"))
    assert 'id="balance">1.250</p>' in html
    assert "Quayside, 1.250,00\u00a0£" in html
    assert "Mi, 11. Nov." in html
    assert "+1.250" in html


# -- texts, e-mails, paper, files -------------------------------------------------------------------------------------


def agrees(customer, actor):
    record_consent(
        customer=customer, channel="sms", purpose="service", is_granted=True, source="till", wording="till-service-1",
        actor=actor, now=timezone.now(),
    )  # fmt: skip


def test_texts_of_a_german_customer_are_german(sale, german, actor, browser):
    agrees(german, actor)
    now = timezone.now()
    assert ask(browser) is not None
    text_about_points(events=list(Event.objects.filter(name="loyalty.points.earned")), now=now)
    warn_members(now=now + timedelta(days=5))
    text_receipt(entry=sale, now=now)
    bodies = list(OutboundMessage.objects.order_by("pk").values_list("body", flat=True))
    assert bodies[0].endswith("ist dein Code für Harbour. Er gilt 10 Minuten. Gib ihn niemandem weiter.")
    assert bodies[1] == "Harbour: 1.250 Punkte für dich. Dein Punktestand: 1.250."
    assert bodies[2].startswith("Harbour: 1.250 deiner Punkte verfallen nach dem ")
    assert "Quayside" in bodies[3]
    assert "1.250 Punkte gutgeschrieben. Bezahlt 1.250,00 £, Punktestand 1.250. Beleg" in bodies[3]
    assert [set(body) - GSM for body in bodies] == [set()] * 4  # letters that a text has 160 of


def test_an_e_mail_to_a_german_customer_is_german_and_says_so_to_screen_readers(sale, german):
    message = email_receipt(entry=sale, address="priya@example.org", now=timezone.now())
    send_message(message.pk)
    sent = mail.outbox[0]
    assert sent.subject == "Dein Beleg von Quayside"
    assert "Punktestand: 1.250" in sent.body
    assert sent.body.endswith("Er ist keine Rechnung im Sinne des Steuerrechts.")
    page = sent.alternatives[0].content
    assert '<html lang="de">' in page
    assert "1.250 Punkte gutgeschrieben" in page


def test_the_receipt_on_paper_is_in_the_customer_s_language_and_the_till_stays_in_its_own(till, german):
    html = html_of(till.get(f"/till/receipt/{code_in(sell(till, german))}/"))
    assert '<html lang="en"' in html
    paper = html[html.index('class="receipt"') :]
    assert 'lang="de"' in html
    assert "62 Punkte gutgeschrieben" in paper
    assert "Beleg" in paper
    assert "Send" in html[: html.index('class="receipt"')]


def test_a_receipt_of_somebody_who_speaks_english_is_english(sale, german):
    Customer.objects.update(language="en")
    sale.refresh_from_db()
    email_receipt(entry=Transaction.objects.get(pk=sale.pk), address="a@example.org", now=timezone.now())
    assert OutboundMessage.objects.get().subject == "Your receipt from Quayside"
    with translation.override("de"):
        assert receipt_of(sale, programme=Programme.objects.get(slug="harbour")).title == "1.250 Punkte gutgeschrieben"


def test_what_a_person_downloads_can_be_read_in_german(sale, german, browser, run_queue, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    Customer.objects.update(birthday="1990-03-14", email="priya@example.org", attributes={"shoe size": 42})
    url = sign_in(browser).post("/p/data/start/").headers["Location"]
    run_queue()
    html = html_of(browser.get(url))
    assert "Deine Datei ist fertig." in html
    response = browser.get(re.search(r'href="(/p/data/[^"?]+)"', html).group(1))
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        page, data = archive.read("index.html").decode(), json.loads(archive.read("data.json"))
    assert '<html lang="de">' in page
    for words in ("Vorname", "14. März 1990", "shoe size: 42", "Gesammelt", "1.250,00\u00a0£", "+1.250"):
        assert words in page
    assert data["profile"][0]["birthday"] == "1990-03-14"
    assert data["transactions"][0]["kind"] == "earn"


# -- staff ------------------------------------------------------------------------------------------------------------


def test_staff_pages_stay_in_their_language(client_of, owner, programme):
    browser = client_of(owner)
    browser.cookies["points-language"] = browser.cookies["django_language"] = "de"
    for path in ("/", "/settings/", "/customers/", "/nowhere/"):
        html = html_of(browser.get(path, headers={"accept-language": "de"}))
        assert '<html lang="en' in html
    assert 'href="/">Go to the start' in html
    assert '<html lang="en' in html_of(browser.get("/settings/me/"))
    assert "Deutsch" not in html_of(browser.get("/settings/me/"))


def test_no_language_stays_for_the_next_request_of_the_thread(browser, german):
    sign_in(browser).get("/p/")
    browser.get("/p/nowhere/")
    assert translation.get_language() == "en-gb"


def test_what_a_german_customer_does_is_told_to_staff_in_english(browser, german, sale, actor):
    sign_in(browser)
    browser.post("/p/account/", {"service": "on"})
    assert ConsentRecord.objects.get().proof["text"] == "SMS zu meinen Punkten"  # what was read is the proof
    with translation.override("de"):
        erase_customer(
            customer_id=german.pk, actor=Actor(kind="customer", id=german.code, label="Priya"), now=timezone.now()
        )
    assert Transaction.objects.latest("pk").reason == "Data deleted"
    assert "A customer" in set(AuditEntry.objects.values_list("actor_label", flat=True))


def test_e_mails_to_staff_stay_in_their_language():
    assert [staff_language(code) for code in ("en", "de", "tlh", "")] == ["en", "en-gb", "en-gb", "en-gb"]


def test_an_invitation_of_a_german_programme_is_whole(programme, owner, make_member):
    Programme.objects.filter(pk=programme.pk).update(language="de")
    programme.language = "de"
    actor = Actor(kind="user", id=str(owner.pk), label="Maya", user_id=owner.pk)
    invitation = invite(
        programme=programme, email="new@example.com", role=Role.MANAGER, business_id=None, actor=actor,
        now=timezone.now(),
    )  # fmt: skip
    mail_invitation(code=invitation.code)
    assert "invites you to the team as Manager" in mail.outbox[-1].body


def test_the_catalogue_is_on_every_machine():
    assert (ROOT / "locale" / "de" / "LC_MESSAGES" / "django.mo").read_bytes()[:4] == b"\xde\x12\x04\x95"
