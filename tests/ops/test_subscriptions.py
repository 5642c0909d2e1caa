"""Who is told: the devices that asked, while their owner is signed in, at addresses that may be written to."""

import sqlite3
from contextlib import closing

import pytest

from server.vault import keyfile
from tests.house import House
from tests.ops.pushing import Browser, Service, restart, stored, wait_for
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_signing_out_ends_it_and_signing_in_again_brings_it_back(
    phone: Phone, laptop: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(text="while signed out"), Answer(text="while signed in"))
    device = phone.session["device"]["id"]
    await phone.call("POST", "/api/auth/logout", {}, expect=204)
    await laptop.ask("one")
    phone.http.headers["X-Device"] = device
    await phone.sign_in("ada", "lovelace engine")
    assert (await phone.get("/api/push"))["subscribed"]
    await laptop.ask("two")
    (message,) = await service.got(1)
    assert message.note["body"] == "while signed in"


async def test_a_browser_that_changes_hands_tells_its_old_owner_nothing_more(
    phone: Phone, bob: Phone, service: Service, told: Browser
) -> None:
    await bob.call("PUT", "/api/push", {"subscription": told.subscription, "preview": True})
    assert not (await phone.get("/api/push"))["subscribed"]
    await phone.ask("from ada")
    await bob.ask("from bob")
    (message,) = await service.got(1)
    assert message.note["title"] == "from bob"


async def test_a_device_chooses_changes_and_takes_back(phone: Phone, laptop: Phone, service: Service) -> None:
    before = await phone.get("/api/push")
    assert before | {"public_key": ""} == {"available": True, "public_key": "", "subscribed": False, "preview": False}
    one, two = service.browser(), service.browser()
    now = await phone.call("PUT", "/api/push", {"subscription": one.subscription, "preview": True})
    assert now == before | {"subscribed": True, "preview": True}
    now = await phone.call("PUT", "/api/push", {"subscription": two.subscription, "preview": False})
    assert now == before | {"subscribed": True}
    assert not (await laptop.get("/api/push"))["subscribed"]
    await phone.ask("hello")
    (message,) = await service.got(1)
    assert message.browser is two
    await phone.call("DELETE", "/api/push", expect=204)
    assert await phone.get("/api/push") == before


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_ended_is_forgotten(
    house: House, phone: Phone, service: Service, told: Browser, status: int
) -> None:
    service.script(status)
    await phone.ask("hello")
    await wait_for(lambda: stored(house, "SELECT count(*) FROM push_subscriptions") == [(0,)])
    assert len(service.received) == 1
    assert not (await phone.get("/api/push"))["subscribed"]


async def test_a_subscription_that_never_works_is_given_up(
    house: House, phone: Phone, service: Service, told: Browser
) -> None:
    with closing(sqlite3.connect(house.data / "llm-router.db", timeout=10)) as connection, connection:
        connection.execute("UPDATE push_subscriptions SET failures = 49")
    service.script(400)
    await phone.ask("hello")
    await wait_for(lambda: stored(house, "SELECT count(*) FROM push_subscriptions") == [(0,)])


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:8080/x",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest",
        "https://[::1]/x",
        "https://8.8.8.8:22/x",
        "file:///etc/passwd",
        "x" * 3000,
    ],
)
async def test_a_member_cannot_reach_into_the_house_with_a_subscription(
    house: House, phone: Phone, endpoint: str
) -> None:
    await restart(house, phone, LLM_ROUTER_PUSH_LOCAL="false")
    wish = {"subscription": Browser(endpoint).subscription}
    answer = await phone.call("PUT", "/api/push", wish, expect=422 if len(endpoint) > 2048 else 400)
    assert answer["error"]["code"] in ("push_address", "invalid")
    assert not (await phone.get("/api/push"))["subscribed"]


async def test_an_address_that_turns_private_later_is_not_reached(
    house: House, phone: Phone, service: Service, told: Browser
) -> None:
    await restart(house, phone, LLM_ROUTER_PUSH_LOCAL="false")
    await phone.ask("hello")
    await wait_for(lambda: stored(house, "SELECT failures FROM push_subscriptions") == [(1,)])
    assert service.received == []


@pytest.mark.parametrize(
    "keys",
    [
        {"p256dh": "AAAA", "auth": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"p256dh": "not base64!", "auth": "x"},
        {"auth": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
async def test_keys_that_are_none_are_refused(phone: Phone, service: Service, keys: dict[str, str]) -> None:
    body = {"subscription": {"endpoint": service.browser().endpoint, "keys": keys}}
    answer = await phone.http.put("/api/push", json=body, headers={"X-CSRF-Token": phone.csrf})
    assert answer.status_code in (400, 422)


async def test_only_our_own_page_may_subscribe(phone: Phone, service: Service) -> None:
    phone.csrf = "forged"
    body = {"subscription": service.browser().subscription}
    answer = await phone.call("PUT", "/api/push", body, expect=403)
    assert answer["error"]["code"] == "csrf"


async def test_what_leads_to_a_browser_is_encrypted_at_rest(house: House, phone: Phone, told: Browser) -> None:
    dump = b"".join(file.read_bytes() for file in house.data.glob("llm-router.db*"))
    keys = told.subscription["keys"]
    for secret in (told.endpoint, keys["p256dh"], keys["auth"]):
        assert secret.encode() not in dump
    key = await house.services.push.subscriptions.key()
    assert len(key) == 43 and key.encode() not in dump


async def test_under_another_key_file_devices_have_to_ask_anew(house: House, phone: Phone, service: Service) -> None:
    await phone.call("PUT", "/api/push", {"subscription": service.browser().subscription})
    before = (await phone.get("/api/push"))["public_key"]
    await house.stop()
    (house.data / keyfile.NAME).unlink()
    await house.start()
    phone = await Phone(house.url).sign_in("ada", "lovelace engine")
    after = await phone.get("/api/push")
    assert after["public_key"] not in (None, before)
    assert stored(house, "SELECT count(*) FROM push_subscriptions") == [(0,)]
    browser = service.browser()
    await phone.call("PUT", "/api/push", {"subscription": browser.subscription})
    assert (await phone.post("/api/push/test"))["ok"]
    await phone.close()


async def test_a_person_has_a_bounded_number_of_devices_that_are_told(house: House, phone: Phone) -> None:
    rows = stored(house, "SELECT id FROM users WHERE username = 'ada'")
    put, devices = house.services.push.subscriptions.put, []
    for number in range(25):
        laptop = await Phone(house.url).sign_in("root", "correct horse battery")
        devices.append(laptop.session["device"]["id"])
        await laptop.close()
        browser = Browser(f"http://127.0.0.1:9/{number}")
        keys = browser.subscription["keys"]
        await put(rows[0][0], devices[-1], browser.endpoint, keys["p256dh"], keys["auth"], preview=False)
    kept = stored(house, "SELECT device_id FROM push_subscriptions ORDER BY created_at")
    assert [row[0] for row in kept] == devices[5:]
