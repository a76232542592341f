"""`manage.py demo`: two programmes to look at, loaded once; a load that was killed is finished by the next one."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from config.demo.coffee import load_coffee
from config.demo.log_ins import LAPTOP_PASSWORD, OWNER, STAFF
from config.demo.retail import load_retail
from core.permissions import Role
from core.tenancy import enter_public
from programs.actions.people import create_person
from programs.models import Membership, Programme, User
from workspace.models import Business

LOADERS = {"coffee": load_coffee, "retail": load_retail}
REPORT_SECONDS = 2.0


class Command(BaseCommand):
    help = "Loads the demo programmes; what is there already stays. Prints log-ins at the end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", choices=sorted(LOADERS), help="load one of the programmes")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        chosen: str | None = options["only"]
        is_local = settings.PUBLIC_HOST in ("localhost", "127.0.0.1")
        password = LAPTOP_PASSWORD if is_local else secrets.token_urlsafe(12)
        with _one_at_a_time("people"):
            made = [_person(email, name, password)[1] for email, name, _role in STAFF]
        if chosen:
            self._load(chosen)
            return
        # The first in a process of its own: a load keeps one core of Python and database busy, and there are two.
        aside, *rest = LOADERS
        other = subprocess.Popen([sys.executable, sys.argv[0], "demo", "--only", aside])
        try:
            for name in rest:
                self._load(name)
            code = other.wait()
        except BaseException:
            other.terminate()
            other.wait()
            raise
        if code:
            raise CommandError(f"The programme {aside} could not be loaded.")
        self.stdout.write(f"Demo ready in {time.monotonic() - started:.1f} s.")
        self._say_log_ins(password if is_local or any(made) else None)

    def _load(self, name: str) -> None:
        with _one_at_a_time(name):
            if Programme.objects.filter(slug=name, is_demo=False).exists():
                raise CommandError(f"The subdomain {name} is a real programme's: the demo needs another database.")
            self._report_load(name, LOADERS[name], User.objects.get(email__iexact=OWNER))
            _give_roles(Programme.objects.get(slug=name))

    def _report_load(self, name: str, load: Any, owner: User) -> None:
        started, said, phase_before = time.monotonic(), 0.0, ""

        def report(phase: str, done: int, total: int) -> None:
            nonlocal said, phase_before
            now = time.monotonic()
            if phase != phase_before or now - said >= REPORT_SECONDS:
                share = f"{100 * done // total} %" if total else ""
                self.stdout.write(f"  {phase}: {done:,} of {total:,} {share} after {now - started:.1f} s")
                self.stdout.flush()
                said, phase_before = now, phase

        enter_public()
        load(report, owner=owner, now=timezone.now())
        enter_public()
        self.stdout.write(f"{name}: {time.monotonic() - started:.1f} s")

    def _say_log_ins(self, password: str | None) -> None:
        self.stdout.write(
            "Log in with the password " + (f"“{password}”" if password else "that was printed first") + " as"
        )
        for email, _name, role in STAFF:
            self.stdout.write(f"  {email}  ({role.label})")


def _person(email: str, name: str, password: str) -> tuple[User, bool]:
    person = User.objects.filter(email=email).first()
    if person is not None:
        return person, False
    return create_person(email=email, password=password, name=name, is_verified=True), True


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Two loads of one programme at once: the second waits and then finds everything there."""
    enter_public()
    lock = f"regulars.demo.{name}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [lock])
    try:
        yield
    finally:
        enter_public()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [lock])


def _give_roles(programme: Programme) -> None:
    """The same five people work in both programmes; the cashier in the first business of each."""
    with tenant_context(programme):
        business = Business.objects.order_by("pk").first()
    for email, _name, role in STAFF:
        person = User.objects.get(email__iexact=email)
        Membership.objects.get_or_create(
            user=person,
            programme=programme,
            defaults={
                "role": role,
                "business_id": business.pk if role == Role.CASHIER and business else None,
                "created_at": timezone.now(),
            },
        )
