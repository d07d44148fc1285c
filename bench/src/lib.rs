//! Benchmarks; the library itself is empty. `cargo bench` runs them all, `cargo bench --bench
//! ratios` prints the ratios that the design promises, each from one run, in pairs.
