//! What a device can take, checked before work is sent there: a launch that goes beyond it fails late, and in
//! words that name no setting.

#[cfg(feature = "gpu")]
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::Device;
#[cfg(feature = "gpu")]
use burn::tensor::wgpu::wgpu;

use crate::config::ConfigError;

/// Whether a GPU of this process had no memory left for an array. What is on it means nothing from then on.
static IS_MEMORY_FULL: AtomicBool = AtomicBool::new(false);

/// Whether a GPU of this process has run out of memory: it has to be opened again.
pub fn is_memory_full() -> bool {
    IS_MEMORY_FULL.load(Ordering::Relaxed)
}

/// Takes note when a GPU runs out of memory. Burn's runtime would panic then.
#[cfg(feature = "gpu")]
pub fn watch_memory(device: &wgpu::Device) {
    device.on_uncaptured_error(Arc::new(|error| match error {
        wgpu::Error::OutOfMemory { .. } => IS_MEMORY_FULL.store(true, Ordering::Relaxed),
        // What comes of the missing array, or of a device that is gone: whoever reads from it is told.
        error if is_memory_full() || error.to_string().contains("lost") => {}
        // A mistake of ours.
        error => panic!("{error}"),
    }));
}

/// What to try where the memory does not hold so many images at once, whose number `field` sets.
pub(crate) fn room(images: usize, field: &str) -> String {
    if images > 1 {
        format!(
            "try {} (`{field}`), which need about half of it",
            images / 2
        )
    } else {
        "take a smaller network, or the device `cpu`".to_owned()
    }
}

/// Most bytes of one array on a device (WebGPU's `maxStorageBufferBindingSize` and `maxBufferSize`); `None`
/// where memory alone is the limit.
pub fn largest_array(device: &Device) -> Option<u64> {
    #[cfg(feature = "gpu")]
    if let DispatchDevice::Cube(device) = device.as_dispatch() {
        return Some(device.client().properties().memory.max_page_size);
    }
    let _ = device;
    None
}

/// Most images that can go through a network at once whose widest layer makes so many numbers of one; `None`
/// where memory alone is the limit.
pub fn most_images(widest: usize, device: &Device) -> Option<usize> {
    let most = largest_array(device)? / (4 * widest.max(1) as u64);
    Some(usize::try_from(most).unwrap_or(usize::MAX))
}

/// Whether so many images, which `field` sets, can go through a network at once, whose widest layer makes so
/// many numbers of one ([`crate::network::Network::widest`]).
///
/// # Errors
/// [`ConfigError::OutOfRange`] names the field and the most that can.
pub fn fits(
    field: &'static str,
    images: usize,
    widest: usize,
    device: &Device,
) -> Result<(), ConfigError> {
    let limit = most_images(widest, device).zip(largest_array(device));
    let Some((most, bytes)) = limit.filter(|(most, _)| images > *most) else {
        return Ok(());
    };
    let parts = match field {
        "training.batch_size" => "; larger batches go in parts, with `training.micro_batch`",
        _ => "",
    };
    Err(ConfigError::OutOfRange {
        field,
        value: images.to_string(),
        must_be: format!(
            "at most {most} for this network on this device, an array of which holds {} MiB{parts}",
            bytes >> 20,
        ),
    })
}
