-- What other programs may read: views in the schema `reporting`, and who may (docs/sql-views.md).
-- A view runs with its owner's rights, and shows a reader the rows of its organisation.

-- Which login sees which organisation; null is all of them.  No reference: when an organisation goes, its
-- login sees nothing, and is still there to be removed.
CREATE TABLE sql_readers (
    name text PRIMARY KEY,
    organisation integer,
    made_at timestamptz NOT NULL
);

-- The organisations that whoever is connected may see; the owner of these tables sees all of them.
-- session_user stays the login, whatever role is set.
CREATE VIEW sql_organisations WITH (security_barrier) AS
SELECT o.id, o.name FROM organisations o
WHERE (SELECT pg_has_role(session_user, c.relowner, 'MEMBER') FROM pg_class c WHERE c.oid = 'sql_readers'::regclass)
    OR EXISTS (
        SELECT FROM sql_readers r
        WHERE r.name = session_user AND (r.organisation IS NULL OR r.organisation = o.id)
    );

CREATE VIEW sql_streams WITH (security_barrier) AS
SELECT m.stream, m.id AS meter, m.name, m.type, m.unit, m.reading, m.interval_s,
    s.id AS site_id, s.name AS site, s.timezone, o.id AS organisation_id, o.name AS organisation,
    CASE m.unit WHEN 'kWh' THEN 1 WHEN 'Wh' THEN 0.001 WHEN 'MWh' THEN 1000 WHEN 'GJ' THEN 1 / 0.0036 END
        ::double precision AS kwh_factor
FROM meters m JOIN sites s ON s.id = m.site JOIN sql_organisations o ON o.id = s.organisation;

-- The rollups, with import and export in kWh: the meter's own counter, else the sum of its phases, of its
-- tariffs, or its one value, whichever the stream ever had (the bits are of rollup_streams); else from power.
CREATE VIEW sql_energy WITH (security_barrier) AS
SELECT t.meter, t.timezone, r.level, r.at AS start_utc,
    CASE
        WHEN e.columns & 1 <> 0 THEN r.active_import_energy_kwh
        WHEN e.columns & 117440512 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                r.active_import_energy_l1_kwh, r.active_import_energy_l2_kwh, r.active_import_energy_l3_kwh]) AS part)
        WHEN e.columns & 6 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                r.active_import_energy_t1_kwh, r.active_import_energy_t2_kwh]) AS part)
        WHEN e.columns & 1073741824 <> 0 THEN r.value * t.kwh_factor
        WHEN t.type = 'electricity' THEN r.import_integrated
    END AS import_kwh,
    CASE
        WHEN e.columns & 8 <> 0 THEN r.active_export_energy_kwh
        WHEN e.columns & 939524096 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                r.active_export_energy_l1_kwh, r.active_export_energy_l2_kwh, r.active_export_energy_l3_kwh]) AS part)
        WHEN e.columns & 48 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                r.active_export_energy_t1_kwh, r.active_export_energy_t2_kwh]) AS part)
        WHEN t.type = 'electricity' THEN r.export_integrated
    END AS export_kwh,
    CASE
        WHEN e.columns & 1 <> 0 THEN g.active_import_energy_kwh
        WHEN e.columns & 117440512 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                g.active_import_energy_l1_kwh, g.active_import_energy_l2_kwh, g.active_import_energy_l3_kwh]) AS part)
        WHEN e.columns & 6 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                g.active_import_energy_t1_kwh, g.active_import_energy_t2_kwh]) AS part)
        WHEN e.columns & 1073741824 <> 0 THEN g.value * t.kwh_factor
    END AS import_estimated,
    CASE
        WHEN e.columns & 8 <> 0 THEN g.active_export_energy_kwh
        WHEN e.columns & 939524096 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                g.active_export_energy_l1_kwh, g.active_export_energy_l2_kwh, g.active_export_energy_l3_kwh]) AS part)
        WHEN e.columns & 48 <> 0 THEN
            (SELECT sum(part) FROM unnest(ARRAY[
                g.active_export_energy_t1_kwh, g.active_export_energy_t2_kwh]) AS part)
    END AS export_estimated,
    coalesce(e.columns, 0) & 1191182343 = 0 AS import_guessed,
    coalesce(e.columns, 0) & 939524152 = 0 AS export_guessed,
    CASE WHEN t.type <> 'electricity' THEN r.value END AS amount,
    CASE WHEN t.type <> 'electricity' AND r.value IS NOT NULL THEN t.unit END AS amount_unit,
    r.covered_s, r.mean AS mean_import_kw, r.least AS least_import_kw, r.most AS most_import_kw,
    r.export_mean AS mean_export_kw, r.export_least AS least_export_kw, r.export_most AS most_export_kw,
    r.clock_15 AS peak_15min_kw, r.clock_30 AS peak_30min_kw, r.clock_60 AS peak_60min_kw,
    r.active_import_energy_t1_kwh, r.active_import_energy_t2_kwh, r.active_export_energy_t1_kwh,
    r.active_export_energy_t2_kwh, r.reactive_import_energy_kvarh, r.reactive_import_energy_t1_kvarh,
    r.reactive_import_energy_t2_kvarh, r.reactive_export_energy_kvarh, r.reactive_export_energy_t1_kvarh,
    r.reactive_export_energy_t2_kvarh, r.reactive_q1_energy_kvarh, r.reactive_q1_energy_t1_kvarh,
    r.reactive_q1_energy_t2_kvarh, r.reactive_q2_energy_kvarh, r.reactive_q2_energy_t1_kvarh,
    r.reactive_q2_energy_t2_kvarh, r.reactive_q3_energy_kvarh, r.reactive_q3_energy_t1_kvarh,
    r.reactive_q3_energy_t2_kvarh, r.reactive_q4_energy_kvarh, r.reactive_q4_energy_t1_kvarh,
    r.reactive_q4_energy_t2_kvarh, r.active_import_energy_l1_kwh, r.active_import_energy_l2_kwh,
    r.active_import_energy_l3_kwh, r.active_export_energy_l1_kwh, r.active_export_energy_l2_kwh,
    r.active_export_energy_l3_kwh
FROM sql_streams t
LEFT JOIN rollup_streams e ON e.stream = t.stream
JOIN rollups r ON r.stream = t.stream AND r.part = 0
LEFT JOIN rollups g ON g.stream = r.stream AND g.level = r.level AND g.at = r.at AND g.part = 1;

CREATE SCHEMA IF NOT EXISTS reporting;

CREATE VIEW reporting.sites WITH (security_barrier) AS
SELECT s.id AS site_id, s.name AS site, s.timezone, o.id AS organisation_id, o.name AS organisation
FROM sites s JOIN sql_organisations o ON o.id = s.organisation;

CREATE VIEW reporting.meters WITH (security_barrier) AS
SELECT meter, name, type, unit, reading, interval_s, site_id, site, timezone, organisation_id, organisation
FROM sql_streams;

CREATE VIEW reporting.readings WITH (security_barrier) AS
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
FROM sql_streams t JOIN readings r ON r.stream = t.stream;

CREATE VIEW reporting.latest WITH (security_barrier) AS
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
FROM sql_streams t JOIN latest r ON r.stream = t.stream;

CREATE VIEW reporting.events WITH (security_barrier) AS
SELECT t.meter, e.began AS began_utc, e.at AS at_utc,
    e.began AT TIME ZONE t.timezone AS began_local, e.at AT TIME ZONE t.timezone AS at_local,
    e.kind, e.quantity, e.before AS counter_before, e.after AS counter_after, e.energy
FROM sql_streams t JOIN stream_events e ON e.stream = t.stream;

CREATE VIEW reporting.energy_15min WITH (security_barrier) AS
SELECT q.meter, q.start_utc, q.end_utc,
    q.start_utc AT TIME ZONE q.timezone AS start_local, q.end_utc AT TIME ZONE q.timezone AS end_local,
    round(q.import_kwh::numeric, 9)::double precision AS import_kwh,
    round(q.export_kwh::numeric, 9)::double precision AS export_kwh,
    round((CASE WHEN q.import_kwh IS NOT NULL THEN
        CASE WHEN q.import_guessed THEN q.import_kwh ELSE coalesce(q.import_estimated, 0) END END
        )::numeric, 9)::double precision AS import_estimated_kwh,
    round((CASE WHEN q.export_kwh IS NOT NULL THEN
        CASE WHEN q.export_guessed THEN q.export_kwh ELSE coalesce(q.export_estimated, 0) END END
        )::numeric, 9)::double precision AS export_estimated_kwh,
    q.amount, q.amount_unit,
    least(100, 100 * coalesce(q.covered_s, 0)
        / greatest(1, extract(epoch FROM least(q.end_utc, now()) - q.start_utc)::double precision)
        ) AS completeness_percent,
    q.mean_import_kw, q.least_import_kw, q.most_import_kw,
    q.mean_export_kw, q.least_export_kw, q.most_export_kw,
    q.peak_15min_kw, q.peak_30min_kw, q.peak_60min_kw,
    q.active_import_energy_t1_kwh, q.active_import_energy_t2_kwh, q.active_export_energy_t1_kwh,
    q.active_export_energy_t2_kwh, q.reactive_import_energy_kvarh, q.reactive_import_energy_t1_kvarh,
    q.reactive_import_energy_t2_kvarh, q.reactive_export_energy_kvarh, q.reactive_export_energy_t1_kvarh,
    q.reactive_export_energy_t2_kvarh, q.reactive_q1_energy_kvarh, q.reactive_q1_energy_t1_kvarh,
    q.reactive_q1_energy_t2_kvarh, q.reactive_q2_energy_kvarh, q.reactive_q2_energy_t1_kvarh,
    q.reactive_q2_energy_t2_kvarh, q.reactive_q3_energy_kvarh, q.reactive_q3_energy_t1_kvarh,
    q.reactive_q3_energy_t2_kvarh, q.reactive_q4_energy_kvarh, q.reactive_q4_energy_t1_kvarh,
    q.reactive_q4_energy_t2_kvarh, q.active_import_energy_l1_kwh, q.active_import_energy_l2_kwh,
    q.active_import_energy_l3_kwh, q.active_export_energy_l1_kwh, q.active_export_energy_l2_kwh,
    q.active_export_energy_l3_kwh
FROM (SELECT *, start_utc + interval '15 minutes' AS end_utc FROM sql_energy WHERE level = 0) AS q;

CREATE VIEW reporting.energy_hour WITH (security_barrier) AS
SELECT q.meter, q.start_utc, q.end_utc,
    q.start_utc AT TIME ZONE q.timezone AS start_local, q.end_utc AT TIME ZONE q.timezone AS end_local,
    round(q.import_kwh::numeric, 9)::double precision AS import_kwh,
    round(q.export_kwh::numeric, 9)::double precision AS export_kwh,
    round((CASE WHEN q.import_kwh IS NOT NULL THEN
        CASE WHEN q.import_guessed THEN q.import_kwh ELSE coalesce(q.import_estimated, 0) END END
        )::numeric, 9)::double precision AS import_estimated_kwh,
    round((CASE WHEN q.export_kwh IS NOT NULL THEN
        CASE WHEN q.export_guessed THEN q.export_kwh ELSE coalesce(q.export_estimated, 0) END END
        )::numeric, 9)::double precision AS export_estimated_kwh,
    q.amount, q.amount_unit,
    least(100, 100 * coalesce(q.covered_s, 0)
        / greatest(1, extract(epoch FROM least(q.end_utc, now()) - q.start_utc)::double precision)
        ) AS completeness_percent,
    q.mean_import_kw, q.least_import_kw, q.most_import_kw,
    q.mean_export_kw, q.least_export_kw, q.most_export_kw,
    q.peak_15min_kw, q.peak_30min_kw, q.peak_60min_kw,
    q.active_import_energy_t1_kwh, q.active_import_energy_t2_kwh, q.active_export_energy_t1_kwh,
    q.active_export_energy_t2_kwh, q.reactive_import_energy_kvarh, q.reactive_import_energy_t1_kvarh,
    q.reactive_import_energy_t2_kvarh, q.reactive_export_energy_kvarh, q.reactive_export_energy_t1_kvarh,
    q.reactive_export_energy_t2_kvarh, q.reactive_q1_energy_kvarh, q.reactive_q1_energy_t1_kvarh,
    q.reactive_q1_energy_t2_kvarh, q.reactive_q2_energy_kvarh, q.reactive_q2_energy_t1_kvarh,
    q.reactive_q2_energy_t2_kvarh, q.reactive_q3_energy_kvarh, q.reactive_q3_energy_t1_kvarh,
    q.reactive_q3_energy_t2_kvarh, q.reactive_q4_energy_kvarh, q.reactive_q4_energy_t1_kvarh,
    q.reactive_q4_energy_t2_kvarh, q.active_import_energy_l1_kwh, q.active_import_energy_l2_kwh,
    q.active_import_energy_l3_kwh, q.active_export_energy_l1_kwh, q.active_export_energy_l2_kwh,
    q.active_export_energy_l3_kwh
FROM (SELECT *, start_utc + (interval '1 hour'
        - (start_utc AT TIME ZONE timezone - date_trunc('hour', start_utc AT TIME ZONE timezone))) AS end_utc FROM sql_energy WHERE level = 1) AS q;

CREATE VIEW reporting.energy_day WITH (security_barrier) AS
SELECT q.meter, q.start_utc, q.end_utc,
    q.start_utc AT TIME ZONE q.timezone AS start_local, q.end_utc AT TIME ZONE q.timezone AS end_local,
    round(q.import_kwh::numeric, 9)::double precision AS import_kwh,
    round(q.export_kwh::numeric, 9)::double precision AS export_kwh,
    round((CASE WHEN q.import_kwh IS NOT NULL THEN
        CASE WHEN q.import_guessed THEN q.import_kwh ELSE coalesce(q.import_estimated, 0) END END
        )::numeric, 9)::double precision AS import_estimated_kwh,
    round((CASE WHEN q.export_kwh IS NOT NULL THEN
        CASE WHEN q.export_guessed THEN q.export_kwh ELSE coalesce(q.export_estimated, 0) END END
        )::numeric, 9)::double precision AS export_estimated_kwh,
    q.amount, q.amount_unit,
    least(100, 100 * coalesce(q.covered_s, 0)
        / greatest(1, extract(epoch FROM least(q.end_utc, now()) - q.start_utc)::double precision)
        ) AS completeness_percent,
    q.mean_import_kw, q.least_import_kw, q.most_import_kw,
    q.mean_export_kw, q.least_export_kw, q.most_export_kw,
    q.peak_15min_kw, q.peak_30min_kw, q.peak_60min_kw,
    q.active_import_energy_t1_kwh, q.active_import_energy_t2_kwh, q.active_export_energy_t1_kwh,
    q.active_export_energy_t2_kwh, q.reactive_import_energy_kvarh, q.reactive_import_energy_t1_kvarh,
    q.reactive_import_energy_t2_kvarh, q.reactive_export_energy_kvarh, q.reactive_export_energy_t1_kvarh,
    q.reactive_export_energy_t2_kvarh, q.reactive_q1_energy_kvarh, q.reactive_q1_energy_t1_kvarh,
    q.reactive_q1_energy_t2_kvarh, q.reactive_q2_energy_kvarh, q.reactive_q2_energy_t1_kvarh,
    q.reactive_q2_energy_t2_kvarh, q.reactive_q3_energy_kvarh, q.reactive_q3_energy_t1_kvarh,
    q.reactive_q3_energy_t2_kvarh, q.reactive_q4_energy_kvarh, q.reactive_q4_energy_t1_kvarh,
    q.reactive_q4_energy_t2_kvarh, q.active_import_energy_l1_kwh, q.active_import_energy_l2_kwh,
    q.active_import_energy_l3_kwh, q.active_export_energy_l1_kwh, q.active_export_energy_l2_kwh,
    q.active_export_energy_l3_kwh
FROM (SELECT *, (date_trunc('day', start_utc AT TIME ZONE timezone) + interval '1 day') AT TIME ZONE timezone AS end_utc FROM sql_energy WHERE level = 2) AS q;

CREATE VIEW reporting.energy_month WITH (security_barrier) AS
SELECT q.meter, q.start_utc, q.end_utc,
    q.start_utc AT TIME ZONE q.timezone AS start_local, q.end_utc AT TIME ZONE q.timezone AS end_local,
    round(q.import_kwh::numeric, 9)::double precision AS import_kwh,
    round(q.export_kwh::numeric, 9)::double precision AS export_kwh,
    round((CASE WHEN q.import_kwh IS NOT NULL THEN
        CASE WHEN q.import_guessed THEN q.import_kwh ELSE coalesce(q.import_estimated, 0) END END
        )::numeric, 9)::double precision AS import_estimated_kwh,
    round((CASE WHEN q.export_kwh IS NOT NULL THEN
        CASE WHEN q.export_guessed THEN q.export_kwh ELSE coalesce(q.export_estimated, 0) END END
        )::numeric, 9)::double precision AS export_estimated_kwh,
    q.amount, q.amount_unit,
    least(100, 100 * coalesce(q.covered_s, 0)
        / greatest(1, extract(epoch FROM least(q.end_utc, now()) - q.start_utc)::double precision)
        ) AS completeness_percent,
    q.mean_import_kw, q.least_import_kw, q.most_import_kw,
    q.mean_export_kw, q.least_export_kw, q.most_export_kw,
    q.peak_15min_kw, q.peak_30min_kw, q.peak_60min_kw,
    q.active_import_energy_t1_kwh, q.active_import_energy_t2_kwh, q.active_export_energy_t1_kwh,
    q.active_export_energy_t2_kwh, q.reactive_import_energy_kvarh, q.reactive_import_energy_t1_kvarh,
    q.reactive_import_energy_t2_kvarh, q.reactive_export_energy_kvarh, q.reactive_export_energy_t1_kvarh,
    q.reactive_export_energy_t2_kvarh, q.reactive_q1_energy_kvarh, q.reactive_q1_energy_t1_kvarh,
    q.reactive_q1_energy_t2_kvarh, q.reactive_q2_energy_kvarh, q.reactive_q2_energy_t1_kvarh,
    q.reactive_q2_energy_t2_kvarh, q.reactive_q3_energy_kvarh, q.reactive_q3_energy_t1_kvarh,
    q.reactive_q3_energy_t2_kvarh, q.reactive_q4_energy_kvarh, q.reactive_q4_energy_t1_kvarh,
    q.reactive_q4_energy_t2_kvarh, q.active_import_energy_l1_kwh, q.active_import_energy_l2_kwh,
    q.active_import_energy_l3_kwh, q.active_export_energy_l1_kwh, q.active_export_energy_l2_kwh,
    q.active_export_energy_l3_kwh
FROM (SELECT *, (date_trunc('month', start_utc AT TIME ZONE timezone) + interval '1 month') AT TIME ZONE timezone AS end_utc FROM sql_energy WHERE level = 3) AS q;

-- The group of all readers.  Where whoever migrates may make no roles, `ohmstead admin reader add` says so.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ohmstead_reader') THEN
        CREATE ROLE ohmstead_reader NOLOGIN;
    END IF;
    GRANT USAGE ON SCHEMA reporting TO ohmstead_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO ohmstead_reader;
EXCEPTION
    WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
END
$$;
