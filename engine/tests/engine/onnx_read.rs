//! ONNX models that are read: against this engine's own networks, PyTorch and onnxruntime
//! (`tests/golden/onnx.safetensors`), and files that are damaged.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use squeeze_engine::config::NetworkKind;
use squeeze_engine::network::{Network, weights};
use squeeze_engine::onnx::{self, OnnxModel, OnnxReadError};
use squeeze_engine::random::{Purpose, Stream};

use crate::devices::{assert_close, cpu, numbers, on_every_device};
use crate::golden_files as files;
use crate::golden_weights::{golden_images, golden_parameters};

on_every_device!(
    own_files_compute_the_same,
    exports_of_pytorch_compute_the_same,
    operators_compute_what_onnxruntime_does,
);

const OWN: [&str; 4] = ["small-cnn", "mnist-cnn", "resnet-8", "wrn-10-2"];
const CLASSES: usize = 10;

fn shape_of(kind: NetworkKind) -> [usize; 3] {
    match kind {
        NetworkKind::SmallCnn | NetworkKind::MnistCnn => [1, 28, 28],
        NetworkKind::ResNet { .. } | NetworkKind::Wrn { .. } => [3, 32, 32],
    }
}

/// A file that this engine writes, and the network that it wrote.
fn own(name: &str, device: &Device) -> (Vec<u8>, Network) {
    let kind: NetworkKind = name.parse().unwrap();
    let shape = shape_of(kind);
    let parameters = golden_parameters(onnx::tensors(kind, shape, CLASSES).unwrap());
    let bytes = onnx::export(kind, shape, CLASSES, &parameters).unwrap();
    let network = Network::new(kind, shape, CLASSES, &device.clone().autodiff()).unwrap();
    (bytes, weights::load(network, parameters).unwrap().no_grad())
}

/// Logits, and the gradient of their sum weighted by `weights`, by the images.
fn evaluate(
    classify: impl Fn(Tensor<4>) -> Tensor<2>,
    images: &Tensor<4>,
    weights: Vec<f32>,
) -> (Vec<f32>, Vec<f32>) {
    let images = images.clone().autodiff().require_grad();
    let logits = classify(images.clone());
    let weights = TensorData::new(weights, logits.dims());
    let weights = Tensor::from_inner(Tensor::from_data(
        weights,
        &images.device().without_autodiff(),
    ));
    let mut gradients = (logits.clone() * weights).sum().backward();
    let gradient = images.grad_remove(&mut gradients).unwrap();
    (values(logits), values(gradient))
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().try_into_vec().unwrap()
}

/// Asserts that two gradients agree within a share of the largest number.
fn assert_same_gradient(actual: &[f32], expected: &[f32], share: f32) {
    let largest = expected.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    assert_close(actual, expected, 0.0, share * largest);
}

fn own_files_compute_the_same(device: &Device) {
    for name in OWN {
        println!("{name}");
        let (bytes, network) = own(name, device);
        let model = OnnxModel::from_bytes(&bytes, device).unwrap();
        let [channels, height, width] = model.input_shape();
        assert_eq!(model.input_shape(), shape_of(name.parse().unwrap()));
        assert_eq!(model.classes(), CLASSES);
        assert_eq!(model.parameters(), weights::count(&network));
        assert_eq!(model.fixed_batch(), None);
        assert!(!model.ends_in_softmax());
        let images = golden_images(2, model.input_shape());
        let images = TensorData::new(images, [2, channels, height, width]);
        let images = Tensor::<4>::from_data(images, device);
        let weights = numbers(3, 2 * CLASSES, 1.0);
        let (logits, gradient) = evaluate(|x| model.forward(x), &images, weights.clone());
        let (expected, climbed) = evaluate(|x| network.forward(x), &images, weights);
        assert_close(&logits, &expected, 1e-4, 1e-4);
        assert_same_gradient(&gradient, &climbed, 1e-3);
        // Without autodiff, and from a clone.
        assert_close(
            &values(model.clone().forward(images)),
            &expected,
            1e-4,
            1e-4,
        );
    }
}

/// A case of the golden file.
struct Case {
    model: Vec<u8>,
    images: Array,
    logits: Array,
    /// Of the logits, each weighted by [`weight`], by the images.
    gradient: Option<Array>,
}

struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

fn golden() -> Vec<u8> {
    std::fs::read(files::folder().join("onnx.safetensors")).unwrap()
}

fn cases() -> BTreeMap<String, Case> {
    let bytes = golden();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |name: String| {
        let view = file.tensor(&name).ok()?;
        let (chunks, _) = view.data().as_chunks();
        let values = chunks.iter().map(|&bytes| f32::from_le_bytes(bytes));
        Some(Array {
            shape: view.shape().to_vec(),
            values: values.collect(),
        })
    };
    let images = |name: String| {
        let view = file.tensor(&name).unwrap();
        let values = view.data().iter().map(|&byte| f32::from(byte) / 255.0);
        Array {
            shape: view.shape().to_vec(),
            values: values.collect(),
        }
    };
    let models = file
        .names()
        .into_iter()
        .filter_map(|name| name.strip_suffix("/model"));
    models
        .map(|name| {
            let case = Case {
                model: file
                    .tensor(&format!("{name}/model"))
                    .unwrap()
                    .data()
                    .to_vec(),
                images: images(format!("{name}/pixels")),
                logits: floats(format!("{name}/logits")).unwrap(),
                gradient: floats(format!("{name}/gradient")),
            };
            (name.to_owned(), case)
        })
        .collect()
}

/// What the logit at a place is weighted with: the rule of `make_onnx.py`.
fn weight(place: usize) -> f32 {
    (place * 7919 % 1000) as f32 / 500.0 - 1.0
}

fn images_of(array: &Array, device: &Device) -> Tensor<4> {
    let shape: [usize; 4] = array.shape.clone().try_into().unwrap();
    Tensor::from_data(TensorData::new(array.values.clone(), shape), device)
}

fn exports_of_pytorch_compute_the_same(device: &Device) {
    let mut seen = 0;
    for (name, case) in cases() {
        let Some(expected) = case.gradient else {
            continue;
        };
        println!("{name}");
        seen += 1;
        let model = OnnxModel::from_bytes(&case.model, device).unwrap();
        assert_eq!(model.ends_in_softmax(), name.contains("softmax"));
        let fixed = match name.as_str() {
            "lenet, two images" => Some(2),
            "lenet, one image" => Some(1),
            _ => None,
        };
        // The exporter writes some sizes as numbers; else models take any batch.
        assert!(fixed.is_none() || model.fixed_batch().is_none_or(|batch| Some(batch) == fixed));
        assert!(fixed.is_some() || model.fixed_batch().is_none());
        assert_eq!(model.classes(), case.logits.shape[1]);
        let images = images_of(&case.images, device);
        let weights = (0..case.logits.values.len()).map(weight).collect();
        let (mut logits, gradient) = evaluate(|x| model.forward(x), &images, weights);
        let mut wanted = case.logits.values;
        if name.contains("log softmax") {
            for numbers in [&mut logits, &mut wanted] {
                centre(numbers, model.classes());
            }
        }
        assert_close(&logits, &wanted, 1e-4, 1e-4);
        assert_same_gradient(&gradient, &expected.values, 1e-3);
    }
    assert!(seen > 30, "{seen}");
}

/// Logits less their mean, as softmax sees no difference.
fn centre(logits: &mut [f32], classes: usize) {
    for row in logits.chunks_mut(classes) {
        let mean = row.iter().sum::<f32>() / classes as f32;
        row.iter_mut().for_each(|logit| *logit -= mean);
    }
}

fn operators_compute_what_onnxruntime_does(device: &Device) {
    let mut seen = 0;
    for (name, case) in cases() {
        if case.gradient.is_some() {
            continue;
        }
        println!("{name}");
        seen += 1;
        let model = OnnxModel::from_bytes(&case.model, device).unwrap();
        let images = images_of(&case.images, device);
        let found = model.forward(images.clone());
        assert_eq!(found.dims().to_vec(), case.logits.shape);
        assert_close(&values(found), &case.logits.values, 1e-5, 1e-5);
        gradient_is_the_slope(&model, &images);
    }
    assert!(seen > 50, "{seen}");
}

/// The gradient times a direction is the difference along it.
fn gradient_is_the_slope(model: &OnnxModel, images: &Tensor<4>) {
    const STEP: f32 = 1e-3;
    let count = images.shape().num_elements();
    let direction = numbers(5, count, 1.0);
    let along = TensorData::new(direction.clone(), images.dims());
    let along = Tensor::<4>::from_data(along, &images.device()) * STEP;
    let outputs = model.forward(images.clone()).shape().num_elements();
    let weights = numbers(6, outputs, 1.0);
    let height = |x: Tensor<4>| -> f64 {
        let logits = values(model.forward(x));
        let products = logits.iter().zip(&weights);
        products.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let difference = height(images.clone() + along.clone()) - height(images.clone() - along);
    let expected = difference / (2.0 * f64::from(STEP));
    let (_, gradient) = evaluate(|x| model.forward(x), images, weights.clone());
    let products = gradient.iter().zip(&direction);
    let slope: f64 = products.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    assert!(
        (slope - expected).abs() <= 0.02 * (1.0 + expected.abs()),
        "slope {slope} instead of {expected}"
    );
}

/// Each with what its message must say.
const BAD: &[(&str, &[&str])] = &[
    (
        "operator",
        &["culprit", "Einsum", "ai.onnx", "opset 17", "MaxPool"],
    ),
    ("domain", &["culprit", "Gelu", "com.microsoft"]),
    ("opset", &["opset 8", "11 to 25"]),
    ("inputs", &["2 inputs", "\"v\""]),
    ("outputs", &["2 outputs", "\"z\""]),
    ("input axes", &["`x` has 3 axes"]),
    (
        "open height",
        &["`x` leaves channels, height or width open"],
    ),
    ("giant input", &["too large"]),
    ("integer input", &["not floats"]),
    ("dangling", &["culprit", "`nothing`", "nothing makes"]),
    ("cyclic", &["culprit", "`a`", "order"]),
    ("itself", &["culprit", "`z`", "order"]),
    ("twice", &["`z` is made twice"]),
    ("no output", &["`y` is made by no node"]),
    ("no nodes", &["no nodes"]),
    ("four axes out", &["[1, 3, 4, 4]", "[batch, classes]"]),
    ("one class", &["[1, 1]", "at least two"]),
    ("constant output", &["do not depend on the images"]),
    (
        "external",
        &[
            "`w`",
            "another file",
            "weights.bin",
            "save_as_external_data=False",
        ],
    ),
    ("short", &["`w`", "8 values", "not the 9"]),
    ("odd bytes", &["`w`", "35 bytes"]),
    ("giant weight", &["`w`", "impossible shape"]),
    ("negative weight", &["`w`", "impossible shape [-1]"]),
    ("NaN", &["`w` holds NaN"]),
    ("complex", &["`w`", "type 14", ".float()"]),
    ("integers", &["culprit", "integers, where floats"]),
    ("conv strides", &["culprit", "`strides` is [0, 1]"]),
    ("conv dilations", &["culprit", "`dilations` is [-1, 1]"]),
    ("conv pads", &["culprit", "`pads`"]),
    (
        "conv kernel_shape",
        &["culprit", "`kernel_shape` is [2, 2]"],
    ),
    ("conv group", &["culprit", "2 groups"]),
    ("conv auto_pad", &["culprit", "`OTHER`"]),
    ("conv channels", &["culprit", "3 channels"]),
    ("conv empty", &["culprit", "[4, 3, 0, 3]"]),
    ("conv large", &["culprit", "window of 5 pixels"]),
    ("conv bias", &["culprit", "bias", "[3]"]),
    ("conv without weight", &["culprit", "lacks input 1"]),
    ("pool pads", &["culprit", "nothing but padding"]),
    ("pool indices", &["culprit", "second output"]),
    ("broadcast", &["culprit", "[1, 3, 4, 4]", "[3]"]),
    ("gemm", &["culprit", "[1, 48]", "[5, 7]"]),
    ("matmul", &["culprit", "[5, 7]"]),
    ("batch norm", &["culprit", "[4]", "3 channels"]),
    ("training", &["culprit", "model.eval()"]),
    ("reshape", &["culprit", "[1, 7]"]),
    ("reshape twice", &["culprit", "[0, -1, -1]"]),
    ("reshape empty", &["culprit", "[0, 0, 0, 0, 0]"]),
    ("transpose", &["culprit", "[0, 1, 1, 2]"]),
    ("axis", &["culprit", "no axis 4"]),
    ("concat", &["culprit", "[1, 3, 4, 5]"]),
    ("gather", &["culprit", "length 3"]),
    ("gather by pixels", &["culprit", "pixels"]),
    ("slice empty", &["culprit", "nothing"]),
    ("slice step", &["culprit"]),
    ("pad", &["culprit", "`reflect`"]),
    ("pad giant", &["culprit", "too large"]),
    ("expand giant", &["culprit", "too large"]),
    ("axes", &["more than 6"]),
    ("power", &["culprit", "exponent"]),
    ("constant shape", &["Reshape"]),
    ("split", &["culprit", "into 5"]),
    ("division", &["culprit", "overflow"]),
];

#[test]
fn bad_models_are_errors_that_name_what_is_wrong() {
    let bytes = golden();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut names: Vec<&str> = file
        .names()
        .into_iter()
        .filter_map(|name| name.strip_prefix("bad/"))
        .collect();
    let mut tested: Vec<&str> = BAD.iter().map(|&(name, _)| name).collect();
    names.sort_unstable();
    tested.sort_unstable();
    assert_eq!(names, tested);
    let mut wrong = vec![];
    for &(name, parts) in BAD {
        let model = file.tensor(&format!("bad/{name}")).unwrap().data().to_vec();
        match OnnxModel::from_bytes(&model, &cpu()) {
            Ok(_) => wrong.push(format!("{name}: was read")),
            Err(error) => {
                let text = error.to_string();
                if parts.iter().any(|part| !text.contains(part)) {
                    wrong.push(format!("{name}: {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn models_go_from_thread_to_thread() {
    fn needs<T: Clone + Send + Sync>() {}
    needs::<OnnxModel>();
}

#[test]
fn other_files_are_no_models() {
    let not_onnx = |bytes: &[u8]| {
        let error = OnnxModel::from_bytes(bytes, &cpu()).unwrap_err();
        assert!(matches!(error, OnnxReadError::Format(_)), "{error}");
        assert!(error.to_string().contains("torch.onnx.export"), "{error}");
    };
    not_onnx(b"");
    not_onnx(b"PK\x03\x04\x00\x00\x08\x08");
    not_onnx(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR");
    not_onnx(&golden());
    not_onnx(&[0xff; 1000]);
}

/// Bytes of whole models for the tests of damage.
fn whole() -> Vec<Vec<u8>> {
    let mut models = vec![own("resnet-8", &cpu()).0];
    let wanted = [
        "lenet, not folded",
        "mobilenet",
        "preactivation, not folded",
        "transformer",
    ];
    let cases = cases().into_iter();
    models.extend(
        cases
            .filter(|(name, _)| wanted.contains(&name.as_str()))
            .map(|(_, case)| case.model),
    );
    assert_eq!(models.len(), 5);
    models
}

#[test]
fn parts_of_files_are_errors() {
    for model in whole() {
        let step = (model.len() / 400).max(1);
        let lengths = (0..200).chain((0..model.len()).step_by(step));
        for length in lengths.chain(model.len() - 20..model.len()) {
            let part = &model[..length.min(model.len() - 1)];
            assert!(OnnxModel::from_bytes(part, &cpu()).is_err(), "{length}");
        }
    }
}

/// Damaged files are errors or models; neither they nor their models panic.
#[test]
fn flipped_bytes_never_panic() {
    let mut stream = Stream::new(7, Purpose::Noise, 0);
    let mut below =
        |limit: usize| ((f64::from(stream.uniform()) * limit as f64) as usize).min(limit - 1);
    let mut read = 0;
    let mut models: Vec<Vec<u8>> = cases().into_values().map(|case| case.model).collect();
    models.extend(whole());
    for round in 0..6000 {
        let mut model = models[below(models.len())].clone();
        for _ in 0..1 + round % 4 {
            let at = below(model.len());
            model[at] = if round % 2 == 0 {
                below(256) as u8
            } else {
                model[at] ^ (1 << below(8))
            };
        }
        let Ok(model) = OnnxModel::from_bytes(&model, &cpu()) else {
            continue;
        };
        read += 1;
        let [channels, height, width] = model.input_shape();
        if read % 8 == 0 && channels * height * width < 10_000 {
            let images = Tensor::<4>::ones([3, channels, height, width], &cpu());
            let images = images.autodiff().require_grad();
            let logits = model.forward(images);
            assert_eq!(logits.dims(), [3, model.classes()]);
            if logits.is_tracked() {
                let _ = logits.sum().backward();
            }
        }
    }
    assert!(read > 100, "{read}");
}
