"""``python -m tests.upstream --port N``: the fake provider for other processes."""

import argparse
import sys
import time

from tests.upstream.server import Upstream


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    with Upstream(host=options.host, port=options.port) as upstream:
        sys.stdout.write(f"{upstream.url}\n")
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
