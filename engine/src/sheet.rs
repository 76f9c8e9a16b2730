//! Sheets: the images of an attack on their way from a GPU's memory to a page's canvases, with no way through the
//! CPU's.

use burn::tensor::Tensor;

use crate::device::Graphics;
#[cfg(feature = "gpu")]
pub use crate::platform::easel;

/// What a sheet shows.
#[derive(Clone, Debug)]
pub struct Picture {
    /// `[images, channels, height, width]`, one or three channels, in [0, 1].
    pub attacked: Tensor<4>,
    /// The same without attack.
    pub clean: Tensor<4>,
    /// The change that is shown in full, one number.
    pub full: Tensor<1>,
}

impl Picture {
    /// Width and height of the sheet in pixels: the images side by side, and under each its perturbation.
    pub fn size(&self) -> [u32; 2] {
        let [images, _, height, width] = self.attacked.dims();
        [(images * width) as u32, 2 * height as u32]
    }
}

/// Makes ready to draw on a device, where it is a browser's and the browser can: a sheet is drawn and looked at
/// before any is shown.
pub async fn set_up(graphics: Option<&Graphics>) {
    #[cfg(feature = "gpu")]
    if let Some(graphics) = graphics {
        easel::open(graphics).await;
    }
    #[cfg(not(feature = "gpu"))]
    let _ = graphics;
}

/// Draws a sheet and gives back its number; none where sheets cannot be drawn, and images have to be read from the
/// device.
pub fn draw(picture: &Picture) -> Option<u32> {
    #[cfg(feature = "gpu")]
    return easel::draw(picture);
    #[cfg(not(feature = "gpu"))]
    {
        let _ = picture;
        None
    }
}
