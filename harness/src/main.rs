//! The `orchbench` binary.

fn main() {
    std::process::exit(orchbench::cli::main());
}
