-- Work on the whole installation that somebody asked for over the API, and what became of it.
CREATE TABLE jobs (
    id bigint PRIMARY KEY,
    kind text NOT NULL,
    organisation integer,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    said text NOT NULL DEFAULT '',
    began_at timestamptz,
    ended_at timestamptz,
    result jsonb
);
