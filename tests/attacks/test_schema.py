"""The program's own OpenAPI, as schemathesis understands it: whatever it thinks of, nothing answers with a 5xx.

``SCHEMA_EXAMPLES`` is how often each operation is tried (2): a thousand of them take an hour.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.main import create_app
from server.settings import Settings
from tests.attacks.walk import UNTOUCHED
from tests.house import ADMIN
from tests.process import Process

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "2"))


@pytest.fixture
def server(empty_house: Path, tmp_path: Path) -> Iterator[Process]:
    shutil.copytree(empty_house, tmp_path / "data")
    process = Process(tmp_path / "data")
    asyncio.run(process.start())
    yield process
    asyncio.run(process.end())


@pytest.mark.filterwarnings("ignore")  # of the tool's own libraries
def test_nothing_that_fits_the_schema_or_nearly_does_is_a_failure(server: Process, tmp_path: Path) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis.generation import GenerationMode

    limits = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES <= 2,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    schema = schemathesis.openapi.from_dict(create_app(Settings(data=tmp_path / "none")).openapi())
    answered: dict[int, int] = {}
    with httpx2.Client(base_url=server.url, timeout=20) as http:
        signed_in = http.post("/api/auth/login", json={"username": ADMIN[0], "password": ADMIN[1]})
        http.headers["X-CSRF-Token"] = signed_in.json()["csrf"]

        def send(case: Any) -> None:
            if isinstance(case.body, dict):
                case.body.pop("base_url", None)  # nothing leaves the house
            values = case.as_transport_kwargs(base_url=server.url)
            kept = {"params": values.get("params"), "json": values.get("json"), "content": values.get("data")}
            try:
                request = http.build_request(values["method"], values["url"], **kept)
            except (ValueError, TypeError, httpx2.InvalidURL):
                return  # what the client cannot even say
            answer = http.send(request)
            answered[answer.status_code] = answered.get(answer.status_code, 0) + 1
            assert answer.status_code < 500, f"{request.method} {request.url} {values.get('json')!r}: {answer.text}"

        for result in schema.get_all_operations():
            operation = result.ok()
            if (operation.method.upper(), operation.path) in UNTOUCHED:
                continue
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                try:
                    cases = operation.as_strategy(generation_mode=mode)
                    limits(given(cases)(send))()
                except Unsatisfiable:
                    assert mode is GenerationMode.NEGATIVE  # where nothing is taken, nothing can be wrong
    assert sum(answered.values()) > 80 * EXAMPLES, answered
    assert answered.get(200, 0) > 20, answered
