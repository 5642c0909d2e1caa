"""What was needed for a moment is not kept for good."""

import platform
import subprocess
import sys

import pytest

MEGABYTES = 8
HASHED = """
import resource, server.main
from server.accounts.passwords import _hash, _verify

def held():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

before = held()
assert _verify("lovelace engine", _hash("lovelace engine")) and not _verify("another", _hash("lovelace engine"))
print(held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library keeps memory in its own way")
def test_after_a_password_was_hashed_its_memory_is_the_systems_again() -> None:
    done = subprocess.run([sys.executable, "-c", HASHED], capture_output=True, text=True, check=True)
    assert int(done.stdout) < MEGABYTES, "each hash takes 19 MB"
