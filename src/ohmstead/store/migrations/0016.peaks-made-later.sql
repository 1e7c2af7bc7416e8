-- Meters that speak every minute or more often: from this quarter of an hour on (it was not over yet) peaks of
-- power are still to be made; NULL where there are none.
ALTER TABLE rollup_streams ADD COLUMN owed timestamptz;
