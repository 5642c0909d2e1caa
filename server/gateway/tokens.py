"""``POST /v1/messages/count_tokens``: asks the provider where it counts, else estimates, and says so. Costs nothing."""

import asyncio
import json
from typing import Any

from server.calls.admission import Caller
from server.errors import AppError
from server.gateway import passthrough, translate
from server.gateway.body import Body
from server.gateway.client import address, request_headers
from server.gateway.errors import Refused
from server.gateway.exchange import Desk
from server.gateway.outlet import Outlet
from server.gateway.surface import MESSAGES
from server.gateway.targets import Target
from server.money import estimate
from server.providers.base import Credential
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS
from server.routing.facts import Facts
from server.wire import openai_responses
from server.wire.loose import integer
from server.wire.request import Request
from server.wire.sse import packed

PATIENCE = 3.0
"""Seconds that a provider has to count; programs count before every turn and would rather have it roughly."""
_COUNTED = ("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text")


async def answer(desk: Desk, caller: Caller, body: Body, headers: dict[str, str], query: str, outlet: Outlet) -> None:
    """Raises AppError."""
    (target, *_) = await desk.targets.candidates(caller, body.model, Facts)
    admission = await desk.admissions.admit(caller, "messages/count_tokens", body.model, names=target.names)
    try:
        counted = await _ask(desk, target, body, headers, query)
        if counted is not None:
            await outlet.answer(200, {}, packed({"input_tokens": counted}))
            return
        given = body.value | {"max_tokens": 1}
        request = translate.read(MESSAGES, given, desk.key)
        guessed = estimate.request_tokens(request) + estimate.tokens(_tools(request))
        await outlet.answer(200, {"x-gateway-estimate": "true"}, packed({"input_tokens": guessed}))
    finally:
        admission.settle()


async def _ask(desk: Desk, target: Target, body: Body, headers: dict[str, str], query: str) -> int | None:
    """What the provider says; None where it cannot or does not. Raises Refused for what no model would take."""
    credential, wire = target.credentials[0], PROVIDERS[target.model.provider].wire
    if wire == "messages":
        path, data = "messages/count_tokens", body.sent(target.model.name)
    elif wire == "responses":
        request = translate.read(MESSAGES, body.value | {"max_tokens": 1}, desk.key)
        written = openai_responses.write_request(request) | {"model": target.model.name}
        path, data = "responses/input_tokens", packed({name: written[name] for name in _COUNTED if name in written})
    else:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return await _count(desk, credential, path, query if wire == "messages" else "", data, headers)
    except Refused as error:
        if wire == "messages" and error.status == 400:
            raise
        return None
    except (AppError, TimeoutError):
        return None


async def _count(
    desk: Desk, credential: Credential, path: str, query: str, data: bytes, headers: dict[str, str]
) -> int | None:
    url = address(credential, path, query)
    upstream = Upstream.of(credential.provider, url, credential)
    sent = request_headers(headers, credential, "application/json")
    response = await desk.client.post(url, data, sent, upstream)
    try:
        await passthrough.check(response, upstream)
        value: Any = json.loads(await response.read())
    except ValueError:
        return None
    finally:
        response.close()
    return integer(value.get("input_tokens")) if isinstance(value, dict) else None


def _tools(request: Request) -> str:
    return "".join(f"{tool.name} {tool.description or ''} {json.dumps(tool.schema)}" for tool in request.tools)
