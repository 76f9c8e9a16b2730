//! WGSL kernels on a GPU interface against their references, and the plain tensor path on the CPU.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::{Budget, linf_step};
use squeeze_engine::config::{DataKind, ObjectiveConfig, Squeeze};
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::random::{Purpose, Stream, key};
use squeeze_engine::resident::{Noise, Resident, Source};
use squeeze_engine::{kernel, noise, objective};
use squeeze_shaders::batch_gather::{Pick, Plan, batch_gather};
use squeeze_shaders::linf_step::linf_step as reference;
use squeeze_shaders::random_fill::{Distribution, Fill, random_fill};

use crate::devices::{assert_close, gpu, numbers, on_every_device};

on_every_device!(
    linf_step_is_its_reference,
    linf_step_takes_one_tensor_twice,
    batch_gather_is_its_reference,
    random_numbers_are_their_reference,
);

fn tensor(values: &[f32], shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn case(shape: [usize; 4], device: &Device) {
    let count = shape.iter().product();
    let clean: Vec<f32> = numbers(1, count, 0.6)
        .iter()
        .map(|x| (x + 0.5).clamp(0.0, 1.0))
        .collect();
    // Also from outside of the ball and of the image.
    let x: Vec<f32> = numbers(2, count, 0.9).iter().map(|x| x + 0.5).collect();
    let gradient: Vec<f32> = numbers(3, count, 1e-20)
        .iter()
        .enumerate()
        .map(|(place, g)| if place % 7 == 0 { 0.0 } else { *g })
        .collect();
    for (step_size, epsilon) in [(0.01, 0.3), (2.0 / 255.0, 8.0 / 255.0), (0.5, 0.0)] {
        let budget = Budget::new(step_size, epsilon, device);
        let next = linf_step(
            tensor(&x, shape, device),
            tensor(&gradient, shape, device),
            tensor(&clean, shape, device),
            &budget,
        );
        assert_eq!(next.dims(), shape);
        let next: Vec<f32> = next.into_data().try_into_vec().unwrap();
        assert_eq!(next, reference(&x, &gradient, &clean, step_size, epsilon));
    }
}

fn linf_step_is_its_reference(device: &Device) {
    // Less than a workgroup, exactly one, and a ragged last one.
    for shape in [[1, 1, 3, 5], [1, 1, 16, 16], [5, 3, 13, 11]] {
        case(shape, device);
    }
}

fn linf_step_takes_one_tensor_twice(device: &Device) {
    let values = [0.2, 0.4, 0.6, 0.8];
    let x = tensor(&values, [1, 1, 2, 2], device);
    let gradient = tensor(&[1.0, -1.0, 0.0, 2.0], [1, 1, 2, 2], device);
    let budget = Budget::new(0.1, 0.3, device);
    let next = linf_step(x.clone(), gradient, x.clone(), &budget);
    let next: Vec<f32> = next.into_data().try_into_vec().unwrap();
    assert_eq!(
        next,
        reference(&values, &[1.0, -1.0, 0.0, 2.0], &values, 0.1, 0.3)
    );
    let unchanged: Vec<f32> = x.into_data().try_into_vec().unwrap();
    assert_eq!(unchanged, values);
}

/// A data set of random images.
fn photographs(count: usize, image_shape: [usize; 3]) -> Dataset {
    let split = |count: usize, seed| {
        let mut stream = Stream::new(seed, Purpose::Noise, 0);
        let length: usize = image_shape.iter().product();
        Split {
            pixels: (0..count * length)
                .map(|_| stream.next_u32() as u8)
                .collect(),
            labels: vec![0; count],
        }
    };
    Dataset {
        split_seed: None,
        kind: DataKind::Folder,
        name: "random".to_owned(),
        image_shape,
        classes: vec!["one".to_owned()],
        train: split(count, 1),
        test: split(7, 2),
    }
}

fn gathers(data: &Arc<Dataset>, picks: Vec<Pick>, sigma: f64, device: &Device) {
    let resident = Resident::new(data.clone(), device);
    let stream = key(3, Purpose::Noise, 11);
    for (source, split) in [(Source::Train, &data.train), (Source::Test, &data.test)] {
        let mut picks = picks.clone();
        for pick in &mut picks {
            pick.place %= split.len() as u32;
        }
        let plan = Plan {
            image_shape: data.image_shape,
            picks: picks.clone(),
            sigma: sigma as f32,
            noise: stream,
        };
        let expected = batch_gather(&split.pixels, &plan);
        let found = resident.gather(source, picks, Noise { sigma, stream });
        let [channels, height, width] = data.image_shape;
        assert_eq!(found.dims(), [plan.picks.len(), channels, height, width]);
        let found: Vec<f32> = found.into_data().try_into_vec().unwrap();
        // Division, logarithm and sine may differ in the last digits; WGSL promises the sine to 2^-11.
        assert_close(&found, &expected, 1e-6, 1e-7 + 3e-3 * sigma as f32);
    }
}

fn batch_gather_is_its_reference(device: &Device) {
    // A length that is no multiple of four puts images across the kernel's words.
    for shape in [[1, 5, 7], [3, 8, 8]] {
        let data = Arc::new(photographs(20, shape));
        let mut stream = Stream::new(9, Purpose::Augment, 0);
        let picks: Vec<Pick> = (0..33)
            .map(|_| Pick {
                place: stream.below(20),
                dy: stream.below(9) as i32 - 4,
                dx: stream.below(9) as i32 - 4,
                flip: stream.below(2) == 1,
            })
            .collect();
        gathers(&data, picks.clone(), 0.0, device);
        gathers(&data, picks, 0.25, device);
    }
}

/// More images than one array of the GPU takes.
#[test]
fn batch_gather_reaches_every_array() {
    let data = Arc::new(photographs(45_000, [3, 32, 32]));
    let places = [0, 21_844, 21_845, 21_846, 43_689, 43_690, 44_999];
    let picks = places.map(|place| Pick {
        place,
        ..Pick::default()
    });
    gathers(&data, picks.to_vec(), 0.0, &gpu());
}

fn random_numbers_are_their_reference(device: &Device) {
    let stream = key(5, Purpose::Adversary, 2);
    let shape = [1, 3, 5, 67];
    let uniform: Vec<f32> = noise::uniform(shape, -2.0, 3.0, stream, device)
        .into_data()
        .try_into_vec()
        .unwrap();
    let normal: Vec<f32> = noise::normal(shape, 2.0, stream, device)
        .into_data()
        .try_into_vec()
        .unwrap();
    let fill = |distribution, scale, offset| {
        let mut numbers = vec![0.0; 1005];
        let fill = Fill {
            distribution,
            scale,
            offset,
            stream,
        };
        random_fill(&fill, &mut numbers);
        numbers
    };
    assert_close(
        &uniform,
        &fill(Distribution::Uniform, 5.0, -2.0),
        1e-6,
        1e-6,
    );
    assert_close(&normal, &fill(Distribution::Normal, 2.0, 0.0), 1e-5, 5e-3);
    // The same numbers as the stream that the host draws.
    let mut host = Stream::new(5, Purpose::Adversary, 2);
    let drawn: Vec<f32> = (0..1005).map(|_| 5.0 * host.uniform() - 2.0).collect();
    assert_close(&uniform, &drawn, 1e-6, 1e-6);
}

/// The sums that the forward kernel leaves, against float64; the gradient is tested with the objective.
#[test]
fn objective_forward_is_its_reference() {
    // More rows than invocations of its one workgroup, and more classes than ten.
    for (batch, classes) in [(3, 2), (128, 10), (300, 100)] {
        let logits = numbers(4, batch * classes, 5.0);
        let labels: Vec<u8> = (0..batch).map(|row| (row * 7 % classes) as u8).collect();
        for squeeze in Squeeze::ALL {
            let config = ObjectiveConfig {
                label_smoothing: 0.3,
                squeeze,
                beta: 4.0,
                gamma: 0.5,
                ..ObjectiveConfig::natural()
            };
            let expected = objective::reference::objective(&logits, &labels, &config);
            let device = gpu();
            let tensor = TensorData::new(logits.clone(), [batch, classes]);
            let fused = kernel::objective::objective(
                Tensor::from_data(tensor, &device),
                &objective::kernel_labels(&labels, &device),
                &objective::params(batch, classes, &config),
            );
            let stats: Vec<f32> = fused.stats.into_data().try_into_vec().unwrap();
            let expected = [expected.cross_entropy as f32, expected.penalty as f32];
            assert_close(&stats[4 * batch..4 * batch + 2], &expected, 2e-6, 1e-6);
        }
    }
}

#[test]
fn linf_step_needs_more_workgroups_than_one_axis_takes() {
    case([65_536 + 3, 1, 16, 16], &gpu());
}
