-- A view and not a function, so that it becomes part of the query that reads it. Whoever reads it sets
-- enable_seqscan = off: the table is small, but full of rows that are folded and not yet vacuumed.
CREATE VIEW errand_internal.unfolded_delta AS
-- No fold yet: all rows.
SELECT d.*
FROM errand_internal.counter_delta d
WHERE d.xid >= coalesce(
    (SELECT f.next_xid FROM errand_internal.counter_fold f ORDER BY f.fold_id DESC LIMIT 1),
    '0'::pg_catalog.xid8)
UNION ALL
SELECT d.*
FROM (SELECT f.next_xid, f.open_xids FROM errand_internal.counter_fold f ORDER BY f.fold_id DESC LIMIT 1) f
CROSS JOIN LATERAL pg_catalog.unnest(f.open_xids) AS o (xid)
JOIN errand_internal.counter_delta d ON d.xid = o.xid
WHERE o.xid < f.next_xid; -- the folder's own transaction can be on both sides

COMMENT ON VIEW errand_internal.unfolded_delta IS
    'The changes of state that are not in the totals, as the reader''s snapshot sees both.';
DO $comments$
DECLARE
    v_column pg_catalog.record;
BEGIN
    FOR v_column IN
        SELECT a.attname, pg_catalog.col_description(a.attrelid, a.attnum) AS said
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = 'errand_internal.counter_delta'::pg_catalog.regclass AND a.attnum > 0
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN errand_internal.unfolded_delta.%I IS %L', v_column.attname, v_column.said);
    END LOOP;
END
$comments$;
