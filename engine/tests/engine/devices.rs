//! The devices under test.

use std::sync::OnceLock;

use burn::tensor::Device;
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::device::{self, Graphics, OpenDevice};
use squeeze_engine::event::DeviceKind;

/// The CPU backend.
pub fn cpu() -> Device {
    Device::flex()
}

/// A GPU interface. Without one the tests fail: they are never skipped silently.
pub fn gpu() -> Device {
    opened().device
}

/// What lies beneath it.
pub fn graphics() -> Graphics {
    opened().graphics.expect("a GPU")
}

fn opened() -> OpenDevice {
    static GPU: OnceLock<OpenDevice> = OnceLock::new();
    GPU.get_or_init(|| {
        let opened = pollster::block_on(device::open(DeviceWish::Gpu)).expect(
            "these tests need a Vulkan, Metal or DX12 driver; `cargo xtask setup` brings Mesa's lavapipe",
        );
        assert_eq!(opened.report.kind, DeviceKind::Gpu);
        opened
    })
    .clone()
}

/// Makes a test of each body on each device.
macro_rules! on_every_device {
    ($($body:ident),+ $(,)?) => {
        mod cpu {
            $(#[test]
            fn $body() {
                super::$body(&crate::devices::cpu());
            })+
        }
        mod gpu {
            $(#[test]
            fn $body() {
                super::$body(&crate::devices::gpu());
            })+
        }
    };
}
pub(crate) use on_every_device;

/// Numbers in ±`scale`, the same on every machine.
pub fn numbers(seed: u64, count: usize, scale: f32) -> Vec<f32> {
    use squeeze_engine::random::{Purpose, Stream};
    let mut stream = Stream::new(seed, Purpose::Noise, 0);
    (0..count)
        .map(|_| scale * (2.0 * stream.uniform() - 1.0))
        .collect()
}

/// Asserts that two slices agree within `absolute + relative * |expected|`.
pub fn assert_close(actual: &[f32], expected: &[f32], relative: f32, absolute: f32) {
    assert_eq!(actual.len(), expected.len());
    for (place, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let allowed = absolute + relative * expected.abs();
        assert!(
            actual == expected || (allowed.is_finite() && (actual - expected).abs() <= allowed),
            "at {place}: {actual} instead of {expected} (allowed difference {allowed})"
        );
    }
}

/// The first device is what `devices` says it is.
#[test]
fn the_report_says_what_was_chosen() {
    let opened = pollster::block_on(device::open(DeviceWish::Cpu)).unwrap();
    assert_eq!(opened.report.kind, DeviceKind::Cpu);
    assert!(opened.report.reason.contains("asked for"));
    assert!(opened.report.name.contains("CPU"), "{}", opened.report.name);
    let all = pollster::block_on(device::adapters());
    let facts = all.first().expect("an adapter, as in gpu()");
    assert!(!facts.name.is_empty());
}
