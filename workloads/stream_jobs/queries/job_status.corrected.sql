/*---
summary = "The same statement, answered from the covering primary key"
uses = ["job_queue_id_status"]
---*/
SELECT status
FROM job_queue
WHERE id = $1
  AND user_id = $2
