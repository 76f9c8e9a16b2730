//! What can be tested without another program: structure, sizes, errors. That the graphs compute
//! the right logits is tested with onnxruntime (`engine/tests/interop.rs`).
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use prost::Message;

use super::*;

const CIFAR: [usize; 3] = [3, 32, 32];

fn kind(name: &str) -> NetworkKind {
    name.parse().unwrap()
}

fn filled(kind: NetworkKind, image_shape: [usize; 3]) -> Vec<Parameter> {
    tensors(kind, image_shape, 10)
        .unwrap()
        .into_iter()
        .map(|(name, shape)| Parameter {
            values: (0..shape.iter().product())
                .map(|i: usize| i as f32)
                .collect(),
            name,
            shape,
        })
        .collect()
}

fn exported(name: &str) -> ModelProto {
    let parameters = filled(kind(name), CIFAR);
    let bytes = export(kind(name), CIFAR, 10, &parameters).unwrap();
    let model = ModelProto::decode(&bytes[..]).unwrap();
    // Written by hand in part, so the canonical encoding must be as long.
    assert_eq!(model.encoded_len(), bytes.len());
    assert_eq!(bytes.capacity(), bytes.len());
    model
}

fn count(graph: &GraphProto, operator: &str) -> usize {
    let nodes = graph.node.iter();
    nodes.filter(|node| node.op_type == operator).count()
}

#[test]
fn every_value_is_made_before_it_is_used() {
    for name in [
        "small-cnn",
        "mnist-cnn",
        "resnet-8",
        "resnet-20",
        "wrn-10-1",
        "wrn-16-4",
        "wrn-8-1",
        "wrn-14-2",
    ] {
        let model = exported(name);
        assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
        assert_eq!(model.producer_name, "squeeze");
        assert_eq!(model.metadata_props[0].value, name);
        let graph = model.graph.unwrap();
        let mut made: BTreeSet<String> = [INPUT.to_owned()].into();
        for tensor in &graph.initializer {
            assert!(made.insert(tensor.name.clone()), "{} twice", tensor.name);
        }
        let mut used = BTreeSet::new();
        for node in &graph.node {
            for input in &node.input {
                assert!(made.contains(input), "{name}: {} needs {input}", node.name);
                used.insert(input.clone());
            }
            assert!(made.insert(node.output[0].clone()));
        }
        let unused: Vec<_> = made.difference(&used).collect();
        assert_eq!(unused, [OUTPUT], "{name}");
        assert_eq!(graph.output[0], batch_of("logits", &[10]));
        assert_eq!(graph.input[0], batch_of("images", &CIFAR));
    }
}

#[test]
fn weights_are_the_bytes_of_their_tensors() {
    let graph = exported("resnet-8").graph.unwrap();
    let find = |name: &str| graph.initializer.iter().find(|t| t.name == name).unwrap();
    let weight = find("layer2.0.conv1.weight");
    assert_eq!(weight.dims, [32, 16, 3, 3]);
    assert_eq!(weight.raw_data.len(), 4 * 32 * 16 * 9);
    assert_eq!(weight.raw_data[4 * 1000..][..4], 1000.0_f32.to_le_bytes());
    assert_eq!(find("fc.weight").dims, [10, 64]);
    assert_eq!(find("layer3.0.bn2.running_var").dims, [64]);
}

#[test]
fn networks_have_their_operations() {
    let operators = |name, expected: &[(&str, usize)]| {
        let graph = exported(name).graph.unwrap();
        for &(operator, expected) in expected {
            assert_eq!(count(&graph, operator), expected, "{name}: {operator}");
        }
    };
    operators(
        "small-cnn",
        &[("Conv", 2), ("MaxPool", 2), ("Gemm", 2), ("ReduceMean", 0)],
    );
    operators(
        "resnet-20",
        &[
            ("Conv", 19),
            ("Slice", 2),
            ("Pad", 2),
            ("Add", 9),
            ("ReduceMean", 2),
        ],
    );
    operators(
        "wrn-16-4",
        &[
            ("Conv", 16),
            ("Relu", 13),
            ("LeakyRelu", 0),
            ("Pad", 0),
            ("AveragePool", 0),
        ],
    );
    operators(
        "wrn-14-2",
        &[
            ("Conv", 13),
            ("Relu", 0),
            ("LeakyRelu", 13),
            ("Pad", 3),
            ("AveragePool", 2),
        ],
    );
}

/// Trainable numbers, known from the literature.
#[test]
fn networks_have_their_sizes() {
    let size = |name, image_shape| -> usize {
        let tensors = tensors(kind(name), image_shape, 10).unwrap();
        let trained = tensors
            .iter()
            .filter(|(name, _)| !name.contains(".running_"));
        trained
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    };
    assert_eq!(size("small-cnn", [1, 28, 28]), 206_922);
    assert_eq!(size("mnist-cnn", [1, 28, 28]), 3_274_634);
    assert_eq!(size("resnet-20", CIFAR), 269_722);
    assert_eq!(size("wrn-16-4", CIFAR), 2_748_890);
    assert_eq!(size("wrn-28-10", CIFAR), 36_479_194);
    assert_eq!(size("wrn-32-10", CIFAR), 45_901_914);
}

#[test]
fn parameters_that_do_not_fit_are_refused() {
    let resnet = kind("resnet-8");
    let good = filled(resnet, CIFAR);
    let error = |parameters: &[Parameter]| {
        let error = export(resnet, CIFAR, 10, parameters).unwrap_err();
        (error.to_string(), error)
    };
    let mut missing = good.clone();
    let gone = missing.remove(3).name;
    let (text, error_) = error(&missing);
    assert!(matches!(error_, OnnxError::Missing { name, .. } if name == gone));
    assert!(text.contains("resnet-8"), "{text}");
    let mut unknown = good.clone();
    unknown[0].name = "conv0.weight".to_owned();
    unknown.push(good[0].clone());
    let (text, error_) = error(&unknown);
    assert!(matches!(error_, OnnxError::Unknown { name, .. } if name == "conv0.weight"));
    assert!(text.contains("resnet-8"), "{text}");
    let mut reshaped = good.clone();
    reshaped[0].shape.reverse();
    let (text, error_) = error(&reshaped);
    assert!(matches!(error_, OnnxError::Shape { .. }));
    assert!(text.contains("[3, 3, 3, 16]"), "{text}");
    assert!(text.contains("[16, 3, 3, 3]"), "{text}");
    let mut short = good;
    short[0].values.pop();
    let (text, _) = error(&short);
    assert!(text.contains("431 values"), "{text}");
}

#[test]
fn image_sizes_that_do_not_fit_are_refused() {
    let needs = |name, height, width| tensors(kind(name), [1, height, width], 10).err();
    assert_eq!(needs("wrn-8-2", 28, 32), None);
    assert_eq!(needs("wrn-10-2", 30, 31), None);
    assert_eq!(needs("resnet-8", 5, 7), None);
    let text = needs("wrn-8-2", 30, 32).unwrap().to_string();
    assert!(
        text.contains("30 x 32") && text.contains("multiples of 4"),
        "{text}"
    );
    let text = needs("small-cnn", 3, 28).unwrap().to_string();
    assert!(text.contains("at least 4 x 4"), "{text}");
}
