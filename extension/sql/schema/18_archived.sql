-- The archive: partitions of errand_internal.finished that hold only jobs which have left the queue, moved
-- here whole. No primary key and no index, as there.
CREATE TABLE errand_internal.archived (
    LIKE errand_internal.finished INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS
) PARTITION BY RANGE (created_at);
ALTER TABLE errand_internal.archived ENABLE ROW LEVEL SECURITY; -- no policy: only the owner's functions read it
COMMENT ON TABLE errand_internal.archived IS 'Jobs that have left the queue: partitions that were errand_internal.finished''s.';
