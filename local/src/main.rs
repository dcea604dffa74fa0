//! PhotoVote on one machine, in one process.

/// The functions and the engine share the process, and all of them allocate: with the system's allocator, that was the largest
/// cost of a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    photovote::cli::run()
}
