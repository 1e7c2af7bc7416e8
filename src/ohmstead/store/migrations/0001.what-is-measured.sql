-- Who may look at what, what is measured, and what was measured.
-- readings, latest and counters have `stream` in their key and in every statement: on Citus it is their
-- distribution column, and every other table is a reference or local table.

CREATE TABLE installation (
    key text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE organisations (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

CREATE TABLE sites (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation integer NOT NULL REFERENCES organisations (id),
    name text NOT NULL,
    timezone text NOT NULL,
    UNIQUE (organisation, name)
);

CREATE TABLE meters (
    stream integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    site integer NOT NULL REFERENCES sites (id),
    type text NOT NULL,
    interval_s double precision NOT NULL CHECK (interval_s > 0),
    reading text NOT NULL CHECK (reading IN ('cumulative', 'interval')),
    unit text,
    name text NOT NULL
);
CREATE INDEX meters_of_a_site ON meters (site);

CREATE TABLE devices (
    mac text PRIMARY KEY,
    stream integer NOT NULL UNIQUE REFERENCES meters (stream),
    username text NOT NULL UNIQUE,
    secret bytea NOT NULL
);

CREATE TABLE users (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL DEFAULT '',
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'viewer')),
    organisation integer REFERENCES organisations (id),
    language text,
    password_hash text
);
CREATE UNIQUE INDEX one_user_an_email ON users (lower(email));

CREATE TABLE sign_in_links (
    digest bytea PRIMARY KEY,
    person integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX sign_in_links_of_a_user ON sign_in_links (person);

CREATE TABLE sessions (
    digest bytea PRIMARY KEY,
    person integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_of_a_user ON sessions (person);

-- What could not be read or stored: kept for a look, the oldest leave first.
CREATE TABLE refused (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    source text NOT NULL,
    topic text,
    stream integer,
    reason text NOT NULL,
    payload bytea NOT NULL
);

CREATE TABLE counters (
    stream integer PRIMARY KEY,
    accepted bigint NOT NULL DEFAULT 0,
    late bigint NOT NULL DEFAULT 0,
    duplicate bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Power and energy are in the key's leaves, so that a chart does not touch the wide rows.
CREATE TABLE readings (
    stream integer NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    meter_at timestamptz,
    number bigint,
    tariff smallint,
    value double precision,
    power_factor double precision,
    active_import_energy_kwh double precision,
    active_import_energy_t1_kwh double precision,
    active_import_energy_t2_kwh double precision,
    active_export_energy_kwh double precision,
    active_export_energy_t1_kwh double precision,
    active_export_energy_t2_kwh double precision,
    reactive_import_energy_kvarh double precision,
    reactive_import_energy_t1_kvarh double precision,
    reactive_import_energy_t2_kvarh double precision,
    reactive_export_energy_kvarh double precision,
    reactive_export_energy_t1_kvarh double precision,
    reactive_export_energy_t2_kvarh double precision,
    reactive_q1_energy_kvarh double precision,
    reactive_q1_energy_t1_kvarh double precision,
    reactive_q1_energy_t2_kvarh double precision,
    reactive_q2_energy_kvarh double precision,
    reactive_q2_energy_t1_kvarh double precision,
    reactive_q2_energy_t2_kvarh double precision,
    reactive_q3_energy_kvarh double precision,
    reactive_q3_energy_t1_kvarh double precision,
    reactive_q3_energy_t2_kvarh double precision,
    reactive_q4_energy_kvarh double precision,
    reactive_q4_energy_t1_kvarh double precision,
    reactive_q4_energy_t2_kvarh double precision,
    import_demand_kw double precision,
    import_demand_t1_kw double precision,
    import_demand_t2_kw double precision,
    export_demand_kw double precision,
    export_demand_t1_kw double precision,
    export_demand_t2_kw double precision,
    active_import_power_kw double precision,
    active_import_power_l1_kw double precision,
    active_import_power_l2_kw double precision,
    active_import_power_l3_kw double precision,
    active_export_power_kw double precision,
    active_export_power_l1_kw double precision,
    active_export_power_l2_kw double precision,
    active_export_power_l3_kw double precision,
    reactive_import_power_kvar double precision,
    reactive_import_power_l1_kvar double precision,
    reactive_import_power_l2_kvar double precision,
    reactive_import_power_l3_kvar double precision,
    reactive_export_power_kvar double precision,
    reactive_export_power_l1_kvar double precision,
    reactive_export_power_l2_kvar double precision,
    reactive_export_power_l3_kvar double precision,
    apparent_power_kva double precision,
    voltage_l1_v double precision,
    voltage_l2_v double precision,
    voltage_l3_v double precision,
    current_l1_a double precision,
    current_l2_a double precision,
    current_l3_a double precision,
    signed_current_l1_a double precision,
    signed_current_l2_a double precision,
    signed_current_l3_a double precision,
    net_power_kw double precision,
    net_power_l1_kw double precision,
    net_power_l2_kw double precision,
    net_power_l3_kw double precision,
    net_reactive_power_kvar double precision,
    net_reactive_power_l1_kvar double precision,
    net_reactive_power_l2_kvar double precision,
    net_reactive_power_l3_kvar double precision,
    apparent_power_l1_kva double precision,
    apparent_power_l2_kva double precision,
    apparent_power_l3_kva double precision,
    active_import_energy_l1_kwh double precision,
    active_import_energy_l2_kwh double precision,
    active_import_energy_l3_kwh double precision,
    active_export_energy_l1_kwh double precision,
    active_export_energy_l2_kwh double precision,
    active_export_energy_l3_kwh double precision,
    voltage_l1_l2_v double precision,
    voltage_l2_l3_v double precision,
    voltage_l1_l3_v double precision,
    voltage_thd_l1_percent double precision,
    voltage_thd_l2_percent double precision,
    voltage_thd_l3_percent double precision,
    current_thd_l1_percent double precision,
    current_thd_l2_percent double precision,
    current_thd_l3_percent double precision,
    frequency_hz double precision,
    PRIMARY KEY (stream, at) INCLUDE (
        active_import_power_kw, active_export_power_kw, net_power_kw,
        active_import_energy_kwh, active_export_energy_kwh, value
    )
) PARTITION BY RANGE (at);

-- The newest reading of each stream; previous_at is how the committer learns what was newest before.
CREATE TABLE latest (
    stream integer PRIMARY KEY,
    at timestamptz NOT NULL,
    previous_at timestamptz,
    received_at timestamptz NOT NULL,
    meter_at timestamptz,
    number bigint,
    tariff smallint,
    value double precision,
    power_factor double precision,
    active_import_energy_kwh double precision,
    active_import_energy_t1_kwh double precision,
    active_import_energy_t2_kwh double precision,
    active_export_energy_kwh double precision,
    active_export_energy_t1_kwh double precision,
    active_export_energy_t2_kwh double precision,
    reactive_import_energy_kvarh double precision,
    reactive_import_energy_t1_kvarh double precision,
    reactive_import_energy_t2_kvarh double precision,
    reactive_export_energy_kvarh double precision,
    reactive_export_energy_t1_kvarh double precision,
    reactive_export_energy_t2_kvarh double precision,
    reactive_q1_energy_kvarh double precision,
    reactive_q1_energy_t1_kvarh double precision,
    reactive_q1_energy_t2_kvarh double precision,
    reactive_q2_energy_kvarh double precision,
    reactive_q2_energy_t1_kvarh double precision,
    reactive_q2_energy_t2_kvarh double precision,
    reactive_q3_energy_kvarh double precision,
    reactive_q3_energy_t1_kvarh double precision,
    reactive_q3_energy_t2_kvarh double precision,
    reactive_q4_energy_kvarh double precision,
    reactive_q4_energy_t1_kvarh double precision,
    reactive_q4_energy_t2_kvarh double precision,
    import_demand_kw double precision,
    import_demand_t1_kw double precision,
    import_demand_t2_kw double precision,
    export_demand_kw double precision,
    export_demand_t1_kw double precision,
    export_demand_t2_kw double precision,
    active_import_power_kw double precision,
    active_import_power_l1_kw double precision,
    active_import_power_l2_kw double precision,
    active_import_power_l3_kw double precision,
    active_export_power_kw double precision,
    active_export_power_l1_kw double precision,
    active_export_power_l2_kw double precision,
    active_export_power_l3_kw double precision,
    reactive_import_power_kvar double precision,
    reactive_import_power_l1_kvar double precision,
    reactive_import_power_l2_kvar double precision,
    reactive_import_power_l3_kvar double precision,
    reactive_export_power_kvar double precision,
    reactive_export_power_l1_kvar double precision,
    reactive_export_power_l2_kvar double precision,
    reactive_export_power_l3_kvar double precision,
    apparent_power_kva double precision,
    voltage_l1_v double precision,
    voltage_l2_v double precision,
    voltage_l3_v double precision,
    current_l1_a double precision,
    current_l2_a double precision,
    current_l3_a double precision,
    signed_current_l1_a double precision,
    signed_current_l2_a double precision,
    signed_current_l3_a double precision,
    net_power_kw double precision,
    net_power_l1_kw double precision,
    net_power_l2_kw double precision,
    net_power_l3_kw double precision,
    net_reactive_power_kvar double precision,
    net_reactive_power_l1_kvar double precision,
    net_reactive_power_l2_kvar double precision,
    net_reactive_power_l3_kvar double precision,
    apparent_power_l1_kva double precision,
    apparent_power_l2_kva double precision,
    apparent_power_l3_kva double precision,
    active_import_energy_l1_kwh double precision,
    active_import_energy_l2_kwh double precision,
    active_import_energy_l3_kwh double precision,
    active_export_energy_l1_kwh double precision,
    active_export_energy_l2_kwh double precision,
    active_export_energy_l3_kwh double precision,
    voltage_l1_l2_v double precision,
    voltage_l2_l3_v double precision,
    voltage_l1_l3_v double precision,
    voltage_thd_l1_percent double precision,
    voltage_thd_l2_percent double precision,
    voltage_thd_l3_percent double precision,
    current_thd_l1_percent double precision,
    current_thd_l2_percent double precision,
    current_thd_l3_percent double precision,
    frequency_hz double precision,
    identity jsonb,
    raw bytea
) WITH (fillfactor = 50);
