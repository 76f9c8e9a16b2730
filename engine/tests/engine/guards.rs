//! Guards: what is done to images before the network sees them.

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::config::{Guard, GuardConfig};
use squeeze_engine::guard::guard;
use squeeze_engine::random::{Purpose, Stream};

use crate::devices::{assert_close, numbers, on_every_device};

on_every_device!(
    rounding_leaves_levels_and_no_gradient,
    resizing_shrinks_and_places
);

const SHAPE: [usize; 4] = [3, 2, 8, 6];

fn images(device: &Device) -> Tensor<4> {
    let values = numbers(3, SHAPE.iter().product(), 0.5);
    let values: Vec<f32> = values.iter().map(|x| x + 0.5).collect();
    Tensor::from_data(TensorData::new(values, SHAPE), device)
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn guarded(kind: Guard, levels: usize, least_size: f64, images: Tensor<4>) -> Tensor<4> {
    let config = GuardConfig {
        kind,
        levels,
        least_size,
    };
    guard(&config, images, &mut Stream::new(1, Purpose::Guard, 0))
}

fn rounding_leaves_levels_and_no_gradient(device: &Device) {
    let x = images(device).autodiff().require_grad();
    let rounded = guarded(Guard::Quantize, 5, 1.0, x.clone());
    for (after, before) in values(rounded.clone().inner())
        .iter()
        .zip(values(images(device)))
    {
        let level = after * 4.0;
        assert!((level - level.round()).abs() < 1e-6, "{after}");
        assert!((after - before).abs() <= 0.125 + 1e-6);
    }
    let gradient = x.grad(&rounded.sum().backward());
    let is_flat = gradient.is_none_or(|gradient| values(gradient).iter().all(|g| *g == 0.0));
    assert!(is_flat);
}

fn resizing_shrinks_and_places(device: &Device) {
    // Full size leaves nothing but the rounding.
    let whole = values(guarded(Guard::Resize, 256, 1.0, images(device)));
    assert_close(&whole, &values(images(device)), 0.0, 0.5 / 255.0 + 1e-6);
    // A white image becomes a white rectangle on black, of a size between the least and the whole.
    let white = Tensor::ones(SHAPE, device);
    let small = values(guarded(Guard::Resize, 256, 0.5, white));
    let mut areas = Vec::new();
    for image in small.chunks_exact(2 * 48) {
        let (first, second) = image.split_at(48);
        assert_eq!(first, second, "channels move together");
        assert!(first.iter().all(|x| *x == 0.0 || *x == 1.0), "{first:?}");
        let rows: Vec<usize> = first
            .chunks_exact(6)
            .map(|row| row.iter().filter(|x| **x == 1.0).count())
            .filter(|count| *count > 0)
            .collect();
        assert!(rows.iter().all(|width| *width == rows[0]), "{rows:?}");
        assert!(
            (4..=8).contains(&rows.len()) && (3..=6).contains(&rows[0]),
            "{rows:?}"
        );
        areas.push(rows.len() * rows[0]);
    }
    assert!(areas.iter().any(|area| *area < 48), "{areas:?}");
}
