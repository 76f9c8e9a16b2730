//! Optimisers and schedules against PyTorch's trajectories in float64 (`tests/golden`).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::config::{OptimizerConfig, OptimizerKind, Schedule, ScheduleConfig};
use squeeze_engine::optimizer::Optimizer;

use crate::devices::{assert_close, on_every_device};
use crate::golden_files::{self as files, Pair};

on_every_device!(optimizers_match);

/// As a network is: names begin with the variant's.
#[derive(Module, Debug)]
enum Toy {
    Pair(Weights),
}

#[derive(Module, Debug)]
struct Weights {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

struct Case<'a> {
    golden: &'a files::Optimizers,
    device: Device,
}

impl Case<'_> {
    fn matrix(&self, values: &[f64]) -> Tensor<2> {
        let [rows, columns] = self.golden.shapes.weight[..] else {
            panic!("a matrix has two axes");
        };
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        Tensor::from_data(TensorData::new(values, [rows, columns]), &self.device)
    }

    fn vector(&self, values: &[f64]) -> Tensor<1> {
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let length = values.len();
        Tensor::from_data(TensorData::new(values, [length]), &self.device)
    }

    fn step(&self, optimizer: &mut Optimizer, rate: f64, toy: Toy, gradient: &Pair<f64>) -> Toy {
        let Toy::Pair(Weights { weight, bias }) = &toy;
        // A loss whose gradient is the given one.
        let loss = (weight.val() * self.matrix(&gradient.weight)).sum()
            + (bias.val() * self.vector(&gradient.bias)).sum();
        let mut gradients = loss.backward();
        optimizer.step(rate, toy, &mut gradients, None)
    }
}

fn optimizers_match(device: &Device) {
    let golden: files::Optimizers = files::read("optimizers");
    let case = Case {
        golden: &golden,
        device: device.clone().autodiff(),
    };
    for run in &golden.runs {
        let kind = match (run.optimizer.as_str(), run.nesterov) {
            ("sgd", false) => OptimizerKind::Sgd,
            ("sgd", true) => OptimizerKind::Nesterov,
            ("adam", _) => OptimizerKind::Adam,
            ("adamw", _) => OptimizerKind::AdamW,
            other => panic!("{other:?}"),
        };
        println!("{kind:?}, clip {:?}, decay {}", run.clip, run.weight_decay);
        let mut optimizer = Optimizer::new(OptimizerConfig {
            kind,
            momentum: run.momentum,
            weight_decay: run.weight_decay,
            clip_norm: run.clip.unwrap_or(0.0),
            ..OptimizerConfig::default()
        });
        let mut toy = Toy::Pair(Weights {
            weight: Param::from_tensor(case.matrix(&golden.start.weight)),
            bias: Param::from_tensor(case.vector(&golden.start.bias)),
        });
        for (place, (gradient, expected)) in golden.gradients.iter().zip(&run.steps).enumerate() {
            if place == 3 {
                // A state that was written down goes on as if it never had been.
                let state = pollster::block_on(optimizer.state()).unwrap();
                let config = OptimizerConfig {
                    kind,
                    momentum: run.momentum,
                    weight_decay: run.weight_decay,
                    clip_norm: run.clip.unwrap_or(0.0),
                    ..OptimizerConfig::default()
                };
                optimizer = Optimizer::with_state(config, state, device);
            }
            toy = case.step(&mut optimizer, run.learning_rate, toy, gradient);
            let Toy::Pair(Weights { weight, bias }) = &toy;
            let weight: Vec<f32> = weight.val().into_data().try_into_vec().unwrap();
            let bias: Vec<f32> = bias.val().into_data().try_into_vec().unwrap();
            let wanted = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<_>>();
            assert_close(&weight, &wanted(&expected.weight), 2e-6, 2e-6);
            assert_close(&bias, &wanted(&expected.bias), 2e-6, 2e-6);
        }
    }
}

#[test]
fn schedules_match() {
    let golden: files::Optimizers = files::read("optimizers");
    let mut checked = 0;
    for expected in &golden.schedules {
        let (kind, warmup) = match expected.name.as_str() {
            "cosine" => (Schedule::Cosine, 0.0),
            "step" => (Schedule::Step, 0.0),
            "one-cycle" => (Schedule::OneCycle, 0.3),
            // PyTorch's other form, which a run does not offer.
            _ => continue,
        };
        let schedule = ScheduleConfig {
            kind,
            warmup,
            milestones: vec![0.4, 0.6],
            factor: 0.1,
        };
        for (step, rate) in expected.rates.iter().enumerate() {
            let found = expected.learning_rate * schedule.factor_at(step, expected.rates.len());
            assert!(
                (found - rate).abs() < 1e-9,
                "{kind:?} {step}: {found} instead of {rate}"
            );
        }
        checked += 1;
    }
    assert_eq!(checked, 3);
}
