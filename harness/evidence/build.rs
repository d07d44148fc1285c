//! Claims and example workloads are found by their folders: a file dropped in makes the crate build anew.

fn main() {
    println!("cargo:rerun-if-changed=claims");
    println!("cargo:rerun-if-changed=../../docs/workloads");
}
