//! Server settings by kind of claim, each with its reason. The same for `local` and `docker`; all are in the result.
//!
//! What decides plans (cost constants, `effective_cache_size`, `work_mem`, parallel workers) stays at PostgreSQL's
//! defaults, whatever the machine: a claim about a plan must come out the same everywhere.

/// What the server is tuned for; changed while it runs, between rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Latencies of statements: nothing may run beside them.
    #[default]
    Latency,
    /// Queues, whose dead rows are part of the claim: autovacuum is on, as it would be in production.
    Queue,
}

/// One `name = value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    pub value: String,
}

impl Setting {
    fn new(name: &'static str, value: impl Into<String>) -> Self {
        Setting { name, value: value.into() }
    }

    /// As an argument of `postgres`, to follow `-c`.
    pub fn argument(&self) -> String {
        format!("{}={}", self.name, self.value)
    }
}

/// Libraries preloaded when the server has them.
///
/// pg_stat_statements tells `init --from` and the coverage claims what really ran. It costs every variant the same.
pub const PRELOADED: &[&str] = &["pg_stat_statements"];

/// Connections that scenarios need at once (64 in a storm), with room for pools, workers and ourselves.
pub const MAX_CONNECTIONS: u32 = 200;

const MIB: u64 = 1024 * 1024;
/// Beyond this, a larger cache changes none of the data sets' hit ratios, and only costs start-up time.
const MOST_SHARED_BUFFERS_MIB: u64 = 8 * 1024;
/// PostgreSQL's default: less would make a small machine incomparable with everything.
const LEAST_SHARED_BUFFERS_MIB: u64 = 128;

/// Settings given on the server's command line, for a machine with this much memory.
///
/// `preload`: those of [`PRELOADED`] that the server has.
pub fn at_start(memory_bytes: u64, preload: &[&str]) -> Vec<Setting> {
    let shared_buffers =
        (memory_bytes / 4 / MIB).clamp(LEAST_SHARED_BUFFERS_MIB, MOST_SHARED_BUFFERS_MIB).to_string();
    let mut settings = vec![
        // Claims about writes are claims about durable writes. These are defaults; said, because they matter most.
        Setting::new("fsync", "on"),
        Setting::new("synchronous_commit", "on"),
        Setting::new("full_page_writes", "on"),
        // A quarter of the memory, the usual advice: warm claims are about data that fit in the cache.
        Setting::new("shared_buffers", format!("{shared_buffers}MB")),
        Setting::new("max_connections", MAX_CONNECTIONS.to_string()),
        // Compiling costs each backend tens of milliseconds on its first expensive plan, and only in variants whose
        // plans are expensive: a ratio of bare to indexed would measure the compiler.
        Setting::new("jit", "off"),
        // Plans with BUFFERS then say how long reads took; reading the clock costs well under a microsecond.
        Setting::new("track_io_timing", "on"),
        // Rounds begin after a checkpoint of ours; none may come in the middle of one.
        Setting::new("checkpoint_timeout", "1h"),
        Setting::new("max_wal_size", "8GB"),
        // Messages and times are evidence: they read the same on every machine.
        Setting::new("lc_messages", "C"),
        Setting::new("timezone", "UTC"),
        Setting::new("log_timezone", "UTC"),
    ];
    if !preload.is_empty() {
        settings.push(Setting::new("shared_preload_libraries", preload.join(",")));
    }
    settings
}

impl Profile {
    /// Settings of this profile. Not on the command line, because that could not be changed while the server runs.
    pub fn settings(self) -> Vec<Setting> {
        let autovacuum = match self {
            // A worker that wakes up in one variant's round and not in another's is noise; the data are vacuumed
            // and analysed after loading instead.
            Profile::Latency => "off",
            Profile::Queue => "on",
        };
        vec![Setting::new("autovacuum", autovacuum)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * MIB;

    fn value(settings: &[Setting], name: &str) -> Option<String> {
        settings.iter().find(|s| s.name == name).map(|s| s.value.clone())
    }

    #[test]
    fn shared_buffers_follow_the_memory_within_bounds() {
        for (memory, expected) in
            [(0, "128MB"), (GIB / 4, "128MB"), (8 * GIB, "2048MB"), (512 * GIB, "8192MB")]
        {
            assert_eq!(
                value(&at_start(memory, &[]), "shared_buffers").as_deref(),
                Some(expected),
                "{memory}"
            );
        }
    }

    #[test]
    fn commits_stay_durable() {
        let settings = at_start(GIB, &[]);
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            assert_eq!(value(&settings, name).as_deref(), Some("on"), "{name}");
        }
    }

    #[test]
    fn only_what_is_there_is_preloaded() {
        assert_eq!(value(&at_start(GIB, &[]), "shared_preload_libraries"), None);
        let with = at_start(GIB, &["pg_stat_statements"]);
        assert_eq!(value(&with, "shared_preload_libraries").as_deref(), Some("pg_stat_statements"));
    }

    #[test]
    fn a_profile_never_repeats_a_setting_of_the_command_line() {
        let fixed = at_start(GIB, PRELOADED);
        for profile in [Profile::Latency, Profile::Queue] {
            for setting in profile.settings() {
                assert_eq!(value(&fixed, setting.name), None, "{} could not be changed", setting.name);
            }
        }
    }
}
