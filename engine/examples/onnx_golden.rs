//! Writes a network with the golden tests' weights as ONNX, for `examples/pytorch/check_onnx.py`:
//!
//! ```text
//! cargo run --example onnx_golden --no-default-features --features onnx -- wrn-16-4 model.onnx
//! ```

use std::error::Error;

use squeeze_engine::config::NetworkKind;
use squeeze_engine::onnx;

#[path = "../tests/golden/weights.rs"]
#[allow(dead_code)]
mod weights;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, file] = &arguments[..] else {
        return Err("write the name of a network and a file, such as `wrn-16-4 model.onnx`".into());
    };
    let kind: NetworkKind = name.parse()?;
    let (shape, classes) = match kind {
        NetworkKind::SmallCnn | NetworkKind::MnistCnn => ([1, 28, 28], 10),
        NetworkKind::ResNet { .. } | NetworkKind::Wrn { .. } => ([3, 32, 32], 10),
    };
    let parameters = weights::golden_parameters(onnx::tensors(kind, shape, classes)?);
    let bytes = onnx::export(kind, shape, classes, &parameters)?;
    std::fs::write(file, &bytes)?;
    println!("{file}: {kind}, {} bytes", bytes.len());
    Ok(())
}
