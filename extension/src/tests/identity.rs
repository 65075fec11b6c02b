//! The canonical hash and the ids, as the server uses them.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, run, text, value};
    use pgrx::prelude::*;

    fn identity(params: &str) -> String {
        value(&format!("SELECT errand_internal.job_identity('{ALICE}', 't', ($j${params}$j$::jsonb)::text)"))
    }

    #[pg_test]
    fn identity_follows_jsonb_equality() {
        let forms = [
            "1", "1.0", "1e0", "100", "1e2", "-0", "0", "0.00", "1.10", "1.1", "\"1\"", "null", "true", "[]", "{}",
            "[1, 2]", "[2, 1]", "[1.0, 2e0]", r#"{"a": 1, "b": {"c": [1, 2], "d": null}}"#,
            r#"{"b": {"d": null, "c": [1.0, 2.00]}, "a": 1.0}"#, r#"{"b": {"c": [1, 2]}, "a": 1}"#,
            r#"{"a": 2, "a": 1, "b": {"c": [1, 2], "d": null}}"#, r#""é""#, r#""\u00e9""#, r#""a\nb""#, r#""a\\nb""#,
            "9007199254740993", "9007199254740992", "1e400", "10e399", "1e-400",
        ];
        for a in forms {
            for b in forms {
                let equal = value(&format!("SELECT $a${a}$a$::jsonb = $b${b}$b$::jsonb")) == "true";
                assert_eq!(identity(a) == identity(b), equal, "{a} and {b}");
            }
        }
    }

    #[pg_test]
    fn identity_ignores_key_order_at_any_depth() {
        // 200 random objects, each built twice with its keys in opposite order and its numbers rescaled.
        assert_eq!(
            text(
                "WITH o AS (
                     SELECT n,
                            jsonb_object_agg(k, jsonb_build_object('x', v, 'y', jsonb_build_array(v, k)) ORDER BY k) AS a,
                            jsonb_object_agg(k, jsonb_build_object('y', jsonb_build_array(v + 0.000, k), 'x', v * 1.0) ORDER BY k DESC) AS b
                     FROM generate_series(1, 200) n,
                          LATERAL (SELECT md5(n::text || i)::text AS k, round((random() * 1000)::numeric, 3) AS v
                                   FROM generate_series(1, 1 + n % 9) i) e
                     GROUP BY n)
                 SELECT count(*) FROM o
                 WHERE a IS DISTINCT FROM b
                    OR errand_internal.job_identity('00000000-0000-4000-8000-00000000000a', 't', a::text)
                    <> errand_internal.job_identity('00000000-0000-4000-8000-00000000000a', 't', b::text)"
            ),
            Some("0".into())
        );
    }

    #[pg_test]
    fn ids_carry_the_time_the_job_was_created() {
        run(&format!("SELECT * FROM errand.find_or_create_job('{ALICE}', 't', '1')"));
        assert_eq!(
            value(
                "SELECT ('x0000' || substr(translate(id::text, '-', ''), 1, 12))::bit(64)::bigint
                        = floor(extract(epoch FROM created_at) * 1000)
                        AND substr(id::text, 15, 1) = '7' AND substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')
                 FROM errand.job_queue"
            ),
            "true"
        );
    }

    #[pg_test]
    fn ids_of_a_batch_sort_in_its_order() {
        run(&format!(
            "CREATE TEMP TABLE made AS SELECT f.* FROM errand.create_jobs('{ALICE}',
                 (SELECT jsonb_agg(jsonb_build_object('job_type', 't', 'params', n)) FROM generate_series(1, 500) n)) f"
        ));
        assert_eq!(
            value(
                "SELECT bool_and(earlier) FROM (
                     SELECT lag(j.created_at) OVER w <= j.created_at AS earlier
                     FROM made m JOIN errand.job_queue j ON j.id = m.job_id WINDOW w AS (ORDER BY m.ordinal)) t"
            ),
            "true"
        );
    }
}
