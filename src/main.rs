//! The `sisir` program. See the library for everything.

fn main() -> std::process::ExitCode {
    sisir::cli::main()
}
