/*---
summary = "Completed jobs whose result contains a value"
uses = ["idx_job_queue_result_gin"]
compare = "rows"
rows = { min = 1, max = 100000 }
# 101 values around the document's own example, 250.
draw = """
SELECT jsonb_build_object('videos_synced', videos) AS contained
FROM generate_series(200, 300) AS videos
ORDER BY videos
"""

[[params]]
name = "contained"
type = "jsonb"
draw = "contained"
---*/
SELECT id, user_id, job_type, completed_at, result
FROM job_queue
WHERE result @> $1
