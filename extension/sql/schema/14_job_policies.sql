-- errand.job_queue reads with the reader's own rights, so these policies decide what it shows. The functions
-- of the extension run as the tables' owner, whom policies do not bind.
ALTER TABLE errand_internal.stored_job ENABLE ROW LEVEL SECURITY;
-- Nobody but the owner reads the parts by themselves.
ALTER TABLE errand_internal.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE errand_internal.finished ENABLE ROW LEVEL SECURITY;

-- The sub-select is evaluated once a query, not once a row, and is a constant to the planner: the user's
-- rows come from the indexes in order, with no sort. It does not depend on who is trusted, because an OR
-- would make the planner read everybody's rows.
CREATE POLICY job_own_read ON errand_internal.stored_job
    FOR SELECT TO PUBLIC
    USING (user_id = (SELECT errand_internal.caller_user_id()));
COMMENT ON POLICY job_own_read ON errand_internal.stored_job IS
    'A user reads its own jobs: those of request.jwt.claims ->> sub.';

-- Policies are joined by OR, and "true OR …" folds away before planning.
CREATE POLICY job_trusted_read ON errand_internal.stored_job
    FOR SELECT TO errand_worker, errand_admin, pg_database_owner
    USING (true);
COMMENT ON POLICY job_trusted_read ON errand_internal.stored_job IS
    'Trusted roles read every job; errand_internal.grant_api_roles() adds service_role.';
