-- The push API: who may send packets, of which meters, and what is known of the senders.

-- A partner sends for several organisations.
CREATE TABLE partners (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

CREATE TABLE partner_organisations (
    partner integer NOT NULL REFERENCES partners (id) ON DELETE CASCADE,
    organisation integer NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    PRIMARY KEY (partner, organisation)
);
CREATE INDEX partners_of_an_organisation ON partner_organisations (organisation);

-- Each is good for one meter, one site, one organisation or one partner.  old_secret is good until
-- old_secret_until: the overlap while a password is renewed.
CREATE TABLE push_credentials (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username text NOT NULL UNIQUE,
    stream integer REFERENCES meters (stream) ON DELETE CASCADE,
    site integer REFERENCES sites (id) ON DELETE CASCADE,
    organisation integer REFERENCES organisations (id) ON DELETE CASCADE,
    partner integer REFERENCES partners (id) ON DELETE CASCADE,
    note text NOT NULL DEFAULT '',
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamptz,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    last_used_at timestamptz,
    CHECK (num_nonnulls(stream, site, organisation, partner) = 1)
);
CREATE INDEX push_credentials_of_a_meter ON push_credentials (stream) WHERE stream IS NOT NULL;
CREATE INDEX push_credentials_of_a_site ON push_credentials (site) WHERE site IS NOT NULL;
CREATE INDEX push_credentials_of_an_organisation ON push_credentials (organisation)
    WHERE organisation IS NOT NULL;
CREATE INDEX push_credentials_of_a_partner ON push_credentials (partner) WHERE partner IS NOT NULL;

-- Of a meter that counts pulses: how much energy one of them is.
ALTER TABLE meters ADD COLUMN wh_per_pulse double precision CHECK (wh_per_pulse > 0);

-- Fields of packets that nobody knows, reported once a stream.
CREATE TABLE unknown_fields (
    stream integer NOT NULL REFERENCES meters (stream) ON DELETE CASCADE,
    field text NOT NULL,
    first_at timestamptz NOT NULL,
    PRIMARY KEY (stream, field)
);

-- Whoever takes packets keeps meters and credentials in memory, and is told when they change.
CREATE FUNCTION tell_packets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('ohmstead_packets', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER packets_meters AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON meters
    FOR EACH STATEMENT EXECUTE FUNCTION tell_packets();
CREATE TRIGGER packets_sites AFTER UPDATE OR DELETE ON sites
    FOR EACH STATEMENT EXECUTE FUNCTION tell_packets();
CREATE TRIGGER packets_partners AFTER INSERT OR UPDATE OR DELETE ON partner_organisations
    FOR EACH STATEMENT EXECUTE FUNCTION tell_packets();
CREATE TRIGGER packets_credentials AFTER INSERT OR DELETE OR TRUNCATE
    OR UPDATE OF username, stream, site, organisation, partner, secret, old_secret, old_secret_until
    ON push_credentials FOR EACH STATEMENT EXECUTE FUNCTION tell_packets();
