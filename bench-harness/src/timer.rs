//! A timer that keeps time to some ten microseconds.
//!
//! tokio's own timers count whole milliseconds and round up: a tenth of a 10 ms round trip, and the whole gap between
//! two arrivals at 1 000 a second. Where Linux has a better one, this is it: a `timerfd` wakes the runtime's own
//! epoll, so neither a helper thread nor a busy wait takes a core from the server under test. Elsewhere it is tokio's.

use std::io;
use std::time::Instant;

#[cfg(target_os = "linux")]
pub use linux::Timer;
#[cfg(not(target_os = "linux"))]
pub use portable::Timer;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use super::{Instant, io};

    /// One sleeper at a time; belongs to the runtime it was made in.
    pub struct Timer {
        fd: AsyncFd<OwnedFd>,
    }

    impl Timer {
        /// # Errors
        /// No file descriptor is left, or no runtime drives I/O here.
        pub fn new() -> io::Result<Timer> {
            let fd =
                timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            // SAFETY: the registration owns the descriptor, which stays open and the same until both are dropped.
            let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
            Ok(Timer { fd })
        }

        /// Returns at `deadline` or shortly after, never before.
        ///
        /// # Errors
        /// The system's, which a valid timer does not meet.
        pub async fn until(&mut self, deadline: Instant) -> io::Result<()> {
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(());
                }
                let never = Timespec { tv_sec: 0, tv_nsec: 0 };
                let left = Timespec::try_from(left).map_err(io::Error::other)?;
                let once = Itimerspec { it_interval: never, it_value: left };
                timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::empty(), &once)?;
                // Setting the timer forgets an expiry that nobody read, so none is ever read here.
                self.fd.readable().await?.clear_ready();
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use super::{Instant, io};

    /// One sleeper at a time.
    pub struct Timer;

    impl Timer {
        /// # Errors
        /// Never.
        pub fn new() -> io::Result<Timer> {
            Ok(Timer)
        }

        /// Returns at `deadline` or up to a millisecond or two after, never before.
        ///
        /// # Errors
        /// Never.
        pub async fn until(&mut self, deadline: Instant) -> io::Result<()> {
            while Instant::now() < deadline {
                tokio::time::sleep_until(deadline.into()).await;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn never_early_and_used_again() {
        let mut timer = Timer::new().unwrap();
        for micros in [0, 1, 300, 2_500] {
            let deadline = Instant::now() + Duration::from_micros(micros);
            timer.until(deadline).await.unwrap();
            assert!(Instant::now() >= deadline, "{micros} µs");
        }
    }

    #[tokio::test]
    async fn a_wait_that_was_given_up_leaves_nothing_behind() {
        let mut timer = Timer::new().unwrap();
        let long = timer.until(Instant::now() + Duration::from_millis(20));
        assert!(tokio::time::timeout(Duration::from_millis(1), long).await.is_err());
        let deadline = Instant::now() + Duration::from_millis(40);
        timer.until(deadline).await.unwrap();
        assert!(Instant::now() >= deadline);
    }
}
