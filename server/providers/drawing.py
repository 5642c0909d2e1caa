"""Pictures through the official OpenAI SDK, for every provider that has OpenAI's Images API."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from server.providers.base import Timeouts
from server.providers.errors import Upstream, from_failure
from server.providers.listen import Response, ask, listen
from server.wire import openai_images
from server.wire.events import Event, Failure
from server.wire.openai_images import ImageRequest

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def draw(
    client: "AsyncOpenAI", request: ImageRequest, upstream: Upstream, timeouts: Timeouts, *, stream: bool
) -> AsyncGenerator[Event, None]:
    """``stream`` asks for sketches on the way. Raises ProviderError. Closing it closes the connection."""
    stream = stream and not request.is_legacy
    body = openai_images.write_request(request, stream=stream)
    if not stream:
        answer = await ask(lambda: _post(client, request, body, stream=False), upstream, timeouts.first_byte)
        for read in openai_images.read_answer(answer, request):
            if isinstance(read, Failure):
                raise from_failure(read, upstream)
            yield read
        return

    async def send() -> Response:
        answer: Response = (await _post(client, request, body, stream=True)).response
        return answer

    events = listen(send, openai_images.Reader(request), upstream, timeouts)
    try:
        async for event in events:
            yield event
    finally:
        await events.aclose()


async def _post(client: "AsyncOpenAI", request: ImageRequest, body: dict[str, Any], *, stream: bool) -> Any:
    from openai import AsyncStream

    more: dict[str, Any] = {"stream": True, "stream_cls": AsyncStream[object]} if stream else {}
    if request.pictures:
        more["files"] = openai_images.files(request)
        more["options"] = {"headers": {"Content-Type": "multipart/form-data"}}
    return await client.post(request.path, body=body, cast_to=object, **more)
