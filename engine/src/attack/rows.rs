//! [`Rows`]: some images of a batch.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

/// Some of the images of a batch, in order.
pub struct Rows {
    places: Vec<usize>,
    on_device: Tensor<1, Int>,
}

impl Rows {
    /// The images at `places` of a batch that lies on `device`.
    pub fn new(places: Vec<usize>, device: &Device) -> Self {
        let words: Vec<i32> = places.iter().map(|&place| place as i32).collect();
        let data = TensorData::new(words, [places.len()]);
        Self {
            on_device: Tensor::from_data(data, device),
            places,
        }
    }

    /// Their places.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// Their rows of a tensor.
    ///
    /// # Shapes
    /// - `tensor`: `[batch, ...]`
    pub fn of<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        if self.places.len() == tensor.dims()[0] {
            return tensor;
        }
        tensor.select(0, self.on_device.clone())
    }

    /// Their entries of a list.
    pub fn pick<T: Copy>(&self, items: &[T]) -> Vec<T> {
        self.places.iter().map(|&place| items[place]).collect()
    }
}

/// Rows of `yes` where the mask holds, of `no` elsewhere.
///
/// # Shapes
/// - `mask`: `[batch, 1]`
/// - the others: `[batch, channels, height, width]`
pub fn choose(mask: &Tensor<2, Bool>, yes: Tensor<4>, no: Tensor<4>) -> Tensor<4> {
    let shape = yes.dims();
    let mask = mask.clone().reshape([shape[0], 1, 1, 1]).expand(shape);
    no.mask_where(mask, yes)
}
