/*---
summary = "Log lines with two words in them"
# As the document writes it: the index is in 'english', the query in the session's default configuration.
# Both words are their own stem, so the answer is the same in either.
uses = ["idx_job_log_message_fts"]
compare = "rows"
rows = { min = 1, max = 1000000 }
---*/
SELECT id, job_id, created_at
FROM job_log
WHERE to_tsvector('english', message) @@ to_tsquery('error & timeout')
