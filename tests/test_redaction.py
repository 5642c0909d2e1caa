import io
import logging

import pytest

from server.redaction import Redaction, redacted

SECRETS = (
    "sk-proj-abcdefghijklmnop1234",
    "sk-ant-api03-abcdefgh_ijkl-mnop",
    "sk-or-v1-0123456789abcdef0123",
    "sk-llmr-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
    "gsk_0123456789abcdefghij",
    "xai-0123456789abcdefghij",
    "AIzaSyA0123456789abcdefghijklmnopqrstu",
    "gAAAAABlYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo0123456789==",
    "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("line", ["{}", "refused: {}.", "{{'key': '{}'}}", "GET /x?key={}&y=1", "Bearer {}", "x={},y"])
def test_what_looks_like_a_key_is_taken_out(secret: str, line: str) -> None:
    clean = redacted(line.format(secret))
    assert secret not in clean
    assert secret[-6:] not in clean
    assert "[removed]" in clean


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer canary-0001-abcd",
        "authorization: 'Basic Y2FuYXJ5LTAwMDE6eA=='",
        "x-api-key: canary-0001",
        "{'x-api-key': 'canary-0001'}",
        'api_key="canary-0001"',
        "password=canary-0001",
        "passphrase: canary-0001",
        "Cookie: llm_router_session=canary-0001.abc",
        "postgresql://router:canary-0001@db.lan/router",
        "X-CSRF-Token: canary-0001",
    ],
)
def test_so_is_what_stands_where_a_secret_does(line: str) -> None:
    assert "canary-0001" not in redacted(line)
    assert "Y2FuYXJ5" not in redacted(line)


@pytest.mark.parametrize(
    "line",
    [
        "model list of openai: could not reach api.openai.com: check that it runs, and the base URL",
        "POST /api/conversations/01JQ8Z4H5M2V9T failed",
        "wrong user or password",
        "the push key was stored under another key file: devices have to switch notifications on again",
        "backup 2026-11-21 written: 12 MB, sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "http://127.0.0.1:8080/health answered 200",
        "task-force-skipped and risk-free",
    ],
)
def test_everything_else_is_left_alone(line: str) -> None:
    assert redacted(line) == line


def test_a_log_has_no_secret_in_it_not_even_in_a_traceback() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(Redaction())
    log = logging.getLogger("tests.redaction")
    log.addHandler(handler)
    log.propagate = False
    try:
        log.warning("refused %s for %s", SECRETS[0], "ada")
        try:
            raise ValueError(f"no: {SECRETS[1]}")
        except ValueError:
            log.exception("it failed")
        log.warning("%d of %d", 1, 2)
    finally:
        log.removeHandler(handler)
    text = written.getvalue()
    assert "refused [removed] for ada" in text
    assert "ValueError: no: [removed]" in text
    assert "1 of 2" in text
    assert not any(secret in text for secret in SECRETS)
