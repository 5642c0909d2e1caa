"""Addresses that lead into the house: what a member can make the server ask."""

from pathlib import Path

import pytest

from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone

pytestmark = pytest.mark.anyio

INWARD = (
    "http://127.0.0.1:11434/v1",
    "http://localhost:22",
    "http://[::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://192.168.1.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://127.0.0.1.nip.io/",
    "https://api.openai.com@127.0.0.1/",
)
POINT = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
KEYS = {"p256dh": POINT, "auth": "A" * 22}


@pytest.mark.parametrize("provider", ["compatible", "openai", "ollama"])
async def test_a_member_points_the_server_nowhere(phone: Phone, provider: str) -> None:
    kept = await phone.post("/api/settings/api-keys", {"key": "sk-proj-adas-own-key-1234"})
    for address in (*INWARD, "https://proxy.example/v1"):
        body = {"provider": provider, "key": "sk-proj-adas-own-key-1234", "base_url": address}
        await phone.post("/api/settings/api-keys", body, expect=403)
        await phone.call("PATCH", f"/api/settings/api-keys/{kept['id']}", {"base_url": address}, expect=403)
    rows = (await phone.get("/api/settings/api-keys"))["keys"]
    assert [row["base_url"] for row in rows if row["owner"] == "you"] == [None]


async def test_a_push_message_goes_to_no_address_inside(phone: Phone) -> None:
    for address in INWARD:
        if address.endswith((".internal/", ".io/")):
            continue  # what such a name stands for is looked up, here and again when something is sent
        endpoint = address.replace("http://", "https://")
        body = {"subscription": {"endpoint": endpoint, "keys": KEYS}}
        answer = await phone.call("PUT", "/api/push", body, expect=400)
        assert answer["error"]["code"] == "push_address", address


async def test_an_address_has_no_other_scheme_even_for_an_admin(root: Phone) -> None:
    for address in ("file:///etc/passwd", "gopher://x/", "javascript:ran(1)", "ftp://x/", "//x", "x"):
        await root.post("/api/settings/api-keys", {"provider": "compatible", "base_url": address}, expect=400)


async def test_the_owner_may_let_members_say_where_their_provider_is(empty_house: Path, tmp_path: Path) -> None:
    house = await House.over(empty_house, tmp_path / "data", LLM_ROUTER_MEMBER_ADDRESSES="true").start()
    await house.services.users.create(*ADA)
    phone = await Phone(house.url).sign_in(*ADA)
    body = {"provider": "compatible", "base_url": "http://127.0.0.1:9/v1"}
    assert (await phone.post("/api/settings/api-keys", body))["base_url"] == body["base_url"]
    await phone.close()
    await house.stop()
