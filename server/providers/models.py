"""Which models a user can choose, and where a chosen one is served.

Lists are fetched from the providers in the background and remembered across restarts; until one has come, or when it
cannot be had, the built-in list stands in and says so. Nothing that a page waits for ever waits for a provider.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from server.ids import new_id, now
from server.providers import catalog, demo
from server.providers.base import Credential, Drawing, Model, Provider, ProviderError, brief
from server.providers.carried import is_carried
from server.providers.grants import Grant
from server.providers.pool import Pool
from server.providers.registry import PROVIDERS
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import ModelList
from server.store.trouble import Unwritable

log = logging.getLogger(__name__)

_lists = ModelList.__table__  # type: ignore[attr-defined]

BARE = ("openai", "anthropic", "demo")
"""Providers whose models go by their own name; those of the others are `provider/name`."""
ROUTED = ("auto", "auto/cheapest", "auto/fastest")
"""Ids that stand for a choice which the router makes anew for every reply; no provider ever hears them."""
DEMO = Credential("demo", "demo", None)
MAX_CUT = 500
"""Lists that are kept as some people see them."""


def public_id(model: Model) -> str:
    return model.name if model.provider in BARE else f"{model.provider}/{model.name}"


def names(model: Model) -> tuple[str, str]:
    """What a model is called here: as people know it, and with its provider."""
    return public_id(model), f"{model.provider}/{model.name}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What one credential offers. ``error`` says why the list is not live."""

    provider: str
    models: tuple[Model, ...]
    source: str
    fetched_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A model with a credential that serves it."""

    model: Model
    credential: Credential
    others: tuple[Credential, ...] = ()
    """More that serve it, for when this one does not."""


class Directory:
    def __init__(self, db: Database, pool: Pool, providers: dict[str, Provider], settings: Settings) -> None:
        self._db, self._pool, self._providers, self._settings = db, pool, providers, settings
        self._listings: dict[str, Listing] = {}
        self._refreshing: dict[str, asyncio.Task[Listing]] = {}
        self._allowed: dict[tuple[str, tuple[str, ...]], tuple[Listing, Listing]] = {}
        """By credential and patterns: a list, and what is left of it."""
        self._changes, self._run = 0, new_id()[-8:]
        self.on_change: Callable[[], None] = lambda: None
        """Called when a fetched list differs from the one before."""

    @property
    def version(self) -> str:
        """Another one wherever a list may be another: a page that was away sees by it what it missed."""
        return f"{self._run}.{self._pool.changes}.{self._changes}"

    async def load(self) -> None:
        """Takes up the lists of the last run."""
        rows = await self._db.read(lambda connection: list(connection.execute(select(_lists))))
        for row in rows:
            models = tuple(_revived(value) for value in row.models)
            if models:
                self._listings[row.credential_id] = Listing(models[0].provider, models, "live", row.fetched_at)

    async def close(self) -> None:
        tasks = list(self._refreshing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def listings(self, user_id: str) -> list[tuple[Credential, Listing]]:
        """Every credential of the user with what it offers them; stale lists are being fetched again meanwhile."""
        grant = await self._pool.grants.of(user_id)
        credentials = await self._pool.credentials(user_id)
        wanted = self._settings.demo
        if wanted or (wanted is None and not credentials):
            credentials.append(DEMO)
        found = []
        for credential in credentials:
            listing = self._listings.get(credential.id)
            fetches = credential != DEMO and self._settings.model_lists
            if fetches and (listing is None or self._stale(listing)):
                self._refresh(credential)
            listing = listing or Listing(credential.provider, _built_in(credential), "built-in")
            found.append((credential, self._cut(credential, listing, grant) if grant.is_limited else listing))
        return found

    async def models(self, user_id: str) -> list[Model]:
        """Each model once, however many credentials serve it."""
        seen: dict[str, Model] = {}
        for _, listing in await self.listings(user_id):
            for model in listing.models:
                seen.setdefault(public_id(model), model)
        return list(seen.values())

    async def choose(self, user_id: str, wanted: str, sticky: str | None = None) -> Choice:
        """Where ``wanted`` (an id as in the list, or `provider/name`) is served, for the conversation ``sticky``.

        A name that no list has goes to the provider whose family it is: lists are never complete.
        Raises ProviderError no_key or unknown_model, Forbidden.
        """
        if wanted in ROUTED:
            raise ProviderError("unknown_model", f"{wanted} names no model here: pick one with /model", provider="")
        listings = await self.listings(user_id)
        if wanted == "demo" and self._settings.demo is not False:
            listings.append((DEMO, Listing("demo", _built_in(DEMO), "built-in")))
        for _credential, listing in listings:
            for model in listing.models:
                if wanted in (public_id(model), f"{model.provider}/{model.name}"):
                    serving = [one for one, offer in listings if _offers(offer, model)]
                    return self._choice(model, serving, sticky or user_id)
        provider, _, name = wanted.partition("/")
        if not name or provider not in PROVIDERS:
            provider, name = catalog.family(wanted) or "", wanted
        serving = [credential for credential, _ in listings if credential.provider == provider]
        if serving and provider != "demo":
            model = catalog.describe(provider, name, None)
            await self._pool.grants.check(user_id, *names(model))
            return self._choice(model, serving, sticky or user_id)
        if provider in PROVIDERS:
            title = PROVIDERS[provider].title
            raise ProviderError("no_key", f"{wanted} needs a key for {title}: add one in /keys", provider=provider)
        raise ProviderError("unknown_model", f"no provider here offers {wanted}: pick one with /model", provider="")

    def _cut(self, credential: Credential, listing: Listing, grant: Grant) -> Listing:
        """What is left of a list; the same object while both are the same."""
        if not grant.is_open:
            return replace(listing, models=())
        key = credential.id, grant.models
        known = self._allowed.get(key)
        if known is None or known[0].models is not listing.models or known[0].fetched_at != listing.fetched_at:
            if len(self._allowed) >= MAX_CUT:
                self._allowed.clear()
            left = tuple(model for model in listing.models if grant.allows(*names(model)))
            known = self._allowed[key] = listing, replace(listing, models=left)
        return known[1]

    def _choice(self, model: Model, serving: Sequence[Credential], sticky: str) -> Choice:
        first, *others = self._pool.arrange(serving, model.name, sticky)
        return Choice(model, first, tuple(others))

    async def default(self, user_id: str, preferred: str | None) -> tuple[str, str | None]:
        """The id of the model for a new conversation, and a sentence when it is not the one meant to be."""
        offered = [model for model in await self.models(user_id) if model.kind == "chat"]
        ids = {public_id(model) for model in offered}
        for wanted in (preferred, self._settings.default_model):
            if wanted in ids or wanted in ROUTED:
                return str(wanted), None
        wanted = preferred or self._settings.default_model
        family = catalog.family(wanted)
        same = [model for model in offered if model.provider == family]
        general = catalog.newest_general(same or [model for model in offered if model.provider != "demo"] or offered)
        if general is None:
            return wanted, None
        taken = public_id(general)
        note = f"{wanted} is not listed any more: {taken} is used instead" if same else None
        return taken, note

    async def image_default(self, user_id: str) -> str:
        """The id of the model that makes a picture when none is named. Raises ProviderError where none does."""
        drawing = [
            model for model in await self.models(user_id) if isinstance(self._providers.get(model.provider), Drawing)
        ]
        for some in ([model for model in drawing if model.provider == "openai"], drawing):
            if (model := catalog.newest_image(some)) is not None:
                return public_id(model)
        raise ProviderError(
            "unknown_model", "none of your providers makes pictures: add a key of OpenAI in /keys", provider=""
        )

    async def fetch(self, credential: Credential) -> Listing:
        """Asks the provider now. Raises ProviderError: this is also the test of a key."""
        models = await self._providers[credential.provider].models(credential)
        listing = Listing(credential.provider, tuple(models), "live", now())
        before = self._listings.get(credential.id)
        changed = before is None or before.models != listing.models
        self._listings[credential.id] = listing
        if not is_carried(credential.id):
            try:
                await self._db.write(lambda connection: _remember(connection, credential.id, listing), durable=False)
            except Unwritable as error:
                log.info("the model list of %s is not kept for the next start: %s", credential.provider, brief(error))
        if changed:
            self._changes += 1
            self.on_change()
        return listing

    def forget(self, credential_id: str) -> None:
        """The credential was changed or deleted."""
        self._listings.pop(credential_id, None)
        if task := self._refreshing.pop(credential_id, None):
            task.cancel()

    def _stale(self, listing: Listing) -> bool:
        age = (now() - listing.fetched_at).total_seconds() if listing.fetched_at else float("inf")
        # A failed attempt is repeated sooner than a good list is renewed.
        return not 0 <= age < (self._settings.models_refresh if listing.error is None else 60)

    def _refresh(self, credential: Credential) -> None:
        if credential.id in self._refreshing:
            return
        task = asyncio.create_task(self._try_fetch(credential), name=f"models {credential.provider}")
        self._refreshing[credential.id] = task
        task.add_done_callback(lambda _: self._refreshing.pop(credential.id, None))

    async def _try_fetch(self, credential: Credential) -> Listing:
        try:
            return await self.fetch(credential)
        except ProviderError as error:
            log.info("model list of %s: %s", credential.provider, brief(error))
            before = self._listings.get(credential.id)
            models = before.models if before else _built_in(credential)
            source = before.source if before else "built-in"
            self._listings[credential.id] = failed = Listing(credential.provider, models, source, now(), error.message)
            return failed


def _offers(listing: Listing, model: Model) -> bool:
    return listing.provider == model.provider and any(one.name == model.name for one in listing.models)


def _built_in(credential: Credential) -> tuple[Model, ...]:
    return (demo.MODEL,) if credential == DEMO else tuple(catalog.built_in(credential.provider))


def _revived(value: dict[str, object]) -> Model:
    model = Model(**value)  # type: ignore[arg-type]
    return replace(model, efforts=tuple(model.efforts)) if model.efforts is not None else model


def _remember(connection: Connection, credential_id: str, listing: Listing) -> None:
    connection.execute(_lists.delete().where(_lists.c.credential_id == credential_id))
    values = [asdict(model) for model in listing.models]
    connection.execute(
        _lists.insert(), {"credential_id": credential_id, "fetched_at": listing.fetched_at, "models": values}
    )
