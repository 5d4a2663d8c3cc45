"""Alembic's entry: it is always handed an open connection by ``memory.sql.migrate``."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from memory.sql.tables import Table, UtcDateTime


def render_item(kind: str, item: Any, _autogen: object) -> str | Literal[False]:  # noqa: ANN401  # Alembic's own signature
    """Writes our types as plain ones: a migration must outlive the code it was made from."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    render_item=render_item,
)
context.run_migrations()
