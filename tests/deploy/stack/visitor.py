"""A person with a browser, out of the standard library: makes the first account, sends, listens to the stream."""

import http.client
import json
import ssl
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Heard:
    """``arrived`` are the seconds after sending at which each piece of the reply came."""

    conversation: str
    reply: str
    text: str
    arrived: list[float]


class Visitor:
    """``trust``: the certificate of the authority that signs for ``name``; without it the visit is plain HTTP."""

    def __init__(self, port: int, name: str = "localhost", trust: str | None = None) -> None:
        self._port, self.name = port, name
        self._tls = ssl.create_default_context(cafile=trust) if trust else None
        if self._tls:
            self._tls.set_alpn_protocols(["http/1.1"])
        self._cookies: dict[str, str] = {}
        self._csrf = ""

    def at(self, port: int) -> "Visitor":
        """The same person at the port that the server has now."""
        self._port = port
        return self

    def open(self, method: str, path: str, body: Any = None) -> tuple[http.client.HTTPConnection, Any]:
        """The connection and the response, whose body is still to be read."""
        connection = _Connection(self._port, self.name, self._tls)
        scheme = "https" if self._tls else "http"
        headers = {"Host": self.name, "Origin": f"{scheme}://{self.name}", "X-CSRF-Token": self._csrf}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        content = None
        if body is not None:
            content, headers["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        for each in response.headers.get_all("set-cookie") or ():
            name, _, value = each.partition(";")[0].partition("=")
            self._cookies[name] = value
        return connection, response

    def call(self, method: str, path: str, body: Any = None) -> Any:
        connection, response = self.open(method, path, body)
        content = response.read()
        connection.close()
        assert response.status < 300, f"{method} {path}: {response.status} {content[:300]!r}"
        return json.loads(content) if content else None

    def set_up(self, code: str, username: str, password: str) -> None:
        made = self.call("POST", "/api/setup", {"code": code, "username": username, "password": password})
        self._csrf = made["csrf"]

    def ask(self, text: str) -> Heard:
        """Sends the first message of a new conversation and listens to its reply to the end."""
        id = self.call("POST", "/api/conversations", {})["id"]
        connection, stream = self.open("GET", f"/api/stream?conversation={id}")
        assert stream.status == 200, stream.read()
        events = _events(stream)
        assert next(events)[0] == "sync"
        began = time.monotonic()
        body = {"client_id": str(uuid.uuid4()), "text": text}
        reply = self.call("POST", f"/api/conversations/{id}/messages", body)["reply"]["id"]
        arrived = []
        for kind, data in events:
            if kind == "delta" and data["reply"] == reply:
                arrived.append(time.monotonic() - began)
            elif kind == "message" and data["id"] == reply and data["status"] not in ("pending", "streaming"):
                assert data["status"] == "done", data
                break
        connection.close()
        return Heard(id, reply, self.call("GET", f"/api/messages/{reply}")["text"], arrived)

    def pdf(self, conversation: str) -> bytes:
        """The conversation on paper."""
        paper = self.call("POST", f"/api/export/{conversation}/pdf")
        end = time.monotonic() + PATIENCE
        while paper["state"] not in ("done", "failed") and time.monotonic() < end:
            time.sleep(0.1)
            paper = self.call("GET", f"/api/pdf/{paper['id']}")
        assert paper["state"] == "done", paper
        connection, response = self.open("GET", f"/api/pdf/{paper['id']}/file")
        content: bytes = response.read()
        connection.close()
        return content


class _Connection(http.client.HTTPConnection):
    """To a port of this machine, whatever name is asked for."""

    def __init__(self, port: int, name: str, tls: ssl.SSLContext | None) -> None:
        super().__init__("127.0.0.1", port, timeout=PATIENCE)
        self._name, self._tls = name, tls

    def connect(self) -> None:
        super().connect()
        if self._tls:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def _events(stream: Any) -> Iterator[tuple[str, Any]]:
    fields: dict[str, str] = {}
    for raw in stream:
        name, _, value = raw.decode().rstrip("\r\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield fields.get("event", ""), json.loads(fields["data"])
            fields = {}
    raise AssertionError("the stream ended before the reply did")
