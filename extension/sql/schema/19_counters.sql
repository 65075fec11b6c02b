-- Counters are appended, never updated in the path of a job: two transactions never wait for each other over
-- a count, and a snapshot held elsewhere leaves no chain of dead versions to walk.
--
-- Truth, in every snapshot: the totals, plus all rows of counter_delta. Now and then a writer moves rows
-- of counter_delta into the totals (errand_internal.fold_counters), in one statement of one transaction.

CREATE TABLE errand_internal.counter_delta (
    xid          pg_catalog.xid8        NOT NULL,
    n            pg_catalog.int8        NOT NULL,
    busy_us      pg_catalog.int8        NOT NULL,
    user_id      pg_catalog.uuid        NOT NULL,
    minute       pg_catalog.timestamptz,
    busy_bucket  pg_catalog.int2,
    from_status  pg_catalog.text,
    to_status    pg_catalog.text,
    job_type     pg_catalog.text        NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX counter_delta_xid ON errand_internal.counter_delta (xid);

COMMENT ON TABLE errand_internal.counter_delta IS 'Changes of state that are not in the totals yet.';
COMMENT ON COLUMN errand_internal.counter_delta.xid IS 'The transaction that appended it: tells readers where unfolded rows begin.';
COMMENT ON COLUMN errand_internal.counter_delta.n IS 'How many jobs went from from_status to to_status.';
COMMENT ON COLUMN errand_internal.counter_delta.busy_us IS 'Time they were worked on, in microseconds, summed; 0 unless they finished.';
COMMENT ON COLUMN errand_internal.counter_delta.user_id IS 'Whose jobs.';
COMMENT ON COLUMN errand_internal.counter_delta.minute IS 'The minute they finished in; NULL for other changes.';
COMMENT ON COLUMN errand_internal.counter_delta.busy_bucket IS 'errand_internal.busy_bucket of their working time; NULL unless completed.';
COMMENT ON COLUMN errand_internal.counter_delta.from_status IS 'NULL: they are new here.';
COMMENT ON COLUMN errand_internal.counter_delta.to_status IS 'NULL: they left for the archive.';
COMMENT ON COLUMN errand_internal.counter_delta.job_type IS 'Their job type.';

-- Where unfolded rows are. Only so that readers needn't pass over folded rows that VACUUM could not remove
-- yet; what is unfolded is decided by what is there. Not dumped: transaction ids mean nothing elsewhere,
-- and without a row here everything in counter_delta is read.
CREATE TABLE errand_internal.counter_fold (
    fold_id   pg_catalog.int8   NOT NULL,
    next_xid  pg_catalog.xid8   NOT NULL,
    open_xids pg_catalog.xid8[] NOT NULL,
    CONSTRAINT counter_fold_pkey PRIMARY KEY (fold_id)
);
COMMENT ON TABLE errand_internal.counter_fold IS 'What the last fold covered; one row.';
COMMENT ON COLUMN errand_internal.counter_fold.fold_id IS 'Counts up.';
COMMENT ON COLUMN errand_internal.counter_fold.next_xid IS 'Every row of this transaction and later ones is unfolded.';
COMMENT ON COLUMN errand_internal.counter_fold.open_xids IS 'Transactions before next_xid that were still running: their rows are unfolded too.';

CREATE TABLE errand_internal.user_total (
    user_id  pg_catalog.uuid NOT NULL,
    job_type pg_catalog.text NOT NULL,
    status   pg_catalog.text NOT NULL,
    n        pg_catalog.int8 NOT NULL,
    CONSTRAINT user_total_pkey PRIMARY KEY (user_id, job_type, status)
) WITH (fillfactor = 70);
COMMENT ON TABLE errand_internal.user_total IS 'How many jobs a user has in the queue.';
COMMENT ON COLUMN errand_internal.user_total.user_id IS 'Whose.';
COMMENT ON COLUMN errand_internal.user_total.job_type IS 'Of which type.';
COMMENT ON COLUMN errand_internal.user_total.status IS 'In which status.';
COMMENT ON COLUMN errand_internal.user_total.n IS 'How many, without the rows of counter_delta.';

CREATE TABLE errand_internal.type_total (
    job_type pg_catalog.text NOT NULL,
    status   pg_catalog.text NOT NULL,
    n        pg_catalog.int8 NOT NULL,
    ever     pg_catalog.int8 NOT NULL,
    busy_us  pg_catalog.int8 NOT NULL,
    CONSTRAINT type_total_pkey PRIMARY KEY (job_type, status)
) WITH (fillfactor = 70);
COMMENT ON TABLE errand_internal.type_total IS 'How many jobs of a type there are, and ever were.';
COMMENT ON COLUMN errand_internal.type_total.job_type IS 'Of which type.';
COMMENT ON COLUMN errand_internal.type_total.status IS 'In which status.';
COMMENT ON COLUMN errand_internal.type_total.n IS 'How many are in the queue, without the rows of counter_delta.';
COMMENT ON COLUMN errand_internal.type_total.ever IS 'How many ever got this status; those whose storage is dropped still count.';
COMMENT ON COLUMN errand_internal.type_total.busy_us IS 'Time those were worked on in their last attempt, in microseconds, summed; 0 unless finished.';

CREATE TABLE errand_internal.minute_total (
    minute      pg_catalog.timestamptz NOT NULL,
    job_type    pg_catalog.text        NOT NULL,
    status      pg_catalog.text        NOT NULL,
    busy_bucket pg_catalog.int2        NOT NULL,
    n           pg_catalog.int8        NOT NULL,
    busy_us     pg_catalog.int8        NOT NULL,
    CONSTRAINT minute_total_pkey PRIMARY KEY (minute, job_type, status, busy_bucket)
) WITH (fillfactor = 70);
COMMENT ON TABLE errand_internal.minute_total IS 'What finished in each of the last minutes; older ones are removed by the next fold.';
COMMENT ON COLUMN errand_internal.minute_total.minute IS 'Its beginning.';
COMMENT ON COLUMN errand_internal.minute_total.job_type IS 'Of which type.';
COMMENT ON COLUMN errand_internal.minute_total.status IS 'completed or failed.';
COMMENT ON COLUMN errand_internal.minute_total.busy_bucket IS 'errand_internal.busy_bucket of the working time; -1 for failed ones.';
COMMENT ON COLUMN errand_internal.minute_total.n IS 'How many, without the rows of counter_delta.';
COMMENT ON COLUMN errand_internal.minute_total.busy_us IS 'Time they were worked on, in microseconds, summed.';

-- No policy: only functions that run as the owner touch them.
ALTER TABLE errand_internal.counter_delta ENABLE ROW LEVEL SECURITY;
ALTER TABLE errand_internal.counter_fold ENABLE ROW LEVEL SECURITY;
ALTER TABLE errand_internal.user_total ENABLE ROW LEVEL SECURITY;
ALTER TABLE errand_internal.type_total ENABLE ROW LEVEL SECURITY;
ALTER TABLE errand_internal.minute_total ENABLE ROW LEVEL SECURITY;

SELECT pg_catalog.pg_extension_config_dump('errand_internal.counter_delta', '');
SELECT pg_catalog.pg_extension_config_dump('errand_internal.user_total', '');
SELECT pg_catalog.pg_extension_config_dump('errand_internal.type_total', '');
SELECT pg_catalog.pg_extension_config_dump('errand_internal.minute_total', '');
