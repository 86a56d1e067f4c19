"""Words of entries, for search

An index that no table of the models can say: FTS5 on SQLite, a column of words with a GIN index on
PostgreSQL. Triggers keep it, so that no way of changing an entry can forget it. Only what has been
submitted is in it: a draft is saved at every pause of its writer, and nobody searches drafts.

Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What can be found by: folded text and title, names of the author, co-authors and exemplar. Never the
# blind code: who knows authors must not know codes.
_SOURCE = """
    {row}.body_key || ' ' || {row}.author_key || ' '
    || coalesce((SELECT name_key FROM exemplar WHERE exemplar.id = {row}.exemplar_id), '') || ' '
    || coalesce((SELECT {join} FROM co_author WHERE co_author.entry_id = {row}.id), '')
"""

_SQLITE_SOURCE = _SOURCE.replace("{join}", "group_concat(name_key, ' ')")
_POSTGRES_SOURCE = _SOURCE.replace("{join}", "string_agg(name_key, ' ')")
# An entry's row is read by the judges' and the readers' pages; its words are not in it.
_SQLITE = (
    "CREATE VIRTUAL TABLE entry_words USING fts5(words, tokenize = 'unicode61', detail = 'none')",
    f"""
    CREATE TRIGGER entry_words_of_new AFTER INSERT ON entry WHEN NEW.state <> 'draft' BEGIN
        INSERT INTO entry_words (rowid, words) VALUES (NEW.id, {_SQLITE_SOURCE.format(row="NEW")});
    END
    """,
    f"""
    CREATE TRIGGER entry_words_of_changed
    AFTER UPDATE OF state, body_key, author_key, exemplar_id ON entry
    WHEN NEW.state <> 'draft' AND (
        OLD.state = 'draft' OR OLD.body_key <> NEW.body_key OR OLD.author_key <> NEW.author_key
        OR OLD.exemplar_id <> NEW.exemplar_id
    ) BEGIN
        DELETE FROM entry_words WHERE rowid = NEW.id;
        INSERT INTO entry_words (rowid, words) VALUES (NEW.id, {_SQLITE_SOURCE.format(row="NEW")});
    END
    """,
    "CREATE TRIGGER entry_words_of_gone AFTER DELETE ON entry BEGIN DELETE FROM entry_words WHERE rowid = OLD.id; END",
    f"""
    CREATE TRIGGER entry_words_of_exemplar AFTER UPDATE OF name_key ON exemplar
    WHEN OLD.name_key <> NEW.name_key BEGIN
        DELETE FROM entry_words
        WHERE rowid IN (SELECT id FROM entry WHERE exemplar_id = NEW.id AND state <> 'draft');
        INSERT INTO entry_words (rowid, words)
        SELECT entry.id, {_SQLITE_SOURCE.format(row="entry")}
        FROM entry WHERE exemplar_id = NEW.id AND state <> 'draft';
    END
    """,
    *(
        f"""
        CREATE TRIGGER entry_words_of_co_author_{name} AFTER {event} ON co_author BEGIN
            DELETE FROM entry_words
            WHERE rowid IN (SELECT id FROM entry WHERE id = {row}.entry_id AND state <> 'draft');
            INSERT INTO entry_words (rowid, words)
            SELECT entry.id, {_SQLITE_SOURCE.format(row="entry")}
            FROM entry WHERE id = {row}.entry_id AND state <> 'draft';
        END
        """
        for name, event, row in (
            ("new", "INSERT", "NEW"),
            ("changed", "UPDATE OF name_key, entry_id", "NEW"),
            ("gone", "DELETE", "OLD"),
        )
    ),
)
_POSTGRES = (
    """
    CREATE TABLE entry_words (
        entry_id bigint CONSTRAINT pk_entry_words PRIMARY KEY
            CONSTRAINT fk_entry_words_entry_id_entry REFERENCES entry (id) ON DELETE CASCADE,
        words tsvector NOT NULL
    )
    """,
    # Many short rows are added and few are taken out: without the list of pending words, search is
    # as quick after a thousand submissions as after a vacuum.
    "CREATE INDEX ix_entry_words_words ON entry_words USING gin (words) WITH (fastupdate = off)",
    f"""
    CREATE FUNCTION entry_words_of(wanted bigint) RETURNS void LANGUAGE sql AS $$
        INSERT INTO entry_words (entry_id, words)
        SELECT entry.id, array_to_tsvector(array(
            SELECT DISTINCT left(word, 100)
            FROM regexp_split_to_table({_POSTGRES_SOURCE.format(row="entry")}, '[^[:alnum:]]+') AS word
            WHERE word <> ''
        ))
        FROM entry WHERE entry.id = wanted AND entry.state <> 'draft'
        ON CONFLICT (entry_id) DO UPDATE SET words = EXCLUDED.words
    $$
    """,
    """
    CREATE FUNCTION entry_words_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_TABLE_NAME = 'entry' THEN
            PERFORM entry_words_of(NEW.id);
        ELSIF TG_TABLE_NAME = 'exemplar' THEN
            PERFORM entry_words_of(entry.id) FROM entry WHERE entry.exemplar_id = NEW.id;
        ELSIF TG_OP = 'DELETE' THEN
            PERFORM entry_words_of(OLD.entry_id);
        ELSE
            PERFORM entry_words_of(NEW.entry_id);
        END IF;
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER entry_words_of_new AFTER INSERT ON entry
    FOR EACH ROW WHEN (NEW.state <> 'draft') EXECUTE FUNCTION entry_words_follow()
    """,
    """
    CREATE TRIGGER entry_words_of_changed AFTER UPDATE ON entry
    FOR EACH ROW WHEN (NEW.state <> 'draft' AND (
        OLD.state = 'draft' OR OLD.body_key <> NEW.body_key OR OLD.author_key <> NEW.author_key
        OR OLD.exemplar_id <> NEW.exemplar_id
    )) EXECUTE FUNCTION entry_words_follow()
    """,
    """
    CREATE TRIGGER entry_words_of_exemplar AFTER UPDATE ON exemplar
    FOR EACH ROW WHEN (OLD.name_key <> NEW.name_key) EXECUTE FUNCTION entry_words_follow()
    """,
    """
    CREATE TRIGGER entry_words_of_co_author AFTER INSERT OR UPDATE OR DELETE ON co_author
    FOR EACH ROW EXECUTE FUNCTION entry_words_follow()
    """,
)
_SQLITE_TRIGGERS = (
    "entry_words_of_new",
    "entry_words_of_changed",
    "entry_words_of_gone",
    "entry_words_of_exemplar",
    "entry_words_of_co_author_new",
    "entry_words_of_co_author_changed",
    "entry_words_of_co_author_gone",
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if sqlite else _POSTGRES:
        op.get_bind().exec_driver_sql(statement)
    # What stands already.
    if sqlite:
        source = _SQLITE_SOURCE.format(row="entry")
        op.get_bind().exec_driver_sql(
            f"INSERT INTO entry_words (rowid, words) SELECT entry.id, {source} FROM entry WHERE state <> 'draft'"
        )
    else:
        op.get_bind().exec_driver_sql("SELECT entry_words_of(id) FROM entry")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in _SQLITE_TRIGGERS:
            op.get_bind().exec_driver_sql(f"DROP TRIGGER {name}")
        op.get_bind().exec_driver_sql("DROP TABLE entry_words")
        return
    for name, table in (
        ("entry_words_of_new", "entry"),
        ("entry_words_of_changed", "entry"),
        ("entry_words_of_exemplar", "exemplar"),
        ("entry_words_of_co_author", "co_author"),
    ):
        op.get_bind().exec_driver_sql(f"DROP TRIGGER {name} ON {table}")
    op.get_bind().exec_driver_sql("DROP FUNCTION entry_words_follow()")
    op.get_bind().exec_driver_sql("DROP FUNCTION entry_words_of(bigint)")
    op.get_bind().exec_driver_sql("DROP TABLE entry_words")
