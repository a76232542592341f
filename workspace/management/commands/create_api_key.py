"""Make an API key for a programme, or make sure that the one from the environment works."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import enter_public
from programs.models import Programme
from workspace.actions.api_keys import create_client, ensure_named_key, new_secret
from workspace.models import Business

ENVIRONMENT = "REGULARS_API_KEY"


class Command(BaseCommand):
    help = "Print a new API key of a programme, once; or accept the key in REGULARS_API_KEY (--from-environment)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--programme", help="Subdomain of the programme.")
        parser.add_argument("--name", default="Command line", help="What people see in Settings, API keys.")
        parser.add_argument("--scopes", nargs="+", default=["write"], help="read, write, admin, or permissions.")
        parser.add_argument("--business", default="", help="Public id of the business that the key is limited to.")
        parser.add_argument(
            "--from-environment", action="store_true", help=f"Accept the key in {ENVIRONMENT} (or {ENVIRONMENT}_FILE)."
        )
        parser.add_argument("--offline", action="store_true", help="Only print a fresh key for the environment.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["offline"]:
            self.stdout.write(new_secret())
            return
        enter_public()
        programme = Programme.objects.filter(slug=options["programme"] or "", is_active=True).first()
        if programme is None:
            known = ", ".join(Programme.objects.order_by("slug").values_list("slug", flat=True)[:20])
            raise CommandError(f"There is no such programme. There are: {known or 'none yet'}.")
        actor = Actor(kind="system", id="command", label="Command line")
        with tenant_context(programme):
            try:
                self._make(options, actor)
            except DomainError as error:
                raise CommandError(str(error.message)) from error

    def _make(self, options: dict[str, Any], actor: Actor) -> None:
        now = timezone.now()
        if options["from_environment"]:
            client = ensure_named_key(
                name=options["name"], secret=from_environment(), scopes=options["scopes"], actor=actor, now=now
            )
            self.stdout.write(f"The key of {client.name} works.")
            return
        business = None
        if options["business"]:
            business = Business.objects.filter(code=options["business"]).first()
            if business is None:
                raise CommandError("There is no such business.")
        issued = create_client(name=options["name"], scopes=options["scopes"], business=business, actor=actor, now=now)
        self.stderr.write(f"The key of {issued.client.name}. It is shown this once:")
        self.stdout.write(issued.secret)


def from_environment() -> str:
    """The key of the environment, or of the file that it names. Raises CommandError when there is none."""
    path = os.environ.get(f"{ENVIRONMENT}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} of {ENVIRONMENT}_FILE cannot be read: {error}") from error
    secret = os.environ.get(ENVIRONMENT, "")
    if not secret:
        raise CommandError(f"{ENVIRONMENT} is not set. Make a key with create_api_key --offline.")
    return secret
