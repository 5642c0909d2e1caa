"""From the name that a client gives to where the model is served: which provider, and with which credentials."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from server.calls.admission import Caller
from server.gateway.surface import Wire
from server.providers import catalog
from server.providers.base import Credential, Model, ProviderError
from server.providers.known import PROVIDERS
from server.providers.models import DEMO, ROUTED, Directory, Listing, public_id
from server.providers.pool import Pool
from server.routing.aliases import Aliases
from server.routing.facts import Facts
from server.routing.router import Router

_RESPONSES_ONLY = re.compile(r"codex|deep-research|computer-use|^(o\d|gpt-\d).*-pro\b")
"""OpenAI's models that do not answer on Chat Completions."""
MAX_PEOPLE = 100

Listings = Sequence[tuple[Credential, Listing]]


@dataclass(frozen=True, slots=True)
class Target:
    """A model, and the credentials that serve it, best first."""

    model: Model
    credentials: Sequence[Credential]
    names: tuple[str, ...]
    """What it goes by, besides the name that was asked for."""
    reason: str = ""
    """Why the router picked it, where it was asked to."""

    def speaks(self, wire: Wire) -> bool:
        """Whether the client's format is the provider's own for this model."""
        native = PROVIDERS[self.model.provider].wire
        if native == "responses" and wire == "chat":
            return _RESPONSES_ONLY.search(self.model.name) is None
        return native == wire


class Targets:
    def __init__(self, directory: Directory, pool: Pool, aliases: Aliases, router: Router) -> None:
        self._directory, self._pool, self._aliases, self._router = directory, pool, aliases, router
        self._indexes: OrderedDict[str, tuple[object, _Index]] = OrderedDict()

    async def candidates(
        self, caller: Caller, asked: str, facts: Callable[[], Facts], sticky: str | None = None
    ) -> list[Target]:
        """Where a request may go, best first: one place, or for `auto…` what the router picks and the key allows.

        Raises ProviderError.
        """
        wanted = await self._aliases.target(asked) or asked
        if wanted not in ROUTED:
            return [await self.find(caller.user_id, asked, sticky)]
        found: list[Target] = []
        missed = ProviderError("unknown_model", f"{asked} found no model that this key may use", provider="")
        for pick in await self._router.picks(caller.user_id, wanted, facts()):
            try:
                target = await self.find(caller.user_id, pick.id, sticky)
            except ProviderError as error:
                missed = error
                continue
            names = (pick.id, *target.names)
            if caller.allows(*names):
                found.append(replace(target, names=names, reason=pick.reason))
        if not found:
            raise missed
        return found

    async def find(self, user_id: str, asked: str, sticky: str | None = None) -> Target:
        """``sticky`` names the conversation or the cache that the request belongs to. Raises ProviderError."""
        wanted = await self._aliases.target(asked) or asked
        listings = await self._directory.listings(user_id)
        model, credentials = self._place(user_id, listings, wanted)
        if model.provider != "demo":
            credentials = self._pool.arrange(credentials, model.name, sticky)
        names = tuple({wanted, public_id(model), f"{model.provider}/{model.name}"} - {asked})
        return Target(model, credentials, names)

    async def of_provider(self, user_id: str, provider: str | None) -> Credential:
        """Where a request without a model goes: the provider that it names, or the only one that speaks OpenAI's API.

        Raises ProviderError.
        """
        found = [one for one in await self._pool.credentials(user_id) if provider in (None, one.provider)]
        if provider is None:
            found = [one for one in found if PROVIDERS[one.provider].wire == "responses"] or found
        if not found:
            what = PROVIDERS[provider].title if provider in PROVIDERS else "such a provider"
            raise ProviderError("no_key", f"there is no key for {what}: add one in /keys", provider=provider or "")
        return self._pool.arrange([one for one in found if one.provider == found[0].provider], "")[0]

    async def models(self, user_id: str) -> list[Model]:
        """Everything on offer, each once."""
        return await self._directory.models(user_id)

    async def aliases(self) -> Mapping[str, str]:
        """The admin's names, with the model behind each."""
        return await self._aliases.all()

    def _place(self, user_id: str, listings: Listings, wanted: str) -> tuple[Model, list[Credential]]:
        index = self._index(user_id, listings)
        offered = index.get(wanted)
        if offered:
            model = offered[0][0]
            ids = {credential_id for one, credential_id in offered if one.provider == model.provider}
            return model, [credential for credential, _ in listings if credential.id in ids]
        provider, _, name = wanted.partition("/")
        if not name or provider not in PROVIDERS:
            provider, name = catalog.family(wanted) or "", wanted
        serving = [credential for credential, _ in listings if credential.provider == provider]
        if serving and provider != "demo":
            return catalog.describe(provider, name, None), serving
        if wanted == "demo" and any(credential == DEMO for credential, _ in listings):
            return listings[-1][1].models[0], [DEMO]
        if provider in PROVIDERS:
            title = PROVIDERS[provider].title
            raise ProviderError("no_key", f"{wanted} needs a key for {title}: add one in /keys", provider=provider)
        message = f"no provider here offers {wanted}: GET /v1/models lists what there is"
        raise ProviderError("unknown_model", message, provider="")

    def _index(self, user_id: str, listings: Listings) -> "_Index":
        state = [(credential.id, one.source, one.fetched_at, one.models) for credential, one in listings]
        known = self._indexes.get(user_id)
        if known is None or known[0] != state:
            known = self._indexes[user_id] = state, _index(listings)
            while len(self._indexes) > MAX_PEOPLE:
                self._indexes.popitem(last=False)
        return known[1]


_Index = dict[str, list[tuple[Model, str]]]
"""By name: every model that goes by it with the id of a credential that serves it, the one to take first."""


def _index(listings: Listings) -> _Index:
    found: _Index = {}
    for credential, listing in listings:
        for model in listing.models:
            for name in {model.name, public_id(model), f"{model.provider}/{model.name}"}:
                found.setdefault(name, []).append((model, credential.id))
    for name, offered in found.items():
        if len(offered) > 1:
            provider, _, rest = name.partition("/")
            own = provider if rest and provider in PROVIDERS else catalog.family(name)
            offered.sort(key=lambda one: one[0].provider != own)
    return found
