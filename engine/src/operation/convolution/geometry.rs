//! Where a convolution's kernel goes.

use burn::tensor::ops::ConvOptions;

/// Stride and zero padding, vertical first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Pixels between neighbouring outputs, at least 1.
    pub stride: [usize; 2],
    /// Zeros on each of both sides.
    pub padding: [usize; 2],
}

impl Geometry {
    /// `None` if it takes more to describe it: a dilation, groups, another padding on each side.
    pub fn of(options: &ConvOptions<2>) -> Option<Self> {
        let is_plain = options.dilation == [1, 1] && options.groups == 1;
        (is_plain && !options.is_asymmetric()).then(|| Self {
            stride: options.stride,
            padding: options.padding_begin(),
        })
    }

    /// Height and width of the output for an image and a kernel.
    ///
    /// # Panics
    /// If the kernel is larger than the padded image.
    pub fn output(&self, image: [usize; 2], kernel: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| {
            let padded = image[axis] + 2 * self.padding[axis];
            assert!(
                kernel[axis] <= padded,
                "the kernel is larger than the image"
            );
            (padded - kernel[axis]) / self.stride[axis] + 1
        })
    }
}
