//! WGSL kernels and their references.
