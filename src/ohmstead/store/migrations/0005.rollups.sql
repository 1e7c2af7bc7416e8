-- What is kept of each bucket of time, made from readings; docs/energy.md has the rules.
-- As readings, these tables have `stream` in their keys and are distributed by it on Citus.

-- A number made of the serial number of the meter that spoke: two that differ are an exchange.
ALTER TABLE readings ADD COLUMN meter_crc integer;
ALTER TABLE latest ADD COLUMN meter_crc integer;

-- level: 0 quarters of an hour (UTC), 1 hours, 2 days, 3 months (the site's zone); `at` is the beginning.
-- part: 0 is everything, 1 is what of it lies across holes (estimated), where there is any.
CREATE TABLE rollups (
    stream integer NOT NULL,
    level smallint NOT NULL,
    at timestamptz NOT NULL,
    part smallint NOT NULL,
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
    active_import_energy_l1_kwh double precision,
    active_import_energy_l2_kwh double precision,
    active_import_energy_l3_kwh double precision,
    active_export_energy_l1_kwh double precision,
    active_export_energy_l2_kwh double precision,
    active_export_energy_l3_kwh double precision,
    value double precision,
    import_integrated double precision,
    export_integrated double precision,
    covered_s double precision,
    mean double precision,
    least double precision,
    most double precision,
    samples double precision,
    export_mean double precision,
    export_least double precision,
    export_most double precision,
    export_samples double precision,
    clock_15 double precision,
    clock_30 double precision,
    clock_60 double precision,
    sliding_15 double precision,
    sliding_30 double precision,
    sliding_60 double precision,
    PRIMARY KEY (stream, level, at, part)
) PARTITION BY LIST (level);
CREATE TABLE rollups_quarter PARTITION OF rollups FOR VALUES IN (0);
CREATE TABLE rollups_hour PARTITION OF rollups FOR VALUES IN (1);
CREATE TABLE rollups_day PARTITION OF rollups FOR VALUES IN (2);
CREATE TABLE rollups_month PARTITION OF rollups FOR VALUES IN (3);

-- What happened between two readings; an empty quantity is the whole meter.
CREATE TABLE stream_events (
    stream integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    quantity text NOT NULL,
    began timestamptz NOT NULL,
    before double precision,
    after double precision,
    energy double precision,
    PRIMARY KEY (stream, at, kind, quantity)
);

-- Stretches whose buckets are to be made anew, written in the transaction of the readings.
CREATE TABLE rollup_notes (
    stream integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    first timestamptz NOT NULL,
    last timestamptz NOT NULL,
    columns bigint,
    PRIMARY KEY (stream, id)
);

-- Which counters a stream ever had: bits, in the order of the catalogue.
CREATE TABLE rollup_streams (
    stream integer PRIMARY KEY,
    columns bigint NOT NULL
);

INSERT INTO rollup_notes (stream, first, last)
SELECT stream, min(at), max(at) FROM readings GROUP BY stream, date_trunc('month', at);
