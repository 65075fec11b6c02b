-- Tables with their primary keys; all other indexes belong to the variants.
CREATE TABLE owner (
    id uuid PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE note (
    id bigint PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES owner,
    state text NOT NULL,
    written_at timestamptz NOT NULL,
    body text NOT NULL
);
