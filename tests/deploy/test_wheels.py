"""A Raspberry Pi compiles nothing: every locked package has a wheel for it."""

import re

import pytest
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.deploy.wheels import LIST, LOCK, PLATFORMS, PYTHONS

ROWS = [line.split() for line in LIST.read_text(encoding="ascii").splitlines()]
AGAIN = "requirements.lock has changed without its list of wheels: bin/lock writes both"


def locked() -> dict[str, set[str]]:
    """The hashes of each ``name==version``."""
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=[a-z0-9])", LOCK.read_text(encoding="utf-8")):
        if pinned := re.match(r"([a-z0-9][\w.-]*)==(\S+)", block):
            found[f"{canonicalize_name(pinned[1])}=={pinned[2]}"] = set(re.findall(r"sha256:(\w+)", block))
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_locked_package_has_a_wheel_for_arm64(python: str) -> None:
    version = tuple(int(part) for part in python.split("."))
    taken = {*cpython_tags(version, platforms=PLATFORMS), *compatible_tags(version, platforms=PLATFORMS)}
    hashes, seen = locked(), set()
    for _, file, digest in (row for row in ROWS if row[0] == python):
        name, number, _, tags = parse_wheel_filename(file)
        assert digest in hashes.get(f"{name}=={number}", ()), AGAIN
        assert tags & taken, f"{file} is not for Python {python} on arm64"
        seen.add(f"{name}=={number}")
    assert seen == set(hashes), AGAIN
