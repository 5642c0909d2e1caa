"""``POST /v1/messages/count_tokens``: asks the provider where it counts, else estimates, and says so. Costs nothing."""

import asyncio
import json
from typing import Any

from server.errors import AppError
from server.gateway import history, passthrough, translate
from server.gateway.asked import Asked
from server.gateway.body import Body
from server.gateway.client import address, failure, request_headers
from server.gateway.errors import Refused
from server.gateway.surface import MESSAGES
from server.gateway.targets import Target
from server.money import estimate
from server.providers.base import Credential
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS
from server.providers.models import names
from server.routing.facts import Facts
from server.wire import openai_responses
from server.wire.loose import integer
from server.wire.sse import packed

PATIENCE = 3.0
"""Seconds that a provider has to count; programs count before every turn and would rather have it roughly."""
_COUNTED = ("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text")


async def count(asked: Asked) -> None:
    """Raises AppError."""
    desk, caller, body = asked.desk, asked.caller, await asked.body()
    (target, *_) = await desk.targets.candidates(caller, body.model, Facts)
    await desk.pool.grants.check(caller.user_id, *names(target.model))
    admission = await desk.admissions.admit(caller, "messages/count_tokens", body.model, names=target.names)
    try:
        counted = await _ask(asked, target, body)
        if counted is not None:
            await asked.outlet.answer(200, {}, packed({"input_tokens": counted}))
            return
        request = translate.read(MESSAGES, body.value | {"max_tokens": 1}, desk.key)
        guessed = estimate.request_tokens(request)
        await asked.outlet.answer(200, {"x-gateway-estimate": "true"}, packed({"input_tokens": guessed}))
    finally:
        admission.settle()


async def _ask(asked: Asked, target: Target, body: Body) -> int | None:
    """What the provider says; None where it cannot or does not. Raises Refused for what no model would take."""
    credential, wire = target.credentials[0], PROVIDERS[target.model.provider].wire
    if wire == "messages":
        sent, _ = history.own(MESSAGES, body, asked.desk.key, target.model.provider)
        path, data = "messages/count_tokens", sent.sent(target.model.name)
    elif wire == "responses":
        request = translate.read(MESSAGES, body.value | {"max_tokens": 1}, asked.desk.key)
        written = openai_responses.write_request(translate.fitted(request, target.model))
        path, data = "responses/input_tokens", packed({name: written[name] for name in _COUNTED if name in written})
    else:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return await _count(asked, credential, path, asked.query if wire == "messages" else "", data)
    except Refused as error:
        if wire == "messages" and error.status == 400:
            raise
        return None
    except (AppError, TimeoutError):
        return None


async def _count(asked: Asked, credential: Credential, path: str, query: str, data: bytes) -> int | None:
    url = address(credential, path, query)
    upstream = Upstream.of(credential.provider, url, credential)
    sent = request_headers(asked.headers, credential, "application/json")
    response = await asked.desk.client.post(url, data, sent, upstream)
    try:
        await passthrough.check(response, upstream)
        value: Any = json.loads(await response.read())
    except (ValueError, RecursionError):
        return None
    except AppError:
        raise
    except Exception as exc:
        raise failure(exc, upstream) or exc from None
    finally:
        response.close()
    return integer(value.get("input_tokens")) if isinstance(value, dict) else None
