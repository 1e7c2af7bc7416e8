-- The newest reading of each stream, asked by its key: the stream and the time are those of `latest`.  As those of
-- the reading behind LIMIT they were compared only when the newest of every stream had been looked up.
DO $$
BEGIN
    EXECUTE (
        SELECT 'CREATE OR REPLACE VIEW newest AS SELECT '
            || string_agg(CASE WHEN attname IN ('stream', 'at', 'identity', 'raw') THEN 'l.' ELSE 'r.' END
                || quote_ident(attname), ', ' ORDER BY attnum)
            || ' FROM latest l CROSS JOIN LATERAL'
            || ' (SELECT * FROM readings e WHERE e.stream = l.stream AND e.at = l.at LIMIT 1) r'
        FROM pg_attribute WHERE attrelid = 'newest'::regclass AND attnum > 0 AND NOT attisdropped
    );
END
$$;
