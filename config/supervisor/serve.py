"""`python -m config.supervisor.serve web|worker`: one process of the product, for containers, Procfile and systemd.

The same command lines as `manage.py up` uses, chosen in one place. PORT, HOST_ADDRESS, WEB_WORKERS and WEB_THREADS
come from the environment.
"""

from __future__ import annotations

import os
import sys

from config.supervisor.commands import WEB_THREADS, WEB_WORKERS, web_command, worker_command


def main() -> None:
    match sys.argv[1:]:
        case ["web"]:
            command = web_command(
                port=int(os.environ.get("PORT") or 8000),
                host=os.environ.get("HOST_ADDRESS") or "127.0.0.1",
                workers=int(os.environ.get("WEB_WORKERS") or WEB_WORKERS),
                threads=int(os.environ.get("WEB_THREADS") or WEB_THREADS),
            )
        case ["worker"]:
            command = worker_command()
        case _:
            raise SystemExit(__doc__)
    os.execv(command[0], command)  # noqa: S606 (signals must reach it)


if __name__ == "__main__":
    main()
