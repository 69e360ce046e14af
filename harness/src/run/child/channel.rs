//! Where a child reads its orders and writes its replies.

use std::fs::File;
use std::io::BufReader;

/// Where a child reads its orders and writes its replies.
pub struct Channel {
    pub(super) orders: BufReader<File>,
    pub(super) replies: File,
}

impl Channel {
    /// Takes standard input and output away from everything else in this process. From now on whatever is printed goes to
    /// standard error, whose last line becomes part of the reason if the child dies, and reading standard input finds nothing.
    /// Programs that the child starts do not inherit the channel.
    ///
    /// # Errors
    /// The system's refusal.
    #[cfg(unix)]
    pub fn take() -> std::io::Result<Self> {
        use rustix::{io, stdio};
        // Above standard input, output and error.
        const FIRST: i32 = 3;
        let orders = io::fcntl_dupfd_cloexec(stdio::stdin(), FIRST)?;
        let replies = io::fcntl_dupfd_cloexec(stdio::stdout(), FIRST)?;
        stdio::dup2_stdin(File::open("/dev/null")?)?;
        stdio::dup2_stdout(stdio::stderr())?;
        Ok(Self { orders: BufReader::new(orders.into()), replies: replies.into() })
    }

    /// Uses standard input and output as they are: on this system an algorithm that prints ends its child.
    ///
    /// # Errors
    /// The system's refusal.
    #[cfg(windows)]
    pub fn take() -> std::io::Result<Self> {
        use std::os::windows::io::AsHandle as _;
        let orders = std::io::stdin().as_handle().try_clone_to_owned()?;
        let replies = std::io::stdout().as_handle().try_clone_to_owned()?;
        Ok(Self { orders: BufReader::new(orders.into()), replies: replies.into() })
    }
}
