//! [`Array`]: a constant on the host.

use super::error::{Problem, fail};

/// Numbers, and axes, that an [`Array`] which operators compute on the host may have.
const MOST_COMPUTED: usize = 1 << 12;
const MOST_AXES: usize = 16;

/// Row-major numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Data,
}

/// The numbers; truth values are 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl Array {
    /// A vector of integers.
    pub fn ints(values: Vec<i64>) -> Self {
        Self {
            shape: vec![values.len()],
            data: Data::Ints(values),
        }
    }

    /// One float without axes.
    pub fn float(value: f32) -> Self {
        Self {
            shape: vec![],
            data: Data::Floats(vec![value]),
        }
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::Floats(values) => values.len(),
            Data::Ints(values) => values.len(),
        }
    }

    /// An array of another shape with, at each place, the number that `from` finds for it.
    ///
    /// # Errors
    /// [`Problem`] if it were large, or `from` leaves this array.
    pub fn pick(
        &self,
        shape: Vec<usize>,
        from: impl Fn(&[usize]) -> usize,
    ) -> Result<Self, Problem> {
        let places = places(&shape)?;
        let sources = places.iter().map(|place| from(place));
        let data = match &self.data {
            Data::Floats(values) => picked(values, sources).map(Data::Floats),
            Data::Ints(values) => picked(values, sources).map(Data::Ints),
        };
        match data {
            Some(data) => Ok(Self { shape, data }),
            None => fail!("it takes numbers beyond those of a constant"),
        }
    }

    /// The numbers in another shape of as many.
    ///
    /// # Errors
    /// [`Problem`] if it is large.
    pub fn reshaped(&self, shape: Vec<usize>) -> Result<Self, Problem> {
        check_computed(&shape)?;
        Ok(Self {
            shape,
            data: self.data.clone(),
        })
    }

    /// Where the number at `place` of an array that this one is broadcast to lies in this one.
    pub fn broadcast_from(&self, place: &[usize]) -> usize {
        let missing = place.len().saturating_sub(self.shape.len());
        let axes = self.shape.iter().zip(place.iter().skip(missing));
        axes.fold(0, |flat, (&axis, &at)| {
            flat * axis + if axis == 1 { 0 } else { at }
        })
    }
}

fn picked<T: Copy>(values: &[T], sources: impl Iterator<Item = usize>) -> Option<Vec<T>> {
    sources.map(|at| values.get(at).copied()).collect()
}

/// How many numbers an array of this shape has that operators compute on the host.
///
/// # Errors
/// [`Problem`] if it is large.
pub fn check_computed(shape: &[usize]) -> Result<usize, Problem> {
    match count(shape) {
        Some(count) if count <= MOST_COMPUTED && shape.len() <= MOST_AXES => Ok(count),
        _ => fail!("a constant of shape {shape:?} is computed, which is too large"),
    }
}

/// All places of an array, in its order.
///
/// # Errors
/// As [`check_computed`].
pub fn places(shape: &[usize]) -> Result<Vec<Vec<usize>>, Problem> {
    let count = check_computed(shape)?;
    Ok((0..count).map(|flat| place(flat, shape)).collect())
}

fn place(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut place: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&axis| {
            // An axis of length 0 has no places, so none is asked for.
            let at = flat % axis.max(1);
            flat /= axis.max(1);
            at
        })
        .collect();
    place.reverse();
    place
}

/// Numbers in an array of this shape, if they can be counted, and with them those along any of its
/// axes.
pub fn count(shape: &[usize]) -> Option<usize> {
    let mut axes = shape.iter().map(|&axis| axis.max(1));
    let count = axes.try_fold(1_usize, usize::checked_mul)?;
    Some(if shape.contains(&0) { 0 } else { count })
}

/// Where a number lies in an array.
pub fn flat(place: &[usize], shape: &[usize]) -> usize {
    let axes = shape.iter().zip(place);
    axes.fold(0, |flat, (&axis, &at)| flat * axis + at)
}

/// The shape that arrays are broadcast to, as numpy does, and for each of its places where their
/// numbers lie.
///
/// # Errors
/// [`Problem`] if they do not fit, or the shape is large.
pub fn aligned<const N: usize>(
    arrays: [&Array; N],
) -> Result<(Vec<usize>, Vec<[usize; N]>), Problem> {
    let mut shape = vec![];
    for array in arrays {
        shape = broadcast(&shape, &array.shape)?;
    }
    let places = places(&shape)?.into_iter();
    let sources = places.map(|place| arrays.map(|array| array.broadcast_from(&place)));
    Ok((shape, sources.collect()))
}

/// The shape that both shapes are broadcast to, as numpy does.
///
/// # Errors
/// [`Problem`] if they do not fit.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Problem> {
    let rank = a.len().max(b.len());
    let axis = |shape: &[usize], at: usize| {
        let missing = rank - shape.len();
        at.checked_sub(missing)
            .and_then(|at| shape.get(at).copied())
            .unwrap_or(1)
    };
    let mut shape = Vec::with_capacity(rank);
    for at in 0..rank {
        shape.push(match (axis(a, at), axis(b, at)) {
            (a, b) if a == b => a,
            (1, b) => b,
            (a, 1) => a,
            _ => fail!("shapes {a:?} and {b:?} do not fit each other"),
        });
    }
    Ok(shape)
}
