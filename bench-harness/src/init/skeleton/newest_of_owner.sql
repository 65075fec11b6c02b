/*---
summary = "An owner's newest notes"
# Indexes that the document says it uses.
uses = ["note_owner_newest"]
# Run once on the loaded data; each execution takes one of its rows, the same one in every variant.
draw = "SELECT id FROM owner ORDER BY id LIMIT 200"
# Answers are compared across variants, so an ORDER BY under a LIMIT must leave no ties: `id` is in it.
rows = { min = 0, max = 20 }

[[params]]
name = "owner"
type = "uuid"
draw = "id"

[[params]]
name = "limit"
type = "int4"
gen = { constant = 20 }
---*/
SELECT id, written_at, body
FROM note
WHERE owner_id = $1
ORDER BY written_at DESC, id
LIMIT $2
