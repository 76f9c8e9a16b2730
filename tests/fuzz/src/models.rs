//! Files that hold numbers: weights, checkpoints, models from elsewhere.

use std::sync::OnceLock;

use burn::tensor::Tensor;
use squeeze_engine::checkpoint::Checkpoint;
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::device;
use squeeze_engine::network::weights;
use squeeze_engine::onnx::OnnxModel;

/// Most numbers that a model that is tried makes of an image: how long it takes is up to whoever made it.
const MOST_NUMBERS: usize = 1 << 20;

/// Weights; what is taken is written and read as the same bits.
pub fn safetensors(bytes: &[u8]) {
    let Ok(parameters) = weights::from_safetensors(bytes) else {
        return;
    };
    let written = weights::to_safetensors(&parameters, None);
    let again = written.and_then(|written| weights::from_safetensors(&written));
    match again {
        Ok(mut again) => {
            let mut first = parameters;
            first.sort_by(|a, b| a.name.cmp(&b.name));
            again.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(first.len(), again.len());
            for (a, b) in first.iter().zip(&again) {
                assert_eq!((&a.name, &a.shape), (&b.name, &b.shape));
                let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&a.values), bits(&b.values));
            }
        }
        Err(error) => panic!("weights that were read cannot be written and read: {error}"),
    }
}

/// A checkpoint; what is taken can be written.
pub fn checkpoint(bytes: &[u8]) {
    let Ok(checkpoint) = Checkpoint::from_bytes(bytes) else {
        return;
    };
    let _ = checkpoint.model();
    let _ = checkpoint.optimizer.check(&checkpoint.network);
    if let Err(error) = checkpoint.to_bytes() {
        panic!("a checkpoint that was read cannot be written: {error}");
    }
}

/// A model in ONNX; what is taken gives logits for an image of its size.
pub fn onnx(bytes: &[u8]) {
    static DEVICE: OnceLock<device::OpenDevice> = OnceLock::new();
    let opened = DEVICE.get_or_init(|| match pollster::block_on(device::open(DeviceWish::Cpu)) {
        Ok(opened) => opened,
        Err(error) => panic!("{error}"),
    });
    let Ok(model) = OnnxModel::from_bytes(bytes, &opened.device) else {
        return;
    };
    if model.numbers() > MOST_NUMBERS {
        return;
    }
    let [channels, height, width] = model.input_shape();
    let shape = [1, channels, height, width];
    let logits = model.forward(Tensor::zeros(shape, &opened.device));
    assert_eq!(logits.dims(), [1, model.classes()]);
}
