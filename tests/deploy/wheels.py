"""Which wheel an arm64 machine takes for every locked package, as ``wheels.txt``: python -m tests.deploy.wheels.

Asks the index once, when the lock is made (``bin/lock``); the test reads the list and needs no network.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
LIST = Path(__file__).with_name("wheels.txt")
PYTHONS = ("3.11", "3.13")
"""The oldest that is supported, and that of the image."""
PLATFORMS = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)))
"""Up to the C library of Raspberry Pi OS 12."""


def main() -> None:
    lines = sorted(line for python in PYTHONS for line in wheels(python))
    LIST.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def wheels(python: str) -> list[str]:
    """``python file sha256``. Raises SystemExit when a package has no wheel."""
    platforms = [argument for each in PLATFORMS for argument in ("--platform", each)]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run"]
        command += ["--ignore-installed", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(LOCK)]
        command += ["--implementation", "cp", "--python-version", python, *platforms]
        done = subprocess.run([*command, "--target", folder, "--report", str(report)], check=False)
        if done.returncode:
            sys.exit(f"Not every package of {LOCK.name} has a wheel for Python {python} on arm64: see above.")
        found = [each["download_info"] for each in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return [f"{python} {each['url'].rpartition('/')[2]} {each['archive_info']['hashes']['sha256']}" for each in found]


if __name__ == "__main__":
    main()
