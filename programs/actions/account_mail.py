"""E-mails about a person's own log-in, which belong to no programme: written in the request, sent by a worker.

A mail server that is slow or says no then neither holds nor breaks the page, and is asked again.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from core.jobs import enqueue_in_public
from core.secrets import decrypt, encrypt
from programs.mail import Letter


def queue_letter(letter: Letter) -> None:
    """Queue a letter in this transaction; call it in the public schema.

    It is sealed: the queue and its list of failures are no place to read codes.
    """
    enqueue_in_public(send_letter, sealed=encrypt(json.dumps(asdict(letter))))


def send_letter(sealed: str) -> None:
    """The worker's half. Run twice, the same letter goes out twice."""
    Letter(**json.loads(decrypt(sealed))).send()
