-- Where the queue ends. Finished jobs leave it by their completed_at, to the microsecond, when this line is
-- moved; their storage follows when a whole partition is behind it.
CREATE TABLE errand_internal.retention (
    one         pg_catalog.bool        NOT NULL DEFAULT true,
    queue_from  pg_catalog.timestamptz NOT NULL,
    CONSTRAINT retention_pkey PRIMARY KEY (one),
    CONSTRAINT retention_one CHECK (one)
);
ALTER TABLE errand_internal.retention ENABLE ROW LEVEL SECURITY;
CREATE POLICY retention_read ON errand_internal.retention FOR SELECT TO PUBLIC USING (true);
COMMENT ON POLICY retention_read ON errand_internal.retention IS
    'Not a secret: errand.job_queue reads it with its reader''s rights.';

-- No row until the first cleanup: then a restored dump brings its own.
SELECT pg_catalog.pg_extension_config_dump('errand_internal.retention', '');

COMMENT ON TABLE errand_internal.retention IS 'Where the queue ends and the archive begins; one row, or none before the first cleanup.';
COMMENT ON COLUMN errand_internal.retention.one IS 'True: there is one row.';
COMMENT ON COLUMN errand_internal.retention.queue_from IS 'Jobs that finished at this time or before it have left the queue.';
