"""Starts job clusters, each in a process group of its own, from a process that has loaded everything already.

Reads "start" (answers with the leader's process id) and "wait <id>" (answers when it has ended) from its input.
"""

import os
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

print("ready", flush=True)  # noqa: T201
for line in sys.stdin:
    act, *about = line.split()
    if act == "start":
        leader = os.fork()
        if leader == 0:
            os.setsid()
            connections.close_all()
            call_command("qcluster")
            os._exit(0)
        print(leader, flush=True)  # noqa: T201
    else:
        os.waitpid(int(about[0]), 0)
        print("ended", flush=True)  # noqa: T201
