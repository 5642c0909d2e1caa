"""Asks every provider whose key is for everybody for its models: the one look that sends something."""

import asyncio

from server.errors import AppError
from server.ops.health.finding import Finding
from server.providers import registry
from server.providers.base import Credential, Provider, ProviderError, Timeouts
from server.providers.pool import from_environment
from server.settings import Settings
from server.vault.credentials import Credentials, Summary

PATIENCE = Timeouts(connect=5, first_byte=10, idle=10, total=15, models=10)


async def look(settings: Settings, store: Credentials) -> list[Finding]:
    """Stored credentials, and those of the environment."""
    providers = registry.create(PATIENCE)
    try:
        asked = [_stored(store, each, providers) for each in await store.all(None)]
        asked += [_provider(each, providers) for each in from_environment(settings)]
        findings = await asyncio.gather(*asked)
    finally:
        for provider in providers.values():
            await provider.close()
    return findings or [
        Finding(
            "note", "providers", "no key is stored for everybody", "each person can add their own, or config set-key"
        )
    ]


async def _stored(store: Credentials, stored: Summary, providers: dict[str, Provider]) -> Finding:
    try:
        opened = await store.open(stored.id)
    except AppError as error:
        return Finding("bad", _name(stored.provider, stored.last4), error.message)
    credential = Credential(opened.id, opened.provider, opened.key, opened.base_url, opened.last4)
    return await _provider(credential, providers)


async def _provider(credential: Credential, providers: dict[str, Provider]) -> Finding:
    subject = _name(credential.provider, credential.last4)
    try:
        return Finding("ok", subject, f"{len(await providers[credential.provider].models(credential))} models")
    except ProviderError as error:
        return Finding("bad" if error.kind == "auth" else "note", subject, error.message)


def _name(provider: str, last4: str) -> str:
    return f"{provider} …{last4}" if last4 else provider
