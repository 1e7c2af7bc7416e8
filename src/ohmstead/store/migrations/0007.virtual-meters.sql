-- Meters that are formulas over others, and trees of meters.
-- Nobody may be removed while a formula uses it: the reference of `input` says so to all writers at once.
ALTER TABLE meters
    ADD COLUMN formula text,
    ADD COLUMN parent integer REFERENCES meters (stream) ON DELETE SET NULL,
    ADD CHECK (parent <> stream);
CREATE INDEX meters_below_a_meter ON meters (parent) WHERE parent IS NOT NULL;

-- `below` says that the formula counts what is below `input`, too.
CREATE TABLE virtual_inputs (
    stream integer NOT NULL REFERENCES meters (stream) ON DELETE CASCADE,
    input integer NOT NULL REFERENCES meters (stream),
    below boolean NOT NULL,
    PRIMARY KEY (stream, input)
);
CREATE INDEX virtual_inputs_of_a_meter ON virtual_inputs (input);
