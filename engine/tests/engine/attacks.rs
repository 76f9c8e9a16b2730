//! Attacks: what must hold whatever the model.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::apgd::Apgd;
use squeeze_engine::attack::ball::Ball;
use squeeze_engine::attack::begin::{Batch, begin};
use squeeze_engine::attack::climb::{Aims, Climb, Loss, climb};
use squeeze_engine::attack::iterates::{Classify, Iterates};
use squeeze_engine::attack::pgd::{Method, Pgd};
use squeeze_engine::attack::rows::Rows;
use squeeze_engine::attack::worst::score;
use squeeze_engine::config::{AttackConfig, AttackMethod, NetworkKind, Norm};
use squeeze_engine::network::{Network, weights};
use squeeze_engine::random::{Purpose, key};
use squeeze_shaders::attack_loss::{NO_TARGET, SCORES, attack_loss};
use squeeze_shaders::attack_step::{STATE, ascent, project};

use crate::devices::{assert_close, numbers, on_every_device};

on_every_device!(
    stays_in_the_ball_and_in_the_image,
    epsilon_zero_is_the_identity,
    loss_never_falls_on_a_linear_model,
    the_worst_point_of_the_way_is_kept,
    momentum_gathers_gradients,
    apgd_is_its_algorithm,
    every_attack_stays_inside_and_tells_the_truth,
    images_that_are_left_out_do_not_change_the_others,
    fab_finds_the_nearest_point_of_a_linear_model,
    asking_often_is_the_mean_of_the_answers,
    gradient_of_a_linear_model_is_known,
    gradient_of_a_network_matches_finite_differences,
    frozen_weights_get_no_gradient,
    the_start_is_uniform_in_the_ball_and_depends_on_the_seed_alone,
);

const SHAPE: [usize; 4] = [4, 1, 8, 8];
const CLASSES: usize = 3;
const LABELS: [u8; 4] = [0, 1, 2, 1];

fn images(device: &Device) -> Tensor<4> {
    let values: Vec<f32> = numbers(1, SHAPE.iter().product(), 0.5)
        .iter()
        .map(|x| x + 0.5)
        .collect();
    Tensor::from_data(TensorData::new(values, SHAPE), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Logits `images . weights`, on the autodiff device.
fn linear(device: &Device) -> (Vec<f32>, impl Fn(Tensor<4>) -> Tensor<2> + use<>) {
    let weights = numbers(9, 64 * CLASSES, 0.3);
    let data = TensorData::new(weights.clone(), [64, CLASSES]);
    let matrix = Tensor::<2>::from_data(data, &device.clone().autodiff());
    let classify = move |images: Tensor<4>| images.flatten(1, 3).matmul(matrix.clone());
    (weights, classify)
}

fn ball(norm: Norm, epsilon: f64) -> Ball {
    Ball { norm, epsilon }
}

fn pgd(ball: Ball, step_size: f64, loss: Loss, momentum: f64, device: &Device) -> Pgd {
    let stream = key(3, Purpose::AttackStart, 0);
    let start = ball.random_start(images(device), stream);
    let method = Method {
        ball,
        step_size,
        momentum,
        loss,
    };
    let aims = Aims::untargeted(&LABELS, device);
    Pgd::new(images(device), start, aims, method)
}

/// Lengths of the rows of `a - b`.
fn distances(a: &[f32], b: &[f32], norm: Norm) -> Vec<f32> {
    let differences: Vec<f32> = a.iter().zip(b).map(|(a, b)| (a - b).abs()).collect();
    let rows = differences.chunks_exact(64);
    match norm {
        Norm::Linf => rows
            .map(|row| row.iter().copied().fold(0.0, f32::max))
            .collect(),
        Norm::L2 => rows
            .map(|row| row.iter().map(|d| d * d).sum::<f32>().sqrt())
            .collect(),
    }
}

/// Loss, right and margin of each image.
fn scores(logits: &[f32], loss: Loss) -> Vec<[f32; SCORES]> {
    let labels = LABELS.map(u32::from);
    let found = attack_loss(logits, &labels, &[NO_TARGET; 4], loss);
    let rows = found.scores.chunks_exact(SCORES);
    rows.map(|row| [row[0], row[1], row[2]]).collect()
}

fn stays_in_the_ball_and_in_the_image(device: &Device) {
    let clean = values(images(device));
    for (norm, epsilon) in [
        (Norm::Linf, 8.0 / 255.0),
        (Norm::Linf, 0.3),
        (Norm::Linf, 1.0),
        (Norm::L2, 0.5),
        (Norm::L2, 3.0),
    ] {
        let (_, classify) = linear(device);
        let ball = ball(norm, epsilon);
        let mut pgd = pgd(ball, 0.4 * epsilon, Loss::CrossEntropy, 0.0, device);
        let check = |x: Vec<f32>| {
            assert!(x.iter().all(|x| (0.0..=1.0).contains(x)));
            for distance in distances(&x, &clean, norm) {
                assert!(distance <= epsilon as f32 * (1.0 + 1e-6), "{distance}");
            }
        };
        for _ in 0..6 {
            check(values(pgd.x()));
            pgd.step(&classify);
        }
        check(values(pgd.x()));
        check(values(Box::new(pgd).finish(&classify).points));
    }
}

fn epsilon_zero_is_the_identity(device: &Device) {
    for norm in Norm::ALL {
        let (_, classify) = linear(device);
        let mut pgd = pgd(ball(norm, 0.0), 0.1, Loss::Dlr, 0.0, device);
        for _ in 0..3 {
            pgd.step(&classify);
        }
        assert_eq!(values(pgd.x()), values(images(device)));
    }
}

fn loss_never_falls_on_a_linear_model(device: &Device) {
    for (norm, epsilon) in [(Norm::Linf, 0.2), (Norm::L2, 1.5)] {
        for loss in [Loss::CrossEntropy, Loss::Rescaled, Loss::Margin] {
            let (_, classify) = linear(device);
            let mut pgd = pgd(ball(norm, epsilon), 0.1 * epsilon, loss, 0.0, device);
            let mut losses = Vec::new();
            for _ in 0..15 {
                let logits = values(pgd.step(&classify));
                let score = scores(&logits, loss);
                losses.push(score.iter().map(|score| score[0]).sum::<f32>());
            }
            // Rescaling keeps the spread, so that it is not the loss of one model that is climbed.
            if loss != Loss::Rescaled {
                for pair in losses.windows(2) {
                    assert!(pair[1] >= pair[0] - 1e-4, "{loss:?} {losses:?}");
                }
            }
            assert!(losses[14] > losses[0] + 0.5, "{norm:?} {loss:?} {losses:?}");
        }
    }
}

/// Steps that are far too long go to and fro; what counts is the worst point on the way.
fn the_worst_point_of_the_way_is_kept(device: &Device) {
    let network = network(device);
    for (norm, epsilon, loss) in [
        (Norm::Linf, 0.3, Loss::CrossEntropy),
        (Norm::L2, 2.0, Loss::Margin),
    ] {
        let mut pgd = pgd(ball(norm, epsilon), 2.0 * epsilon, loss, 0.0, device);
        let mut seen = Vec::new();
        for _ in 0..6 {
            let x = values(pgd.x());
            let logits = values(pgd.step(&|x| network.forward(x)));
            seen.push((x, scores(&logits, loss)));
        }
        let x = pgd.x();
        let logits = values(network.valid().forward(x.clone()));
        seen.push((values(x), scores(&logits, loss)));
        let kept = Box::new(pgd).finish(&|x| network.forward(x));
        let (best, kept) = (values(kept.points), values(kept.scores));
        for (image, found) in kept.chunks_exact(SCORES).enumerate() {
            // Wrong before right, then the higher loss.
            let rank = |(_, scores): &&(Vec<f32>, Vec<[f32; SCORES]>)| {
                let [loss, right, _] = scores[image];
                (-right, loss)
            };
            let worst = seen
                .iter()
                .max_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap())
                .unwrap();
            let expected = worst.1[image];
            assert_close(found, &expected, 1e-4, 1e-5);
            let pixels = image * 64..(image + 1) * 64;
            assert_eq!(best[pixels.clone()], worst.0[pixels]);
        }
    }
}

fn momentum_gathers_gradients(device: &Device) {
    let network = network(device);
    let (epsilon, step) = (0.3, 0.05);
    let mut pgd = pgd(
        ball(Norm::Linf, epsilon),
        step,
        Loss::CrossEntropy,
        0.9,
        device,
    );
    let mut gathered = vec![0.0; 4 * 64];
    let clean = values(images(device));
    for _ in 0..3 {
        let aims = Aims::untargeted(&LABELS, device);
        let x = values(pgd.x());
        let found = climb(
            &|x| network.forward(x),
            pgd.x(),
            &aims,
            Loss::CrossEntropy,
            states(device),
        );
        let gradient = values(found.gradient);
        for (gathered, gradient) in gathered.chunks_exact_mut(64).zip(gradient.chunks_exact(64)) {
            let mean = gradient.iter().map(|g| g.abs()).sum::<f32>() / 64.0;
            for (gathered, g) in gathered.iter_mut().zip(gradient) {
                *gathered = 0.9 * *gathered + g / mean;
            }
        }
        let up = ascent(&gathered, squeeze_shaders::attack_step::Norm::Linf);
        let expected: Vec<f32> = x
            .iter()
            .zip(up)
            .zip(&clean)
            .map(|((x, up), clean)| {
                let (low, high) = (clean - epsilon as f32, clean + epsilon as f32);
                (x + step as f32 * up).max(low.max(0.0)).min(high.min(1.0))
            })
            .collect();
        pgd.step(&|x| network.forward(x));
        assert_close(&values(pgd.x()), &expected, 1e-6, 1e-6);
    }
}

/// What APGD knows of one image, in plain numbers.
struct Plain {
    previous: Vec<f32>,
    best: Vec<f32>,
    best_gradient: Vec<f32>,
    best_loss: f32,
    /// The wrong point with the highest loss.
    wrong: Option<(Vec<f32>, f32)>,
    last_loss: f32,
    rises: usize,
    best_at_check: f32,
    was_halved: bool,
    step: f32,
}

/// Against algorithm 1 of the paper written out image by image. Losses and gradients are those that
/// the attack itself sees, so that rounding does not lead the two apart.
fn apgd_is_its_algorithm(device: &Device) {
    const ITERATIONS: usize = 40;
    let network = network(device);
    let clean = values(images(device));
    for (norm, epsilon, loss) in [
        (Norm::Linf, 0.3_f32, Loss::CrossEntropy),
        (Norm::L2, 2.0, Loss::Dlr),
    ] {
        let kernel_norm = norm.into();
        let ball = ball(norm, f64::from(epsilon));
        let start = ball.random_start(images(device), key(3, Purpose::AttackStart, 0));
        let aims = || Aims::untargeted(&LABELS, device);
        let mut attack = Apgd::new(images(device), start, aims(), ball, loss, ITERATIONS);
        let mut plain: Vec<Plain> = Vec::new();
        let mut halvings = 0;
        // The distances of the checks, as the published code makes them from 40 iterations.
        let (mut k, mut since) = (8, 0);
        for iteration in 0..=ITERATIONS {
            let x = values(attack.x());
            let seen = climb(
                &|x| network.forward(x),
                attack.x(),
                &aims(),
                loss,
                states(device),
            );
            let (gradient, scores) = (values(seen.gradient), values(seen.states));
            let is_check = iteration > 0 && {
                since += 1;
                since == k
            };
            let mut expected = Vec::new();
            for image in 0..LABELS.len() {
                let of = |all: &[f32]| all[image * 64..][..64].to_vec();
                let (mut x, mut g, clean) = (of(&x), of(&gradient), of(&clean));
                let (value, is_right) = (scores[image * STATE], scores[image * STATE + 1] == 1.0);
                if iteration == 0 {
                    plain.push(Plain {
                        previous: x.clone(),
                        best: x.clone(),
                        best_gradient: g.clone(),
                        best_loss: value,
                        wrong: None,
                        last_loss: value,
                        rises: 0,
                        best_at_check: value,
                        was_halved: true,
                        step: 2.0 * epsilon,
                    });
                }
                let own = &mut plain[image];
                if !is_right && own.wrong.as_ref().is_none_or(|(_, worst)| value > *worst) {
                    own.wrong = Some((x.clone(), value));
                }
                if value > own.best_loss {
                    own.best.clone_from(&x);
                    own.best_gradient.clone_from(&g);
                    own.best_loss = value;
                }
                own.rises += usize::from(value > own.last_loss);
                own.last_loss = value;
                if is_check {
                    let is_slow = own.rises as f32 <= 0.75 * k as f32;
                    let is_stuck = !own.was_halved && own.best_at_check >= own.best_loss;
                    own.was_halved = is_slow || is_stuck;
                    own.best_at_check = own.best_loss;
                    own.rises = 0;
                    if own.was_halved {
                        own.step /= 2.0;
                        x.clone_from(&own.best);
                        g.clone_from(&own.best_gradient);
                        halvings += 1;
                    }
                }
                let alpha = if iteration == 0 { 1.0 } else { 0.75 };
                let up = ascent(&g, kernel_norm);
                let mut z: Vec<f32> = x.iter().zip(&up).map(|(x, up)| x + own.step * up).collect();
                project(&mut z, &clean, kernel_norm, epsilon);
                for ((z, x), previous) in z.iter_mut().zip(&x).zip(&own.previous) {
                    *z = x + alpha * (*z - x) + (1.0 - alpha) * (x - previous);
                }
                project(&mut z, &clean, kernel_norm, epsilon);
                own.previous = x;
                expected.extend(z);
            }
            if is_check {
                (k, since) = ((k - 1).max(2), 0);
            }
            if iteration < ITERATIONS {
                attack.step(&|x| network.forward(x));
                assert_close(&values(attack.x()), &expected, 1e-5, 1e-5);
            }
        }
        assert!(halvings > 0, "nothing was halved");
        let kept = Box::new(attack).finish(&|x| network.forward(x));
        let (best, kept) = (values(kept.points), values(kept.scores));
        for (image, own) in plain.iter().enumerate() {
            let highest = (own.best.clone(), own.best_loss);
            let (expected, loss) = own.wrong.as_ref().unwrap_or(&highest);
            assert_close(&best[image * 64..][..64], expected, 1e-6, 1e-6);
            let scores = &kept[image * SCORES..][..SCORES];
            assert_close(&[scores[score::LOSS]], &[*loss], 1e-4, 1e-5);
            let is_right = own.wrong.is_none();
            assert_eq!(scores[score::RIGHT], f32::from(u8::from(is_right)));
        }
    }
}

fn config(method: AttackMethod, norm: Norm, epsilon: f64) -> AttackConfig {
    AttackConfig {
        method,
        norm,
        epsilon,
        step_size: 0.0,
        iterations: 6,
        samples: 20,
        ..AttackConfig::default()
    }
}

fn batch(device: &Device) -> Batch {
    Batch {
        clean: images(device),
        labels: LABELS.to_vec(),
        targets: Vec::new(),
        classes: CLASSES,
        seed: 5,
        index: 0,
        restart: 0,
    }
}

/// Points lie in the ball and in the image, and are as right or wrong as it is said of them.
fn every_attack_stays_inside_and_tells_the_truth(device: &Device) {
    let network = network(device);
    let clean = values(images(device));
    let mut fooled = 0;
    for method in AttackMethod::ALL {
        for (norm, epsilon) in [(Norm::Linf, 0.3), (Norm::L2, 2.0), (Norm::Linf, 0.0)] {
            let mut config = config(method, norm, epsilon);
            if method == AttackMethod::HopSkipJump {
                // Each takes hundreds of answers.
                config.iterations = 1;
            }
            let mut attack = begin(&config, &batch(device));
            for _ in 0..config.rounds() {
                attack.step(&|x| network.forward(x));
            }
            let kept = attack.finish(&|x| network.forward(x));
            let logits = values(network.valid().forward(kept.points.clone()));
            let (points, kept) = (values(kept.points), values(kept.scores));
            assert!(points.iter().all(|x| (0.0..=1.0).contains(x)), "{config:?}");
            for distance in distances(&points, &clean, norm) {
                assert!(distance <= epsilon as f32 + 1e-6, "{config:?} {distance}");
            }
            let truth = scores(&logits, Loss::Margin);
            for (image, found) in kept.chunks_exact(SCORES).enumerate() {
                let is_wrong = found[score::RIGHT] == 0.0;
                fooled += usize::from(is_wrong && epsilon > 0.0);
                if is_wrong {
                    assert_eq!(truth[image][score::RIGHT], 0.0, "{config:?}");
                }
                // Where there is no point in the ball there is no news of the margin.
                if is_wrong || found[score::MARGIN].is_finite() {
                    assert_close(&found[2..], &truth[image][2..], 1e-3, 1e-4);
                }
            }
        }
    }
    assert!(fooled > 20, "{fooled}");
}

/// What draws for each image, or not at all, goes on as if the others were still there.
fn images_that_are_left_out_do_not_change_the_others(device: &Device) {
    let network = network(device);
    for (method, norm) in [
        (AttackMethod::Pgd, Norm::L2),
        (AttackMethod::Apgd, Norm::Linf),
        (AttackMethod::Fab, Norm::L2),
    ] {
        let config = AttackConfig {
            momentum: 0.5,
            iterations: 12,
            ..config(method, norm, 1.0)
        };
        let ends = [false, true].map(|leave_out| {
            let mut attack = begin(&config, &batch(device));
            for iteration in 0..config.rounds() {
                if leave_out && iteration == 4 {
                    attack.keep(&Rows::new(vec![1, 3], device));
                }
                attack.step(&|x| network.forward(x));
            }
            let kept = attack.finish(&|x| network.forward(x));
            if leave_out {
                return (values(kept.points), values(kept.scores));
            }
            let rows = Rows::new(vec![1, 3], device);
            (values(rows.of(kept.points)), values(rows.of(kept.scores)))
        });
        assert_close(&ends[1].0, &ends[0].0, 1e-4, 1e-4);
        assert_close(&ends[1].1, &ends[0].1, 1e-3, 1e-4);
    }
}

/// Far from the ends of the image range the boundary of two classes of a linear model is
/// `|z_k - z_y| / ||w_k - w_y||` away.
fn fab_finds_the_nearest_point_of_a_linear_model(device: &Device) {
    let (weights, classify) = linear(device);
    let grey = Tensor::full(SHAPE, 0.5, device);
    let logits = values(classify(grey.clone().autodiff()).inner());
    let label = squeeze_engine::objective::reference::argmax(&logits[..CLASSES]);
    let other = |k: usize| {
        let differences = (0..64).map(|i| weights[i * CLASSES + k] - weights[i * CLASSES + label]);
        let length = differences.map(|w| w * w).sum::<f32>().sqrt();
        (logits[k] - logits[label]).abs() / length
    };
    let nearest = (0..CLASSES)
        .filter(|&k| k != label)
        .map(other)
        .fold(f32::INFINITY, f32::min);
    let batch = Batch {
        clean: grey.clone(),
        labels: vec![label as u8; LABELS.len()],
        ..batch(device)
    };
    let config = AttackConfig {
        iterations: 30,
        ..config(AttackMethod::Fab, Norm::L2, 8.0)
    };
    let mut attack = begin(&config, &batch);
    for _ in 0..config.iterations {
        attack.step(&classify);
    }
    let found = distances(&values(attack.worst().points), &values(grey), Norm::L2);
    for distance in found {
        assert!(
            distance >= nearest && distance < 1.02 * nearest,
            "{distance} where the boundary is {nearest} away"
        );
    }
}

/// A model that answers at random: its logits alternate between two.
fn asking_often_is_the_mean_of_the_answers(device: &Device) {
    let (_, classify) = linear(device);
    let turn = std::cell::Cell::new(0);
    let moody = |x: Tensor<4>| {
        turn.set(turn.get() + 1);
        classify(x) * if turn.get() % 2 == 0 { 3.0 } else { -1.0 }
    };
    let aims = Aims::untargeted(&LABELS, device).asked(4);
    let mean = found(&moody, Loss::Margin, &aims, device);
    let plain = Aims::untargeted(&LABELS, device);
    let expected = found(&|x| classify(x), Loss::Margin, &plain, device);
    assert_close(&values(mean.logits), &values(expected.logits), 1e-4, 1e-5);
    assert_eq!(turn.get(), 4);
    let (logits, _) = aims.score(&moody, &images(device), Loss::Margin);
    assert_close(
        &values(logits),
        &values(classify(images(device).autodiff()).inner()),
        1e-4,
        1e-5,
    );
}

fn states(device: &Device) -> Tensor<2> {
    Tensor::zeros([LABELS.len(), STATE], device)
}

fn found(classify: Classify, loss: Loss, aims: &Aims, device: &Device) -> Climb {
    climb(classify, images(device), aims, loss, states(device))
}

/// For logits `x . W` the gradient of the summed cross-entropy is `(softmax - target) . W^T`.
fn gradient_of_a_linear_model_is_known(device: &Device) {
    let (weights, classify) = linear(device);
    let aims = Aims::untargeted(&LABELS, device);
    let found = found(&classify, Loss::CrossEntropy, &aims, device);
    let logits = values(found.logits);
    let softmax = squeeze_engine::objective::reference::softmax(&logits, CLASSES);
    let mut expected = Vec::new();
    for (image, &label) in LABELS.iter().enumerate() {
        for pixel in 0..64 {
            let sum: f32 = (0..CLASSES)
                .map(|class| {
                    let target = f32::from(u8::from(class == label as usize));
                    (softmax[image * CLASSES + class] - target) * weights[pixel * CLASSES + class]
                })
                .sum();
            expected.push(sum);
        }
    }
    assert_close(&values(found.gradient), &expected, 1e-4, 1e-6);
}

fn network(device: &Device) -> Network {
    let network = Network::new(
        NetworkKind::SmallCnn,
        [1, 8, 8],
        CLASSES,
        &device.clone().autodiff(),
    )
    .unwrap();
    weights::initialize(network, 4).unwrap().no_grad()
}

/// Along random uphill directions: float32 leaves too few digits for single pixels, and steps must be
/// small, since relu and max pooling bend the loss.
fn gradient_of_a_network_matches_finite_differences(device: &Device) {
    let network = network(device);
    let targets: Vec<u8> = LABELS.iter().map(|label| (label + 1) % 3).collect();
    let clean = values(images(device));
    let goals: Vec<u32> = targets.iter().copied().map(u32::from).collect();
    for loss in [Loss::CrossEntropy, Loss::Margin, Loss::Dlr] {
        for is_targeted in [false, true] {
            let (aims, goals) = if is_targeted {
                (Aims::targeted(&LABELS, &targets, device), goals.clone())
            } else {
                (Aims::untargeted(&LABELS, device), vec![NO_TARGET; 4])
            };
            let found = found(&|x| network.forward(x), loss, &aims, device);
            let gradient = values(found.gradient);
            let loss_at = |pixels: Vec<f32>| -> f64 {
                let x = Tensor::from_data(TensorData::new(pixels, SHAPE), device);
                let logits = values(network.valid().forward(x));
                let found = attack_loss(&logits, &LABELS.map(u32::from), &goals, loss);
                let rows = found.scores.chunks_exact(SCORES);
                rows.map(|row| f64::from(row[0])).sum()
            };
            for seed in 20..24 {
                let direction: Vec<f32> = numbers(seed, clean.len(), 1.0)
                    .iter()
                    .zip(&gradient)
                    .map(|(size, g)| size.abs() * g.signum())
                    .collect();
                let step = 2e-4;
                let moved = |sign: f32| {
                    clean
                        .iter()
                        .zip(&direction)
                        .map(|(x, d)| x + sign * step * d)
                        .collect()
                };
                let slope = (loss_at(moved(1.0)) - loss_at(moved(-1.0))) / (2.0 * f64::from(step));
                let expected: f32 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
                assert_close(&[slope as f32], &[expected], 0.03, 0.0);
            }
        }
    }
}

fn frozen_weights_get_no_gradient(device: &Device) {
    let network = network(device);
    let x = images(device).autodiff().require_grad();
    let mut gradients = network.forward(x.clone()).sum().backward();
    assert!(x.grad(&gradients).is_some());
    let of_weights = burn::optim::GradientsParams::from_module(&mut gradients, &network);
    assert!(
        of_weights.is_empty(),
        "{} weights have one",
        of_weights.len()
    );
}

fn the_start_is_uniform_in_the_ball_and_depends_on_the_seed_alone(device: &Device) {
    let clean = Tensor::<4>::full([100, 1, 25, 40], 0.5, device);
    let draw = |norm, seed| {
        let stream = key(seed, Purpose::AttackStart, 0);
        values(ball(norm, 0.2).random_start(clean.clone(), stream))
    };
    for norm in Norm::ALL {
        let start = draw(norm, 1);
        assert_eq!(start, draw(norm, 1));
        assert_ne!(start, draw(norm, 2));
    }
    let moves = |start: Vec<f32>| -> Vec<f64> {
        start.iter().map(|x| (f64::from(*x) - 0.5) / 0.2).collect()
    };
    let pixels = moves(draw(Norm::Linf, 1));
    assert!(pixels.iter().all(|m| m.abs() <= 1.0 + 1e-6));
    // Uniform in [-1, 1]: mean 0, variance 1/3, half of it in the outer half.
    let n = pixels.len() as f64;
    assert!((pixels.iter().sum::<f64>() / n).abs() < 0.01);
    assert!((pixels.iter().map(|m| m * m).sum::<f64>() / n - 1.0 / 3.0).abs() < 0.01);
    let outer = pixels.iter().filter(|m| m.abs() > 0.5).count() as f64 / n;
    assert!((outer - 0.5).abs() < 0.01, "{outer}");

    // A disc of two pixels: half of the starts lie beyond 1 / sqrt(2) of the radius, as many on each
    // side.
    let clean = Tensor::<4>::full([4000, 1, 1, 2], 0.5, device);
    let stream = key(1, Purpose::AttackStart, 0);
    let start = moves(values(ball(Norm::L2, 0.2).random_start(clean, stream)));
    let starts: Vec<&[f64]> = start.chunks_exact(2).collect();
    let share = |holds: &dyn Fn(&[f64]) -> bool| {
        starts.iter().filter(|at| holds(at)).count() as f64 / starts.len() as f64
    };
    let length = |at: &[f64]| (at[0] * at[0] + at[1] * at[1]).sqrt();
    assert_eq!(share(&|at| length(at) <= 1.0 + 1e-5), 1.0);
    for (holds, expected) in [
        (
            &(|at: &[f64]| length(at) > 0.5_f64.sqrt()) as &dyn Fn(&[f64]) -> bool,
            0.5,
        ),
        (&|at| length(at) < 0.1, 0.01),
        (&|at| at[0] > 0.0, 0.5),
        (&|at| at[0] > at[1].abs(), 0.25),
    ] {
        let found = share(holds);
        assert!((found - expected).abs() < 0.03, "{found} of {expected}");
    }
}
