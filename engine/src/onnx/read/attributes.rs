//! [`Attributes`]: the constants of a node that are no tensors.

use std::collections::BTreeMap;

use super::error::{Problem, fail};
use crate::onnx::proto::{AttributeProto, TensorProto};

/// By name. That an attribute is of the type asked for is left to ONNX's own checker: of another
/// type it reads as 0 or empty.
#[derive(Debug, Default)]
pub struct Attributes(BTreeMap<String, AttributeProto>);

impl Attributes {
    pub fn new(attributes: Vec<AttributeProto>) -> Self {
        let named = attributes.into_iter();
        Self(named.map(|one| (one.name.clone(), one)).collect())
    }

    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.0.get(name).map_or(default, |one| one.i)
    }

    /// True unless it is 0.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.int(name, default.into()) != 0
    }

    pub fn float(&self, name: &str, default: f32) -> f32 {
        self.0.get(name).map_or(default, |one| one.f)
    }

    pub fn floats(&self, name: &str) -> Option<&[f32]> {
        self.0.get(name).map(|one| one.floats.as_slice())
    }

    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.0.get(name).map(|one| one.ints.as_slice())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        let one = self.0.get(name)?;
        Some(String::from_utf8_lossy(&one.s).into_owned())
    }

    pub fn tensor(&self, name: &str) -> Option<&TensorProto> {
        self.0.get(name)?.t.as_ref()
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Two numbers of at least `least` for height and width.
    ///
    /// # Errors
    /// [`Problem`] if it has others.
    pub fn pair(&self, name: &str, least: usize, default: usize) -> Result<[usize; 2], Problem> {
        let Some(values) = self.ints(name) else {
            return Ok([default; 2]);
        };
        let read = |value: i64| {
            let value = usize::try_from(value).ok()?;
            (value >= least && value <= MOST).then_some(value)
        };
        if let &[height, width] = values
            && let (Some(height), Some(width)) = (read(height), read(width))
        {
            return Ok([height, width]);
        }
        fail!("`{name}` is {values:?}, not two numbers of at least {least} for height and width")
    }
}

/// Strides, kernels and the like beyond any image, which keeps sums of them far from overflow.
pub const MOST: usize = 1 << 12;
