//! The machine that a run is timed on.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Component, Path, PathBuf};
use swath_datasets::bounded;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// The machine of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Processor, as it names itself.
    pub cpu: String,
    /// Logical cores.
    pub cores: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Operating system and version.
    pub os: String,
    /// Target architecture.
    pub arch: String,
}

/// The load average of the last minute: threads that ran or waited to, swath's own included; `None` if the system has none.
pub fn load() -> Option<f64> {
    // Windows has none: sysinfo returns 0 there.
    (!cfg!(windows)).then(|| System::load_average().one).filter(|load| load.is_finite() && has_load(Path::new("/")))
}

/// Whether sysinfo can read a load: on Linux it needs `/proc`, and returns 0 without.
fn has_load(root: &Path) -> bool {
    !cfg!(target_os = "linux") || root.join("proc/loadavg").exists()
}

impl Machine {
    /// Why times of `then` and of this machine cannot be compared: another processor, architecture or number of cores. Memory and
    /// the system's version do not matter.
    pub fn differs(&self, then: &Self) -> Option<String> {
        let (before, now) = (then.cores.to_string(), self.cores.to_string());
        let pairs = [
            ("the processor", &then.cpu, &self.cpu),
            ("the number of cores", &before, &now),
            ("the architecture", &then.arch, &self.arch),
        ];
        let differ = pairs.iter().filter(|(_, then, now)| then != now);
        let said: Vec<String> =
            differ.map(|(what, then, now)| format!("{what} is another ({then} then, {now} now)")).collect();
        (!said.is_empty()).then(|| said.join(" and "))
    }

    /// This machine.
    pub fn this() -> Self {
        let wanted = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(wanted);
        let cpu = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).filter(|brand| !brand.is_empty());
        Self {
            cpu: cpu.unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: all_memory(&system),
            os: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned()),
            arch: std::env::consts::ARCH.to_owned(),
        }
    }
}

/// Bytes of memory that this process may use: the machine's, or the limit of a control group (of a container, a batch job, a
/// service) or of the process itself. Every decision on memory asks here.
pub fn memory() -> u64 {
    memory_limit().bytes
}

/// The smallest limit on this process's memory.
pub fn memory_limit() -> MemoryLimit {
    let of = |source| move |bytes| MemoryLimit { bytes, source };
    let group = group_limit(Path::new("/")).map(of("its control group"));
    let process = [data_limit().map(of("`ulimit -d`")), address_limit().map(of("`ulimit -v`"))];
    let machine = MemoryLimit { bytes: all_memory(&ram()), source: "the machine" };
    process.into_iter().chain([group]).flatten().fold(
        machine,
        |least, limit| {
            if limit.bytes < least.bytes { limit } else { least }
        },
    )
}

/// A limit on memory, and who sets it. Displays as a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit {
    /// Bytes.
    pub bytes: u64,
    /// Who sets it.
    pub source: &'static str,
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "swath may use {} MiB here, the limit of {}", self.bytes >> 20, self.source)
    }
}

/// The limit on this process's data (`ulimit -d`); `None` without one.
#[cfg(target_os = "linux")]
fn data_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Data).current
}

/// The limit on this process's addresses (`ulimit -v`), in which mapped files count; `None` without one.
#[cfg(target_os = "linux")]
pub fn address_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::As).current
}

#[cfg(not(target_os = "linux"))]
fn data_limit() -> Option<u64> {
    None
}

/// This system has no such limit.
#[cfg(not(target_os = "linux"))]
pub fn address_limit() -> Option<u64> {
    None
}

/// Bytes that a machine is taken to have if its memory is unknown.
const UNKNOWN: u64 = 4 << 30;

/// Memory of the machine as sysinfo knows it: from `/proc/meminfo` on Linux.
fn ram() -> System {
    System::new_with_specifics(RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram()))
}

/// Bytes of memory of the machine. Without `/proc`, which sysinfo reads, the kernel is asked.
fn all_memory(system: &System) -> u64 {
    match system.total_memory() {
        0 => asked_memory().unwrap_or(UNKNOWN),
        total => total,
    }
}

#[cfg(target_os = "linux")]
fn asked_memory() -> Option<u64> {
    let said = rustix::system::sysinfo();
    #[allow(clippy::useless_conversion, reason = "it is a narrower type on other architectures")]
    let (pages, unit) = (u64::try_from(said.totalram).ok()?, u64::from(said.mem_unit));
    pages.checked_mul(unit.max(1)).filter(|&bytes| bytes > 0)
}

#[cfg(not(target_os = "linux"))]
fn asked_memory() -> Option<u64> {
    None
}

/// The smallest memory limit of this process's control groups, versions 1 and 2; `None` without a limit. `root` is the root of
/// the file system.
fn group_limit(root: &Path) -> Option<u64> {
    let memory = Controller { name: "memory", version_1: "memory.limit_in_bytes", version_2: "memory.max" };
    smallest_limit(root, memory)
}

/// The smallest limit of threads and processes of this process's control groups; `None` without a limit.
pub fn group_threads(root: &Path) -> Option<u64> {
    smallest_limit(root, Controller { name: "pids", version_1: "pids.max", version_2: "pids.max" })
}

/// A controller of control groups.
#[derive(Clone, Copy)]
struct Controller {
    name: &'static str,
    /// The file with a group's limit in version 1.
    version_1: &'static str,
    /// The same in version 2.
    version_2: &'static str,
}

/// The smallest limit of a controller among this process's control groups and the groups around them.
///
/// In a container the kernel may give the host's path of a group. Of that path only the root of the mounted tree is visible: it
/// is the container's group.
fn smallest_limit(root: &Path, controller: Controller) -> Option<u64> {
    let groups = bounded::read_text(&root.join("proc/self/cgroup"), bounded::TEXT).ok()?;
    let tree = root.join("sys/fs/cgroup");
    let mut limits = Vec::new();
    for line in groups.lines() {
        // `4:memory:/path` in version 1, `0::/path` in version 2.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (trees, file) = if controllers.is_empty() {
            // With both versions, the second is mounted beside the first.
            (vec![tree.clone(), tree.join("unified")], controller.version_2)
        } else if controllers.split(',').any(|other| other == controller.name) {
            (vec![tree.join(controller.name), tree.join(controllers)], controller.version_1)
        } else {
            continue;
        };
        let inside = Path::new(path).components().filter(|part| matches!(part, Component::Normal(_)));
        let inside: PathBuf = inside.collect();
        for group in trees.iter().flat_map(|tree| inside.ancestors().map(|group| tree.join(group))) {
            // Without a limit the file says `max`, or a number beyond any memory.
            let text = bounded::read_text(&group.join(file), bounded::TEXT).ok();
            limits.extend(text.and_then(|text| text.trim().parse::<u64>().ok()));
        }
    }
    limits.into_iter().min()
}

/// Whether memory can be limited here.
pub const CAN_LIMIT: bool = cfg!(target_os = "linux");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_differ_in_what_makes_times_incomparable_alone() {
        let then = Machine {
            cpu: "A 1".into(),
            cores: 2,
            memory: 4 << 30,
            os: "Linux (Debian 12)".into(),
            arch: "x86_64".into(),
        };
        assert_eq!(then.differs(&then), None);
        // 4 KiB of memory and a patched system.
        let same = Machine { memory: (4 << 30) - 4096, os: "Linux (Debian 12.1)".into(), ..then.clone() };
        assert_eq!(same.differs(&then), None);
        let other = Machine { cores: 4, ..then.clone() };
        assert_eq!(other.differs(&then).as_deref(), Some("the number of cores is another (2 then, 4 now)"));
        let other = Machine { cpu: "B 2".into(), arch: "aarch64".into(), ..then.clone() };
        let both =
            "the processor is another (A 1 then, B 2 now) and the architecture is another (x86_64 then, aarch64 now)";
        assert_eq!(other.differs(&then).as_deref(), Some(both));
    }

    /// Files of a root folder, and the limit that they make.
    fn limit(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        group_limit(root.path())
    }

    #[test]
    fn the_smallest_limit_on_the_way_up_holds() {
        let own = ("proc/self/cgroup", "0::/batch/job/step\n");
        let file = |group: &str| format!("sys/fs/cgroup/{group}/memory.max");
        let (batch, job, step, other) = (file("batch"), file("batch/job"), file("batch/job/step"), file("other"));
        let files = |a: &'static str, b: &'static str, c: &'static str| {
            limit(&[own, (&batch, a), (&job, b), (&step, c), (&other, "5\n")])
        };
        assert_eq!(files("max\n", "max\n", "2147483648\n"), Some(2 << 30));
        assert_eq!(files("max\n", "1073741824\n", "2147483648\n"), Some(1 << 30));
        assert_eq!(files("1024\n", "max\n", "max\n"), Some(1024));
        assert_eq!(files("max\n", "max\n", "max\n"), None);
    }

    #[test]
    fn the_first_version_has_other_files() {
        let groups = ("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/docker/ab:c\n1:name=systemd:/x\n0::/\n");
        let file = "sys/fs/cgroup/memory/docker/ab:c/memory.limit_in_bytes";
        let above = "sys/fs/cgroup/memory/memory.limit_in_bytes";
        let none = "9223372036854771712\n";
        assert_eq!(limit(&[groups, (file, "4096\n"), (above, none)]), Some(4096));
        // No memory of any machine, so that it is no limit.
        assert_eq!(limit(&[groups, (file, none), (above, none)]), Some(9_223_372_036_854_771_712));
        // Inside a container: the path is the host's, and what is mounted is the container's own.
        assert_eq!(limit(&[groups, (above, "8192\n")]), Some(8192));
        // Both versions: the second beside the first.
        let both = ("proc/self/cgroup", "4:cpu:/\n0::/job\n");
        assert_eq!(limit(&[both, ("sys/fs/cgroup/unified/job/memory.max", "512\n")]), Some(512));
    }

    #[test]
    fn without_control_groups_there_is_no_limit() {
        assert_eq!(limit(&[]), None);
        assert_eq!(limit(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "much\n")]), None);
        assert_eq!(limit(&[("proc/self/cgroup", "nonsense\n0::/../..\n"), ("memory.max", "7\n")]), None);
    }

    #[test]
    fn threads_are_limited_as_memory_is() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        assert_eq!(group_threads(root.path()), None);
        write("proc/self/cgroup", "0::/job\n");
        write("sys/fs/cgroup/job/pids.max", "max\n");
        assert_eq!(group_threads(root.path()), None);
        write("sys/fs/cgroup/pids.max", "512\n");
        assert_eq!(group_threads(root.path()), Some(512));
    }

    /// The same as without `/proc`: sysinfo can read nothing.
    #[test]
    fn without_proc_the_kernel_is_asked_for_memory() {
        let nothing = System::new_with_specifics(RefreshKind::nothing());
        assert_eq!(nothing.total_memory(), 0);
        let asked = all_memory(&nothing);
        assert!(asked > 0);
        if cfg!(target_os = "linux") {
            let known = Machine::this().memory;
            assert!(asked.abs_diff(known) <= known / 50, "{asked} and {known}");
        }
        assert!(!cfg!(target_os = "linux") || !has_load(Path::new("/nowhere")));
    }

    #[test]
    fn memory_is_above_zero_and_at_most_the_machines() {
        assert!((1..=Machine::this().memory).contains(&memory()));
    }
}
