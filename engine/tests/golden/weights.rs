//! The weights and images of the golden tests: the rule of `README.md` beside this file, which
//! `philox.py` states in Python.

use squeeze_engine::parameter::Parameter;
use squeeze_engine::random::{Purpose, Stream};

/// Seed of all streams.
pub const SEED: u64 = 2018;
/// Standard deviation of a weight times sqrt(fan-in).
const GAIN: f64 = 1.0;

/// Values for tensors of the given names and shapes, in the order of their names.
pub fn golden_parameters(mut names_and_shapes: Vec<(String, Vec<usize>)>) -> Vec<Parameter> {
    names_and_shapes.sort();
    names_and_shapes
        .into_iter()
        .enumerate()
        .map(|(index, (name, shape))| {
            let values = values(index, &name, &shape);
            Parameter {
                name,
                shape,
                values,
            }
        })
        .collect()
}

/// Images in (0, 1), row-major `[batch, channels, height, width]`.
pub fn golden_images(batch: usize, image_shape: [usize; 3]) -> Vec<f32> {
    let mut stream = Stream::new(SEED, Purpose::Noise, 0);
    let count = batch * image_shape.iter().product::<usize>();
    (0..count).map(|_| stream.uniform()).collect()
}

/// One image so faint that standardisation divides by its lower bound.
pub fn golden_faint_image(image_shape: [usize; 3]) -> Vec<f32> {
    let faint = |u: f32| (0.5 + 0.01 * (f64::from(u) - 0.5)) as f32;
    golden_images(1, image_shape)
        .into_iter()
        .map(faint)
        .collect()
}

fn values(index: usize, name: &str, shape: &[usize]) -> Vec<f32> {
    // Each value is scale * (2u - 1) + centre, in float64.
    let (scale, centre) = if shape.len() > 1 {
        let fan_in: usize = shape[1..].iter().product();
        (GAIN * (3.0 / fan_in as f64).sqrt(), 0.0)
    } else if name.ends_with("running_var") {
        (0.5, 1.0)
    } else if name.ends_with("running_mean") {
        (0.2, 0.0)
    } else if name.ends_with("weight") {
        (0.2, 1.0)
    } else {
        (0.1, 0.0)
    };
    let mut stream = Stream::new(SEED, Purpose::Weights, index);
    (0..shape.iter().product())
        .map(|_| (scale * (2.0 * f64::from(stream.uniform()) - 1.0) + centre) as f32)
        .collect()
}
