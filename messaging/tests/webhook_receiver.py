"""A receiver as somebody would write it with the public library: it verifies, it remembers ids, it answers as told."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """`received` holds (verified, headers, raw body) of each call; `accepted` the messages, each id once."""

    def __init__(self, url):
        self.url = url
        self.secret = None
        self.statuses = []  # answered one after the other; then 204
        self.answer = b""
        self.retry_after = ""  # the header of that name
        self.received = []
        self.accepted = {}

    def take(self, headers, body):
        try:
            message = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.received.append((False, headers, body))
            return 401
        self.received.append((True, headers, body))
        status = self.statuses.pop(0) if self.statuses else 204
        if status < 300:
            self.accepted.setdefault(headers["webhook-id"], message)
        return status

    @property
    def ids(self):
        return [headers["webhook-id"] for _verified, headers, _body in self.received]

    @property
    def types(self):
        return [json.loads(body)["type"] for _verified, _headers, body in self.received]


@contextmanager
def listening():
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            if receiver.retry_after:
                self.send_header("retry-after", receiver.retry_after)
            self.send_header("content-length", "0" if status == 204 else str(len(receiver.answer)))
            self.end_headers()
            if status != 204:
                self.wfile.write(receiver.answer)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks?shop=1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
