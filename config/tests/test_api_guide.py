"""The shell lines of docs/api/guide.md, run from the first to the last against a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection

from core.permissions import Role
from core.tenancy import enter
from loyalty.audit import audit
from loyalty.models import Transaction
from programs.models import Membership, Programme, User
from workspace.models import Business

GUIDE = (settings.BASE_DIR / "docs/api/guide.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
PASSWORD = "correct horse battery"


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(committed_database: str) -> Iterator[WSGIServer]:
    """The programme with an owner and a business; one thread answers, with a connection of its own."""
    programme = Programme.objects.get(slug="harbour")
    owner = User.objects.create_user("owner@example.com", PASSWORD, name="Maya")
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    Membership.objects.create(user=owner, programme=programme, role=Role.OWNER)
    enter(programme)
    Business.objects.create(name="Quayside")
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=QuietHandler) as server:

        def serve() -> None:
            server.serve_forever(poll_interval=0.05)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_line_of_the_guide_works(server: WSGIServer, committed_database: str) -> None:
    script = "\n".join(BLOCKS)
    for shown, here in (
        ("coffee.localhost:8000", f"harbour.localhost:{server.server_port}"),
        ("--programme coffee", "--programme harbour"),
        (".venv/bin/python", sys.executable),
        ('"password": "…"', f'"password": "{PASSWORD}"'),
        ("curl -s ", "curl -s --fail-with-body -w '\\n' "),
    ):
        assert shown in script
        script = script.replace(shown, here)
    assert "…" not in script
    environment = {**os.environ, "DATABASE_URL": committed_database, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == script.count("curl ") - script.count("=$(curl ")
    moved = Transaction.objects.done().order_by("pk").values_list("kind", "points")
    claimed = [("hold", 0), ("void", 0), ("redeem", -3)]
    assert list(moved) == [("earn", 12), ("earn", 12), ("reverse", -2), *claimed]
    assert answers[-1]["balance"]["points"] == 19
    assert [found.code for found in audit() if not found.is_kept] == []
