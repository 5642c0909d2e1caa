"""Looks at how browsers reach the server: HTTPS and what it would add, proxies, notifications. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from server.ops.health.finding import Finding, Seen
from server.settings import Settings

HTTPS = "docs/deploy.md has the ways to it: Tailscale, Caddy, another proxy"
LOCAL = ("localhost", "127.0.0.1", "::1")


def look(settings: Settings, seen: Seen | None) -> Iterator[Finding]:
    yield from https(settings, seen)
    if seen is not None:
        yield from proxy(seen)
    yield from push(settings, seen)


def https(settings: Settings, seen: Seen | None) -> Iterator[Finding]:
    public = urlsplit(settings.public_url or "")
    secure = public.scheme == "https" if seen is None else seen.secure
    host = public.hostname if seen is None else urlsplit(f"//{seen.host}").hostname
    if secure:
        yield Finding("ok", "HTTPS", f"{host or settings.public_url} is reached over HTTPS")
    elif host in LOCAL:
        yield Finding("ok", "HTTPS", "this device needs none; other devices would", HTTPS)
    else:
        added = "without it there is no installing, no reading offline and no notification, and the network can listen"
        yield Finding("note", "HTTPS", added, HTTPS)


def proxy(seen: Seen) -> Iterator[Finding]:
    if seen.forwarded and not seen.trusted:
        message = "requests come through a proxy that is not trusted, so everybody seems to be at its address"
        yield Finding("note", "proxy", message, "name it in LLM_ROUTER_TRUSTED_PROXIES")
    elif seen.trusted:
        yield Finding("ok", "proxy", "what it says about who asks is believed")


def push(settings: Settings, seen: Seen | None) -> Iterator[Finding]:
    if not settings.push:
        yield Finding("ok", "notifications", "switched off in the settings")
    elif not settings.push_contact and urlsplit(settings.public_url or "").scheme != "https":
        step = "set LLM_ROUTER_PUSH_CONTACT, such as mailto:you@example.com"
        yield Finding("note", "notifications", "push services are not told whom to turn to; some refuse that", step)
    else:
        yield Finding("ok", "notifications", "switched on; each device asks for its own")
