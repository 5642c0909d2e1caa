import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server import cli, cli_page, cli_stats, logs
from server.setting_sources import variable
from server.settings import Settings
from tests.money.list_file import with_price

PASSWORD = "correct horse"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(empty_house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with an empty database, and an environment that names it and nothing else."""
    (tmp_path / "data").mkdir()
    shutil.copy(empty_house / "llm-router.db", tmp_path / "data")
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("LLM_ROUTER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LLM_ROUTER_PORT", str(free_port()))
    return tmp_path / "data"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Types a command; gives back its exit code and what it said on both outputs."""

    def run(*line: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["llm-router", *line])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    yield run
    logs.remove()


def test_init_makes_everything_and_does_no_harm_the_second_time(run: Run, data: Path) -> None:
    shutil.rmtree(data)
    assert run("init")[0] == 0
    key = (data / "secret.key").read_bytes()
    code, out, _ = run("init")
    assert code == 0
    assert f"{data} is ready" in out
    assert "There is no account yet" in out
    assert (data / "secret.key").read_bytes() == key


def test_init_makes_the_admin_that_the_settings_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_ROUTER_ADMIN_USER", "boss")
    monkeypatch.setenv("LLM_ROUTER_ADMIN_PASSWORD", PASSWORD)
    assert "no account" not in run("init")[1]
    assert run("users", "list")[1].split()[:2] == ["boss", "admin"]


def test_people_are_added_listed_disabled_and_let_back_in(run: Run) -> None:
    assert run("users", "add", "root", "--password-stdin", stdin=f"{PASSWORD}\n")[1] == "Made root (admin).\n"
    code, out, _ = run("users", "add", "ada", "--generate")
    assert code == 0
    assert "Made ada (member)." in out
    assert len(out.partition("Password: ")[2].strip()) >= 16
    assert "Made eve (admin)." in run("users", "add", "eve", "--admin", "--generate")[1]
    assert run("users", "disable", "ada")[0] == 0
    assert [line.split()[:2] for line in run("users", "list")[1].splitlines()] == [
        ["root", "admin"],
        ["ada", "disabled"],
        ["eve", "admin"],
    ]
    assert run("users", "password", "ada", "--password-stdin", stdin="another one\n")[0] == 0
    assert "disabled" not in run("users", "list")[1]


def test_people_are_changed_given_links_invited_and_erased(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_ROUTER_PUBLIC_URL", "https://chat.example.com")
    run("users", "add", "root", "--generate")
    made = run("users", "add", "ada", "--link", "--model", "gpt-*", "--own-keys", "no")[1]
    assert made.startswith("Made ada (member).\nhttps://chat.example.com/#/welcome/")
    assert run("users", "set", "ada", "--role", "admin")[1] == "ada is an admin and may use gpt-*.\n"
    spends = run("users", "set", "ada", "--budget", "month=2.50", "--budget", "total=100")[1].splitlines()[1:]
    assert spends == ["ada may spend $2.5 per month.", "ada may spend $100 in total."]
    assert "may spend as much as there is per month" in run("users", "set", "ada", "--budget", "month=off")[1]
    assert "a member and may use every" in run("users", "set", "ada", "--role", "member", "--all-models")[1]
    assert run("users", "disable", "ada")[0] == run("users", "enable", "ada")[0] == 0
    assert "It works once, until 20" in run("users", "link", "ada")[1]
    listed = json.loads(run("users", "list", "--json")[1])["users"]
    assert [(one["username"], one["own_keys"]) for one in listed] == [("root", "server"), ("ada", "no")]
    assert "last admin" in run("users", "delete", "root", "--yes")[2]
    assert run("users", "delete", "ada", "--yes")[1] == "ada is erased.\n"
    assert "ada" not in run("users", "list")[1]
    assert "LLM_ROUTER_REGISTRATION=true" in run("users", "invite", "--days", "3")[1]
    (invitation,) = run("users", "invitations")[1].splitlines()
    assert run("users", "withdraw", invitation.split()[0])[0] == 0
    assert run("users", "invitations")[1] == ""


@pytest.mark.parametrize(
    ("line", "stdin", "sentence"),
    [
        (("users", "add", "ada"), "", "no terminal to ask for the password"),
        (("users", "add", "ada", "--password-stdin"), "short\n", "at least 8 characters"),
        (("users", "add", "two words", "--generate"), "", "a user name has 1 to 32"),
        (("users", "disable", "nobody"), "", "there is no user nobody"),
        (("users", "set", "root", "--budget", "year=3"), "", "year=3 is not a budget, such as month=30"),
        (("users", "set", "root", "--budget", "month=0"), "", "a budget is more than $0"),
        (("users", "set", "root", "--budget", "month=1,000"), "", "without a comma"),
        (("users", "delete", "nobody", "--yes"), "", "there is no user nobody"),
        (("users", "withdraw", "nothing"), "", "there is no such invitation"),
        (("users", "password", "nobody", "--generate"), "", "there is no user nobody"),
        (("config", "set-key", "nope", "x"), "", "There is no provider nope: it is one of anthropic"),
        (("config", "set-key", "demo", "x"), "", "There is no provider demo"),
        (("config", "set-key", "compatible"), "", "Say where it is"),
        (("config", "set-key", "openai", "two words"), "", "does not look like a key"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(
    run: Run, line: tuple[str, ...], stdin: str, sentence: str
) -> None:
    code, out, err = run(*line, stdin=stdin)
    assert (code, out) == (1, "")
    assert err.startswith("llm-router: ")
    assert err.count("\n") == 1
    assert sentence in err


def test_a_wrong_setting_stops_every_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_ROUTER_PROT", "1")
    for line in (("serve",), ("init",), ("doctor",), ("users", "list"), ("config", "list-keys")):
        assert run(*line) == (
            1,
            "",
            "llm-router: LLM_ROUTER_PROT is not a setting. Did you mean LLM_ROUTER_PORT?\n",
        )


def test_a_key_is_stored_for_everybody_and_only_its_end_is_shown(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [run("config", "set-key", "anthropic", "-", stdin="sk-ant-canary-0123456789\n")]
    said.append(run("config", "set-key", "openai", "sk-canary-first-1111"))
    said.append(run("config", "set-key", "openai", "sk-canary-second-2222", "--base-url", "http://x.lan/v1"))
    said.append(run("config", "set-key", "ollama", "--base-url", "http://localhost:11434/v1"))
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-canary-3333")
    said.append(run("config", "list-keys"))
    assert [each[0] for each in said] == [0] * 5
    assert "canary" not in str(said)
    assert [line.split() for line in said[-1][1].splitlines()] == [
        ["anthropic", "…6789", "untested"],
        ["openai", "…2222", "untested", "http://x.lan/v1"],
        ["ollama", "no", "key", "untested", "http://localhost:11434/v1"],
        ["gemini", "…3333", "environment"],
    ]
    assert not any(b"canary" in path.read_bytes() for path in data.iterdir())


def test_several_keys_of_one_provider_are_kept_side_by_side(run: Run) -> None:
    run("config", "set-key", "openai", "sk-canary-first-1111", "--weight", "3")
    run("config", "set-key", "openai", "sk-canary-second-2222", "--another", "--position", "1")
    assert [line.split()[1] for line in run("config", "list-keys")[1].splitlines()] == ["…1111", "…2222"]


def test_a_virtual_key_is_made_listed_and_revoked(run: Run, data: Path) -> None:
    run("users", "add", "root", "--generate")
    run("users", "add", "ada", "--generate")
    code, out, _ = run("keys", "create", "laptop", "--json", "--user", "ada", "--limit", "2.50", "--model", "gpt-*")
    made = json.loads(out)
    assert code == 0
    assert made["key"].startswith("sk-llmr-")
    assert (made["username"], made["limit_nanos"], made["models"]) == ("ada", 2_500_000_000, ["gpt-*"])
    shown = run("keys", "create", "printer")[1]
    assert shown.splitlines()[0].startswith("Key: sk-llmr-")
    listed = run("keys", "list")[1]
    assert [line.split()[2:5] for line in listed.splitlines()] == [
        ["active", "root", "printer"],
        ["active", "ada", "laptop"],
    ]
    assert f"sk-llmr-…{made['key'][-4:]}" in listed
    assert made["key"] not in listed
    wanted = ("--name", "desk", "--rpm", "5", "--limit", "none", "--days", "3", "--model", "claude-*")
    changed = json.loads(run("keys", "edit", made["id"], *wanted, "--json")[1])
    assert (changed["name"], changed["rpm"], changed["limit_nanos"]) == ("desk", 5, None)
    assert changed["expires_at"] and changed["models"] == ["claude-*"]
    back = run("keys", "edit", made["id"], "--name", "laptop", "--rpm", "none", "--days", "none")
    assert back[1] == f"laptop (sk-llmr-…{made['key'][-4:]}) is changed.\n"
    assert run("keys", "edit", made["id"], "--rpm", "lots")[0] == 1
    assert run("keys", "revoke", made["id"])[1] == f"laptop (sk-llmr-…{made['key'][-4:]}) is revoked.\n"
    states = {key["id"]: key["state"] for key in json.loads(run("keys", "list", "--json")[1])["keys"]}
    assert states[made["id"]] == "revoked"
    assert not any(made["key"][8:].encode() in path.read_bytes() for path in data.iterdir())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (("keys", "create", "x"), "There is no account yet"),
        (("keys", "create", "x", "--user", "nobody"), "there is no user nobody"),
        (("keys", "create", "x", "--limit", "lots"), "lots is not an amount of dollars"),
        (("keys", "create", "x", "--limit", "nan"), "nan is not an amount of dollars"),
        (("keys", "revoke", "nothing"), "there is no such key"),
        (("aliases", "remove", "nothing"), "there is no alias nothing"),
        (("aliases", "set", "x", "x"), "a name cannot stand for itself"),
        (("explain", "req_nothing"), "no call of this server belongs to req_nothing"),
    ],
)
def test_what_the_gateway_commands_cannot_do_is_one_line(run: Run, line: tuple[str, ...], sentence: str) -> None:
    code, out, err = run(*line)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert sentence in err


def test_aliases_are_set_listed_and_removed(run: Run) -> None:
    assert run("aliases", "set", "claude-sonnet-4-5", "gpt-5.1")[0] == 0
    assert run("aliases", "set", "claude-sonnet-4-5", "ollama/qwen3")[0] == 0
    assert run("aliases", "list")[1] == "claude-sonnet-4-5 → ollama/qwen3\n"
    assert "not for another alias" in run("aliases", "set", "fast", "claude-sonnet-4-5")[2]
    assert json.loads(run("aliases", "list", "--json")[1]) == {"claude-sonnet-4-5": "ollama/qwen3"}
    assert run("aliases", "remove", "claude-sonnet-4-5")[0] == 0
    assert run("aliases", "list")[1] == ""


def test_stats_of_nothing_are_zero(run: Run) -> None:
    assert "$0.000000" in run("stats")[1]
    found = json.loads(run("stats", "--output", "json", "--since", "7d")[1])
    assert (found["total"]["calls"], found["total"]["cost_nanos"], len(found["days"])) == (0, 0, 7)
    assert set(found["by"]) == {"model", "provider", "user", "key", "project", "kind", "device"}
    assert run("stats", "--by", "model", "--output", "csv")[1].startswith("id,name,calls,input")
    assert "is no day such as" in run("stats", "--since", "yesterday")[2]


def test_a_name_in_the_stats_is_no_formula_of_a_spreadsheet() -> None:
    text = cli_stats._csv([{"id": "=1+1", "name": "@SUM(A1)", "calls": 2}])
    assert text.splitlines()[1].startswith("'=1+1,'@SUM(A1),2,")


def test_the_slash_commands_are_printed_as_the_page_of_the_docs(run: Run) -> None:
    code, out, _ = run("commands")
    assert code == 0
    assert "/model" in out


def test_a_damaged_key_file_is_a_sentence(run: Run, data: Path) -> None:
    run("init")
    (data / "secret.key").write_text("garbage")
    assert "is damaged: put it back from a backup" in run("users", "list")[2]


@pytest.fixture
def server(data: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the real thing in a process of its own; every one is gone at the end of the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "server.cli", "serve", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if word in line:
            return said
    raise AssertionError(f"ended without saying {word!r}: {said}{process.stderr.read() if process.stderr else ''}")


def test_a_started_server_says_where_it_is_and_ends_in_good_order(
    server: Callable[..., subprocess.Popen[str]],
) -> None:
    process = server()
    said = read_until(process, "Set-up code")
    address = f"http://127.0.0.1:{os.environ['LLM_ROUTER_PORT']}"
    assert address in said
    assert "start it with --lan" in said
    with urllib.request.urlopen(f"{address}/health", timeout=5) as response:
        assert response.read() == b'{"status":"ok"}'
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 0
    said = [json.loads(line)["message"] for line in errors.splitlines()]
    assert said[0] == "stopping" and said[1].startswith("stopped after ") and len(said) == 2


def test_with_lan_it_says_what_to_type_into_a_phone(server: Callable[..., subprocess.Popen[str]], run: Run) -> None:
    run("users", "add", "root", "--generate")
    said = read_until(server("--lan"), "On a phone")
    assert f":{os.environ['LLM_ROUTER_PORT']} in the same network" in said
    assert "Set-up code" not in said


def test_a_port_in_use_is_one_line(run: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(os.environ["LLM_ROUTER_PORT"])))
        other.listen()
        code, _, err = run("serve")
    assert code == 1
    port = os.environ["LLM_ROUTER_PORT"]
    assert err.startswith(f"llm-router: 127.0.0.1 port {port} is in use: ")
    assert err.count("\n") == 1


def test_an_address_of_another_machine_is_one_line(run: Run) -> None:
    assert "203.0.113.7 port" in run("serve", "--host", "203.0.113.7")[2]


def test_an_admin_password_that_is_too_short_stops_the_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_ROUTER_ADMIN_USER", "boss")
    monkeypatch.setenv("LLM_ROUTER_ADMIN_PASSWORD", "short")
    assert run("serve") == (1, "", "llm-router: a password has at least 8 characters\n")


def test_prices_are_shown_set_listed_and_removed(run: Run, tmp_path: Path) -> None:
    assert "  input $1.25\n" in run("prices", "show", "gpt-5.1")[1]
    assert "above 100,000 tokens: input $0.5" in run("prices", "show", "anthropic/claude-haiku-5-5")[1]
    assert "not known, shown as $?" in run("prices", "show", "openai/gpt-99")[1]
    code, out, _ = run("prices", "set", "openai", "gpt-99*", "--input", "2", "--output", "$8")
    assert (code, out) == (0, "openai gpt-99* costs input $2, output $8.\n")
    assert json.loads(run("prices", "show", "gpt-99-mini", "--json")[1])["rates"] == {"input": "2", "output": "8"}
    listed = json.loads(run("prices", "list", "--json")[1])
    assert (listed["list"]["source"], [one["model"] for one in listed["overrides"]]) == ("genai-prices", ["gpt-99*"])
    assert run("prices", "remove", listed["overrides"][0]["id"])[0] == 0
    assert len(run("prices", "list")[1].splitlines()) == 1
    newer = tmp_path / "data.json"
    newer.write_bytes(with_price("gpt-5.1", input_mtok=9, output_mtok=90))
    assert "1 with another price than before" in run("prices", "update", str(newer))[1]
    assert "gpt-5.1 (file " in run("prices", "show", "gpt-5.1")[1]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (("prices", "set", "nobody", "x", "--free"), "there is no provider nobody"),
        (("prices", "set", "openai", "x", "--input", "1"), "say what a million tokens"),
        (("prices", "set", "openai", "x", "--json", "[]"), "--json takes an object"),
        (("prices", "show", "mystery"), "say provider/model"),
        (("prices", "remove", "nothing"), "there is no such price"),
        (("prices", "update", "/nowhere.json"), "cannot be read"),
        (("prices", "update", "/dev/null"), "not JSON"),
    ],
)
def test_what_the_price_commands_cannot_do_is_one_line(run: Run, line: tuple[str, ...], sentence: str) -> None:
    code, out, err = run(*line)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert sentence in err


def test_the_page_of_the_docs_has_every_command() -> None:
    page = Path(__file__).parents[1] / "docs" / "command-line.md"
    assert page.read_text() == cli_page.page(), "run: python -m server.cli_page > docs/command-line.md"


def test_the_doctor_says_of_each_thing_how_it_is(run: Run, data: Path) -> None:
    run("init")
    code, out, _ = run("doctor")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} == {"ok", "note"}
    assert "ok    content        every page of the database is whole\n" in out
    (data / "secret.key").unlink()
    code, out, _ = run("doctor")
    assert code == 1
    assert "bad   key file" in out and "put it back from a backup" in out
