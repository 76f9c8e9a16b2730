//! WGSL kernels on a GPU interface against their references, and the plain tensor path on the CPU.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::climb::{Aims, Loss};
use squeeze_engine::config::{DataKind, ObjectiveConfig, Squeeze};
use squeeze_engine::data::{Dataset, Split};
use squeeze_engine::random::{Purpose, Stream, key};
use squeeze_engine::resident::{Noise, Resident, Source};
use squeeze_engine::{kernel, noise, objective};
use squeeze_shaders::attack_loss::{NO_TARGET, ONLY, SCORES, attack_loss};
use squeeze_shaders::attack_step::{Keep, Norm, Params, Points, STATE, attack_step};
use squeeze_shaders::batch_gather::{Pick, Plan, batch_gather};
use squeeze_shaders::fab_step;
use squeeze_shaders::random_fill::{Distribution, Fill, random_fill};

use crate::devices::{assert_close, gpu, numbers, on_every_device};

on_every_device!(
    attack_loss_is_its_reference,
    batch_gather_is_its_reference,
    random_numbers_are_their_reference,
);

fn tensor(values: &[f32], shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// Logits of all sizes: plain ones, tiny ones, huge ones, and equal ones.
fn attack_loss_is_its_reference(device: &Device) {
    for classes in [2, 3, 4, 10] {
        let batch = 70;
        let logits: Vec<f32> = numbers(4, batch * classes, 3.0)
            .chunks_exact(classes)
            .zip([1.0, 1e-9, 1e4, 0.0].into_iter().cycle())
            .flat_map(|(row, size)| row.iter().map(move |z| z * size).collect::<Vec<f32>>())
            .collect();
        let labels: Vec<u8> = (0..batch).map(|row| (row * 7 % classes) as u8).collect();
        let targets: Vec<u8> = labels
            .iter()
            .map(|label| (label + 1) % classes as u8)
            .collect();
        for loss in [
            Loss::CrossEntropy,
            Loss::Rescaled,
            Loss::Margin,
            Loss::Dlr,
            Loss::Difference,
        ] {
            for (is_targeted, is_only) in [(false, false), (true, false), (true, true)] {
                let wide = |values: &[u8]| values.iter().copied().map(u32::from).collect();
                let (aims, goals) = if is_only {
                    let goals: Vec<u32> = wide(&targets);
                    let goals = goals.iter().map(|goal| goal | ONLY).collect();
                    (Aims::targeted(&labels, &targets, device).only(), goals)
                } else if is_targeted {
                    (Aims::targeted(&labels, &targets, device), wide(&targets))
                } else {
                    (Aims::untargeted(&labels, device), vec![NO_TARGET; batch])
                };
                let wide: Vec<u32> = wide(&labels);
                let expected = attack_loss(&logits, &wide, &goals, loss);
                let tensor = |values: Vec<f32>, columns: usize| {
                    let data = TensorData::new(values, [batch, columns]);
                    Tensor::<2>::from_data(data, device)
                };
                let (gradient, states) = aims.losses(
                    tensor(logits.clone(), classes),
                    loss,
                    tensor(vec![-7.0; batch * STATE], STATE),
                );
                let gradient: Vec<f32> = gradient.into_data().try_into_vec().unwrap();
                let states: Vec<f32> = states.into_data().try_into_vec().unwrap();
                let largest = expected
                    .gradient
                    .iter()
                    .fold(0.0_f32, |a, b| a.max(b.abs()));
                // Exponentials may differ in the last digits, which division by them spreads.
                assert_close(&gradient, &expected.gradient, 1e-4, 1e-6 * largest.min(1.0));
                for (state, scores) in states
                    .chunks_exact(STATE)
                    .zip(expected.scores.chunks_exact(SCORES))
                {
                    assert_close(&state[..1], &scores[..1], 1e-4, 1e-14);
                    assert_eq!(state[1..SCORES], scores[1..]);
                    assert_eq!(state[SCORES..], [-7.0; STATE - SCORES]);
                }
            }
        }
    }
}

#[test]
fn attack_step_is_its_reference() {
    let device = &gpu();
    // Less than a workgroup, exactly one, and a ragged last turn.
    for shape in [[3, 1, 3, 5], [2, 1, 16, 16], [5, 3, 13, 11]] {
        for norm in [Norm::Linf, Norm::L2] {
            for (alpha, epsilon) in [(1.0, 0.3), (0.75, 2.0), (1.0, 0.0)] {
                for keep in [Keep::Worst, Keep::Loss] {
                    step_case(shape, norm, (alpha, epsilon), keep, device);
                }
            }
        }
    }
}

#[test]
fn fab_step_is_its_reference() {
    let device = &gpu();
    for shape in [[4, 1, 3, 5], [4, 1, 16, 16], [4, 3, 13, 11]] {
        for norm in [Norm::Linf, Norm::L2] {
            let count: usize = shape.iter().product();
            let image = |seed| -> Vec<f32> {
                let values = numbers(seed, count, 0.6);
                values.iter().map(|x| (x + 0.5).clamp(0.0, 1.0)).collect()
            };
            let (x, clean) = (image(1), image(2));
            // Of all sizes, partly zero, and one that is zero.
            let sizes = [1.0, 1e-20, 1e10, 0.0];
            let length = count / shape[0];
            let gradient: Vec<f32> = numbers(3, count, 1.0)
                .iter()
                .enumerate()
                .map(|(at, g)| {
                    if at % 5 == 0 {
                        0.0
                    } else {
                        g * sizes[at / length]
                    }
                })
                .collect();
            // Near, beyond the plane, out of reach, and anything.
            let states: Vec<f32> = [-0.3, 0.2e-20, -1e14, -1.0]
                .iter()
                .flat_map(|difference| [*difference, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
                .collect();
            let params = fab_step::Params {
                batch: shape[0] as u32,
                length: length as u32,
                norm,
            };
            let expected = fab_step::fab_step(&x, &clean, &gradient, &states, &params);
            let found = kernel::fab_step::fab_step(
                tensor(&x, shape, device),
                tensor(&clean, shape, device),
                tensor(&gradient, shape, device),
                Tensor::from_data(TensorData::new(states, [shape[0], STATE]), device),
                &kernel::words(&params.words(), device),
            );
            let found: Vec<f32> = found.into_data().try_into_vec().unwrap();
            assert_close(&found, &expected, 1e-5, 2e-6);
            assert!(found.iter().zip(&x).any(|(next, x)| next != x));
        }
    }
}

fn step_case(
    shape: [usize; 4],
    norm: Norm,
    (alpha, epsilon): (f32, f32),
    keep: Keep,
    device: &Device,
) {
    let count = shape.iter().product();
    let [batch, ..] = shape;
    let clean: Vec<f32> = numbers(1, count, 0.6)
        .iter()
        .map(|x| (x + 0.5).clamp(0.0, 1.0))
        .collect();
    // Also from outside of the ball and of the image.
    let around = |seed| -> Vec<f32> { numbers(seed, count, 0.9).iter().map(|x| x + 0.5).collect() };
    let (x, previous, best) = (around(2), around(3), around(4));
    // So small that their squares are nothing in float32; the last image has none at all.
    let gradient: Vec<f32> = numbers(5, count, 1e-25)
        .iter()
        .enumerate()
        .map(|(place, g)| {
            if place % 7 == 0 || place >= count - count / batch {
                0.0
            } else {
                *g
            }
        })
        .collect();
    // Better by being wrong, by loss, by being the first; and not better.
    let rows = [
        [1.0, 0.0, -1.0, 5.0, 1.0, 2.0, 0.1, 0.0],
        [5.0, 1.0, 0.5, 1.0, 1.0, 2.0, 0.7, 0.0],
        [0.0, 1.0, 0.5, 9.0, 2.0, 0.0, 0.01, 0.0],
        [4.0, 1.0, 0.5, 3.0, 0.0, -2.0, 0.3, 1.0],
        [4.0, 0.0, 0.5, 5.0, 0.0, -2.0, 0.2, 1.0],
    ];
    let mut states: Vec<f32> = (0..batch).flat_map(|image| rows[image % 5]).collect();
    let params = Params {
        batch: batch as u32,
        length: (count / batch) as u32,
        norm,
        epsilon,
        alpha,
        keep,
    };
    let points = Points {
        x: &x,
        previous: &previous,
        gradient: &gradient,
        clean: &clean,
    };
    let found = kernel::attack_step::attack_step(
        kernel::attack_step::Points {
            x: tensor(&x, shape, device),
            previous: tensor(&previous, shape, device),
            gradient: tensor(&gradient, shape, device),
            clean: tensor(&clean, shape, device),
            best: tensor(&best, shape, device),
            states: Tensor::from_data(TensorData::new(states.clone(), [batch, STATE]), device),
        },
        &kernel::words(&params.words(), device),
    );
    let mut kept = best;
    let expected = attack_step(points, &mut kept, &mut states, &params);
    let values = |tensor: Tensor<4>| -> Vec<f32> { tensor.into_data().try_into_vec().unwrap() };
    // Sums come in another order.
    assert_close(&values(found.next), &expected, 1e-5, 1e-6);
    assert_eq!(values(found.best), kept);
    let found: Vec<f32> = found.states.into_data().try_into_vec().unwrap();
    assert_eq!(found, states);
}

/// One tensor in several places, and tensors that somebody else has too, which must not change.
#[test]
fn attack_step_changes_nothing_of_others() {
    let device = &gpu();
    let shape = [1, 1, 2, 2];
    let x = tensor(&[0.2, 0.4, 0.6, 0.8], shape, device);
    let state = [1.0, 1.0, 0.5, 0.0, 2.0, 0.0, 0.1, 0.0];
    let states = Tensor::<2>::from_data(TensorData::new(state.to_vec(), [1, STATE]), device);
    let params = Params {
        batch: 1,
        length: 4,
        norm: Norm::Linf,
        epsilon: 0.3,
        alpha: 0.5,
        keep: Keep::Worst,
    };
    let found = kernel::attack_step::attack_step(
        kernel::attack_step::Points {
            x: x.clone(),
            previous: x.clone(),
            gradient: tensor(&[1.0, -1.0, 0.0, 2.0], shape, device),
            clean: x.clone(),
            best: x.clone(),
            states: states.clone(),
        },
        &kernel::words(&params.words(), device),
    );
    let next: Vec<f32> = found.next.into_data().try_into_vec().unwrap();
    assert_close(&next, &[0.25, 0.35, 0.6, 0.85], 1e-6, 0.0);
    let unchanged: Vec<f32> = x.into_data().try_into_vec().unwrap();
    assert_eq!(unchanged, [0.2, 0.4, 0.6, 0.8]);
    let unchanged: Vec<f32> = states.into_data().try_into_vec().unwrap();
    assert_eq!(unchanged, state);
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
fn attack_step_takes_more_images_than_an_axis_has_workgroups() {
    let shape = [65_536 + 3, 1, 1, 2];
    step_case(shape, Norm::L2, (1.0, 0.3), Keep::Worst, &gpu());
}

#[test]
fn optimizer_steps_are_their_references() {
    use squeeze_engine::kernel::optimizer::{adam_step, momentum_step};
    use squeeze_shaders::optimizer::{Adam, Momentum};

    // More than one workgroup, and not whole ones.
    const COUNT: usize = 1000;
    let device = gpu();
    let tensor = |numbers: &[f32]| {
        Tensor::<1>::from_data(TensorData::new(numbers.to_vec(), [numbers.len()]), &device)
    };
    let floats = |tensor: Tensor<1>| tensor.into_data().try_into_vec::<f32>().unwrap();
    let [value, gradient, first] = [1, 2, 3].map(|seed| numbers(seed, COUNT, 1.0));
    let second: Vec<f32> = numbers(4, COUNT, 1.0).into_iter().map(f32::abs).collect();
    for nesterov in [false, true] {
        let step = Momentum {
            rate: 0.1,
            momentum: 0.9,
            decay: 0.01,
            nesterov,
        };
        let params = tensor(&step.numbers());
        let (next, velocity) =
            momentum_step(tensor(&value), tensor(&gradient), tensor(&first), &params);
        let mut velocities = first.clone();
        let expected: Vec<f32> = (0..COUNT)
            .map(|i| step.step(value[i], gradient[i], &mut velocities[i]))
            .collect();
        assert_close(&floats(next), &expected, 1e-6, 1e-6);
        assert_close(&floats(velocity), &velocities, 1e-6, 1e-6);
    }
    for (decay, decoupled_decay) in [(0.01, 0.0), (0.0, 0.001)] {
        let step = Adam {
            rate: 0.01,
            bias: 0.002,
            betas: [0.9, 0.999],
            rests: [0.1, 0.001],
            epsilon: 1e-8,
            decay,
            decoupled_decay,
        };
        let params = tensor(&step.numbers());
        let moments = [tensor(&first), tensor(&second)];
        let (next, moments) = adam_step(tensor(&value), tensor(&gradient), moments, &params);
        let [mut means, mut squares] = [first.clone(), second.clone()];
        let expected: Vec<f32> = (0..COUNT)
            .map(|i| step.step(value[i], gradient[i], [&mut means[i], &mut squares[i]]))
            .collect();
        assert_close(&floats(next), &expected, 1e-5, 1e-6);
        let [mean, square] = moments.map(floats);
        assert_close(&mean, &means, 1e-6, 1e-6);
        assert_close(&square, &squares, 1e-6, 1e-6);
    }
}

/// As a term of a sum and with a factor.
#[test]
fn a_given_gradient_goes_on_as_it_is() {
    use squeeze_engine::operation::given_gradient::given_gradient;

    for device in [crate::devices::cpu(), gpu()] {
        let given = Tensor::<2>::from_data([[0.5, -2.0, 3.0], [1.0, 0.0, -4.0]], &device);
        let x = Tensor::<2>::ones([2, 3], &device.clone().autodiff()).require_grad();
        let loss = given_gradient(x.clone() * 2.0, given.clone()) * 3.0 + x.clone().sum();
        let gradient = x.grad(&loss.backward()).unwrap();
        let expected = given * 6.0 + 1.0;
        assert_eq!(gradient.into_data(), expected.into_data());
    }
}
