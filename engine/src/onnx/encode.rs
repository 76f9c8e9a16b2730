//! The bytes of a model, with the weights copied once.
//!
//! A message that held the weights would copy them, and encoding it would copy them again: 184 MB
//! each time for `wrn-32-10`. So the weights are written between encoded parts instead, as the
//! protocol allows: a message is its fields one after the other.

use prost::{Message, encode_length_delimiter, length_delimiter_len};

use super::OnnxError;
use super::proto::{DATA_FLOAT, GraphProto, ModelProto, TensorProto};
use crate::parameter::Parameter;

/// Keys of the fields written by hand: tag and wire type 2 (bytes with their length before them).
const MODEL_GRAPH: u8 = (7 << 3) | 2;
const GRAPH_INITIALIZER: u8 = (5 << 3) | 2;
const TENSOR_RAW_DATA: u8 = (9 << 3) | 2;

/// No protocol buffer may be longer.
const MAX_BYTES: u64 = i32::MAX as u64;

/// `model`, which has no graph yet, with `graph` as its graph and `weights` added to the graph's
/// initialisers.
///
/// # Errors
/// [`OnnxError::TooLarge`] beyond 2 GiB.
pub fn model(
    model: &ModelProto,
    graph: &GraphProto,
    weights: &[&Parameter],
) -> Result<Vec<u8>, OnnxError> {
    let values: u64 = weights.iter().map(|w| w.values.len() as u64).sum();
    if values.saturating_mul(4) >= MAX_BYTES {
        return Err(OnnxError::TooLarge { values });
    }
    let headers: Vec<Vec<u8>> = weights.iter().map(|weight| header(weight)).collect();
    let tensors = headers.iter().zip(weights);
    let length = graph.encoded_len()
        + tensors
            .clone()
            .map(|(header, weight)| field_len(tensor_len(header, weight)))
            .sum::<usize>();
    let mut out = Vec::with_capacity(model.encoded_len() + field_len(length));
    out.extend(model.encode_to_vec());
    start_field(&mut out, MODEL_GRAPH, length)?;
    out.extend(graph.encode_to_vec());
    for (header, weight) in tensors {
        start_field(&mut out, GRAPH_INITIALIZER, tensor_len(header, weight))?;
        out.extend(header);
        start_field(&mut out, TENSOR_RAW_DATA, 4 * weight.values.len())?;
        out.extend(weight.values.iter().flat_map(|value| value.to_le_bytes()));
    }
    Ok(out)
}

/// A tensor without its values.
fn header(weight: &Parameter) -> Vec<u8> {
    TensorProto {
        dims: weight.shape.iter().map(|&axis| axis as i64).collect(),
        data_type: DATA_FLOAT,
        name: weight.name.clone(),
        ..TensorProto::default()
    }
    .encode_to_vec()
}

fn tensor_len(header: &[u8], weight: &Parameter) -> usize {
    header.len() + field_len(4 * weight.values.len())
}

/// Bytes of a field with a key of one byte and `length` bytes in it.
fn field_len(length: usize) -> usize {
    1 + length_delimiter_len(length) + length
}

fn start_field(out: &mut Vec<u8>, key: u8, length: usize) -> Result<(), OnnxError> {
    out.push(key);
    encode_length_delimiter(length, out).map_err(|error| OnnxError::Encode(error.to_string()))
}
