//! PhotoVote on one machine, in one process.

fn main() -> std::process::ExitCode {
    photovote::cli::run()
}
