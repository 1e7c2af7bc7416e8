-- A device's meter may have others behind it (gas, water, heat): each is a meter with a stream of its own.
CREATE TABLE channels (
    mac text NOT NULL REFERENCES devices (mac) ON DELETE CASCADE,
    bus smallint NOT NULL,
    stream integer NOT NULL REFERENCES meters (stream) ON DELETE CASCADE,
    PRIMARY KEY (mac, bus)
);
CREATE INDEX channels_of_a_meter ON channels (stream);
