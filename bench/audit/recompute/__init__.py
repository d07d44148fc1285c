"""An independent recomputation of the figures of a results folder.

Written from the definitions (the formats' documentation, the metrics' descriptions, textbooks),
without the Rust code's helpers: what both sides come to separately, a shared slip cannot explain.
"""
