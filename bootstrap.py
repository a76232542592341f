#!/usr/bin/env python3
"""Runs Regulars with nothing but Python: `python3 bootstrap.py demo` (or serve, test). `make` calls this file too.

    demo                 install, load the demo, serve
    serve                install, serve
    test [arguments]     install the test tools, run every test (arguments go to pytest)
    install GROUP        install a lock: base, test or dev

Each installs `requirements/<group>.lock` into `.venv` first, unless that very lock is installed already. This file
runs on the system's Python, so it uses no package and no new syntax before the version is known to be right.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
# A larger group contains the smaller ones, pinned alike.
GROUPS = ("base", "test", "dev")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def stop(message: str) -> None:
    sys.stderr.write(message + "\n")
    sys.exit(1)


def answers(python: str) -> bool:
    return subprocess.call([python, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def use_a_new_enough_python() -> None:
    """Go on with a newer Python of this machine, or say what is missing."""
    if sys.version_info[:2] >= OLDEST:
        return
    for minor in range(14, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and answers(found):  # what pyenv puts into PATH may lead nowhere
            os.execv(found, [found, os.path.abspath(__file__), *sys.argv[1:]])  # noqa: S606
    this = ".".join(map(str, sys.version_info[:2]))
    stop(f"Regulars needs Python 3.11 or newer; this is {this}. Install python3.11 and run this again.")


def digest_of(lock: str) -> str:
    with open(lock, "rb") as source:
        return hashlib.sha256(source.read() + sys.version.encode()).hexdigest()


def is_installed(group: str) -> bool:
    for candidate in GROUPS[GROUPS.index(group) :]:
        stamp = os.path.join(VENV, "installed-" + candidate)
        lock = os.path.join(ROOT, "requirements", candidate + ".lock")
        if os.path.exists(stamp) and os.path.exists(VENV_PYTHON):
            with open(stamp) as source:
                if source.read() == digest_of(lock):
                    return True
    return False


def make_venv(uv: str) -> None:
    if os.path.exists(VENV_PYTHON) and answers(VENV_PYTHON):
        return
    if uv:
        subprocess.check_call([uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV])
        return
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        stop("Python's venv module is missing. Debian, Ubuntu: apt-get install python3-venv")
    venv.create(VENV, with_pip=True, symlinks=True, clear=os.path.exists(VENV))


def install(group: str) -> None:
    """Make `.venv` hold the lock of `group`. Every file is checked against its hash."""
    if is_installed(group):
        return
    lock = os.path.join(ROOT, "requirements", group + ".lock")
    uv = shutil.which("uv") or ""
    started = time.time()
    print(f"  Installing requirements/{group}.lock with {'uv' if uv else 'pip'} (once) ...", flush=True)
    make_venv(uv)
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", VENV_PYTHON]
    else:
        if subprocess.call([VENV_PYTHON, "-c", "import pip"], stderr=subprocess.DEVNULL) != 0:
            subprocess.check_call([VENV_PYTHON, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
        command = [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps"]  # the lock is complete
    if subprocess.call([*command, "--require-hashes", "-r", lock], cwd=ROOT) != 0:
        stop("The packages could not be installed: the lines above say why. Nothing was started.")
    with open(os.path.join(VENV, "installed-" + group), "w") as stamp:
        stamp.write(digest_of(lock))
    print(f"  Installed{time.time() - started:21.1f} s", flush=True)


def ensure_browser() -> None:
    """Page tests need Chromium from the system's packages; never a download of Playwright's own."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    hint = "The page tests need Chromium. Debian, Ubuntu: apt-get install chromium"
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        stop(hint)
        return
    print("  Installing Chromium with apt-get (once) ...", flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    with open(os.devnull, "w") as silence:
        subprocess.call([apt, "update", "-qq"], env=environment, stdout=silence)
        code = subprocess.call(
            [apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"], env=environment, stdout=silence
        )
    if code != 0 or not any(shutil.which(name) for name in BROWSERS):
        stop(hint)


def run(*command: str) -> None:
    """Become the command: Ctrl-C then reaches one process only."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each process that it starts compiles every module again
    os.chdir(ROOT)
    os.execv(VENV_PYTHON, [VENV_PYTHON, *command])  # noqa: S606


def main() -> None:
    use_a_new_enough_python()
    if os.name == "nt":
        stop("Regulars runs on Linux and macOS. On Windows use WSL or the container.")
    act = sys.argv[1] if len(sys.argv) > 1 else ""
    rest = sys.argv[2:]
    if act in ("demo", "serve"):
        install("base")
        run("manage.py", "up", *((["--demo"] if act == "demo" else []) + rest))
    elif act == "test":
        install("test")
        ensure_browser()
        # Files stay together: their fixtures are shared, and a worker that runs dry takes over from the other.
        run("-m", "pytest", *(rest or ["-n", os.environ.get("TEST_PROCESSES", "2"), "--dist", "worksteal"]))
    elif act == "install" and rest[:1] and rest[0] in GROUPS:
        install(rest[0])
    else:
        stop((__doc__ or "").strip())


if __name__ == "__main__":
    main()
