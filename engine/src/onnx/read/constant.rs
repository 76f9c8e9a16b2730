//! The numbers of a `TensorProto`.

use burn::tensor::{bf16, f16};

use super::array::{Array, Data, count};
use super::error::{Problem, fail};
use crate::onnx::proto::TensorProto;

/// `TensorProto.DataLocation` of values in another file.
const EXTERNAL: i32 = 1;

/// `TensorProto.DataType`
pub mod types {
    pub const FLOAT: i32 = 1;
    pub const UINT8: i32 = 2;
    pub const INT8: i32 = 3;
    pub const INT16: i32 = 5;
    pub const INT32: i32 = 6;
    pub const INT64: i32 = 7;
    pub const BOOL: i32 = 9;
    pub const FLOAT16: i32 = 10;
    pub const DOUBLE: i32 = 11;
    pub const BFLOAT16: i32 = 16;

    /// Floats, all of which are computed with as 32-bit floats.
    pub fn is_float(data_type: i32) -> bool {
        matches!(data_type, FLOAT | FLOAT16 | DOUBLE | BFLOAT16)
    }

    pub fn is_integer(data_type: i32) -> bool {
        matches!(data_type, UINT8 | INT8 | INT16 | INT32 | INT64 | BOOL)
    }
}

/// Floats of any width as 32-bit floats, integers of any width as 64-bit ones.
///
/// # Errors
/// [`Problem`] if the values lie in another file, are of another type, NaN, or not as many as the
/// shape says.
pub fn array(tensor: &TensorProto) -> Result<Array, Problem> {
    if tensor.data_location == EXTERNAL || !tensor.external_data.is_empty() {
        let mut entries = tensor.external_data.iter();
        let file = entries
            .find(|entry| entry.key == "location")
            .map_or("?", |entry| entry.value.as_str());
        fail!(
            "has its values in another file (`{file}`); save the model as one file, with `external_data=False` or `onnx.save(onnx.load(path), path, save_as_external_data=False)`"
        );
    }
    let axes: Option<Vec<usize>> = tensor
        .dims
        .iter()
        .map(|&axis| usize::try_from(axis).ok())
        .collect();
    let expected = axes.as_deref().and_then(count);
    let (Some(shape), Some(expected)) = (axes, expected) else {
        fail!("has the impossible shape {:?}", tensor.dims);
    };
    let data = data(tensor)?;
    if let Data::Floats(values) = &data
        && values.iter().any(|value| value.is_nan())
    {
        fail!("holds NaN");
    }
    let array = Array { shape, data };
    if array.len() != expected {
        fail!(
            "has {} values, not the {expected} of its shape {:?}; the file may be damaged",
            array.len(),
            array.shape
        );
    }
    Ok(array)
}

fn data(tensor: &TensorProto) -> Result<Data, Problem> {
    let raw = &tensor.raw_data;
    // The bits of 16-bit floats; more than that is no float's.
    let bits = |&bits: &i32| bits as u16;
    Ok(match tensor.data_type {
        types::FLOAT if raw.is_empty() => Data::Floats(tensor.float_data.clone()),
        types::FLOAT => Data::Floats(numbers(raw, f32::from_le_bytes)?),
        types::DOUBLE if raw.is_empty() => Data::Floats(
            tensor
                .double_data
                .iter()
                .map(|&value| value as f32)
                .collect(),
        ),
        types::DOUBLE => Data::Floats(numbers(raw, |bytes| f64::from_le_bytes(bytes) as f32)?),
        types::FLOAT16 if raw.is_empty() => {
            let values = tensor.int32_data.iter().map(bits);
            Data::Floats(values.map(|bits| f16::from_bits(bits).to_f32()).collect())
        }
        types::FLOAT16 => Data::Floats(numbers(raw, |bytes| f16::from_le_bytes(bytes).to_f32())?),
        types::BFLOAT16 if raw.is_empty() => {
            let values = tensor.int32_data.iter().map(bits);
            Data::Floats(values.map(|bits| bf16::from_bits(bits).to_f32()).collect())
        }
        types::BFLOAT16 => Data::Floats(numbers(raw, |bytes| bf16::from_le_bytes(bytes).to_f32())?),
        types::INT64 if raw.is_empty() => Data::Ints(tensor.int64_data.clone()),
        types::INT64 => Data::Ints(numbers(raw, i64::from_le_bytes)?),
        data_type if types::is_integer(data_type) && raw.is_empty() => {
            let values = tensor.int32_data.iter();
            Data::Ints(values.map(|&value| i64::from(value)).collect())
        }
        types::INT32 => Data::Ints(numbers(raw, |bytes| i32::from_le_bytes(bytes).into())?),
        types::INT16 => Data::Ints(numbers(raw, |bytes| i16::from_le_bytes(bytes).into())?),
        types::INT8 => Data::Ints(numbers(raw, |bytes| i8::from_le_bytes(bytes).into())?),
        types::UINT8 => Data::Ints(numbers(raw, |[byte]: [u8; 1]| byte.into())?),
        types::BOOL => Data::Ints(numbers(raw, |[byte]: [u8; 1]| (byte != 0).into())?),
        other => fail!(
            "holds values of ONNX's type {other}; floats of 16, 32 and 64 bits and integers can be read, so convert the model with `.float()` before exporting it"
        ),
    })
}

/// Numbers of `N` bytes each.
fn numbers<const N: usize, T>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Problem> {
    let (chunks, rest) = raw.as_chunks::<N>();
    if !rest.is_empty() {
        fail!(
            "has {} bytes, which are no whole number of values; the file may be damaged",
            raw.len()
        );
    }
    Ok(chunks.iter().map(|&chunk| read(chunk)).collect())
}
