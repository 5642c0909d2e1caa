"""Provider keys: taken along under a passphrase, kept on a device, lost with the key file, put under a new one."""

import sqlite3
from base64 import b64encode
from dataclasses import replace

import pytest

from server.providers.carried import HEADER
from server.providers.known import PROVIDERS
from server.vault import keyfile
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

KEY = "sk-canary-0123456789"
PASSPHRASE = "quite a long passphrase"
PASSWORD = "lovelace engine"


async def test_keys_leave_only_under_a_passphrase_and_come_back_once(house: House, phone: Phone, bob: Phone) -> None:
    await phone.post("/api/settings/api-keys", {"provider": "openai", "key": KEY})
    path = "/api/settings/api-keys/export"
    asked = {"password": PASSWORD, "passphrase": PASSPHRASE}
    for wrong, status in (({"password": "guess"}, 403), ({"passphrase": "short"}, 400)):
        await phone.post(path, asked | wrong, expect=status)
    answer = await phone.http.post(path, json=asked, headers={"X-CSRF-Token": phone.csrf})
    assert answer.headers["x-keys"] == "1" and "attachment" in answer.headers["content-disposition"]
    assert KEY.encode() not in answer.content

    path = "/api/settings/api-keys/import"
    file = {"passphrase": PASSPHRASE, "content": b64encode(answer.content).decode()}
    told = await bob.post(path, file | {"passphrase": "another passphrase"}, expect=400)
    assert told["error"]["code"] == "wrong_passphrase"
    await bob.post(path, file | {"content": b64encode(answer.content[:-1]).decode()}, expect=400)
    await bob.post(path, file | {"content": b64encode(b"no file").decode()}, expect=400)
    assert await bob.post(path, file) == {"added": 1, "known": 0}
    assert await bob.post(path, file) == {"added": 0, "known": 1}
    mine = [each for each in (await bob.get("/api/settings/api-keys"))["keys"] if each["owner"] == "you"]
    assert [(each["provider"], each["last4"]) for each in mine] == [("openai", KEY[-4:])]


async def test_a_lost_key_file_is_one_clear_message_and_everything_else_works(
    house: House, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    await phone.post("/api/settings/api-keys", {"provider": "openai", "key": KEY})
    conversation = await phone.conversation(title="kept")
    await house.stop()
    (house.data / keyfile.NAME).unlink()
    await house.start()
    assert [each for each in caplog.messages if "key file" in each] == [
        "the key file is not the one under which a provider key was stored: put that file back into the data folder, "
        "or enter the keys again; everything else works"
    ]
    again = await Phone(house.url).sign_in("ada", PASSWORD)
    assert (await again.get(f"/api/conversations/{conversation}"))["conversation"]["title"] == "kept"
    (lost,) = [each for each in (await again.get("/api/settings/api-keys"))["keys"] if each["owner"] == "you"]
    assert (lost["status"], lost["status_message"]) == ("failed", "stored under another key file: enter it again")
    await again.call("PATCH", f"/api/settings/api-keys/{lost['id']}", {"key": KEY})
    (found,) = [each for each in (await again.get("/api/settings/api-keys"))["keys"] if each["owner"] == "you"]
    assert found["status"] == "untested"
    await again.close()


async def test_a_new_server_key_takes_effect_while_the_server_runs(house: House, phone: Phone) -> None:
    await phone.post("/api/settings/api-keys", {"provider": "openai", "key": KEY})
    before = (house.data / keyfile.NAME).read_bytes()
    await phone.post("/api/admin/rotate-key", expect=403)
    root = await Phone(house.url).sign_in(*ADMIN)
    virtual = (await root.post("/api/virtual-keys", {"name": "laptop"}))["key"]
    assert (await root.post("/api/admin/rotate-key"))["unreadable"] == 0
    assert before.strip() not in (house.data / keyfile.NAME).read_bytes()
    for _ in range(2):
        assert (await phone.get("/api/session"))["user"]["username"] == "ada"
        listed = await root.http.get("/v1/models", headers={"authorization": f"Bearer {virtual}"})
        assert listed.status_code == 200
        (mine,) = [each for each in (await phone.get("/api/settings/api-keys"))["keys"] if each["owner"] == "you"]
        assert mine["status"] == "untested"
        await house.stop()
        await house.start()
    await root.close()


async def test_a_key_of_the_device_serves_its_own_reply_and_is_kept_nowhere(
    house: House, phone: Phone, upstream: Upstream, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.stop()
    monkeypatch.setitem(PROVIDERS, "openai", replace(PROVIDERS["openai"], base_url=upstream.openai))
    await house.start()
    caplog.set_level("DEBUG")
    header = {HEADER: f'{{"openai": "{KEY}"}}'}
    tested = await phone.http.post(
        f"/api/settings/api-keys/device:openai:{phone.session['user']['id']}/test",
        headers={"X-CSRF-Token": phone.csrf} | header,
        json={},
    )
    assert tested.json()["ok"], tested.text
    conversation = await phone.conversation(model="gpt-5.1")
    upstream.default(Answer(text="with the device's key"))
    phone.http.headers.update(header)
    sent = await phone.send(conversation, "hello")
    del phone.http.headers[HEADER]
    done = await phone.ended(sent["reply"]["id"])
    assert done["text"] == "with the device's key"
    used = [each.headers["authorization"] for each in upstream.calls]
    assert used == [f"Bearer {KEY}"]
    again = await phone.post(f"/api/messages/{sent['reply']['id']}/retry", {"client_id": "without-the-key"})
    await phone.ended(again["reply"]["id"])
    assert upstream.calls[-1].headers["authorization"] != f"Bearer {KEY}"
    await house.stop()
    with sqlite3.connect(house.data / "llm-router.db") as rows:
        assert rows.execute("SELECT credential_last4 FROM calls ORDER BY id").fetchone() == (KEY[-4:],)
        assert not rows.execute("SELECT 1 FROM model_lists WHERE credential_id LIKE 'device:%'").fetchall()
    assert not [path for path in house.data.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert KEY not in caplog.text
    await house.start()


@pytest.mark.parametrize("header", ["x", "[]", '{"openai": 1}', '{"nobody": "sk-1"}', '{"compatible": "sk-1"}'])
async def test_a_header_that_is_none_of_keys_is_refused(phone: Phone, header: str) -> None:
    answer = await phone.http.get("/api/models", headers={HEADER: header})
    assert answer.status_code == 400
