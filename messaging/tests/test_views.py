"""The development page shows this programme's messages, and does not exist elsewhere."""

from django.db import connection
from django.utils import timezone

from messaging.actions.outbox import queue_message


def queue(body, key="one"):
    queue_message(
        channel="sms", purpose="one_time_code", recipient="+447700900142", body=body, dedupe_key=key, now=timezone.now()
    )


def test_texts_of_this_programme_are_shown_newest_first(programme, other_programme, client_of):
    queue("first here")
    queue("second here", key="two")
    connection.set_tenant(other_programme)
    queue("over there")
    html = client_of(None).get("/dev/messages/").content.decode()
    assert html.index("second here") < html.index("first here")
    assert "over there" not in html


def test_htmx_gets_the_list_only(programme, client_of):
    response = client_of(None).get("/dev/messages/", headers={"HX-Request": "true", "HX-Target": "message-list"})
    assert b"<html" not in response.content
    assert b'id="message-list"' in response.content


def test_outside_development_the_page_does_not_exist(programme, client_of, settings):
    settings.DEVELOPMENT = False
    assert client_of(None).get("/dev/messages/").status_code == 404
