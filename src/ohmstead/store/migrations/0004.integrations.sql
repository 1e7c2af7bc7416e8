-- Cloud2Cloud: integrations, the devices in each, and who may put a device into one.

-- claim is the digest of the code that proves that somebody stands before the device; client_id the
-- MQTT client id it signed in with last, where that is not its own name: nobody else may take it.
ALTER TABLE devices
    ADD COLUMN claim bytea,
    ADD COLUMN client_id text UNIQUE;

CREATE TABLE claims (
    mac text NOT NULL REFERENCES devices (mac) ON DELETE CASCADE,
    person integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (mac, person)
);
CREATE INDEX claims_of_a_user ON claims (person);

-- A template is JSON: null is the default one, a string a text, anything else a structure.
-- old_secret is good until old_secret_until: the overlap while a password is renewed.
CREATE TABLE integrations (
    id text PRIMARY KEY,
    username text NOT NULL UNIQUE,
    owner integer REFERENCES users (id) ON DELETE SET NULL,
    organisation integer REFERENCES organisations (id) ON DELETE SET NULL,
    state text NOT NULL CHECK (state IN ('requested', 'active', 'paused', 'revoked', 'refused')),
    note text NOT NULL DEFAULT '',
    reason text,
    template json,
    interval_s double precision NOT NULL CHECK (interval_s >= 0),
    floor_s double precision NOT NULL CHECK (floor_s >= 0),
    absent text NOT NULL CHECK (absent IN ('null', 'zero')),
    retain boolean NOT NULL,
    secret bytea,
    old_secret bytea,
    old_secret_until timestamptz,
    created_at timestamptz NOT NULL,
    decided_at timestamptz
);
CREATE INDEX integrations_of_a_user ON integrations (owner);

-- Null means: as the integration says.  last_at is the time of the last report that was passed on.
CREATE TABLE integration_devices (
    integration text NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    mac text NOT NULL REFERENCES devices (mac) ON DELETE CASCADE,
    template json,
    interval_s double precision CHECK (interval_s >= 0),
    added_at timestamptz NOT NULL,
    last_at timestamptz,
    PRIMARY KEY (integration, mac)
);
CREATE INDEX integrations_of_a_device ON integration_devices (mac);

-- published_of_day counts what was published on day, which is the last one (UTC) on which something was.
CREATE TABLE integration_counts (
    integration text PRIMARY KEY REFERENCES integrations (id) ON DELETE CASCADE,
    published bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    last_published_at timestamptz,
    last_failure text,
    day date,
    published_of_day bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- What somebody who is signed in tried and may not: publish, subscribe, take another's client id.
CREATE TABLE break_outs (
    username text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('publish', 'subscribe', 'client id')),
    attempts bigint NOT NULL,
    last text NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (username, kind)
);

-- MQTT clients with a session whom nobody has seen since; a session that is away for long ends.
CREATE TABLE away_clients (
    client_id text PRIMARY KEY,
    since timestamptz NOT NULL
);

-- Whose rights at the broker changed; told to the cloud by NOTIFY, and kept for one that was away.
CREATE TABLE changed_rights (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    username text NOT NULL
);
CREATE INDEX changed_rights_by_time ON changed_rights (at);
