-- The lock that makes "exactly one job" true. A row lock alone would not do: only a changed row version
-- makes a REPEATABLE READ transaction that lost the race fail (40001) instead of inserting a duplicate
-- of a job its snapshot can't see. Advisory locks would not do either: no version, and a batch of
-- thousands would overflow the shared lock table.
CREATE TABLE errand_internal.dedupe_slot (
    identity pg_catalog.uuid        NOT NULL,
    taken_at pg_catalog.timestamptz NOT NULL,
    CONSTRAINT dedupe_slot_pkey PRIMARY KEY (identity)
) WITH (fillfactor = 70); -- room on the page, so that taking a slot again is a heap-only update

-- No policy: only functions that run as the owner touch it.
ALTER TABLE errand_internal.dedupe_slot ENABLE ROW LEVEL SECURITY;

-- Not dumped: a slot means something only to transactions that run at the same time.
COMMENT ON TABLE errand_internal.dedupe_slot IS
    'One row for each identity that was ever created inside a dedupe window; locked and rewritten by whoever creates a job of it.';
COMMENT ON COLUMN errand_internal.dedupe_slot.identity IS 'As in errand_internal.job.';
COMMENT ON COLUMN errand_internal.dedupe_slot.taken_at IS 'When a submitter last took it.';
