"""The full-text index over search_texts, kept by triggers in the transaction that changes a text."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(user_id, text, content='search_texts', content_rowid='id', "
        "tokenize='unicode61 remove_diacritics 2')"
    )
    add = "INSERT INTO search_index(rowid, user_id, text) VALUES (new.id, new.user_id, new.text);"
    remove = (
        "INSERT INTO search_index(search_index, rowid, user_id, text) VALUES ('delete', old.id, old.user_id, old.text);"
    )
    op.execute(f"CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN {add} END")
    op.execute(f"CREATE TRIGGER search_texts_removed AFTER DELETE ON search_texts BEGIN {remove} END")
    last = "id = old.text_id AND NOT EXISTS (SELECT 1 FROM search_places WHERE text_id = old.text_id)"
    op.execute(
        "CREATE TRIGGER search_places_removed AFTER DELETE ON search_places "
        f"BEGIN DELETE FROM search_texts WHERE {last}; END"
    )
