//! Mixed precision: the kernels on 16-bit floats against their references, the loss scale, and training.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData};
use squeeze_engine::checkpoint::Checkpoint;
use squeeze_engine::config::{
    Adversary, AdversaryConfig, ObjectiveConfig, OptimizerConfig, OptimizerKind, Precision,
    RunConfig,
};
use squeeze_engine::control::Control;
use squeeze_engine::event::{Event, LossScaleSeen};
use squeeze_engine::kernel::{loss_scale, words};
use squeeze_engine::network::{Network, weights};
use squeeze_engine::operation::balanced_gradient::balanced_gradient;
use squeeze_engine::operation::convolution::conv2d;
use squeeze_engine::operation::linear::{linear, linear_relu};
use squeeze_engine::operation::relu_pool::relu_pool;
use squeeze_engine::train::{Outcome, Trainer};
use squeeze_shaders::convolution::{
    Convolution, convolution, convolution_by_image, convolution_weights,
};
use squeeze_shaders::float::half;
use squeeze_shaders::linear::{self as products, Product};
use squeeze_shaders::loss_scale::{FIRST, GROWTH_INTERVAL, LARGEST, LossScale, is_left_out};
use squeeze_shaders::relu_pool::{self as pools, Plane};

use crate::devices::{assert_close, cpu, gpu, numbers};
use crate::training::{plain_config, resident};

/// Half a step between neighbours among 16 bits, relative; and twice that, for what is rounded twice.
const STEP: f32 = 1.0 / 2048.0;

/// Numbers that 16 bits hold.
fn halves(seed: u64, count: usize) -> Vec<f32> {
    numbers(seed, count, 1.0).into_iter().map(half).collect()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_into_vec().unwrap()
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn rounded(values: &[f32]) -> Vec<f32> {
    values.iter().copied().map(half).collect()
}

#[test]
fn convolutions_of_16_bits_are_the_definition() {
    let device = &gpu().autodiff();
    const BATCH: usize = 3;
    for (inputs, outputs, image, kernel, stride, padding) in [
        (1, 16, [28, 28], [3, 3], [1, 1], [1, 1]),
        (16, 32, [9, 7], [3, 3], [2, 2], [1, 1]),
        (3, 5, [5, 5], [5, 5], [1, 1], [2, 2]),
        // An odd number of outputs: the last 16 bits of their memory are nobody's.
        (1, 1, [3, 3], [1, 1], [1, 1], [0, 0]),
    ] {
        let sizes = Convolution {
            inputs,
            image,
            outputs,
            out: [0, 1].map(|axis: usize| {
                (image[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1
            }),
            kernel,
            stride,
            padding,
        };
        let [height, width] = image;
        let x = halves(1, BATCH * inputs * height * width);
        let weight = numbers(2, outputs * inputs * kernel[0] * kernel[1], 1.0);
        let bias = numbers(3, outputs, 1.0);
        let factors = halves(4, BATCH * outputs * sizes.out[0] * sizes.out[1]);

        let at = tensor(x.clone(), [BATCH, inputs, height, width], device).require_grad();
        let kernels = [outputs, inputs, kernel[0], kernel[1]];
        let weights = tensor(weight.clone(), kernels, device).require_grad();
        let biases = tensor(bias.clone(), [outputs], device).require_grad();
        let options = ConvOptions::new(stride, padding, [1, 1], 1);
        let narrow = at.clone().cast(FloatDType::F16);
        let out = conv2d(narrow, weights.clone(), Some(biases.clone()), options);
        assert_eq!(out.dtype(), DType::F16);
        let given = tensor(factors.clone(), out.dims(), device);
        let gradients = (out.clone().cast(FloatDType::F32) * given).sum().backward();

        let (by_weight, by_bias) = convolution_weights(&sizes, &x, &factors);
        let pairs = [
            (floats(out.inner()), convolution(&sizes, &x, &weight, &bias)),
            (
                floats(at.grad(&gradients).unwrap()),
                convolution_by_image(&sizes, BATCH, &weight, &factors),
            ),
        ];
        for (ours, expected) in pairs {
            assert_close(&ours, &expected, 1.1 * STEP, 1e-5);
            // What is kept has 16 bits indeed.
            assert_eq!(ours, rounded(&ours));
        }
        // Sums over the batch have all bits.
        let by_parameters = [
            (floats(weights.grad(&gradients).unwrap()), by_weight),
            (floats(biases.grad(&gradients).unwrap()), by_bias),
        ];
        for (ours, expected) in by_parameters {
            assert_close(&ours, &expected, 1e-5, 2e-4);
        }
    }
}

#[test]
fn pooling_of_16_bits_is_the_definition() {
    let device = &gpu().autodiff();
    for shape in [[2, 3, 8, 8], [1, 3, 7, 9], [1, 1, 2, 3]] {
        let x = halves(1, shape.iter().product());
        let at = tensor(x.clone(), shape, device).require_grad();
        let out = relu_pool(at.clone().cast(FloatDType::F16));
        assert_eq!(out.dtype(), DType::F16);
        let factors = halves(2, out.dims().iter().product());
        let given = tensor(factors.clone(), out.dims(), device);
        let gradients = (out.clone().cast(FloatDType::F32) * given).sum().backward();
        let plane = Plane([shape[2], shape[3]]);
        assert_eq!(floats(out.inner()), pools::relu_pool(plane, &x));
        let by_x = pools::relu_pool_gradient(plane, &x, &factors);
        assert_eq!(floats(at.grad(&gradients).unwrap()), by_x);
    }
}

#[test]
fn linear_layers_of_16_bits_are_the_definition() {
    let device = &gpu().autodiff();
    for [batch, inputs, outputs] in [[128, 300, 128], [5, 64, 10], [1, 3, 2], [9, 7, 65]] {
        for is_relu in [false, true] {
            let x = halves(1, batch * inputs);
            let weight = numbers(2, inputs * outputs, 1.0);
            let bias = numbers(3, outputs, 1.0);
            let factors = halves(4, batch * outputs);
            let at = tensor(x.clone(), [batch, inputs], device).require_grad();
            let layer = Linear {
                weight: Param::from_tensor(tensor(weight.clone(), [inputs, outputs], device)),
                bias: Some(Param::from_tensor(tensor(bias.clone(), [outputs], device))),
            };
            let narrow = at.clone().cast(FloatDType::F16);
            let out = match is_relu {
                true => linear_relu(&layer, narrow),
                false => linear(&layer, narrow),
            };
            // Logits have all bits.
            let kind = if is_relu { DType::F16 } else { DType::F32 };
            assert_eq!(out.dtype(), kind);
            let given = tensor(factors.clone(), [batch, outputs], device);
            let gradients = (out.clone().cast(FloatDType::F32) * given).sum().backward();

            let product = |columns, is_turned, has_bias| Product {
                columns,
                is_turned,
                has_bias,
                is_relu: has_bias && is_relu,
                is_shared: false,
            };
            let expected =
                products::linear(product(outputs, false, true), &x, &weight, Some(&bias));
            let slack = if is_relu { 1.1 * STEP } else { 1e-5 };
            assert_close(&floats(out.clone().inner()), &expected, slack, 2e-4);
            let passed = match is_relu {
                true => products::relu_gradient(&floats(out.inner()), &factors),
                false => factors,
            };
            let turned: Vec<f32> = (0..outputs * inputs)
                .map(|place| weight[place % inputs * outputs + place / inputs])
                .collect();
            let by_x = products::linear(product(inputs, false, false), &passed, &turned, None);
            assert_close(
                &floats(at.grad(&gradients).unwrap()),
                &by_x,
                1.1 * STEP,
                2e-4,
            );
            let by_weight = products::linear(product(outputs, true, false), &x, &passed, None);
            let found = floats(layer.weight.val().grad(&gradients).unwrap());
            assert_close(&found, &by_weight, 1e-5, 2e-4);
            let by_bias: Vec<f32> = (0..outputs)
                .map(|column| passed.iter().skip(column).step_by(outputs).sum())
                .collect();
            let found = floats(layer.bias.unwrap().val().grad(&gradients).unwrap());
            assert_close(&found, &by_bias, 1e-5, 2e-4);
        }
    }
}

/// What 16 bits do not hold must become infinite, or the loss scale would not see it.
#[test]
fn what_is_too_large_is_infinite() {
    let device = &gpu();
    let x = tensor(vec![200.0; 4], [1, 1, 2, 2], device).cast(FloatDType::F16);
    for (weight, expected) in [
        (400.0, f32::INFINITY),
        (-400.0, f32::NEG_INFINITY),
        (300.0, 6e4),
    ] {
        let weight = tensor(vec![weight], [1, 1, 1, 1], device);
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let out = floats(conv2d(x.clone(), weight, None, options));
        assert_eq!(out, [expected; 4]);
    }
}

fn read(state: Tensor<1, Int>) -> LossScale {
    let words: Vec<i32> = state.into_data().try_into_vec().unwrap();
    let words: [i32; 4] = words.try_into().unwrap();
    assert_eq!(words[3], 0, "the note of a bad gradient was taken away");
    LossScale::from_words(words.map(i32::cast_unsigned))
}

#[test]
fn the_loss_scale_is_its_reference() {
    let device = &gpu();
    let good = numbers(1, 1000, 1e30);
    let with = |place: usize, value: f32| {
        let mut bad = good.clone();
        bad[place] = value;
        bad
    };
    let gradients = [
        good.clone(),
        with(0, f32::NAN),
        with(999, f32::INFINITY),
        with(500, f32::NEG_INFINITY),
        with(3, f32::MAX),
        with(4, f32::MIN_POSITIVE / 4.0),
    ];
    let begins = [
        LossScale::default(),
        LossScale {
            scale: 1.0,
            ..LossScale::default()
        },
        LossScale {
            scale: LARGEST,
            clean_steps: GROWTH_INTERVAL - 1,
            left_out: 3,
        },
        LossScale {
            scale: 1024.0,
            clean_steps: GROWTH_INTERVAL - 1,
            left_out: 3,
        },
    ];
    for begin in begins {
        for gradient in &gradients {
            let bad = is_left_out(gradient);
            let on_device = tensor(gradient.clone(), [gradient.len()], device);
            let state = words(&begin.words(), device);
            let state = loss_scale::check(on_device.clone(), state);
            // A good gradient behind a bad one takes nothing back.
            let state = loss_scale::check(tensor(good.clone(), [good.len()], device), state);
            let undone = loss_scale::undo(on_device, &state);
            let expected = begin.undo(gradient, bad);
            // Devices may take the smallest numbers for 0.
            assert_close(&floats(undone), &expected, 0.0, 1e-37);
            let (state, out) = loss_scale::next(state);
            let next = begin.next(bad);
            assert_eq!(read(state), next, "{begin:?}");
            let counts = if bad { 0.0 } else { 1.0 };
            assert_eq!(floats(out), [next.scale, counts]);
        }
    }
}

fn mixed() -> RunConfig {
    let mut config = plain_config();
    config.training.precision = Precision::Mixed;
    config
}

struct Run {
    trainer: Trainer,
    outcome: Outcome,
    losses: Vec<f32>,
    scales: Vec<LossScaleSeen>,
}

fn run(mut trainer: Trainer) -> Run {
    let (mut losses, mut scales) = (Vec::new(), Vec::new());
    let data = resident(&gpu());
    let outcome = pollster::block_on(trainer.run(&data, &Control::default(), &mut |event| {
        if let Event::Steps(steps) = event {
            losses.extend(steps.steps.iter().map(|step| step.loss));
            scales.extend(steps.loss_scale);
        }
    }));
    Run {
        trainer,
        outcome: outcome.unwrap(),
        losses,
        scales,
    }
}

fn train(config: &RunConfig) -> Run {
    run(Trainer::new(config.clone(), &resident(&gpu())).unwrap())
}

fn parameters(run: &Run) -> Vec<weights::Parameter> {
    pollster::block_on(weights::collect(&run.trainer.model())).unwrap()
}

#[test]
fn every_network_and_adversary_learns() {
    let mut cases: Vec<(&str, Adversary)> = Adversary::ALL.map(|kind| ("small-cnn", kind)).into();
    cases.extend([
        ("resnet-8", Adversary::None),
        ("resnet-8", Adversary::Pgd),
        ("wrn-10-1", Adversary::None),
        ("wrn-8-1", Adversary::None),
    ]);
    for (network, kind) in cases {
        let mut config = mixed();
        config.network = network.parse().unwrap();
        // The larger networks take seconds a step where a GPU is software.
        let is_small = network == "small-cnn";
        config.training.steps = if is_small { 30 } else { 3 };
        config.training.eval_every = 0;
        config.optimizer.learning_rate = 3e-3;
        config.objective = ObjectiveConfig {
            noise_sigma: 0.1,
            adversary: AdversaryConfig {
                kind,
                epsilon: 0.1,
                step_size: 0.05,
                iterations: 3,
                trades_weight: 2.0,
            },
            ..ObjectiveConfig::natural()
        };
        let run = train(&config);
        let Outcome::Finished(summary) = &run.outcome else {
            panic!("{network} {kind:?}: {:?}", run.outcome);
        };
        assert!(
            !is_small || summary.test.accuracy > 0.9,
            "{network} {kind:?}: {summary:?}"
        );
        let seen = run.scales.last().unwrap();
        assert_eq!(
            (seen.scale, seen.left_out),
            (FIRST, 0),
            "{network} {kind:?}"
        );
        // The first steps are nearly those of full precision.
        config.training.steps = 3;
        config.training.precision = Precision::Full;
        let full = train(&config);
        assert!(full.scales.is_empty());
        let slack = if kind == Adversary::None { 5e-3 } else { 2e-2 };
        assert_close(&run.losses[..3], &full.losses[..3], slack, slack);
        assert_ne!(run.losses[..3], full.losses[..3], "{network} {kind:?}");
    }
}

#[test]
fn a_gradient_too_large_leaves_its_step_out() {
    for (kind, momentum) in [
        (OptimizerKind::Adam, 0.9),
        (OptimizerKind::AdamW, 0.9),
        (OptimizerKind::Sgd, 0.0),
        (OptimizerKind::Sgd, 0.9),
        (OptimizerKind::Nesterov, 0.9),
    ] {
        let mut config = mixed();
        config.training.steps = 4;
        // A mean over few images has large gradients.
        config.training.batch_size = 1;
        config.training.eval_every = 0;
        config.optimizer = OptimizerConfig {
            kind,
            momentum,
            learning_rate: 1e-4,
            weight_decay: 0.01,
            clip_norm: 1.0,
            ..OptimizerConfig::default()
        };
        // "Free" keeps a perturbation, which goes by the gradient too.
        config.objective.adversary.kind = Adversary::Free;
        let mut long = config.clone();
        long.training.steps = 5;
        let begun = train(&config);
        let mut checkpoint = pollster::block_on(begun.trainer.checkpoint()).unwrap();
        assert!(
            checkpoint
                .loss_scale
                .is_some_and(|scale| scale.scale == FIRST)
        );
        checkpoint.progress.config = long;
        checkpoint.progress.finished = false;
        checkpoint.loss_scale = Some(LossScale {
            scale: LARGEST,
            clean_steps: 5,
            left_out: 0,
        });
        let bytes = checkpoint.to_bytes().unwrap();
        let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
        let before = checkpoint.clone();
        let went_on = run(Trainer::resume(checkpoint, &resident(&gpu())).unwrap());
        let after = pollster::block_on(went_on.trainer.checkpoint()).unwrap();
        assert_eq!(after.progress.step, 5);
        let left_out = LossScale {
            scale: LARGEST / 2.0,
            clean_steps: 0,
            left_out: 1,
        };
        assert_eq!(after.loss_scale, Some(left_out), "{kind:?}");
        assert!(before.perturbation.is_some());
        assert!(
            after.perturbation == before.perturbation,
            "{kind:?}: the perturbation changed"
        );
        assert!(
            after.network == before.network,
            "{kind:?}: the weights changed"
        );
        assert!(
            after.optimizer.moments == before.optimizer.moments,
            "{kind:?}: the moments changed"
        );
    }
}

/// Stopped and gone on with, it is the same run, bit for bit.
#[test]
fn a_checkpoint_keeps_the_scale() {
    let mut config = mixed();
    config.training.steps = 9;
    let whole = train(&config);
    let mut short = config.clone();
    short.training.steps = 4;
    let mut checkpoint = pollster::block_on(train(&short).trainer.checkpoint()).unwrap();
    checkpoint.progress.config = config;
    checkpoint.progress.finished = false;
    let went_on = run(Trainer::resume(checkpoint, &resident(&gpu())).unwrap());
    assert!(parameters(&went_on) == parameters(&whole));
}

/// Sure of an image, a network has a gradient by it that 16 bits do not hold.
#[test]
fn an_adversary_finds_its_way_however_sure_the_network() {
    let device = &gpu().autodiff();
    let network = Network::new(plain_config().network, [1, 8, 8], 2, device).unwrap();
    let network = weights::initialize(network, 5).unwrap();
    let images = || tensor(numbers(7, 8 * 64, 0.5), [8, 1, 8, 8], device).require_grad();
    let loss = |logits: Tensor<2>| logits.slice([0..8, 0..1]).sum() * 1e-12;
    let signs = |precision| {
        let at = images();
        let gradients = loss(network.forward_adversary(at.clone(), precision)).backward();
        floats(at.grad(&gradients).unwrap().sign())
    };
    let (full, mixed) = (signs(Precision::Full), signs(Precision::Mixed));
    let alike = full
        .iter()
        .zip(&mixed)
        .filter(|(full, mixed)| full == mixed);
    assert!(alike.count() > 490, "of 512");
    // Without the balance nothing is left of it.
    let at = images();
    let logits = network.forward_train(at.clone(), Precision::Mixed, &mut Vec::new());
    let gradients = loss(logits).backward();
    assert!(
        floats(at.grad(&gradients).unwrap())
            .iter()
            .all(|&number| number == 0.0)
    );

    let logits = tensor(vec![0.0, 3.0, -1e-30, 2e-30, 1e30, 1.0], [3, 2], device).require_grad();
    let factors = tensor(vec![0.0, 0.0, -1e-30, 5e-31, 1e30, 1.0], [3, 2], device);
    let gradients = (balanced_gradient(logits.clone()) * factors)
        .sum()
        .backward();
    let balanced = floats(logits.grad(&gradients).unwrap());
    assert_close(&balanced, &[0.0, 0.0, -64.0, 32.0, 64.0, 0.0], 1e-6, 1e-6);
}

#[test]
fn what_has_no_16_bits_says_so() {
    let data = resident(&cpu());
    let mut trainer = Trainer::new(mixed(), &data).unwrap();
    let outcome = pollster::block_on(trainer.run(&data, &Control::default(), &mut |_: Event| {}));
    let error = outcome.unwrap_err().to_string();
    for part in ["training.precision", "mixed", "full", "16-bit"] {
        assert!(error.contains(part), "{error}");
    }
    // What was trained elsewhere can be opened and evaluated.
    let mut config = mixed();
    config.training.steps = 2;
    let checkpoint = pollster::block_on(train(&config).trainer.checkpoint()).unwrap();
    let mut again = Trainer::resume(checkpoint, &data).unwrap();
    let outcome = pollster::block_on(again.run(&data, &Control::default(), &mut |_: Event| {}));
    assert!(matches!(outcome, Ok(Outcome::Finished(_))));
}
