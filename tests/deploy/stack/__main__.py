"""``bin/test-stack``: the compose files on a real engine, from a clean copy to what outlives a restart."""

import argparse
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.deploy.stack import seen
from tests.deploy.stack.engine import PATIENCE, Stack, docker
from tests.deploy.stack.image import weigh
from tests.deploy.stack.visitor import Heard, Visitor

ROOT = Path(__file__).parents[3]
FILES = ("docker-compose.yml", "docker-compose.pi.yml", "docker-compose.vps.yml")
CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
PERSON = ("ada", "lovelace engine")
QUESTION = "Tell me about lighthouses, with a list and some code."


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bin/test-stack", description="Builds the image and drives every compose file."
    )
    parser.add_argument("files", nargs="*", default=FILES, help=f"compose files; left out: {', '.join(FILES)}")
    parser.add_argument("--platform", help="such as linux/arm64, emulated where it is not this machine's")
    parser.add_argument("--build-network", help="network of the build steps, such as host")
    parser.add_argument("--no-cache", action="store_true", help="build everything anew, as a clean machine does")
    parser.add_argument("--pdf-fonts", action="store_true", help="with fonts for every script")
    options = parser.parse_args()
    if options.platform:
        os.environ["DOCKER_DEFAULT_PLATFORM"] = options.platform
    os.environ |= {"DOMAIN": "localhost", "PDF_FONTS": "1" if options.pdf_fonts else ""}
    image = "llm-router-test"

    def change(service: dict[str, Any]) -> None:
        service["image"] = image
        if options.build_network:
            service["build"]["network"] = options.build_network

    with tempfile.TemporaryDirectory(prefix="llm-router-stack-") as folder:
        began = time.monotonic()
        place = copy(Path(folder) / "llm-router")
        say("a clean copy", began)
        stacks = [Stack(place / each, Path(folder), change) for each in options.files]
        stacks[0].compose("build", "--quiet", *(["--no-cache"] if options.no_cache else []))
        say("the image is built", began)
        try:
            for number, stack in enumerate(stacks):
                try:
                    drive(stack, Path(folder), began if number == 0 else time.monotonic())
                except BaseException:
                    print(stack.logs()[-4000:])
                    raise
                finally:
                    stack.down(volumes=True)
            layers = [size / 1e6 for size in weigh(image)]
            print(
                f"\nimage, compressed: {sum(layers):.1f} MB, in layers of {', '.join(f'{size:.1f}' for size in layers)}"
            )
        finally:
            docker("image", "rm", "--force", image)
    print("Everything is well.")


def copy(into: Path) -> Path:
    """What a clone would have: what git knows of, and nothing that lies about here."""
    known = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, known.decode().split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


def drive(stack: Stack, folder: Path, began: float) -> None:
    print(f"\n── {stack.name}")
    before = time.monotonic()
    stack.up()
    say("up and healthy", before)
    seen.is_careful(stack)
    visitor = visit(stack, folder)
    visitor.set_up(code_of(stack), *PERSON)
    heard = visitor.ask(QUESTION)
    say("first reply, from the clean copy" if began < before - 1 else "first reply", began)
    came_word_by_word(heard)
    assert visitor.pdf(heard.conversation).startswith(b"%PDF-")

    before = time.monotonic()
    stack.compose("restart", "llm-router")
    say("restarted", before)
    visitor = again(stack, folder, visitor)
    assert visitor.call("GET", f"/api/messages/{heard.reply}")["text"] == heard.text
    say("stopped, started and answering", before)

    stack.down(volumes=False)
    before = time.monotonic()
    stack.up()
    say("made anew over the same volume, healthy", before)
    print(f"          memory, idle: {seen.memory(stack)}")
    visitor = again(stack, folder, visitor)
    assert visitor.call("GET", f"/api/messages/{heard.reply}")["text"] == heard.text
    assert PERSON[0] in stack.inside("llm-router", "users", "list")


def visit(stack: Stack, folder: Path) -> Visitor:
    if not stack.has_caddy:
        return Visitor(stack.port("llm-router", 8080))
    secure, plain = stack.port("caddy", 443), stack.port("caddy", 80)
    trust = until(lambda: stack.certificate(folder / "root.crt"))
    assert until(lambda: seen.protocol(secure, trust)) == "h2"
    visitor = until(lambda: answering(Visitor(secure, trust=str(trust))))
    connection, response = visitor.open("GET", "/")
    assert 'h3=":443"' in response.headers["alt-svc"], "HTTP/3 is offered"
    assert ("strict-transport-security" in response.headers) == stack.name.endswith("vps")
    connection.close()
    connection, response = Visitor(plain).open("GET", "/")
    assert response.status == 308
    assert response.headers["location"] == "https://localhost/"
    connection.close()
    if stack.name.endswith("pi"):
        connection, response = Visitor(plain).open("GET", "/ca.crt")
        assert response.read() == trust.read_bytes(), "a device can fetch what it has to trust"
        connection.close()
    return visitor


def again(stack: Stack, folder: Path, visitor: Visitor) -> Visitor:
    """The same person, still signed in, at the port that it has now."""
    port = stack.port(*(("caddy", 443) if stack.has_caddy else ("llm-router", 8080)))
    return until(lambda: answering(visitor.at(port)))


def answering(visitor: Visitor) -> Visitor:
    visitor.call("GET", "/health")
    return visitor


def until(work: Any) -> Any:
    """Its result, as soon as it has one."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except (OSError, AssertionError, http.client.HTTPException, SystemExit):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def code_of(stack: Stack) -> str:
    found = CODE.search(stack.logs())
    assert found, f"the logs have the code of the first account:\n{stack.logs()}"
    return found[0]


def came_word_by_word(heard: Heard) -> None:
    first, last = heard.arrived[0], heard.arrived[-1]
    print(f"          {len(heard.arrived)} pieces, the first after {first:.2f} s, the last after {last:.2f} s")
    assert len(heard.arrived) >= 5, "a reply comes in pieces"
    assert last - first > 0.3, "they are not held back"


def say(what: str, began: float) -> None:
    print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
