"""The files that start containers: what a checker says of them, and what each must promise."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.setting_sources import variable
from server.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "docker-compose.pi.yml", "docker-compose.vps.yml")
BIN = Path(sys.executable).parent


def composed(file: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["services"])


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_files_are_what_the_compose_specification_says() -> None:
    run(str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *FILES)


def test_hadolint_has_nothing_against_the_dockerfile() -> None:
    run(str(BIN / "hadolint"), "Dockerfile")
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"^#\s*syntax\s*=", text, re.M), "such a line asks a registry for a program"


@pytest.mark.parametrize("file", ["Caddyfile", "Caddyfile.lan"])
def test_caddy_takes_its_files(file: str) -> None:
    caddy = shutil.which("caddy") or shutil.which("caddy", path=ROOT / ".tools" / "caddy" / "usr" / "bin")
    if not caddy:
        pytest.skip("caddy is missing (https://caddyserver.com/docs/install)")
    run(caddy, "validate", "--adapter", "caddyfile", "--config", file)
    said = subprocess.run([caddy, "adapt", "--config", file], cwd=ROOT, capture_output=True, check=True).stdout
    assert list(found(json.loads(said), "flush_interval")) == [-1], "a streamed reply is not held back"


def found(tree: Any, name: str) -> Any:
    """Every value under that name."""
    if isinstance(tree, dict):
        yield from (value for key, value in tree.items() if key == name)
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from found(each, name)


@pytest.mark.parametrize("file", FILES)
def test_every_container_may_do_as_little_as_it_can(file: str) -> None:
    for name, service in composed(file).items():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["restart"] == "unless-stopped"
        assert service["mem_limit"] and service["pids_limit"]
        assert {"max-size", "max-file"} <= set(service["logging"]["options"])
        assert any(each.startswith("/tmp") for each in service["tmpfs"])
        assert "privileged" not in service and "network_mode" not in service


@pytest.mark.parametrize("file", FILES)
def test_the_server_has_one_volume_an_init_and_time_to_stop(file: str) -> None:
    service = composed(file)["llm-router"]
    assert service["volumes"] == ["data:/data"]
    assert service["init"] is True
    assert int(service["stop_grace_period"].removesuffix("s")) > Settings().stop_timeout
    assert "data" in yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["volumes"]


@pytest.mark.parametrize("file", FILES)
def test_nothing_has_to_be_edited_before_the_first_start(file: str) -> None:
    """A variable has a default, but for the name that only the owner of a server knows."""
    text = (ROOT / file).read_text(encoding="utf-8")
    needed = {name for name, rest in re.findall(r"\$\{(\w+)([^}]*)\}", text) if not rest.startswith(":-")}
    assert needed == ({"DOMAIN"} if "vps" in file else set())
    for service in composed(file).values():
        assert all(each["required"] is False for each in service.get("env_file", []))


@pytest.mark.parametrize("file", FILES)
def test_every_setting_in_them_is_one(file: str) -> None:
    known = {variable(name) for name in Settings.model_fields}
    assert set(composed(file)["llm-router"].get("environment", {})) <= known


def test_where_caddy_stands_in_front_the_server_has_no_port_of_its_own() -> None:
    for file in FILES:
        services = composed(file)
        assert ("ports" in services["llm-router"]) == ("caddy" not in services)
