-- Energy of a meter that counts in several ways, one after the other (docs/energy.md).

-- What phases, tariffs, quadrants or a value have in time that the meter's own counter does not cover; and what
-- power has in time that no counter covers.  They take the place of import_integrated and export_integrated,
-- which had power whether it counted or not, and are not written any more.
ALTER TABLE rollups
    ADD COLUMN active_import_energy_rest_kwh double precision,
    ADD COLUMN active_export_energy_rest_kwh double precision,
    ADD COLUMN reactive_import_energy_rest_kvarh double precision,
    ADD COLUMN reactive_export_energy_rest_kvarh double precision,
    ADD COLUMN reactive_q1_energy_rest_kvarh double precision,
    ADD COLUMN reactive_q2_energy_rest_kvarh double precision,
    ADD COLUMN reactive_q3_energy_rest_kvarh double precision,
    ADD COLUMN reactive_q4_energy_rest_kvarh double precision,
    ADD COLUMN import_guessed double precision,
    ADD COLUMN export_guessed double precision;

-- Buckets whose readings are in the archive are not made anew: there, whatever the bucket has.
UPDATE rollups r SET
    active_import_energy_rest_kwh = CASE WHEN r.active_import_energy_kwh IS NULL THEN coalesce(
        (SELECT sum(v) FROM unnest(ARRAY[r.active_import_energy_l1_kwh, r.active_import_energy_l2_kwh,
            r.active_import_energy_l3_kwh]) AS v),
        (SELECT sum(v) FROM unnest(ARRAY[r.active_import_energy_t1_kwh, r.active_import_energy_t2_kwh]) AS v),
        r.value * CASE m.unit WHEN 'kWh' THEN 1 WHEN 'Wh' THEN 0.001 WHEN 'MWh' THEN 1000
            WHEN 'GJ' THEN 1 / 0.0036 END) END,
    active_export_energy_rest_kwh = CASE WHEN r.active_export_energy_kwh IS NULL THEN coalesce(
        (SELECT sum(v) FROM unnest(ARRAY[r.active_export_energy_l1_kwh, r.active_export_energy_l2_kwh,
            r.active_export_energy_l3_kwh]) AS v),
        (SELECT sum(v) FROM unnest(ARRAY[r.active_export_energy_t1_kwh, r.active_export_energy_t2_kwh]) AS v)) END,
    reactive_import_energy_rest_kvarh = CASE WHEN r.reactive_import_energy_kvarh IS NULL THEN coalesce(
        (SELECT sum(v) FROM unnest(ARRAY[r.reactive_import_energy_t1_kvarh, r.reactive_import_energy_t2_kvarh]) AS v),
        (SELECT sum(v) FROM unnest(ARRAY[r.reactive_q1_energy_kvarh, r.reactive_q2_energy_kvarh]) AS v)) END,
    reactive_export_energy_rest_kvarh = CASE WHEN r.reactive_export_energy_kvarh IS NULL THEN coalesce(
        (SELECT sum(v) FROM unnest(ARRAY[r.reactive_export_energy_t1_kvarh, r.reactive_export_energy_t2_kvarh]) AS v),
        (SELECT sum(v) FROM unnest(ARRAY[r.reactive_q3_energy_kvarh, r.reactive_q4_energy_kvarh]) AS v)) END,
    import_guessed = CASE WHEN r.part = 0 AND coalesce(r.active_import_energy_kwh, r.active_import_energy_l1_kwh,
        r.active_import_energy_l2_kwh, r.active_import_energy_l3_kwh, r.active_import_energy_t1_kwh,
        r.active_import_energy_t2_kwh, r.value) IS NULL THEN r.import_integrated END,
    export_guessed = CASE WHEN r.part = 0 AND coalesce(r.active_export_energy_kwh, r.active_export_energy_l1_kwh,
        r.active_export_energy_l2_kwh, r.active_export_energy_l3_kwh, r.active_export_energy_t1_kwh,
        r.active_export_energy_t2_kwh) IS NULL THEN r.export_integrated END
FROM archive_floors f JOIN meters m ON m.stream = f.stream
WHERE r.stream = f.stream AND r.at < f.exact AND m.type = 'electricity';

-- All others are made anew, month by month: 32 days hold any month, while a month after 28 February is 28 March.
INSERT INTO rollup_notes (stream, first, last)
SELECT r.stream, r.at, least(r.at + interval '32 days', now())
FROM rollups r JOIN meters m ON m.stream = r.stream
WHERE m.type = 'electricity' AND r.level = 3 AND r.part = 0;

-- The rollups, with import and export in kWh.
CREATE OR REPLACE VIEW sql_energy WITH (security_barrier) AS
SELECT t.meter, t.timezone, r.level, r.at AS start_utc,
    CASE
        WHEN t.type <> 'electricity' THEN r.value * t.kwh_factor
        WHEN coalesce(r.active_import_energy_kwh, r.active_import_energy_rest_kwh, r.import_guessed) IS NOT NULL
        THEN coalesce(r.active_import_energy_kwh, 0) + coalesce(r.active_import_energy_rest_kwh, 0)
            + coalesce(r.import_guessed, 0)
    END AS import_kwh,
    CASE
        WHEN coalesce(r.active_export_energy_kwh, r.active_export_energy_rest_kwh, r.export_guessed) IS NOT NULL
        THEN coalesce(r.active_export_energy_kwh, 0) + coalesce(r.active_export_energy_rest_kwh, 0)
            + coalesce(r.export_guessed, 0)
    END AS export_kwh,
    CASE
        WHEN t.type <> 'electricity' THEN g.value * t.kwh_factor
        ELSE coalesce(g.active_import_energy_kwh, 0) + coalesce(g.active_import_energy_rest_kwh, 0)
            + coalesce(r.import_guessed, 0)
    END AS import_estimated,
    coalesce(g.active_export_energy_kwh, 0) + coalesce(g.active_export_energy_rest_kwh, 0)
        + coalesce(r.export_guessed, 0) AS export_estimated,
    false AS import_guessed,
    false AS export_guessed,
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
JOIN rollups r ON r.stream = t.stream AND r.part = 0
LEFT JOIN rollups g ON g.stream = r.stream AND g.level = r.level AND g.at = r.at AND g.part = 1;
