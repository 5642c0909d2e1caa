import pytest

from server.production import is_weak
from server.setting_sources import SettingsError
from server.settings import Settings

WELL = {
    "LLM_ROUTER_ENV": "production",
    "LLM_ROUTER_PUBLIC_URL": "https://chat.example.com",
    "LLM_ROUTER_ADMIN_USER": "root",
    "LLM_ROUTER_ADMIN_PASSWORD": "n7Kw-Tz9q-Vb3m",
}


def test_a_well_configured_server_starts() -> None:
    assert Settings.load(WELL).env == "production"
    assert Settings.load({"LLM_ROUTER_ENV": "production", "LLM_ROUTER_PUBLIC_URL": "https://x.example"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLM_ROUTER_PUBLIC_URL", ""),
        ("LLM_ROUTER_PUBLIC_URL", "http://chat.example.com"),
        ("LLM_ROUTER_ADMIN_PASSWORD", "password1234"),
        ("LLM_ROUTER_ADMIN_PASSWORD", "short"),
        ("LLM_ROUTER_ADMIN_PASSWORD", "rootrootroot1"),
        ("LLM_ROUTER_ADMIN_PASSWORD", "aaaaaaaaaaaaaaaa"),
        ("LLM_ROUTER_BACKUP_PASSPHRASE", "changeme-1"),
    ],
)
def test_in_production_it_does_not_start_with_what_is_weak(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load(WELL | {name: value})
    assert str(refused.value).startswith(name)
    assert not value or "URL" in name or value not in str(refused.value)
    assert Settings.load(WELL | {name: value, "LLM_ROUTER_ENV": "development"})


def test_everything_that_is_wrong_is_said_at_once_a_line_each() -> None:
    weak = {"LLM_ROUTER_AUTH_MODE": "legacy", "LLM_ROUTER_LEGACY_KEY": "secret-secret-secret"}
    with pytest.raises(SettingsError) as refused:
        Settings.load({"LLM_ROUTER_ENV": "production"} | weak)
    lines = str(refused.value).split("\n")
    assert [line.partition(" ")[0] for line in lines] == ["LLM_ROUTER_PUBLIC_URL", "LLM_ROUTER_LEGACY_KEY"]
    assert all(line.endswith(".") for line in lines)


def test_a_good_secret_may_have_such_a_word_in_it() -> None:
    assert not is_weak("correct horse battery")
    assert not is_weak("my-secret-7Kw9qVb3m")
    assert is_weak("changeme12345")
