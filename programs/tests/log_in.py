"""What tests of log-in do over and over, as a browser without JavaScript does it."""

import re

from django.contrib.auth import SESSION_KEY
from django.core import mail

from programs.models import PlatformAuditEntry

PASSWORD = "correct horse battery"


def code_in_mail(index=-1):
    return re.search(r"^(\d{6})$", mail.outbox[index].body, re.MULTILINE)[1]


def sign_up(visitor, email="ada@example.com", path="/accounts/signup/", **changes):
    return visitor.post(path, {"name": "Ada  Byron", "email": email, "password1": PASSWORD, **changes})


def log_in(visitor, password=PASSWORD, email="ada@example.com", **more):
    return visitor.post("/accounts/login/", {"login": email, "password": password, **more})


def confirm_it_is_me(visitor):
    assert visitor.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def noted(action):
    """The one entry of this kind in the platform's audit log."""
    return PlatformAuditEntry.objects.get(action=action)


def is_signed_in(visitor):
    return SESSION_KEY in visitor.session
