-- Tokens: what programs act with in the name of somebody.  A token is known by its digest alone.

-- organisation narrows a token of the whole installation to one; when that goes, so does the token,
-- which must never come to mean more than it did.
CREATE TABLE tokens (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    person integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope text NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    organisation integer REFERENCES organisations (id) ON DELETE CASCADE,
    name text NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    expires_at timestamptz,
    used_at timestamptz,
    used_from text
);
CREATE INDEX tokens_of_a_user ON tokens (person);
CREATE INDEX tokens_of_an_organisation ON tokens (organisation) WHERE organisation IS NOT NULL;

-- What the management API tells of people, sites and meters beyond what Ohmstead itself asks for.
-- A user's name is all of it; surname says which end of it.
ALTER TABLE users ADD COLUMN surname text NOT NULL DEFAULT '', ADD COLUMN plan text;
ALTER TABLE sites ADD COLUMN details jsonb NOT NULL DEFAULT '{}';

-- Sites that somebody sees beside those of their own organisation.
CREATE TABLE site_grants (
    person integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    site integer NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (person, site)
);
CREATE INDEX site_grants_of_a_site ON site_grants (site);

-- An appliance is a meter that is told apart from the others; its parent is the meter it is part of.
CREATE TABLE managed_meters (
    stream integer PRIMARY KEY REFERENCES meters (stream) ON DELETE CASCADE,
    appliance boolean NOT NULL,
    param_type text,
    channel_param_type text
);

-- What a report is to tell, and who gets it.
CREATE TABLE report_definitions (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation integer NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
    name text NOT NULL,
    definition jsonb NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE INDEX report_definitions_of_an_organisation ON report_definitions (organisation);
CREATE TABLE report_recipients (
    report integer NOT NULL REFERENCES report_definitions (id) ON DELETE CASCADE,
    person integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (report, person)
);
CREATE INDEX reports_of_a_user ON report_recipients (person);
