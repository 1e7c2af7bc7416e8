-- What is newest of each stream, without its values: they are in `readings`, and were written twice.
-- The newest reading never leaves into the archive, so it is there to be looked up.

ALTER TABLE latest RENAME TO latest_wide;
ALTER INDEX latest_pkey RENAME TO latest_wide_pkey;

CREATE TABLE latest (
    stream integer PRIMARY KEY,
    at timestamptz NOT NULL,
    previous_at timestamptz,
    accepted bigint NOT NULL DEFAULT 0,
    identity jsonb,
    raw bytea
) WITH (fillfactor = 50);
INSERT INTO latest (stream, at, previous_at, accepted, identity, raw)
SELECT stream, at, previous_at, accepted, identity, raw FROM latest_wide;

-- The newest reading of each stream.  LIMIT keeps it to a look into the key for each stream: of a join the
-- planner might read every reading there is.
CREATE VIEW newest AS
SELECT r.*, l.identity, l.raw
FROM latest l
CROSS JOIN LATERAL (SELECT * FROM readings e WHERE e.stream = l.stream AND e.at = l.at LIMIT 1) r;

-- Replaced, not made anew: who may read it stays.
CREATE OR REPLACE VIEW reporting.latest WITH (security_barrier) AS
SELECT t.meter, r.at AS at_utc, r.at AT TIME ZONE t.timezone AS at_local, r.received_at AS received_at_utc,
    r.meter_at AS meter_at_utc, r.number, r.tariff, r.value,
    CASE WHEN r.value IS NOT NULL THEN t.unit END AS value_unit,
    r.power_factor, r.active_import_energy_kwh, r.active_import_energy_t1_kwh, r.active_import_energy_t2_kwh,
    r.active_export_energy_kwh, r.active_export_energy_t1_kwh, r.active_export_energy_t2_kwh,
    r.reactive_import_energy_kvarh, r.reactive_import_energy_t1_kvarh, r.reactive_import_energy_t2_kvarh,
    r.reactive_export_energy_kvarh, r.reactive_export_energy_t1_kvarh, r.reactive_export_energy_t2_kvarh,
    r.reactive_q1_energy_kvarh, r.reactive_q1_energy_t1_kvarh, r.reactive_q1_energy_t2_kvarh,
    r.reactive_q2_energy_kvarh, r.reactive_q2_energy_t1_kvarh, r.reactive_q2_energy_t2_kvarh,
    r.reactive_q3_energy_kvarh, r.reactive_q3_energy_t1_kvarh, r.reactive_q3_energy_t2_kvarh,
    r.reactive_q4_energy_kvarh, r.reactive_q4_energy_t1_kvarh, r.reactive_q4_energy_t2_kvarh,
    r.import_demand_kw, r.import_demand_t1_kw, r.import_demand_t2_kw, r.export_demand_kw,
    r.export_demand_t1_kw, r.export_demand_t2_kw, r.active_import_power_kw, r.active_import_power_l1_kw,
    r.active_import_power_l2_kw, r.active_import_power_l3_kw, r.active_export_power_kw,
    r.active_export_power_l1_kw, r.active_export_power_l2_kw, r.active_export_power_l3_kw,
    r.reactive_import_power_kvar, r.reactive_import_power_l1_kvar, r.reactive_import_power_l2_kvar,
    r.reactive_import_power_l3_kvar, r.reactive_export_power_kvar, r.reactive_export_power_l1_kvar,
    r.reactive_export_power_l2_kvar, r.reactive_export_power_l3_kvar, r.apparent_power_kva, r.voltage_l1_v,
    r.voltage_l2_v, r.voltage_l3_v, r.current_l1_a, r.current_l2_a, r.current_l3_a, r.signed_current_l1_a,
    r.signed_current_l2_a, r.signed_current_l3_a, r.net_power_kw, r.net_power_l1_kw, r.net_power_l2_kw,
    r.net_power_l3_kw, r.net_reactive_power_kvar, r.net_reactive_power_l1_kvar, r.net_reactive_power_l2_kvar,
    r.net_reactive_power_l3_kvar, r.apparent_power_l1_kva, r.apparent_power_l2_kva, r.apparent_power_l3_kva,
    r.active_import_energy_l1_kwh, r.active_import_energy_l2_kwh, r.active_import_energy_l3_kwh,
    r.active_export_energy_l1_kwh, r.active_export_energy_l2_kwh, r.active_export_energy_l3_kwh,
    r.voltage_l1_l2_v, r.voltage_l2_l3_v, r.voltage_l1_l3_v, r.voltage_thd_l1_percent,
    r.voltage_thd_l2_percent, r.voltage_thd_l3_percent, r.current_thd_l1_percent, r.current_thd_l2_percent,
    r.current_thd_l3_percent, r.frequency_hz
FROM sql_streams t JOIN newest r ON r.stream = t.stream;

DROP TABLE latest_wide;
