from pathlib import Path

import pytest

from server.setting_sources import SettingsError, variable
from server.settings import Settings, page
from server.wire.request import EFFORTS

DOCS = Path(__file__).parent.parent / "docs" / "settings.md"


def refused(environ: dict[str, str], **given: object) -> str:
    with pytest.raises(SettingsError) as error:
        Settings.load(environ, **given)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_without_any_setting_it_listens_on_this_machine_only() -> None:
    settings = Settings.load({})
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8080, Path("data"))
    assert settings.database == f"sqlite:///{Path('data/llm-router.db').absolute()}"
    assert (settings.default_model, settings.default_reasoning) == ("gpt-5.1", "low")
    assert settings.registration is settings.openai_background is False


def test_what_is_given_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("port: 1001\nhost: file\ndefault_model: file-model\nadmin_user:\n")
    environ = {"LLM_ROUTER_CONFIG": str(file), "LLM_ROUTER_PORT": "1002", "LLM_ROUTER_HOST": "environment"}
    settings = Settings.load(environ, port=1003, host=None)
    assert (settings.port, settings.host, settings.default_model) == (1003, "environment", "file-model")


def test_a_plain_port_is_honoured_unless_ours_is_set() -> None:
    assert Settings.load({"PORT": "1001"}).port == 1001
    assert Settings.load({"PORT": "1001", "LLM_ROUTER_PORT": "1002"}).port == 1002
    assert Settings.load({"PORT": ""}).port == 8080


def test_nothing_else_of_the_environment_is_taken_for_a_setting() -> None:
    assert Settings.load({"HOST": "evil", "DATA": "/etc", "DEMO": "true"}) == Settings()


@pytest.mark.parametrize(
    "name",
    [name for name in Settings.model_fields if not name.startswith(("admin_", "legacy_", "auth_", "proxy_", "env"))],
)
def test_every_setting_can_come_from_a_file_of_its_own(name: str, tmp_path: Path) -> None:
    values = {
        "backup_keep": "3",
        "backup_passphrase": "correct horse battery",
        "master_password": "correct horse battery",
        "public_url": "https://x.example",
        "database_url": "sqlite:////x.db",
        "default_reasoning": "high",
        "push_contact": "mailto:ada@x.example",
        "log_days": "30",
        "log_format": "text",
        "log_level": "error",
        "metrics_token": "a token of the settings",
        "timezone": "Europe/Berlin",
        "trusted_proxies": "10.0.0.0/8, private",
        "cors_origins": "https://x.example",
        "connections": "70",
    }
    default = Settings.model_fields[name].default
    fallback = "http://x.example" if name.endswith("_url") else str(not default).lower()
    value = values.get(name, fallback if isinstance(default, bool | None) else "7")
    file = tmp_path / "secret"
    file.write_text(f"{value}\n")
    from_file = Settings.load({f"{variable(name)}_FILE": str(file)})
    assert from_file == Settings.load({variable(name): value}) != Settings()


def test_the_admin_can_come_from_docker_secrets(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    environ = {"LLM_ROUTER_ADMIN_USER": "root", "LLM_ROUTER_ADMIN_PASSWORD_FILE": str(tmp_path / "password")}
    password = Settings.load(environ).admin_password
    assert password is not None
    assert password.get_secret_value() == "correct horse"


OLD_KEY = "the-one-old-key-of-this-house"


@pytest.mark.parametrize("name", ["AUTH_MODE", "LLM_ROUTER_AUTH_MODE"])
@pytest.mark.parametrize("mode", ["legacy", "both"])
def test_the_old_key_is_taken_where_the_mode_says_so(name: str, mode: str) -> None:
    settings = Settings.load({name: mode, "LLM_ROUTER_LEGACY_KEY": OLD_KEY, "LLM_ROUTER_LEGACY_LIMIT": "2.50"})
    assert settings.auth_mode == mode
    assert settings.legacy_key is not None
    assert OLD_KEY not in repr(settings)
    assert str(settings.legacy_limit) == "2.50"
    assert Settings.load({"AUTH_MODE": "users", "LLM_ROUTER_AUTH_MODE": "users"}).auth_mode == "users"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"AUTH_MODE": "open"}, "LLM_ROUTER_AUTH_MODE is 'open': input should be 'users', 'legacy' or 'both'"),
        ({"LLM_ROUTER_AUTH_MODE": "Both"}, "LLM_ROUTER_AUTH_MODE is 'Both'"),
        ({"AUTH_MODE": "both"}, "set LLM_ROUTER_LEGACY_KEY to the old key"),
        ({"AUTH_MODE": "legacy", "LLM_ROUTER_LEGACY_KEY": ""}, "set LLM_ROUTER_LEGACY_KEY to the old key"),
        ({"LLM_ROUTER_LEGACY_KEY": OLD_KEY}, "LLM_ROUTER_LEGACY_KEY is set but not used"),
        ({"AUTH_MODE": "both", "LLM_ROUTER_LEGACY_KEY": "short"}, "LLM_ROUTER_LEGACY_KEY has at least 16 characters"),
        ({"AUTH_MODE": "both", "LLM_ROUTER_LEGACY_KEY": "two words of a sentence"}, "without spaces"),
        ({"AUTH_MODE": "both", "LLM_ROUTER_AUTH_MODE": "users"}, "are both set and differ"),
        ({"AUTH_MODE": "both", "LLM_ROUTER_LEGACY_KEY": OLD_KEY, "LLM_ROUTER_LEGACY_LIMIT": "0"}, "greater than 0"),
    ],
)
def test_whatever_is_unclear_about_the_old_key_stops_the_start(environ: dict[str, str], line: str) -> None:
    message = refused(environ)
    assert line in message
    assert OLD_KEY not in message


def test_secrets_do_not_show_in_logs() -> None:
    settings = Settings.load(
        {
            "OPENAI_API_KEY": "sk-canary",
            "LLM_ROUTER_ADMIN_USER": "root",
            "LLM_ROUTER_ADMIN_PASSWORD": "canary-password",
            "LLM_ROUTER_DATABASE_URL": "postgresql://me:canary@db/x",
        }
    )
    assert "canary" not in f"{settings!r} {settings}"
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-canary"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"LLM_ROUTER_PROT": "1"}, "LLM_ROUTER_PROT is not a setting. Did you mean LLM_ROUTER_PORT?"),
        ({"LLM_ROUTER_XYZZY": "1"}, "LLM_ROUTER_XYZZY is not a setting. See docs/settings.md"),
        ({"LLM_ROUTER_OPENAI_API_KEY": "sk-x"}, "LLM_ROUTER_OPENAI_API_KEY is not a setting."),
        ({"LLM_ROUTER_PORT": "eighty"}, "LLM_ROUTER_PORT is 'eighty': input should be a valid integer"),
        ({"LLM_ROUTER_PORT": "70000"}, "LLM_ROUTER_PORT is '70000': input should be less than or equal to 65535"),
        ({"PORT": "x"}, "LLM_ROUTER_PORT is 'x'"),
        ({"LLM_ROUTER_DEMO": "maybe"}, "LLM_ROUTER_DEMO is 'maybe': input should be a valid boolean"),
        ({"LLM_ROUTER_IDLE_TIMEOUT": "0"}, "LLM_ROUTER_IDLE_TIMEOUT is '0': input should be greater than 0"),
        ({"LLM_ROUTER_IDLE_TIMEOUT": "inf"}, "LLM_ROUTER_IDLE_TIMEOUT is 'inf': input should be a finite number"),
        ({"LLM_ROUTER_DEFAULT_REASONING": "lots"}, "LLM_ROUTER_DEFAULT_REASONING is 'lots'"),
        ({"LLM_ROUTER_PUBLIC_URL": "chat.example.com"}, "expected an address such as https://"),
        ({"LLM_ROUTER_PUBLIC_URL": "https://x.example/chat"}, "expected only scheme and host"),
        ({"OPENAI_BASE_URL": "localhost:1234"}, "OPENAI_BASE_URL is 'localhost:1234': expected an address"),
        ({"LLM_ROUTER_BACKUP_PASSPHRASE": "short"}, "BACKUP_PASSPHRASE: expected at least 8 characters."),
        ({"LLM_ROUTER_DATABASE_URL": "sqlite://"}, "LLM_ROUTER_DATABASE_URL: expected a database on disk"),
        ({"LLM_ROUTER_ADMIN_USER": "root"}, "LLM_ROUTER_ADMIN_PASSWORD belong together"),
        ({"OPENAI_API_KEY": "x", "OPENAI_API_KEY_FILE": "/x"}, "are both set: keep one"),
        ({"OPENAI_API_KEY_FILE": "/nowhere"}, "OPENAI_API_KEY_FILE: cannot read /nowhere (No such file"),
        ({"LLM_ROUTER_CONFIG": "/nowhere"}, "LLM_ROUTER_CONFIG: cannot read /nowhere"),
    ],
)
def test_a_setting_that_cannot_be_right_is_one_clear_line(environ: dict[str, str], line: str) -> None:
    assert line in refused(environ)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("prot: 1", "prot is not a setting. Did you mean port?"),
        ("OPENAI_API_KEY: x", "Did you mean openai_api_key?"),
        ("port: [1]", "LLM_ROUTER_PORT is [1]: input should be a valid integer"),
        ("- port", "must hold lines such as `port: 8080`"),
        ("port: {", "line 1 is not valid YAML"),
        ("port: !!python/object:os.system x", "is not valid YAML"),
        ("1: 2", "1 is not a setting"),
    ],
)
def test_so_is_a_file_that_cannot_be_right(content: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(content)
    assert line in refused({"LLM_ROUTER_CONFIG": str(file)})


def test_a_wrong_secret_is_not_repeated() -> None:
    assert "canary" not in refused({"LLM_ROUTER_DATABASE_URL": "canary"})


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# nothing yet\n")
    assert Settings.load({"LLM_ROUTER_CONFIG": str(file)}) == Settings()


@pytest.mark.parametrize("effort", EFFORTS)
def test_every_reasoning_level_can_be_the_default(effort: str) -> None:
    assert Settings.load({"LLM_ROUTER_DEFAULT_REASONING": effort}).default_reasoning == effort


def test_the_page_in_the_docs_is_what_the_settings_say() -> None:
    assert DOCS.read_text() == page(), "write page() of server.settings into docs/settings.md"
