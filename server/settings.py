"""What a person can set: the class is the one table of names, types, defaults and sentences of ``docs/settings.md``."""

import os
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from server.production import objections
from server.reach import Hosts, Origins, Proxies
from server.setting_sources import CONFIG, PREFIX, Environment, File, SettingsError, hint, variable
from server.setting_types import (
    Contact,
    DatabaseUrl,
    Days,
    Dollars,
    Networks,
    Origin,
    Passphrase,
    Seconds,
    Token,
    Url,
    Zone,
)

MIN_LEGACY_KEY = 16


class Settings(BaseSettings):
    """Read with ``Settings.load``; never changes afterwards."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; `0.0.0.0` for every one.")
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on. A plain `PORT` is honoured too.")
    data: Path = Field(Path("data"), description="Folder for the database and the key file.")
    database_url: DatabaseUrl | None = Field(
        None,
        repr=False,
        description="SQLAlchemy URL of the database; left out: a SQLite file in the data folder.",
    )
    public_url: Origin | None = Field(
        None, description="How browsers reach the server, such as `https://chat.example.com`."
    )
    env: Literal["development", "production"] = Field(
        "development",
        description="`production` refuses to start with weak secrets or without an `https` public URL, and makes "
        "browsers stay with HTTPS.",
    )
    hosts: Hosts = Field(
        (),
        description="More names that the server goes by, with commas; `*`: any. Addresses, names of one word, the "
        "machine's own name and those in `.local`, `.lan`, `.internal` and `.home.arpa` always are.",
    )
    trusted_proxies: Proxies = Field(
        (),
        description="Addresses and networks of the proxies whose `X-Forwarded-` headers are believed, with commas; "
        "`private`: every one that is not on the internet.",
    )
    cors_origins: Origins = Field(
        (),
        description="Origins of web pages that may use `/v1` with a key, such as `https://tool.example.com`, with "
        "commas; `*`: any. Cookies are never taken there.",
    )
    rate_limit: int = Field(
        1200, ge=0, description="Most requests a minute of one person, and of one address; `0`: no limit."
    )
    connections: int = Field(
        1000, ge=20, le=100_000, description="Most connections at a time; an address of another machine has a quarter."
    )
    admin_user: str | None = Field(
        None, description="Name of the first admin, created at start while there is no account."
    )
    admin_password: SecretStr | None = Field(None, description="Password of that first admin.")
    master_password: Passphrase | None = Field(
        None,
        description="Master password, for a server that unlocks itself at start; left out: its page asks for it.",
    )
    registration: bool = Field(
        False, description="Whether people may create their own account, with an invitation of an admin."
    )
    proxy_user_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which a proxy of `proxy_addresses` says whom it let in, such as `Remote-User` or "
        "`Tailscale-User-Login`; that person is signed in.",
    )
    proxy_addresses: Networks = Field(
        "",
        description="Addresses and networks of those proxies, with commas, such as `127.0.0.1, 172.18.0.0/16`; "
        "from anywhere else the header counts for nothing.",
    )
    proxy_create: bool = Field(
        False, description="Make a member of whoever such a proxy let in and who has no account yet."
    )
    own_keys: bool = Field(
        True, description="Whether members may use provider keys of their own; an admin can say otherwise for each."
    )
    member_addresses: bool = Field(
        False,
        description="Let members say where a provider of theirs is; the server then sends their requests there, also "
        "into your network. Else only admins say it.",
    )
    session_days: Days = Field(90, description="Days that a sign-in lasts.")
    bin_days: Days = Field(30, description="Days that a deleted conversation can be brought back.")
    log_days: Days | None = Field(
        None,
        description="Days that the rows of the request log are kept; left out: for good. No sum changes when they go.",
    )
    raw_usage_days: Days = Field(
        90, description="Days that a row of the request log keeps word for word what the provider said about usage."
    )
    attachment_days: Days = Field(1, description="Days that a file is kept that no message has.")

    timezone: Zone = Field(
        "UTC", description="Time zone in which the server's days begin, and those of whoever has not told theirs."
    )

    attachment_mb: int = Field(25, ge=1, le=500, description="Most megabytes of one file that goes with a message.")

    backup_hours: int = Field(
        24, ge=0, le=8760, description="Hours between two backups that the server makes by itself; `0`: none."
    )
    backup_keep: int = Field(7, ge=1, le=1000, description="How many of those are kept; others are never deleted.")
    backup_folder: Path | None = Field(
        None, description="Folder for backups, best on another disk; left out: `backups` in the data folder."
    )
    backup_passphrase: Passphrase | None = Field(
        None, description="Passphrase under which every backup is encrypted; left out: they are not."
    )

    min_free_mb: int = Field(
        200,
        ge=0,
        le=1_000_000,
        description="Megabytes that stay free on the disk: with less, new work is refused, and admins are warned from "
        "three times as many on; `0`: never.",
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto", description="Log lines as `text` or as `json`; `auto`: text on a terminal, JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important log lines that are written; `debug` can show what people write."
    )
    metrics_token: Token | None = Field(
        None, description="Secret with which `/metrics` can be read; without one an admin's virtual key is needed."
    )

    service_worker: bool = Field(
        True,
        description="Let browsers keep the page to open it offline; `false` removes it from those that have it.",
    )

    openai_api_key: SecretStr | None = Field(None, description="OpenAI key for everybody on this server.")
    openai_base_url: Url | None = Field(None, description="Another address that speaks OpenAI's API.")
    anthropic_api_key: SecretStr | None = Field(None, description="Anthropic key for everybody.")
    anthropic_base_url: Url | None = Field(None, description="Another address that speaks Anthropic's API.")
    gemini_api_key: SecretStr | None = Field(None, description="Google Gemini key for everybody.")
    openrouter_api_key: SecretStr | None = Field(None, description="OpenRouter key for everybody.")
    ollama_base_url: Url | None = Field(None, description="Where Ollama listens, for everybody.")

    default_model: str = Field("gpt-5.1", min_length=1, description="Model of a new conversation.")
    default_reasoning: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] = Field(
        "low", description="Reasoning effort of a new conversation, where the model takes one."
    )
    titles: bool = Field(True, description="Let a small model name a conversation after its first exchange.")
    openai_background: bool = Field(
        False,
        description="Make OpenAI replies survive a restart of this server; OpenAI then stores them.",
    )
    push: bool = Field(
        True,
        description="Whether devices may ask to be told when a reply ends; the encrypted words go through the push "
        "service of the browser's maker.",
    )
    push_contact: Contact | None = Field(
        None,
        description="Whom push services may turn to, such as `mailto:you@example.com`; left out: the public URL.",
    )
    push_local: bool = Field(False, description="Let push services be at private addresses and on any port.")
    demo: bool | None = Field(None, description="Offer the demo model; left out: only while no provider is configured.")

    auth_mode: Literal["users", "legacy", "both"] = Field(
        "users",
        description="Who may use the gateway: `users` (virtual keys), `legacy` (the one old key), `both`. "
        "A plain `AUTH_MODE` is honoured too.",
    )
    legacy_key: SecretStr | None = Field(None, description="The one old key, for `legacy` and `both`.")
    legacy_limit: Dollars | None = Field(
        None, description="Dollars that may be spent with the old key; left out: no limit."
    )

    connect_timeout: Seconds = Field(10, description="Longest wait for a connection to a provider.")
    first_byte_timeout: Seconds = Field(300, description="Longest wait for the first byte of a reply.")
    idle_timeout: Seconds = Field(120, description="Longest silence within a reply.")
    total_timeout: Seconds = Field(3600, description="Longest time for one reply.")
    models_timeout: Seconds = Field(20, description="Longest wait for a provider's list of models.")
    model_lists: bool = Field(
        True,
        description="Ask each provider which models it has; `false`: the built-in lists, until a key is tested.",
    )
    models_refresh: Seconds = Field(3600, description="Time between two fetches of the lists of models.")
    retry_wait_max: Seconds = Field(20, description="Longest wait that a provider may ask for before a retry.")
    push_timeout: Seconds = Field(10, description="Longest wait for a push service.")
    push_retry_wait_max: Seconds = Field(60, description="Longest wait before a push service is tried again.")
    push_wait: Seconds = Field(3, description="Longest wait for a page in front to say that it saw a reply end.")
    checkpoint_interval: Seconds = Field(1.0, description="Longest time that received text is only in memory.")
    coalesce_interval: Seconds = Field(0.05, description="Time over which received text is gathered.")
    heartbeat_interval: Seconds = Field(15, description="Time between two signs of life on a stream.")
    stop_timeout: Seconds = Field(10, description="Longest time that stopping takes, for running requests to end.")

    @property
    def database(self) -> str:
        """The URL that is used in the end."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'llm-router.db'}"

    @property
    def database_file(self) -> Path | None:
        """None for a database that is not a file."""
        _, separator, path = self.database.partition("sqlite:///")
        return Path(path) if separator else None

    @property
    def backups(self) -> Path:
        """The folder that is used in the end."""
        return (self.backup_folder or self.data / "backups").absolute()

    def is_sign_in_proxy(self, address: str) -> bool:
        """Whether a connection from this address may say who somebody is."""
        try:
            peer = ip_address(address)
        except ValueError:
            return False
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
            peer = peer.ipv4_mapped
        return any(peer in ip_network(each) for each in self.proxy_addresses.split(", ") if each)

    @model_validator(mode="after")
    def _proxy_is_whole(self) -> "Settings":
        if (self.proxy_user_header is None) != (not self.proxy_addresses):
            raise ValueError(
                f"{PREFIX}PROXY_USER_HEADER and {PREFIX}PROXY_ADDRESSES belong together: set both or neither"
            )
        return self

    @model_validator(mode="after")
    def _admin_is_whole(self) -> "Settings":
        if (self.admin_user is None) != (self.admin_password is None):
            raise ValueError(f"{PREFIX}ADMIN_USER and {PREFIX}ADMIN_PASSWORD belong together: set both or neither")
        return self

    @model_validator(mode="after")
    def _legacy_is_clear(self) -> "Settings":
        key = self.legacy_key.get_secret_value() if self.legacy_key else None
        if self.auth_mode != "users" and key is None:
            raise ValueError(f"{PREFIX}AUTH_MODE is '{self.auth_mode}': set {PREFIX}LEGACY_KEY to the old key")
        if self.auth_mode == "users" and key is not None:
            raise ValueError(f"{PREFIX}LEGACY_KEY is set but not used: remove it, or set {PREFIX}AUTH_MODE to 'both'")
        if key is not None and (len(key) < MIN_LEGACY_KEY or not key.isascii() or not key.isprintable() or " " in key):
            raise ValueError(f"{PREFIX}LEGACY_KEY has at least {MIN_LEGACY_KEY} characters, without spaces")
        return self

    @model_validator(mode="after")
    def _fit_for_production(self) -> "Settings":
        if self.env == "production":
            secrets = ("admin_password", "legacy_key", "backup_passphrase")
            given = {variable(name): getattr(self, name) for name in secrets}
            opened = {name: value.get_secret_value() if value else None for name, value in given.items()}
            if found := list(objections(self.public_url, opened, (self.admin_user or "",))):
                raise ValueError(".\n".join(found))
        return self

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **given: Any) -> "Settings":
        """Values from ``given``, else the environment, else the YAML file, else the defaults.

        Raises SettingsError.
        """
        environ = os.environ if environ is None else environ
        sources = (
            InitSettingsSource(cls, {name: value for name, value in given.items() if value is not None}),
            Environment(cls, environ),
            File(cls, environ.get(CONFIG, "")),
        )
        found = {name: value for source in reversed(sources) for name, value in source().items()}
        try:
            return cls(_build_sources=(sources, {}))  # type: ignore[call-arg]  # documented, not in its types
        except ValidationError as error:
            raise SettingsError(_line(error, found)) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """``Settings(...)`` is what it is given and nothing else; only ``load`` looks around."""
        return (init_settings,)


def _line(error: ValidationError, values: Mapping[str, Any]) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    expected = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{expected}."
    name = str(first["loc"][0])
    if name not in Settings.model_fields:
        return f"{name} is not a setting.{hint(name, Settings.model_fields)}"
    secret = "SecretStr" in str(Settings.model_fields[name].annotation) or name == "database_url"
    got = "" if secret else f" is {values.get(name)!r}"
    return f"{variable(name)}{got}: {expected[0].lower()}{expected[1:]}."


def page() -> str:
    """``docs/settings.md``, printed from the fields."""
    lines = [
        "# Settings",
        "",
        "Set them in the environment, or in a YAML file that `LLM_ROUTER_CONFIG` names (with the names of",
        "the last column, as in `port: 8080`); the environment wins. Every variable has a twin that ends in",
        "`_FILE` and names a file to read the value from (Docker secrets). Times are in seconds unless the",
        "sentence says otherwise.",
        "",
        "| variable | default | what it does | in YAML |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        value = str(field.default).lower() if isinstance(field.default, bool) else field.default
        default = "" if value is None or value == () else f"`{value}`"
        lines.append(f"| `{variable(name)}` | {default} | {field.description} | `{name}` |")
    return "\n".join(lines) + "\n"
