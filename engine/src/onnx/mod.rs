//! Models as ONNX files, written and, with a backend, read.
//!
//! Written are opset 17, 32-bit floats, any batch size. The graph's input `images` is
//! `[N, channels, height, width]` with pixels in [0, 1], its output `logits` `[N, classes]`; the
//! standardisation of images that the residual networks need is part of it. Weights keep their
//! PyTorch names. Writing needs no device.

mod cnn;
mod encode;
mod graph;
mod proto;
#[cfg(feature = "backend")]
mod read;
mod resnet;
#[cfg(test)]
mod tests;
mod wrn;

use std::collections::BTreeMap;

use crate::config::NetworkKind;
use crate::parameter::Parameter;
use graph::{Graph, INPUT, OUTPUT};
use proto::{
    DATA_FLOAT, Dimension, DimensionProto, GraphProto, ModelProto, OperatorSetIdProto,
    StringStringEntryProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
#[cfg(feature = "backend")]
pub use read::{OnnxModel, OnnxReadError};

/// ONNX's version of its format, and of its operators.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;

/// A model that cannot be written as ONNX.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnnxError {
    /// The network cannot take the images.
    #[error("{network} cannot take images of {height} x {width} pixels: {needs}")]
    ImageSize {
        /// The network.
        network: String,
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// What it needs.
        needs: &'static str,
    },
    /// A parameter is missing.
    #[error("there is no tensor `{name}`, which {network} needs")]
    Missing {
        /// The network.
        network: String,
        /// The parameter.
        name: String,
    },
    /// There is a tensor that the network does not have.
    #[error("there is a tensor `{name}`, which {network} lacks")]
    Unknown {
        /// The network.
        network: String,
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape.
    #[error(
        "tensor `{name}` has shape {found:?} and {values} values, {network} needs {expected:?}"
    )]
    Shape {
        /// The network.
        network: String,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// How many values it has.
        values: usize,
        /// The shape needed.
        expected: Vec<usize>,
    },
    /// The file would be longer than ONNX files may be.
    #[error("{values} weights are more than the 2 GiB that an ONNX file may hold")]
    TooLarge {
        /// How many values the tensors have.
        values: u64,
    },
    /// The bytes could not be written.
    #[error("the model could not be written as ONNX ({0})")]
    Encode(String),
}

/// Names and shapes of the tensors that a network has, in PyTorch's layout: parameters and the
/// running statistics of its batch normalisations.
///
/// # Errors
/// [`OnnxError::ImageSize`] if the network cannot take such images.
pub fn tensors(
    kind: NetworkKind,
    image_shape: [usize; 3],
    classes: usize,
) -> Result<Vec<(String, Vec<usize>)>, OnnxError> {
    Ok(write(kind, image_shape, classes)?.weights)
}

/// The bytes of an ONNX file.
///
/// # Errors
/// [`OnnxError`] if the parameters are not exactly the network's, or it cannot take such images.
pub fn export(
    kind: NetworkKind,
    image_shape: [usize; 3],
    classes: usize,
    parameters: &[Parameter],
) -> Result<Vec<u8>, OnnxError> {
    let graph = write(kind, image_shape, classes)?;
    let weights = fit(kind, &graph.weights, parameters)?;
    let [channels, height, width] = image_shape;
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "squeeze".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: None,
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: OPSET,
        }],
        metadata_props: vec![StringStringEntryProto {
            key: "network".to_owned(),
            value: kind.name(),
        }],
    };
    let graph = GraphProto {
        node: graph.nodes,
        name: kind.name(),
        initializer: graph.constants,
        input: vec![batch_of(INPUT, &[channels, height, width])],
        output: vec![batch_of(OUTPUT, &[classes])],
    };
    encode::model(&model, &graph, &weights)
}

/// The network's nodes, and the weights it needs.
fn write(kind: NetworkKind, image_shape: [usize; 3], classes: usize) -> Result<Graph, OnnxError> {
    check_size(kind, image_shape)?;
    let mut graph = Graph::default();
    let units = kind.units().unwrap_or_default();
    match kind {
        NetworkKind::SmallCnn => cnn::write(&mut graph, image_shape, classes, 3, [16, 32], 128),
        NetworkKind::MnistCnn => cnn::write(&mut graph, image_shape, classes, 5, [32, 64], 1024),
        NetworkKind::ResNet { .. } => resnet::write(&mut graph, image_shape, classes, units),
        NetworkKind::Wrn { width, .. } => wrn::write(
            &mut graph,
            image_shape,
            classes,
            units,
            usize::from(width),
            kind.is_challenge_form(),
        ),
    }
    graph.finish();
    Ok(graph)
}

fn check_size(kind: NetworkKind, [_, height, width]: [usize; 3]) -> Result<(), OnnxError> {
    let needs = if height < 4 || width < 4 {
        "it halves them twice, so they must be at least 4 x 4"
    } else if kind.is_challenge_form() && (height % 4 != 0 || width % 4 != 0) {
        "its shortcuts halve them twice without a rest, so both must be multiples of 4"
    } else {
        return Ok(());
    };
    Err(OnnxError::ImageSize {
        network: kind.name(),
        height,
        width,
        needs,
    })
}

/// The parameters in the order of `expected`, if they are exactly those.
fn fit<'a>(
    kind: NetworkKind,
    expected: &[(String, Vec<usize>)],
    parameters: &'a [Parameter],
) -> Result<Vec<&'a Parameter>, OnnxError> {
    let network = || kind.name();
    let mut given: BTreeMap<&str, &Parameter> =
        parameters.iter().map(|p| (p.name.as_str(), p)).collect();
    let mut weights = Vec::with_capacity(expected.len());
    for (name, shape) in expected {
        let parameter = given
            .remove(name.as_str())
            .ok_or_else(|| OnnxError::Missing {
                network: network(),
                name: name.clone(),
            })?;
        let values = parameter.values.len();
        if parameter.shape != *shape || values != shape.iter().product::<usize>() {
            return Err(OnnxError::Shape {
                network: network(),
                name: name.clone(),
                found: parameter.shape.clone(),
                values,
                expected: shape.clone(),
            });
        }
        weights.push(parameter);
    }
    match given.into_keys().next() {
        Some(name) => Err(OnnxError::Unknown {
            network: network(),
            name: name.to_owned(),
        }),
        None => Ok(weights),
    }
}

/// A float tensor of any number `N` of items with the given axes.
fn batch_of(name: &str, axes: &[usize]) -> ValueInfoProto {
    let numbers = axes.iter().map(|&axis| Dimension::DimValue(axis as i64));
    let dim = std::iter::once(Dimension::DimParam("N".to_owned()))
        .chain(numbers)
        .map(|value| DimensionProto { value: Some(value) })
        .collect();
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: DATA_FLOAT,
                shape: Some(TensorShapeProto { dim }),
            }),
        }),
    }
}
