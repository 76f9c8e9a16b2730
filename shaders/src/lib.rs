//! The WGSL kernels of Squeeze.
//!
//! Each kernel is a file of `wgsl/` and a module of the same stem here, which holds its text and a
//! plain Rust reference (that of the objective is in the engine). The engine runs the kernels and
//! tests them against the references on real devices.

pub mod attack_loss;
pub mod attack_step;
pub mod batch_gather;
pub mod fab_step;
pub mod objective;
pub mod philox;
pub mod random_fill;

/// Name and text of every kernel.
pub const KERNELS: &[(&str, &str)] = &[
    ("attack_loss", attack_loss::WGSL),
    ("attack_step", attack_step::WGSL),
    ("batch_gather", batch_gather::WGSL),
    ("fab_step", fab_step::WGSL),
    ("objective_backward", objective::BACKWARD),
    ("objective_forward", objective::FORWARD),
    ("random_fill", random_fill::WGSL),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::KERNELS;

    #[test]
    fn every_file_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/wgsl");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut listed: Vec<String> = KERNELS
            .iter()
            .map(|(name, _)| format!("{name}.wgsl"))
            .collect();
        listed.sort();
        assert_eq!(files, listed);
    }

    /// WebGPU with no optional feature must take every kernel: validation runs with no capability.
    #[test]
    fn every_kernel_is_valid_wgsl_without_optional_features() {
        for (name, text) in KERNELS {
            let module = naga::front::wgsl::parse_str(text)
                .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
            naga::valid::Validator::new(
                naga::valid::ValidationFlags::all(),
                naga::valid::Capabilities::empty(),
            )
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(text)));
            assert!(
                module.entry_points.iter().any(|entry| entry.name == "main"),
                "{name}: the entry point must be `main`"
            );
        }
    }
}
