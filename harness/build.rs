//! Has the crate built anew when a scenario or profile comes or goes: they are embedded by folder.

fn main() {
    println!("cargo:rerun-if-changed=profiles");
    println!("cargo:rerun-if-changed=scenarios");
}
