"""Out and back over real sockets: the outbox, Twilio's library, the stand-in, its signed calls, a real web server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils import timezone

from core.actor import SYSTEM
from core.tenancy import enter
from devservers.twilio import Switches, Twilio, serve
from messaging.actions import outbox
from messaging.actions.outbox import queue_message
from messaging.actions.texts import choose_provider
from messaging.models import InboundMessage, OutboundMessage, Suppression
from programs.models import Programme

NUMBER = "+447700900142"


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(committed_database: str, settings) -> Iterator[WSGIServer]:
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        settings.PUBLIC_PORT = server.server_port

        def answer() -> None:
            server.serve_forever(poll_interval=0.05)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def twilio(server: WSGIServer, settings) -> Iterator[Twilio]:
    with serve(Twilio(inbound_url=f"http://localhost:{server.server_port}/sms/inbound")) as twilio:
        settings.TWILIO_ORIGIN = twilio.origin
        enter(Programme.objects.get(slug="harbour"))
        choose_provider(
            provider="twilio",
            sender=twilio.numbers[0],
            settings={"account_sid": twilio.account_sid, "auth_token": twilio.auth_token},
            is_active=True,
            actor=SYSTEM,
            now=timezone.now(),
        )
        yield twilio


def send(key: str) -> OutboundMessage:
    message = queue_message(
        channel="sms", purpose="receipt", recipient=NUMBER, body="Hello", dedupe_key=key, now=timezone.now()
    )
    outbox.send_message(message.pk)
    message.refresh_from_db()
    return message


def test_a_text_goes_out_and_its_report_comes_back(twilio):
    message = send("one")
    assert message.state == "sent"
    twilio.report_all()
    message.refresh_from_db()
    assert twilio.answered == [200, 200]
    assert message.state == "delivered"


def test_a_lost_answer_is_settled_by_the_report(twilio):
    twilio.switches = Switches(drop=True)
    message = send("one")
    assert message.state == "unconfirmed"
    twilio.report_all()
    message.refresh_from_db()
    assert (message.state, message.provider_id) == ("delivered", twilio.texts[0].sid)


def test_stop_comes_in_and_nothing_goes_out(twilio):
    twilio.receive(NUMBER, "STOP")
    assert twilio.answered == [200]
    assert InboundMessage.objects.get().body == "STOP"
    assert Suppression.objects.get().address == NUMBER
    assert send("one").error == "stopped"
    twilio.auth_token = "2" * 32  # somebody else
    twilio.receive(NUMBER, "START")
    assert twilio.answered == [200, 403]
    assert Suppression.objects.exists()
