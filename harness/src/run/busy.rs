//! What else the machine does: the processor time that neither this program nor its children used.
//!
//! Linux counts it for all processors in `/proc/stat`, time that a hypervisor gave to others among it, and for this
//! program and the children that have ended in `/proc/self/stat`, both in hundredths of a second. Elsewhere nothing is
//! known.

use crate::clock::Moment;

/// Clock ticks in a second: what Linux shows to programs, whatever it counts itself.
const TICKS: f64 = 100.0;

/// A moment, with what was used by then.
pub struct Watch {
    began: Moment,
    others: Option<f64>,
}

impl Watch {
    /// From now on.
    pub fn new() -> Self {
        Self { began: Moment::now(), others: others() }
    }

    /// How many processors others kept busy since, on the average; 0 where that is not known.
    pub fn others(&self) -> f64 {
        let seconds = self.began.elapsed();
        let used = others().zip(self.others).map_or(0.0, |(now, then)| now - then);
        (used / seconds).max(0.0)
    }
}

/// Seconds that all processors were busy and not with this.
fn others() -> Option<f64> {
    let all = std::fs::read_to_string("/proc/stat").ok()?;
    let own = std::fs::read_to_string("/proc/self/stat").ok()?;
    Some((busy(&all)? - own_ticks(&own)?) / TICKS)
}

/// Ticks of all but idling and waiting, from the first line of `/proc/stat`: user, nice, system, idle, iowait, irq,
/// softirq, steal; guests are counted in the first two.
fn busy(stat: &str) -> Option<f64> {
    let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let ticks: Vec<f64> = fields.by_ref().take(8).map_while(|field| field.parse().ok()).collect();
    let of = |i: usize| ticks.get(i).copied().unwrap_or(0.0);
    (ticks.len() >= 4).then(|| of(0) + of(1) + of(2) + of(5) + of(6) + of(7))
}

/// Ticks of this program and of children that it has waited for, from `/proc/self/stat`: the four fields from the 14th. The
/// second, the program's name in brackets, may hold anything.
fn own_ticks(stat: &str) -> Option<f64> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let ticks = after_name.split_whitespace().skip(11).take(4).map(|field| field.parse::<f64>().ok());
    ticks.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_as_linux_writes_them() {
        assert_eq!(busy("cpu  10 1 20 500 7 2 3 4 100 0\ncpu0 1 2\n"), Some(40.0));
        assert_eq!(busy("cpu  10 1\n"), None);
        let own = "42 (a) b) c) S 1 42 42 0 -1 4194560 100 0 0 0 11 12 13 14 20 0 1 0 99 0 0";
        assert_eq!(own_ticks(own), Some(50.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_others_do_is_seen_and_what_is_done_here_is_not() {
        let watch = Watch::new();
        let began = Moment::now();
        while began.elapsed() < 0.3 {
            std::hint::spin_loop();
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        // Other tests run meanwhile, in threads of this program, which count as its own.
        assert!((0.0..=4.0 * cores.max(16.0)).contains(&watch.others()));
        assert!(others().is_some());
    }
}
