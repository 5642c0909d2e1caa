"""Alembic's side of the migrations; ``server.store.migrate`` starts it, in a process of its own.

While nothing is released the initial revision is made anew whenever the tables change; those after it stand aside:

    V=server/store/migrations/versions
    rm -f $V/0001_*.py && mkdir aside && mv $V/0*.py aside &&
    .venv/bin/alembic revision --autogenerate --rev-id 0001 -m initial &&
    mv aside/* $V && rmdir aside && .venv/bin/ruff format $V

Afterwards each change is a new revision with the next number.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import DateTime, text
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from server.store import tables  # noqa: F401  # fills the metadata
from server.store.engine import connect
from server.store.migrate import described


def _plain_types(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """A revision names only SQLAlchemy's own types, so that it means the same for ever."""
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(getattr(item, "impl", item), DateTime):
        return "sa.DateTime()"
    return False


def _run() -> None:
    engine = connect(context.config.attributes.get("url", "sqlite://"))
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # Rebuilding a table drops the old one, which would take the rows that refer to it along.
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=sqlite,
            render_item=_plain_types,
            include_name=described,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
            if sqlite and connection.execute(text("PRAGMA foreign_key_check")).first():
                raise RuntimeError("the migrated rows do not fit together; nothing was changed")
    engine.dispose()


_run()
