//! Facts of the machine that a result must name.

use std::path::Path;

use rustix::time::{ClockId, clock_getres};
use sysinfo::{Disks, System};

use crate::result::Machine;

/// Space of the filesystem a path lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Type, e.g. `ext4`.
    pub filesystem: String,
    pub free_bytes: u64,
    pub total_bytes: u64,
}

/// CPU, memory and operating system; the filesystem of `data`, when the server's data are on this machine.
pub fn machine(data: Option<&Path>) -> Machine {
    let mut system = System::new();
    system.refresh_memory();
    system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    let brand = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default();
    Machine {
        cpu: if brand.is_empty() { std::env::consts::ARCH.to_owned() } else { brand },
        // What this process may use, which a container or a CPU mask can make fewer than there are.
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: usable_memory(&system),
        os: os(),
        filesystem: data.and_then(space).map(|space| space.filesystem),
    }
}

/// Memory this process may use, in bytes: the machine's, or less under a control group's limit.
pub fn memory_bytes() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    usable_memory(&system)
}

/// Memory not in use, in bytes.
pub fn free_memory_bytes() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    system.cgroup_limits().map_or(system.available_memory(), |limits| limits.free_memory)
}

fn usable_memory(system: &System) -> u64 {
    let total = system.total_memory();
    // Unlimited groups report absurd or zero totals.
    system
        .cgroup_limits()
        .map(|limits| limits.total_memory)
        .filter(|limit| (1..total).contains(limit))
        .unwrap_or(total)
}

fn os() -> String {
    let name = System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned());
    let kernel = System::kernel_version().map(|version| format!(", kernel {version}")).unwrap_or_default();
    format!("{name}{kernel}, {}", std::env::consts::ARCH)
}

/// The filesystem a path lies on; None when the mount table does not say.
pub fn space(path: &Path) -> Option<Space> {
    let path = path.canonicalize().ok()?;
    let disks = Disks::new_with_refreshed_list();
    let nearest = disks
        .iter()
        .filter(|disk| path.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().components().count())?;
    Some(Space {
        filesystem: nearest.file_system().to_string_lossy().into_owned(),
        free_bytes: nearest.available_space(),
        total_bytes: nearest.total_space(),
    })
}

/// Resolution of the monotonic clock in nanoseconds, as the system states it.
pub fn clock_resolution_ns() -> u64 {
    let resolution = clock_getres(ClockId::Monotonic);
    let nanoseconds = resolution.tv_sec.saturating_mul(1_000_000_000).saturating_add(resolution.tv_nsec);
    u64::try_from(nanoseconds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_facts() {
        let here = machine(Some(&std::env::temp_dir()));
        assert!(!here.cpu.is_empty() && !here.os.is_empty());
        assert!(here.cores >= 1);
        assert!(here.memory_bytes > 64 << 20, "{}", here.memory_bytes);
        assert_eq!(machine(None).filesystem, None);
    }

    #[test]
    fn the_clock_resolves_less_than_a_millisecond() {
        assert!((1..1_000_000).contains(&clock_resolution_ns()), "{}", clock_resolution_ns());
    }

    #[test]
    fn a_missing_path_has_no_space() {
        assert_eq!(space(Path::new("/no/such/place")), None);
    }
}
