//! A native program shows no pictures.

use crate::device::Graphics;
use crate::sheet::Picture;

/// There is nothing to open.
pub(crate) async fn open(_graphics: &Graphics) {}

/// Nothing is drawn.
pub(crate) fn draw(_picture: &Picture) -> Option<u32> {
    None
}
