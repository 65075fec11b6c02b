-- One statement after the other; the comment directly above one goes into the report beside it.
-- A statement that PostgreSQL rejects is a finding, not an error.

-- An owner's newest notes, in their order.
CREATE INDEX note_owner_newest ON note (owner_id, written_at DESC, id);
