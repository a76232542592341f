"""`manage.py release`: what a deployment does once before its new processes start."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.supervisor.commands import manage_command


class Command(BaseCommand):
    help = "Migrates every schema as the owner role, collects static files, plans regular work, checks the deployment."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        from workspace.actions.schedule import ensure_tick, plan_regular_work

        self._run("migrate", DATABASE_ROLE="owner")
        self._run("collectstatic", "--noinput", "--verbosity", "0")
        ensure_tick()
        plan_regular_work(now=timezone.now())
        self._run("check", "--deploy", "--database", "default")

    def _run(self, *arguments: str, **environment: str) -> None:
        done = subprocess.run(manage_command(*arguments), env={**os.environ, **environment}, check=False)
        if done.returncode != 0:
            raise CommandError(f"manage.py {' '.join(arguments)} failed (exit code {done.returncode}).")
