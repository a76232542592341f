"""Clients that add points and never give up: each request is repeated with the same key until it is acknowledged."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field

from e2e.kills.inside import SLUG


@dataclass(frozen=True)
class Acknowledged:
    key: str
    phone: str
    points: int
    sent_at: float
    tries: int


@dataclass
class Writers:
    port: int
    secret: str
    business: str
    threads: int = 3
    log: list[Acknowledged] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        # Daemons: where the server never comes back, the test fails and its process still ends.
        self._running = [
            threading.Thread(target=self._write, args=[number], daemon=True) for number in range(self.threads)
        ]
        for thread in self._running:
            thread.start()

    def finish(self) -> None:
        """No new requests; those in flight are repeated until acknowledged."""
        self._stop.set()
        for thread in self._running:
            thread.join(timeout=120)
            assert not thread.is_alive(), self.trouble[-5:]

    def wait_for_news(self, *, since: float, seconds: float) -> float:
        """Seconds until a request that was first sent after `since` is acknowledged. Raises AssertionError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if any(entry.sent_at > since for entry in self.log[-50:]):
                return time.monotonic() - since
            time.sleep(0.05)
        raise AssertionError(f"nothing acknowledged for {seconds} s: {self.trouble[-5:]}")

    def _write(self, number: int) -> None:
        count = 0
        while not self._stop.is_set():
            count += 1
            self._send_until_acknowledged(f"{number}-{count}", f"+4479110{number:02}{count % 25:03}", 1 + count % 9)
            time.sleep(0.01)

    def _send_until_acknowledged(self, key: str, phone: str, amount: int) -> None:
        sent_at, tries = time.monotonic(), 0
        body = json.dumps(
            {"business_id": self.business, "customer_phone_number": phone, "amount_spent": f"{amount}.00"}
        )
        headers = {
            "Host": f"{SLUG}.localhost",
            "X-API-Key": self.secret,
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        while True:
            tries += 1
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
            try:
                connection.request("POST", "/api/v1/transactions/add-points", body, headers)
                response = connection.getresponse()
                answer = response.read()
                if response.status in {200, 201}:
                    points = int(json.loads(answer)["points_earned"])
                    self.log.append(Acknowledged(key, phone, points, sent_at, tries))
                    return
                self.trouble.append(f"{response.status} {answer[:300]!r}")
                # Anything but "we are in trouble" is an answer that a repetition must not change.
                assert response.status >= 500 or response.status == 409, self.trouble[-1]
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.trouble.append(repr(error))
            finally:
                connection.close()
            time.sleep(0.1)
