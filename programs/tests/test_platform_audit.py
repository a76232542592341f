"""The platform's audit log: every act has a name, and what a person does to their own log-in is there."""

import ast

import pytest
from django.conf import settings
from django.test import Client

from programs.account_audit import WATCHED
from programs.actions.people import change_person
from programs.models import PlatformAuditEntry
from programs.platform_words import TITLES
from programs.tests.log_in import code_in_mail, log_in, noted, sign_up


def recorded():
    found = set(WATCHED)
    for path in (settings.BASE_DIR / "programs").rglob("*.py"):
        if "tests" in path.parts:
            continue
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call) or not call.args or not isinstance(call.args[0], ast.Constant):
                continue
            if ast.unparse(call.func) in ("platform_audit.record", "_record_google"):
                found.add(call.args[0].value)
    return found


def test_every_act_has_a_name():
    assert {"programs.person.signed_up", "programs.google.connected", "programs.password.reset"} <= recorded()
    assert recorded() - set(TITLES) == set()


def test_a_log_in_is_noted_with_its_proof_and_address(visitor, ada):
    assert log_in(visitor, password="wrong words entirely").status_code == 422
    assert not PlatformAuditEntry.objects.filter(action="programs.person.logged_in").exists()
    log_in(visitor)
    entry = noted("programs.person.logged_in")
    assert (entry.actor, entry.data, entry.ip) == (f"user:{ada.pk}", {"by": ["password"]}, "127.0.0.1")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_refused_log_in_is_noted_for_known_and_unknown_alike(visitor, ada, is_known):
    email = ada.email if is_known else "nobody@example.com"
    log_in(visitor, email=email, password="wrong words entirely")
    body = {"email": email, "password": "wrong words entirely", "programme": "none"}
    assert visitor.post("/api/v1/auth/login", body, content_type="application/json").status_code == 401
    entries = PlatformAuditEntry.objects.filter(action="programs.person.log_in_refused")
    actor = f"user:{ada.pk}" if is_known else "system:system"
    assert [(one.actor, one.data, one.ip) for one in entries] == [(actor, {"by": "password"}, "127.0.0.1")] * 2
    assert "nobody" not in str(list(entries.values()))


def test_a_proved_address_is_noted(visitor):
    sign_up(visitor)
    visitor.post("/accounts/confirm-email/", {"code": code_in_mail()})
    assert noted("programs.email.confirmed").data == {"email": "ada@example.com"}


def test_a_changed_profile_is_noted_with_both_values(ada):
    change_person(user=ada, changes={"name": "Ada Lovelace", "theme": ada.theme}, ip="192.0.2.7")
    change_person(user=ada, changes={"name": "Ada Lovelace"})
    entry = noted("programs.person.changed")
    assert (entry.data, entry.ip) == ({"name": ["Ada Byron", "Ada Lovelace"]}, "192.0.2.7")


@pytest.mark.parametrize("query", ["", "?action=programs.person.signed_up", "?action=nonsense", "?q=ada"])
def test_platform_staff_read_and_filter_it(ada, query):
    ada.is_staff = True
    ada.save()
    browser = Client(headers={"host": "localhost"})
    browser.force_login(ada)
    page = browser.get(f"/admin/programs/platformauditentry/{query}").content.decode()
    assert "Signed up" in page
    assert "email: ada@example.com" in page
