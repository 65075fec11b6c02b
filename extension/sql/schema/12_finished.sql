-- The cold half: finished jobs, written once. Partitioned by the day a job was created, not by the day it
-- finished: an id carries its time of creation, so a job is found by its id in one partition.
CREATE TABLE errand_internal.finished PARTITION OF errand_internal.stored_job (
    storage DEFAULT 'dated',
    completed_at NOT NULL,
    CONSTRAINT finished_status CHECK (status IN ('completed', 'failed', 'cancelled'))
) FOR VALUES IN ('dated') PARTITION BY RANGE (created_at);
COMMENT ON TABLE errand_internal.finished IS 'Jobs that completed, failed for good or were cancelled: one partition for each UTC day of created_at.';

-- Finished jobs of days that have no partition: imported ones, and those of a day whose partition could not
-- be made in time. Not a DEFAULT partition: attaching a partition beside one locks it against readers.
CREATE TABLE errand_internal.finished_undated PARTITION OF errand_internal.stored_job (
    storage DEFAULT 'undated',
    completed_at NOT NULL,
    CONSTRAINT finished_status CHECK (status IN ('completed', 'failed', 'cancelled'))
) FOR VALUES IN ('undated');
SELECT pg_catalog.pg_extension_config_dump('errand_internal.finished_undated', '');
COMMENT ON TABLE errand_internal.finished_undated IS 'Finished jobs of days without a partition of errand_internal.finished, and imported ones.';

DO $comments$
DECLARE
    v_column pg_catalog.record;
BEGIN
    FOR v_column IN
        SELECT t.name, a.attname, pg_catalog.col_description(a.attrelid, a.attnum) AS said
        FROM pg_catalog.pg_attribute a, pg_catalog.unnest('{job,finished,finished_undated}'::pg_catalog.text[]) AS t (name)
        WHERE a.attrelid = 'errand_internal.stored_job'::pg_catalog.regclass AND a.attnum > 0
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN errand_internal.%I.%I IS %L', v_column.name, v_column.attname, v_column.said);
    END LOOP;
END
$comments$;
