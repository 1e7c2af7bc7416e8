-- What makes many packets cheap, and how many digits a meter's counter has.

-- How many readings moved `latest` forward: counted in the row that is written anyway; the rest is in counters.
ALTER TABLE latest ADD COLUMN accepted bigint NOT NULL DEFAULT 0;

-- The digits of a counter before its point; NULL where nobody knows, and it is found when it rolls over.
ALTER TABLE meters ADD COLUMN counter_digits smallint CHECK (counter_digits BETWEEN 3 AND 12);

-- What a commit brought, one row a commit: streams[i] is new from firsts[i] to lasts[i].  It is read as a
-- whole and taken away soon after.  On Citus it stays a local table: its rows are of many streams.
CREATE TABLE rollup_batches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    streams integer[] NOT NULL,
    firsts timestamptz[] NOT NULL,
    lasts timestamptz[] NOT NULL,
    columns bigint[] NOT NULL
);
ALTER TABLE rollup_batches
    ALTER COLUMN streams SET STORAGE EXTERNAL,
    ALTER COLUMN firsts SET STORAGE EXTERNAL,
    ALTER COLUMN lasts SET STORAGE EXTERNAL,
    ALTER COLUMN columns SET STORAGE EXTERNAL;

-- From here on the bits from 40 on say which powers a stream ever had; nobody knows of those that are there.
UPDATE rollup_streams SET columns = columns | 4502500115742720;

-- Which holes touch a day, of all meters.
CREATE INDEX holes_by_time ON stream_events USING gist (tstzrange(began, at)) WHERE kind = 'gap';
