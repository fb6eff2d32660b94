-- Files that were read, and their chunks. A document belongs to a person, or to the household ("home").
-- Vectors are not here: each space of an embedding model has a table of its own, made where pgvector is there
-- (memory/embeddings_vectors.py), and `vector_tables` says which of them is whole.

CREATE TABLE documents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    path text NOT NULL,
    title text NOT NULL DEFAULT '',
    size bigint NOT NULL,
    modified_ns bigint NOT NULL,
    digest text NOT NULL,
    problem text NOT NULL DEFAULT '',
    read_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (owner, path)
);

CREATE TABLE chunks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document bigint NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    owner text NOT NULL,
    position integer NOT NULL,
    heading text NOT NULL DEFAULT '',
    place text NOT NULL DEFAULT '',
    page integer,
    text text NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('english', place || E'\n' || text)) STORED,
    UNIQUE (document, position)
);
-- Ranking reads the words of every candidate: they stay in the row, and the text is what is compressed.
ALTER TABLE chunks ALTER COLUMN words SET STORAGE MAIN;
CREATE INDEX chunks_by_words ON chunks USING gin (words);

CREATE TABLE vector_tables (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    of text NOT NULL,
    model text NOT NULL,
    dimension integer NOT NULL,
    digest text NOT NULL,
    whole_at timestamptz,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (of, model, dimension, digest)
);
