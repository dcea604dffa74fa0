//! When to try again.

use std::time::Duration;

use tokio::time::Instant;

/// When to give up, however few the attempts were: slow ones must not outlast the caller.
const LONGEST: Duration = Duration::from_secs(15);

/// Attempts with full jitter between them: before attempt `n` a random time up to `base × 2ⁿ`, never more than a cap
/// (Brooker, "Exponential Backoff And Jitter"). Ends when both a number of attempts and a deadline are used up.
#[derive(Debug, Clone)]
pub struct Retry {
    base: Duration,
    cap: Duration,
    least_attempts: u32,
    deadline: Instant,
    end: Instant,
    attempt: u32,
}

impl Retry {
    /// For what two writers want at the same moment: short waits, at least eight attempts, and up to 6 s.
    pub fn contention() -> Self {
        let deadline = Instant::now() + Duration::from_secs(6);
        let (base, cap) = (Duration::from_millis(4), Duration::from_millis(250));
        Self { base, cap, least_attempts: 8, deadline, end: Instant::now() + LONGEST, attempt: 0 }
    }

    /// So many attempts, with short waits.
    pub fn attempts(least_attempts: u32) -> Self {
        let (base, cap) = (Duration::from_millis(4), Duration::from_millis(250));
        let now = Instant::now();
        Self { base, cap, least_attempts, deadline: now, end: now + LONGEST, attempt: 0 }
    }

    /// Waits for the next attempt; `false` if there is none left.
    pub async fn again(&mut self) -> bool {
        self.attempt += 1;
        let now = Instant::now();
        if self.attempt >= self.least_attempts && now >= self.deadline || now >= self.end {
            return false;
        }
        let most = self.base.saturating_mul(1 << self.attempt.min(16)).min(self.cap);
        // The SDK's own generator: nobody has to be unable to guess it, and a simulation can seed it for its thread.
        tokio::time::sleep(most.mul_f64(fastrand::f64())).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn attempts_end() {
        let mut retry = Retry::attempts(3);
        assert!(retry.again().await);
        assert!(retry.again().await);
        assert!(!retry.again().await);
    }

    #[tokio::test(start_paused = true)]
    async fn contention_is_retried_eight_times_or_more_and_ends() {
        let mut retry = Retry::contention();
        let mut attempts = 1;
        while retry.again().await {
            attempts += 1;
            assert!(attempts < 10_000);
        }
        assert!(attempts >= 8);
    }
}
