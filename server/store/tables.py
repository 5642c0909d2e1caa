"""The whole data model on one page.

Ids are the time-sorting strings of ``server.ids``; times are aware UTC; money is integer nano-dollars.
Nothing here has behaviour: the parts that own a table read and write it. That an index is partial on PostgreSQL too
only its migration says: here it would load that dialect, two megabytes for everybody who has another.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


class User(SQLModel, table=True):
    __tablename__ = "users"
    id: str = Field(primary_key=True)
    username: str
    username_key: str = Field(unique=True)
    """The name casefolded and NFKC-normalised: what makes two names the same."""
    password_hash: str
    role: str = "member"
    """admin | member"""
    created_at: datetime
    disabled_at: datetime | None = None
    preferences: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    models: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Patterns such as `gpt-*`; none: every model"""
    own_keys: str = "server"
    """yes | no | server (as its setting says): whether this member may use provider keys of their own"""
    deleted_at: datetime | None = None
    """Nobody any more: what they wrote is being erased, and this row goes last."""


class Invitation(SQLModel, table=True):
    """A link that lets one person in once. ``hash`` is of its secret, which is shown once."""

    __tablename__ = "invitations"
    id: str = Field(primary_key=True)
    hash: str = Field(unique=True)
    kind: str
    """register (an account of their own) | password (a new one for ``user_id``)"""
    user_id: str | None = Field(default=None, index=True, foreign_key="users.id", ondelete="CASCADE")
    role: str = "member"
    """What a new account becomes."""
    created_by: str | None = None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class Device(SQLModel, table=True):
    __tablename__ = "devices"
    id: str = Field(primary_key=True)
    user_id: str = Field(index=True, foreign_key="users.id", ondelete="CASCADE")
    name: str
    created_at: datetime
    last_login_at: datetime


class LoginSession(SQLModel, table=True):
    """A signed-in browser. ``id`` is the SHA-256 of the cookie's secret, so a stolen database signs nobody in."""

    __tablename__ = "sessions"
    id: str = Field(primary_key=True)
    user_id: str = Field(index=True, foreign_key="users.id", ondelete="CASCADE")
    device_id: str = Field(foreign_key="devices.id", ondelete="CASCADE")
    csrf: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class StoredCredential(SQLModel, table=True):
    """A provider key, encrypted. ``user_id`` None is the server's own."""

    __tablename__ = "credentials"
    id: str = Field(primary_key=True)
    user_id: str | None = Field(default=None, index=True, foreign_key="users.id", ondelete="CASCADE")
    provider: str
    ciphertext: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    last4: str = ""
    base_url: str | None = None
    position: int = 0
    """Lower ones are used first; those of one position share the work by their weights."""
    weight: int = 1
    created_at: datetime
    updated_at: datetime
    status: str = "untested"
    """untested | ok | failed"""
    status_message: str | None = None
    checked_at: datetime | None = None


class StoredKey(SQLModel, table=True):
    """A virtual key: what another program shows to use the gateway. Only a keyed hash of it is here."""

    __tablename__ = "virtual_keys"
    id: str = Field(primary_key=True)
    user_id: str = Field(index=True, foreign_key="users.id", ondelete="CASCADE")
    hash: str = Field(unique=True)
    name: str
    project: str = ""
    prefix: str
    last4: str
    scope: str = "gateway"
    """gateway | admin"""
    models: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Patterns such as `gpt-*`; none: every model"""
    endpoints: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Patterns such as `chat/*`; none: every endpoint"""
    rpm: int | None = None
    tpm: int | None = None
    streams: int | None = None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Budget(SQLModel, table=True):
    """What may be spent in a period."""

    __tablename__ = "budgets"
    __table_args__ = (UniqueConstraint("scope", "subject_id", "period"),)
    id: str = Field(primary_key=True)
    scope: str
    """server | user | key | project"""
    subject_id: str = ""
    """The user's or the key's id, the project's name; the server has none."""
    period: str
    """day | week | month (in the owner's time zone, weeks from Monday) | total"""
    limit_nanos: int = Field(sa_column=Column(BigInteger, nullable=False))
    warned_for: str | None = None
    """The beginning of the period for which the warning was sent."""
    created_at: datetime
    updated_at: datetime


class PriceOverride(SQLModel, table=True):
    """What the admin says a model costs."""

    __tablename__ = "price_overrides"
    __table_args__ = (UniqueConstraint("provider", "model"),)
    id: str = Field(primary_key=True)
    provider: str
    model: str
    """A pattern such as `gpt-5*`"""
    rates: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    updated_at: datetime


class ModelAlias(SQLModel, table=True):
    """A name under which the gateway serves another model."""

    __tablename__ = "model_aliases"
    name: str = Field(primary_key=True)
    target: str
    created_at: datetime


class ServerSecret(SQLModel, table=True):
    """A secret that the server made for itself, encrypted."""

    __tablename__ = "server_secrets"
    name: str = Field(primary_key=True)
    """push: the private key that push services know the server by"""
    ciphertext: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime


class PushSubscription(SQLModel, table=True):
    """A browser that wants to be told. ``id`` is the SHA-256 of its endpoint: whoever knows that may write to it."""

    __tablename__ = "push_subscriptions"
    id: str = Field(primary_key=True)
    user_id: str = Field(index=True, foreign_key="users.id", ondelete="CASCADE")
    device_id: str = Field(unique=True, foreign_key="devices.id", ondelete="CASCADE")
    ciphertext: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """JSON {"endpoint", "p256dh", "auth"}, encrypted"""
    preview: bool = False
    created_at: datetime
    last_ok_at: datetime | None = None
    failures: int = 0
    """Messages in a row that did not get through."""


class ModelList(SQLModel, table=True):
    """The last list that a provider gave for one credential, so that a restart does not have to ask first."""

    __tablename__ = "model_lists"
    credential_id: str = Field(primary_key=True)
    fetched_at: datetime
    models: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


class Conversation(SQLModel, table=True):
    __tablename__ = "conversations"
    __table_args__ = (
        Index("conversations_by_user", "user_id", "updated_at"),
        Index("conversations_by_root", "root_id"),
        UniqueConstraint("user_id", "client_id"),
    )
    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE")
    client_id: str | None = None
    """Made by the client; sending it again gives the same conversation."""
    title: str = ""
    titled_by: str = "nobody"
    """nobody | model | user: a person's title is never overwritten"""
    model: str | None = None
    temperature: float | None = None
    reasoning: str | None = None
    system: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    favorite: bool = False
    tags: list[str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    title_folded: str = ""
    """The title as search compares it."""
    leaf_id: str | None = None
    """The message that the person is at: what a new message answers when it does not say."""
    parent_id: str | None = None
    """The conversation that this one branched from; it may be gone."""
    branched_at: str | None = None
    """The message of the parent up to which it was copied."""
    root_id: str | None = None
    """The conversation that the whole family began with; None: this one."""
    inherited: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """{"message_id", "messages", "figures"}: the last copied message here, how many there are, what they had cost."""
    revision: int = 1
    """Grows with every change of the conversation or of one of its messages."""
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


class Message(SQLModel, table=True):
    """One turn of one side. The tree is ``parent_id``; edits and retries are siblings."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_id"),
        Index("messages_by_parent", "conversation_id", "parent_id"),
        Index("messages_favorite", "conversation_id", sqlite_where=text("favorite")),
    )
    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversations.id", ondelete="CASCADE")
    parent_id: str | None = None
    role: str
    """user | assistant | notice"""
    status: str = "done"
    """pending → streaming → done | stopped | failed | interrupted (user rows are done)"""
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    reasoning: str = Field(default="", sa_column=Column(Text, nullable=False))
    client_id: str | None = None
    """Made by the client; sending it again gives the same rows."""
    favorite: bool = False
    revision: int = 1
    """The conversation's revision at this row's last change."""
    created_at: datetime
    finished_at: datetime | None = None
    model: str | None = None
    """The model that answers, as the person names it (`gpt-5.1`, `ollama/qwen3`); `auto` until the router chose one."""
    copied_from: str | None = None
    """In a branch: the message that was first answered and paid for; the calls in the ledger are its."""
    continues_id: str | None = None
    """The interrupted reply that this one goes on from."""
    finish_reason: str | None = None
    error: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """{"code", "message"}"""
    notes: list[str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """What the person should know about how it was made: a setting left out, another model taken."""
    settings: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """What the reply was asked with: temperature, reasoning, system; ``image`` on both rows of a picture's turn.

    A continuation also has ``opening``, the line with which its text is shown: where the text that it continues
    broke off inside a block of code.
    """
    comparison: str | None = None
    """The id of the comparison: siblings with the same one answer the same prompt and are shown together."""
    sources: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """[{"id", "model"}] of the replies that this one combines."""
    route: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """{"asked", "picked", "reason", "tried": [{"model", "error"}]} where the router chose the model."""
    resume: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """{"response_id", "position"} of a running upstream response that can be re-attached."""
    reasoning_ms: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None


class Template(SQLModel, table=True):
    """A text that a person keeps to use again, with ``{{variables}}`` to be filled in."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("user_id", "client_id"), Index("templates_by_user", "user_id", "name_key"))
    id: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE")
    client_id: str | None = None
    """Made by the client; sending it again gives the same template."""
    name: str
    name_key: str
    """The name casefolded: one of those that are not deleted has it."""
    description: str = ""
    text: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


class Attachment(SQLModel, table=True):
    """A file that a person gave or a model made. Its bytes lie outside the database, once per content."""

    __tablename__ = "attachments"
    __table_args__ = (Index("attachments_by_content", "sha256", "user_id"),)
    id: str = Field(primary_key=True)
    user_id: str = Field(index=True, foreign_key="users.id", ondelete="CASCADE")
    name: str
    type: str
    """The media type, as its content says."""
    size: int
    width: int | None = None
    height: int | None = None
    sha256: str
    """Of what is kept, and the name of the file."""
    created_at: datetime


class MessageAttachment(SQLModel, table=True):
    """Which files go with a message, in their order."""

    __tablename__ = "message_attachments"
    message_id: str = Field(primary_key=True, foreign_key="messages.id", ondelete="CASCADE")
    attachment_id: str = Field(primary_key=True, index=True, foreign_key="attachments.id", ondelete="CASCADE")
    position: int = 0


class SearchText(SQLModel, table=True):
    """What was said, once. The full-text index over this table is made by its own revision and fed by triggers."""

    __tablename__ = "search_texts"
    __table_args__ = (Index("search_texts_by_user", "user_id", "id"),)
    id: int = Field(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    """Milliseconds since 1970 at which the message was made, or the next free number: the newest is the largest."""
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE")
    text: str = Field(sa_column=Column(Text, nullable=False))
    """Folded: no case, no accents, a space around every character of a script that is written without spaces."""


class SearchPlace(SQLModel, table=True):
    """A message that says a text: one, and its copies in branches. A text without a place goes, by a trigger."""

    __tablename__ = "search_places"
    __table_args__ = (Index("search_places_by_text", "text_id", "message_id"), {"sqlite_with_rowid": False})
    message_id: str = Field(primary_key=True, foreign_key="messages.id", ondelete="CASCADE")
    text_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("search_texts.id", ondelete="CASCADE"), nullable=False)
    )


class Checkpoint(SQLModel, table=True):
    """What came in for a running reply since its last checkpoint: appended, never rewritten, gone when it ends.

    Rewriting the growing row once a second would write the whole text every time; SD cards die of that.
    """

    __tablename__ = "checkpoints"
    id: int | None = Field(default=None, primary_key=True)
    message_id: str
    text: str = Field(default="", sa_column=Column(Text, nullable=False))
    reasoning: str = Field(default="", sa_column=Column(Text, nullable=False))
    position: int | None = None


class Call(SQLModel, table=True):
    """The ledger: one row per upstream call, reserved before it and settled once after it; never changed again."""

    __tablename__ = "calls"
    __table_args__ = (
        Index("calls_by_message", "message_id"),
        Index("calls_by_request", "request_id"),
        Index("calls_by_user", "user_id", "id"),
        Index("calls_by_key", "key_id", "id"),
        Index("calls_by_model", "model", "id"),
        Index("calls_by_kind", "kind", "id"),
        Index(
            "calls_not_done",
            "status",
            "id",
            sqlite_where=text("status NOT IN ('held', 'done')"),
        ),
        Index(
            "calls_with_raw",
            "id",
            sqlite_where=text("usage_raw IS NOT NULL AND imported_at IS NULL"),
        ),
        Index("calls_held", "status", sqlite_where=text("status = 'held'")),
    )
    id: str = Field(primary_key=True)
    status: str
    """held → done | stopped | failed | cut | killed"""
    kind: str
    """chat | title | image | test …"""
    user_id: str
    device_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    attempt: int = 1
    provider: str
    model: str
    """As sent upstream."""
    model_served: str | None = None
    credential_id: str
    credential_last4: str = ""
    response_id: str | None = None
    started_at: datetime
    settled_at: datetime | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_long: int = 0
    output: int = 0
    reasoning: int = 0
    image_input: int = 0
    image_output: int = 0
    images: int = 0
    """Pictures, where they are billed by the piece."""
    web_searches: int = 0
    usage_source: str = "estimated"
    """provider | estimated"""
    cost_nanos: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    cost_state: str = "unknown_price"
    """exact (the provider said) | computed | estimated | unknown_price | free"""
    saved_nanos: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """What the provider's cache saved at this row's price, less what writing to it cost."""
    reserved_nanos: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    price: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """The price that was applied, frozen."""
    usage_raw: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    error_kind: str | None = None
    error_status: int | None = None
    imported_at: datetime | None = None
    """Set where the row came with an import: it counts for its conversation, never for what this server spent."""
    request_id: str | None = None
    """All attempts of one request have the same; a client of the gateway was told it."""
    key_id: str | None = None
    """The virtual key that it came with."""
    project: str | None = None
    endpoint: str | None = None
    """Under `/v1`: `chat/completions`, `messages` …"""
    asked_model: str | None = None
    """As the client named it, where that is another name than the one that was sent."""
    route: str | None = None
    """same (bytes through) | translated, from wire to wire: `messages → responses`"""
    dropped: list[str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """The fields of the request that the upstream's format could not carry."""
    reason: str | None = None
    """Why this model, route and credential."""


# Tables without row ids name their key first: the integrity check of SQLite 3.40 calls columns before it empty.


class _Sums(SQLModel):
    """What some settled calls used and cost: the columns of ``money.figures``."""

    calls: int = 0
    input: int = Field(default=0, sa_type=BigInteger)
    cache_read: int = Field(default=0, sa_type=BigInteger)
    cache_write: int = Field(default=0, sa_type=BigInteger)
    output: int = Field(default=0, sa_type=BigInteger)
    reasoning: int = Field(default=0, sa_type=BigInteger)
    image_input: int = Field(default=0, sa_type=BigInteger)
    image_output: int = Field(default=0, sa_type=BigInteger)
    cost_nanos: int = Field(default=0, sa_type=BigInteger)
    saved_nanos: int = Field(default=0, sa_type=BigInteger)
    unknown: int = 0
    """Calls whose price is not known; their cost is not in the sum."""
    estimated: int = 0
    """Calls whose cost is an estimate."""


class _Scope(SQLModel):
    scope: str = Field(primary_key=True)
    """conversation | device | account | key | message (of a reply whose rows the retention took)"""
    id: str = Field(primary_key=True)


class Total(_Sums, _Scope, table=True):
    """Sums of settled calls, kept in the transaction that settles: always equal to the sum of the rows."""

    __tablename__ = "totals"
    __table_args__ = {"sqlite_with_rowid": False}


class _UsageOf(SQLModel):
    """Everything that usage is asked for by; empty where a call has none."""

    user_id: str = Field(primary_key=True)
    device_id: str = Field(default="", primary_key=True)
    key_id: str = Field(default="", primary_key=True)
    project: str = Field(default="", primary_key=True)
    provider: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)


class _UsageSums(_Sums):
    """Rows that came with an import are not in them."""

    failed: int = 0
    """Calls that ended failed, cut or killed"""
    first_token_ms: int = Field(default=0, sa_type=BigInteger)
    """Summed over ``first_tokens`` calls"""
    first_tokens: int = 0
    output_ms: int = Field(default=0, sa_type=BigInteger)
    """From the first token to the last, over the calls that said ``output_tokens``"""
    output_tokens: int = Field(default=0, sa_type=BigInteger)


class _Slot(SQLModel):
    slot: int = Field(primary_key=True)
    """Quarter hours since 1970, UTC"""


class _Day(SQLModel):
    day: int = Field(primary_key=True)
    """Days since 1970, UTC"""


class UsageSlot(_UsageSums, _UsageOf, _Slot, table=True):
    """Sums by the quarter hour in which the call began: what the days of every time zone are made of."""

    __tablename__ = "usage_slots"
    __table_args__ = {"sqlite_with_rowid": False}


class UsageDay(_UsageSums, _UsageOf, _Day, table=True):
    """The same by UTC day, for the middle of long ranges: a month of slots would be read for too long."""

    __tablename__ = "usage_days"
    __table_args__ = {"sqlite_with_rowid": False}


class ConversationSlot(SQLModel, table=True):
    """What each conversation used, by quarter hour."""

    __tablename__ = "conversation_slots"
    __table_args__ = {"sqlite_with_rowid": False}
    slot: int = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    conversation_id: str = Field(primary_key=True)
    calls: int = 0
    tokens: int = Field(default=0, sa_type=BigInteger)
    cost_nanos: int = Field(default=0, sa_type=BigInteger)
