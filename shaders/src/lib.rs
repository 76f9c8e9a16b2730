//! The WGSL kernels of Squeeze.
//!
//! Each kernel is a file of `wgsl/` and a module of the same stem here, which holds its text and a
//! plain Rust reference (that of the objective is in the engine). The engine runs the kernels and
//! tests them against the references on real devices.

use float::Float;

pub mod attack_loss;
pub mod attack_step;
pub mod batch_gather;
pub mod convolution;
pub mod fab_step;
pub mod float;
pub mod linear;
pub mod loss_scale;
pub mod objective;
pub mod optimizer;
pub mod philox;
pub mod random_fill;
pub mod relu_pool;
pub mod sheet;
mod unrolled;

/// Name and text of every kernel for tensors of 32-bit floats; of those that are made for a shape, the
/// text for one.
pub fn kernels() -> Vec<(&'static str, String)> {
    kernels_of(Float::F32)
}

fn kernels_of(stored: Float) -> Vec<(&'static str, String)> {
    let floats = linear::Floats {
        left: stored,
        right: stored,
        out: stored,
    };
    let shape = convolution::Convolution {
        inputs: 16,
        image: [14, 15],
        outputs: 12,
        out: [7, 8],
        kernel: [3, 2],
        stride: [2, 2],
        padding: [1, 1],
    };
    let product = linear::Product {
        columns: 100,
        is_turned: true,
        has_bias: true,
        is_relu: true,
        is_shared: true,
    };
    let mut kernels: Vec<_> = [
        ("attack_loss", attack_loss::WGSL),
        ("attack_step", attack_step::WGSL),
        ("batch_gather", batch_gather::WGSL),
        ("convolution_weights_sum", convolution::WEIGHTS_SUM),
        ("fab_step", fab_step::WGSL),
        ("loss_scale_check", loss_scale::CHECK),
        ("loss_scale_undo", loss_scale::UNDO),
        ("objective_backward", objective::BACKWARD),
        ("objective_forward", objective::FORWARD),
        ("optimizer_adam", optimizer::ADAM),
        ("optimizer_momentum", optimizer::MOMENTUM),
        ("random_fill", random_fill::WGSL),
        ("sheet", sheet::WGSL),
    ]
    .map(|(name, text)| (name, text.to_owned()))
    .into();
    kernels.extend([
        ("convolution", shape.forward(stored)),
        ("convolution", shape.by_image(stored)),
        ("convolution_weights", shape.by_weights(stored)),
        ("linear", product.text(floats)),
        (
            "linear",
            linear::Product {
                is_turned: false,
                ..product
            }
            .text(floats),
        ),
        ("loss_scale_next", loss_scale::next_text()),
        ("relu_gradient", linear::relu_gradient_text(stored)),
        ("relu_pool", relu_pool::Plane([7, 8]).forward(stored)),
        (
            "relu_pool_gradient",
            relu_pool::Plane([7, 8]).gradient(stored),
        ),
    ]);
    kernels
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::float::Float;
    use super::{kernels, kernels_of};

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
        let mut listed: Vec<String> = kernels()
            .iter()
            .map(|(name, _)| format!("{name}.wgsl"))
            .collect();
        listed.sort();
        listed.dedup();
        assert_eq!(files, listed);
    }

    /// WebGPU with no optional feature must take every kernel: validation runs with no capability.
    #[test]
    fn every_kernel_is_valid_wgsl_without_optional_features() {
        check(kernels(), naga::valid::Capabilities::empty());
    }

    #[test]
    fn every_kernel_is_valid_wgsl_for_16_bit_floats() {
        check(
            kernels_of(Float::F16),
            naga::valid::Capabilities::SHADER_FLOAT16,
        );
    }

    fn check(kernels: Vec<(&str, String)>, capabilities: naga::valid::Capabilities) {
        for (name, text) in kernels {
            let module = naga::front::wgsl::parse_str(&text)
                .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&text)));
            naga::valid::Validator::new(naga::valid::ValidationFlags::all(), capabilities)
                .validate(&module)
                .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&text)));
            assert!(
                module.entry_points.iter().any(|entry| entry.name == "main"),
                "{name}: the entry point must be `main`"
            );
        }
    }
}
