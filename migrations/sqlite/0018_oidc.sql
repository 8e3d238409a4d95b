-- Sign-in with the account of an organisation (OpenID Connect).

-- A sign-in that has gone to the provider and is not back yet. The browser's cookie and the `state` are kept as hashes only.
CREATE TABLE oidc_attempts (
    browser_sha256 TEXT   PRIMARY KEY,
    state_sha256   TEXT   NOT NULL,
    nonce          TEXT   NOT NULL,
    verifier       TEXT   NOT NULL,
    -- Who connects the account with themselves; NULL for a sign-in.
    user_id        BIGINT REFERENCES users (id),
    language       TEXT   NOT NULL CHECK (language IN ('id', 'en')),
    expires_at     BIGINT NOT NULL
);

-- Which account at the provider opens whose desk. Nothing else of that account is kept.
CREATE TABLE oidc_accounts (
    user_id      BIGINT PRIMARY KEY REFERENCES users (id),
    issuer       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    connected_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);

-- It was written once and read by nobody.
ALTER TABLE sessions DROP COLUMN seen_at;
