import pytest

from server.ops.push import NOBODY, contact
from server.setting_sources import SettingsError
from server.settings import Settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, NOBODY),
        ({"public_url": "https://chat.example.com"}, "https://chat.example.com"),
        ({"public_url": "https://pi.tail1234.ts.net:8443"}, "https://pi.tail1234.ts.net"),
        ({"public_url": "http://chat.example.com"}, NOBODY),
        ({"public_url": "https://pi.local"}, NOBODY),
        ({"public_url": "https://pi"}, NOBODY),
        ({"public_url": "https://192.168.1.4"}, NOBODY),
        ({"public_url": "https://chat.example.com", "push_contact": "mailto:me@x.example"}, "mailto:me@x.example"),
    ],
)
def test_push_services_get_a_contact_that_they_accept(settings: dict[str, str], expected: str) -> None:
    assert contact(Settings.load({}, **settings)) == expected


def test_a_contact_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"mailto:you@example\.com"):
        Settings.load({"LLM_ROUTER_PUSH_CONTACT": "me"})
