-- What energy costs: tariffs as documents, which meter has which from when, and prices that change by the hour.
-- docs/tariffs.md has the words.  These are reference or local tables on Citus, as meters are.

-- organisation null: for everybody.
CREATE TABLE tariffs (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation integer REFERENCES organisations (id) ON DELETE CASCADE,
    name text NOT NULL,
    document jsonb NOT NULL
);
CREATE UNIQUE INDEX one_tariff_a_name ON tariffs (coalesce(organisation, 0), lower(name));

-- last is the day after the last one; null as long as nobody knows.  A contract is ended, not removed.
CREATE TABLE contracts (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream integer NOT NULL REFERENCES meters (stream) ON DELETE CASCADE,
    tariff integer NOT NULL REFERENCES tariffs (id),
    first date NOT NULL,
    last date CHECK (last > first)
);
CREATE INDEX contracts_of_a_meter ON contracts (stream, first);
CREATE INDEX contracts_of_a_tariff ON contracts (tariff);

-- For each quarter of an hour (UTC), whatever the step that prices came in.
CREATE TABLE prices (
    tariff integer NOT NULL REFERENCES tariffs (id) ON DELETE CASCADE,
    series text NOT NULL,
    at timestamptz NOT NULL,
    price numeric NOT NULL,
    PRIMARY KEY (tariff, series, at)
);
