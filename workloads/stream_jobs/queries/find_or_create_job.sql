/*---
summary = "Returns the identical active job or creates one"
effect = "rollback"
compare = "count" # the ids are new each time
rows = { min = 1, max = 1 }

[[params]]
name = "user_id"
type = "uuid"
gen = "uuid"

[[params]]
name = "job_type"
type = "text"
gen = { constant = "sync_youtube" }

[[params]]
name = "params"
type = "jsonb"
gen = { json = { template = { social_account_id = "$account" }, with = { account = "uuid" } } }

[[params]]
name = "dedupe_window"
type = "interval"
gen = { constant = "5 minutes" }
---*/
SELECT job_id, is_new, existing_status
FROM find_or_create_job($1, $2, $3, $4)
