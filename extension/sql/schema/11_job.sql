-- The hot half: what waits and what runs, and nothing else. A finished job leaves it for errand_internal.finished.
CREATE TABLE errand_internal.job PARTITION OF errand_internal.stored_job (
    storage DEFAULT 'active',
    CONSTRAINT job_pkey PRIMARY KEY (id),
    -- One constraint, because each is read anew by every statement that writes. Only running work can be
    -- leased: a token that outlives it would let a stale worker finish the job twice.
    CONSTRAINT job_is_active CHECK (status IN ('pending', 'processing') AND (lease_token IS NULL OR status = 'processing'))
) FOR VALUES IN ('active')
WITH (
    fillfactor = 60, -- room on the page for the row as it is picked up: a heap-only update
    -- Every job leaves a dead row here; vacuuming by the share of a table that may hold a million would come late.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

-- No index below has status, lease or worker in its columns or its predicate: that is what lets a pickup be
-- a heap-only update, which writes no index at all. DESIGN.md has the figures.

-- Pickup. Without the id: ties in schedule go by insertion.
CREATE INDEX job_pickup ON errand_internal.job (job_priority DESC, scheduled_for);

-- A user's list, ordered like the documents' cursor.
CREATE INDEX job_user_created ON errand_internal.job (user_id, created_at DESC, id DESC);

-- The lock that makes "exactly one job" true: of identical jobs the newest holds its identity here, and
-- whoever wants to create another meets it. The others (older than a window, or created with window 0)
-- stand in the second index, so that a job has one entry in one of the two.
CREATE UNIQUE INDEX job_identity ON errand_internal.job (identity) WHERE dedupes;
CREATE INDEX job_identity_others ON errand_internal.job (identity) WHERE NOT dedupes;

-- pg_dump keeps it. No trigger: it would fire while a dump is restored.
SELECT pg_catalog.pg_extension_config_dump('errand_internal.job', '');

COMMENT ON TABLE errand_internal.job IS 'Jobs that are pending or processing.';
