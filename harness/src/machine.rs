//! The machine that a run is timed on.

use crate::manifest::Machine;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// The load average of the last minute: how many threads ran or waited to, swath's own included; `None` where the system
/// does not say.
pub fn load() -> Option<f64> {
    // Windows has none, and sysinfo then says 0.
    (!cfg!(windows)).then(|| System::load_average().one).filter(|load| load.is_finite())
}

impl Machine {
    /// What makes times of `then` and of this machine incomparable: another processor or architecture, or another number
    /// of cores. Memory and the system's version do not.
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

    /// What this machine says of itself.
    pub fn this() -> Self {
        let wanted = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(wanted);
        let cpu = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).filter(|brand| !brand.is_empty());
        Self {
            cpu: cpu.unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: system.total_memory(),
            os: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned()),
            arch: std::env::consts::ARCH.to_owned(),
        }
    }
}

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
}
