"""A job cluster that sends texts through Twilio's library and is killed again and again, each time as a whole group.

`test_killed_cluster.py` (some kills) and `e2e/chaos_sms.py` (a hundred and more) use it. A kill strikes when a text has
arrived at the provider and is not taken, when it is taken and not answered, or at any moment at all.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from django.db import transaction
from django.db.models import Q
from django.test import Client
from django.utils import timezone
from django_tenants.utils import schema_context

from core.actor import SYSTEM
from devservers.twilio import Refused, Switches, Text, Twilio, serve
from messaging.actions import outbox
from messaging.actions.outbox import queue_message
from messaging.actions.texts import choose_provider
from messaging.models import OutboundMessage

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = ("arrives", "taken", "any")
WORKERS = 2
MOST_SECONDS = 120  # without a text, while some wait
QUIET_SECONDS = 3
PREFETCHED = 3 * WORKERS  # texts that a cluster has taken from the queue and not begun, at most
QUEUED, CLAIMED = OutboundMessage.State.QUEUED, OutboundMessage.State.CLAIMED


@dataclass
class Provider(Twilio):
    """The stand-in, which strikes when a life has sent as many texts as it may."""

    strike: Any = None  # called once, at `moment`
    moment: str = ""
    left: int = 0
    strikes: Counter[str] = field(default_factory=Counter)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, moment: str, left: int, strike: Any) -> None:
        with self.guard:
            self.moment, self.left, self.strike = moment, left, strike

    def create(self, form: Mapping[str, str]) -> Text:
        strike, moment = self._due()
        if strike and moment == "arrives":
            strike()
            raise Refused(20500, "Internal Server Error", 500)  # told to nobody
        text = super().create(form)
        if strike and moment == "taken":
            strike()
        elif strike:
            threading.Thread(target=strike).start()
        return text

    def _due(self) -> tuple[Any, str]:
        with self.guard:
            self.left -= 1
            if self.left > 0 or self.strike is None:
                return None, ""
            strike, self.strike = self.strike, None
            self.strikes[self.moment] += 1
            return strike, self.moment


@dataclass
class Launcher:
    """Starts clusters (`cluster_launcher.py`); ends with its input."""

    process: subprocess.Popen[str]
    log: Path

    @classmethod
    @contextmanager
    def open(cls, database_url: str, origin: str, log: Path) -> Iterator[Launcher]:
        environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "TWILIO_ORIGIN": origin,
            "WORKERS": str(WORKERS),
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "WARNING",
        }
        with (
            log.open("ab") as output,
            subprocess.Popen(
                [sys.executable, "-m", "messaging.tests.cluster_launcher"],
                cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True,
            ) as process,
        ):  # fmt: skip
            launcher = cls(process, log)
            assert launcher.answer() == "ready", launcher.said
            yield launcher
            launcher.pipe.close()

    @property
    def pipe(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def said(self) -> str:
        return self.log.read_text()[-3000:]

    def ask(self, line: str) -> str:
        self.pipe.write(f"{line}\n")
        self.pipe.flush()
        return self.answer()

    def answer(self) -> str:
        """Its next line that is no message of the library's."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            if line.strip().isdigit() or line.strip() in ("ready", "ended"):
                return line.strip()
        raise AssertionError(self.said)


class Cluster:
    """One life of `manage.py qcluster`, in a process group of its own."""

    def __init__(self, launcher: Launcher) -> None:
        self.launcher, self.struck = launcher, threading.Event()
        self.leader = int(launcher.ask("start"))

    def kill(self) -> None:
        """Every process of it at once."""
        os.killpg(self.leader, signal.SIGKILL)
        self.struck.set()

    def bury(self) -> None:
        if not self.struck.is_set():
            self.kill()
        self.launcher.ask(f"wait {self.leader}")


def send_under_kills(*, database_url: str, folder: Path, texts: int, kills: int, seed: int) -> dict[str, Any]:
    """Send `texts` through a cluster that dies `kills` times, in the programme active now; what the rows and the
    provider say: before the provider has reported, and after it has.
    """
    chance, log, started = random.Random(seed), folder / "cluster.log", time.monotonic()
    provider = Provider(post=_call_public_host, switches=Switches(delay=0.01))
    with serve(provider), Launcher.open(database_url, provider.origin, log) as launcher:
        _connect(provider)
        _queue(texts)
        for number in range(kills):
            moment = MOMENTS[number % len(MOMENTS)]
            share = (texts - len(provider.texts)) / (kills - number)
            _live(provider, launcher, moment, max(1, int(share * chance.uniform(0.3, 1.2))), chance)
        _finish(provider, launcher)
        outcome = {
            "texts": texts,
            "kills": provider.strikes.total(),
            "moments": dict(provider.strikes),
            "workers": WORKERS,
            **_judge(provider, "before"),
        }
        provider.report_all()
        return {**outcome, **_judge(provider, "after"), "minutes": round((time.monotonic() - started) / 60, 1)}


def _live(provider: Provider, launcher: Launcher, moment: str, sends: int, chance: random.Random) -> None:
    """One life of the cluster, to its end; none where nothing is left that it could die at."""
    if not OutboundMessage.objects.filter(state=QUEUED).exists():
        return
    cluster = Cluster(launcher)

    def strike() -> None:
        if moment == "any":
            time.sleep(chance.random() * 0.1)
        cluster.kill()

    provider.arm(moment, sends, strike)
    try:
        _wait_until_struck(provider, cluster)
    finally:
        cluster.bury()


def _wait_until_struck(provider: Provider, cluster: Cluster) -> None:
    """What a dead cluster had taken from the queue is queued again when nothing moves."""
    seen, since = len(provider.texts), time.monotonic()
    while not cluster.struck.wait(timeout=0.2):
        if len(provider.texts) != seen:
            seen, since = len(provider.texts), time.monotonic()
        quiet = time.monotonic() - since
        assert quiet < MOST_SECONDS, cluster.launcher.said
        if quiet > QUIET_SECONDS:
            outbox.sweep(now=timezone.now() + outbox.SWEEP_AFTER)


def _finish(provider: Provider, launcher: Launcher) -> None:
    """A last life that nobody ends before every text has left; then what the dead ones left is called by its name."""
    provider.arm("", 0, None)
    began = timezone.now()
    cluster = Cluster(launcher)
    try:
        deadline = time.monotonic() + MOST_SECONDS
        unfinished = OutboundMessage.objects.filter(Q(state=QUEUED) | Q(state=CLAIMED, claimed_at__gt=began))
        while waiting := unfinished.count():
            assert time.monotonic() < deadline, f"{waiting} wait: {launcher.said}"
            if waiting <= PREFETCHED * sum(provider.strikes.values()):  # what dead clusters had taken from the queue
                outbox.sweep(now=timezone.now() + outbox.SWEEP_AFTER)
            time.sleep(0.5)
    finally:
        cluster.bury()
    outbox.sweep(now=timezone.now() + outbox.CLAIM_LEASE + timedelta(seconds=1))


def _judge(provider: Provider, when: str) -> dict[str, Any]:
    """What became of each row, and how often the provider took each."""
    taken = Counter(_code_of(text) for text in provider.texts)
    states = dict(OutboundMessage.objects.values_list("code", "state"))
    return {
        f"states_{when}": dict(Counter(states.values())),
        "taken": len(taken),
        "doubled": sorted(code for code, times in taken.items() if times > 1),
        "bodies_doubled": len(provider.texts) - len({text.body for text in provider.texts}),
        f"silent_{when}": sorted(code for code, state in states.items() if state in (QUEUED, CLAIMED)),
        f"said_sent_and_never_taken_{when}": sorted(
            code for code, state in states.items() if state in ("sent", "delivered") and code not in taken
        ),
        f"taken_and_unconfirmed_{when}": sum(states[code] == "unconfirmed" for code in taken),
    }


def _code_of(text: Text) -> str:
    return dict(parse_qsl(urlsplit(text.status_callback).query))["message"]


def _connect(provider: Provider) -> None:
    choose_provider(
        provider="twilio",
        sender=provider.numbers[0],
        settings={"account_sid": provider.account_sid, "auth_token": provider.auth_token},
        is_active=True,
        actor=SYSTEM,
        now=timezone.now(),
    )


def _queue(texts: int) -> None:
    now = timezone.now()
    with transaction.atomic():
        for number in range(texts):
            queue_message(
                channel="sms",
                purpose="receipt",
                recipient=f"+44770090{number % 10_000:04d}",
                body=f"Text {number}",
                dedupe_key=f"killed:{number}",
                now=now,
            )


def _call_public_host(url: str, form: Mapping[str, str], signature: str) -> int:
    """The provider's report, at the public host of this process."""
    parts = urlsplit(url)
    with schema_context("public"):
        client = Client(headers={"host": "localhost", "x-twilio-signature": signature})
        return client.post(f"{parts.path}?{parts.query}", dict(form)).status_code
