-- Meters that count by phase or by tariff alone had the peaks of their first phase, or none: they are made anew.
-- The bits are of rollup_streams: import, its tariffs, its phases.
INSERT INTO rollup_notes (stream, first, last)
SELECT r.stream, min(r.at), max(r.at)
FROM readings r
JOIN rollup_streams k ON k.stream = r.stream
WHERE k.columns & 1 = 0 AND (k.columns & 6 <> 0 OR k.columns & 117440512 NOT IN (0, 16777216))
GROUP BY r.stream, date_trunc('month', r.at);
