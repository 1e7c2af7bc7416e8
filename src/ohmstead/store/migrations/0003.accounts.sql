-- Accounts: links of every purpose, sessions that can be told apart, second factors, mail on its way,
-- and the audit log.

-- A link is known by its digest.  An invitation and a sign-up have no user yet: they say who it will be.
ALTER TABLE sign_in_links RENAME TO links;
ALTER INDEX sign_in_links_of_a_user RENAME TO links_of_a_user;
ALTER TABLE links
    ALTER COLUMN person DROP NOT NULL,
    ADD COLUMN id integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN purpose text NOT NULL DEFAULT 'sign-in'
        CHECK (purpose IN ('sign-in', 'reset', 'address', 'invitation', 'sign-up')),
    ADD COLUMN made_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN email text,
    ADD COLUMN role text CHECK (role IN ('admin', 'manager', 'viewer')),
    ADD COLUMN organisation integer REFERENCES organisations (id) ON DELETE CASCADE,
    ADD COLUMN organisation_name text,
    ADD COLUMN language text,
    ADD COLUMN made_by text,
    ADD CHECK (
        CASE WHEN purpose IN ('invitation', 'sign-up') THEN person IS NULL AND email IS NOT NULL
        ELSE person IS NOT NULL END
    );
CREATE INDEX links_by_address ON links (lower(email)) WHERE email IS NOT NULL;

-- A session is shown and ended by its id; its token is known by the digest alone.
ALTER TABLE sessions
    ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN begun_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN agent text NOT NULL DEFAULT '';

-- The secret of one's authenticator, sealed; last_step is the newest code that was taken.
-- It counts from confirmed_at on, when a first code has shown that the secret arrived.
CREATE TABLE second_factors (
    person integer PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    confirmed_at timestamptz
);

CREATE TABLE recovery_codes (
    person integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (person, digest)
);

-- Mail on its way.  What a mail says is sealed, and gone as soon as it is sent or given up.
CREATE TABLE mails (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at timestamptz NOT NULL,
    recipient text NOT NULL,
    kind text NOT NULL,
    language text,
    content bytea,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    way text,
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    give_up_at timestamptz NOT NULL,
    done_at timestamptz,
    error text,
    CHECK ((content IS NULL) = (state <> 'waiting'))
);
CREATE INDEX mails_that_wait ON mails (next_at) WHERE state = 'waiting';

-- Who did what, for good.  No reference to anything, since it outlives what it tells of.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    organisation integer,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb
);
CREATE INDEX audit_of_an_organisation ON audit (organisation, id);

CREATE FUNCTION audit_is_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_for_good();
