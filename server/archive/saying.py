"""How a process of ours tells its parent how far it is: one JSON value a line. ``process`` is the other end."""

import json
import sys
from typing import Any


def say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
