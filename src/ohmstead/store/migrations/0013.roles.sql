-- What a meter is at its site, where that does not follow from its type: who asks how much of its
-- production a site uses itself must know which meter is the grid's.
ALTER TABLE meters ADD COLUMN role text CHECK (role IN ('grid', 'production', 'consumption'));
