CREATE FUNCTION errand_internal.queue_from()
RETURNS pg_catalog.timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $queue_from$
BEGIN
    RETURN coalesce((SELECT r.queue_from FROM errand_internal.retention r), '-infinity');
END
$queue_from$;

COMMENT ON FUNCTION errand_internal.queue_from() IS 'Jobs that finished at this time or before it have left the queue.';
