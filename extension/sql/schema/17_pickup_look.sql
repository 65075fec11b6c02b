-- What the last look over the whole pickup index found, for each list of job types that workers ask for:
-- shared, so that one session looks and all know. See src/jobs/pickup.rs.
CREATE TABLE errand_internal.pickup_look (
    filter     pg_catalog.int8          NOT NULL,
    looked_at  pg_catalog.timestamptz   NOT NULL,
    next_at    pg_catalog.timestamptz   NOT NULL,
    priorities pg_catalog.int4[]        NOT NULL,
    earliest   pg_catalog.timestamptz[] NOT NULL
);
-- The newest is read first: older ones that VACUUM could not remove yet are not even seen.
CREATE INDEX pickup_look_newest ON errand_internal.pickup_look (filter, looked_at DESC);

-- No policy: only functions that run as the owner touch it. Not dumped: it is true for a second.
ALTER TABLE errand_internal.pickup_look ENABLE ROW LEVEL SECURITY;

COMMENT ON TABLE errand_internal.pickup_look IS 'The last looks for jobs that can be picked up.';
COMMENT ON COLUMN errand_internal.pickup_look.filter IS 'Stands for a list of job types.';
COMMENT ON COLUMN errand_internal.pickup_look.looked_at IS 'When the look began.';
COMMENT ON COLUMN errand_internal.pickup_look.next_at IS 'When the next one is due.';
COMMENT ON COLUMN errand_internal.pickup_look.priorities IS 'The priorities of all jobs that wait or run.';
COMMENT ON COLUMN errand_internal.pickup_look.earliest IS 'For each priority a time before which no job could be picked up.';
