-- How long readings are kept in the database, and where they went afterwards; docs/retention.md has the rules.

-- Months of raw readings that stay, beside the present one; null is for ever.
ALTER TABLE organisations ADD COLUMN raw_months integer CHECK (raw_months BETWEEN 1 AND 1200);

-- A Parquet file of one organisation and month (UTC).  Two of a month have no stream in common.
CREATE TABLE archive_files (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation integer NOT NULL,
    month date NOT NULL,
    name text NOT NULL UNIQUE,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    rows bigint NOT NULL,
    streams integer NOT NULL,
    state text NOT NULL CHECK (state IN ('written', 'archived', 'restored')),
    made_at timestamptz NOT NULL,
    restored_until timestamptz,
    CHECK ((restored_until IS NULL) = (state <> 'restored'))
);
CREATE INDEX archive_files_of_a_month ON archive_files (organisation, month);

-- Of each stream that has readings in the archive.  On Citus it is distributed by stream, as readings are.
-- floor: no older reading is taken; archived: what is older was taken out of readings, but for the few
-- that the buckets at the edge need; exact: buckets can be made anew from here on, older ones stay.  Null
-- is from ever.
CREATE TABLE archive_floors (
    stream integer PRIMARY KEY,
    floor timestamptz NOT NULL,
    archived timestamptz,
    exact timestamptz
);

-- What a nightly job does, or did last.
CREATE TABLE job_runs (
    job text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    said text NOT NULL DEFAULT ''
);
