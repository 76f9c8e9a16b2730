//! The update of the weights from their gradients.
//!
//! Burn has these optimisers too. Ours differ in what a run needs of them: weight decay by the kind
//! of parameter, one norm of the whole gradient to clip by, and a state that is kept by the
//! parameters' names, so that a run that was stopped goes on bit for bit. The formulas are those of
//! PyTorch, and are tested against it.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::config::{OptimizerConfig, OptimizerKind};
use crate::evaluate::{DeviceFailure, read};
use crate::network::weights::{Path, WeightsError, decays};
use crate::parameter::Parameter;

/// Adam's decay of the first and second moment, and what keeps its division finite.
const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// An optimiser and what it remembers.
pub struct Optimizer {
    config: OptimizerConfig,
    /// Updates done.
    updates: usize,
    /// Per parameter: momentum or first moment, then the second moment; flat, in the device's layout.
    moments: BTreeMap<String, Vec<Tensor<1>>>,
    /// This update's parameters as a GPU's kernels read them, by their weight decay.
    #[cfg(feature = "gpu")]
    numbers: Vec<(f64, Tensor<1>)>,
    /// Mixed precision: 1 if this update counts, 0 if it leaves everything as it is.
    counts: Option<Tensor<1>>,
}

/// What an optimiser remembers, on the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState {
    /// Updates done.
    pub updates: usize,
    /// Per parameter: its moments.
    pub moments: BTreeMap<String, Vec<Vec<f32>>>,
}

impl OptimizerState {
    /// Whether it belongs to a network with these parameters.
    ///
    /// # Errors
    /// [`WeightsError`] names the moments that do not.
    pub fn check(&self, parameters: &[Parameter]) -> Result<(), WeightsError> {
        for (name, moments) in &self.moments {
            let called = |place: usize| format!("optimizer.{place}.{name}");
            let owner = parameters.iter().find(|parameter| parameter.name == *name);
            let owner = owner.ok_or_else(|| WeightsError::Unknown { name: called(0) })?;
            for (place, moment) in moments.iter().enumerate() {
                if moment.len() != owner.values.len() {
                    return Err(WeightsError::Shape {
                        name: called(place),
                        found: vec![moment.len()],
                        expected: vec![owner.values.len()],
                    });
                }
                if moment.iter().any(|value| !value.is_finite()) {
                    let name = called(place);
                    return Err(WeightsError::NotFinite { name });
                }
            }
        }
        Ok(())
    }
}

impl Optimizer {
    /// An optimiser that remembers nothing yet.
    pub fn new(config: OptimizerConfig) -> Self {
        Self {
            config,
            updates: 0,
            moments: BTreeMap::new(),
            #[cfg(feature = "gpu")]
            numbers: Vec::new(),
            counts: None,
        }
    }

    /// An optimiser that goes on from a state.
    pub fn with_state(config: OptimizerConfig, state: OptimizerState, device: &Device) -> Self {
        let on_device = |values: Vec<f32>| {
            let length = values.len();
            Tensor::from_data(TensorData::new(values, [length]), device)
        };
        let moments = state
            .moments
            .into_iter()
            .map(|(name, moments)| (name, moments.into_iter().map(on_device).collect()))
            .collect();
        Self {
            config,
            updates: state.updates,
            moments,
            #[cfg(feature = "gpu")]
            numbers: Vec::new(),
            counts: None,
        }
    }

    /// Reads the state from the device.
    ///
    /// # Errors
    /// [`DeviceFailure`] if the device does not answer.
    pub async fn state(&self) -> Result<OptimizerState, DeviceFailure> {
        let mut state = OptimizerState {
            updates: self.updates,
            moments: BTreeMap::new(),
        };
        for (name, moments) in &self.moments {
            let mut values = Vec::with_capacity(moments.len());
            for moment in moments {
                values.push(read(moment.clone()).await?);
            }
            state.moments.insert(name.clone(), values);
        }
        Ok(state)
    }

    /// The network after one update at a learning rate. A parameter without gradient stays.
    ///
    /// `counts`, `[1]`, is 0 for an update that is to leave weights and moments as they are, its gradients
    /// being 0, and 1 for another; the device alone need know which.
    pub fn step<M: Module>(
        &mut self,
        rate: f64,
        network: M,
        gradients: &mut Gradients,
        counts: Option<Tensor<1>>,
    ) -> M {
        self.updates += 1;
        self.counts = counts;
        #[cfg(feature = "gpu")]
        self.numbers.clear();
        let scale = (self.config.clip_norm > 0.0)
            .then(|| clip_scale(&network, gradients, self.config.clip_norm))
            .flatten();
        network.map(&mut Update {
            path: Path::default(),
            optimizer: self,
            gradients,
            rate,
            scale,
        })
    }

    /// A parameter's next value, its moments brought up to date: on a GPU by one kernel, if there are
    /// moments.
    fn next(
        &mut self,
        name: &str,
        decay: f64,
        rate: f64,
        value: Tensor<1>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        #[cfg(feature = "gpu")]
        if matches!(
            value.device().as_dispatch(),
            burn::backend::DispatchDevice::Cube(_)
        ) && self.config.has_moments()
        {
            return self.next_on_gpu(name, decay, rate, value, gradient);
        }
        let change = self.change(name, decay, rate, &value, gradient);
        match &self.counts {
            Some(counts) => value - change * counts.clone(),
            None => value - change,
        }
    }

    #[cfg(feature = "gpu")]
    fn next_on_gpu(
        &mut self,
        name: &str,
        decay: f64,
        rate: f64,
        value: Tensor<1>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        use crate::kernel::optimizer::{adam_step, momentum_step};

        let numbers = self.numbers(decay, rate, &value.device());
        let zeros = || value.zeros_like();
        let mut old = self.moments.remove(name).into_iter().flatten();
        let mut old = || old.next().unwrap_or_else(zeros);
        let (next, moments) = match self.config.kind {
            OptimizerKind::Sgd | OptimizerKind::Nesterov => {
                let velocity = old();
                let (next, velocity) = momentum_step(value.clone(), gradient, velocity, &numbers);
                (next, vec![velocity])
            }
            OptimizerKind::Adam | OptimizerKind::AdamW => {
                let old = [old(), old()];
                let (next, moments) = adam_step(value.clone(), gradient, old, &numbers);
                (next, moments.into())
            }
        };
        self.moments.insert(name.to_owned(), moments);
        next
    }

    /// What this update's kernels need for a weight decay, on the device.
    #[cfg(feature = "gpu")]
    fn numbers(&mut self, decay: f64, rate: f64, device: &Device) -> Tensor<1> {
        use squeeze_shaders::optimizer::{Adam, Momentum};

        let known = self.numbers.iter().find(|(known, _)| *known == decay);
        if let Some((_, numbers)) = known {
            return numbers.clone();
        }
        let OptimizerConfig { kind, momentum, .. } = self.config;
        let on_device = |numbers: Vec<f32>| {
            let length = numbers.len();
            Tensor::<1>::from_data(TensorData::new(numbers, [length]), device)
        };
        let numbers = match kind {
            OptimizerKind::Sgd | OptimizerKind::Nesterov => Momentum {
                rate: rate as f32,
                momentum: momentum as f32,
                decay: decay as f32,
                nesterov: kind == OptimizerKind::Nesterov,
            }
            .numbers()
            .to_vec(),
            OptimizerKind::Adam | OptimizerKind::AdamW => {
                let updates = self.updates as i32;
                let is_decoupled = kind == OptimizerKind::AdamW;
                let only_if = |wanted, number| if wanted { number } else { 0.0 };
                Adam {
                    rate: (rate / (1.0 - BETA_1.powi(updates))) as f32,
                    bias: (1.0 - BETA_2.powi(updates)) as f32,
                    betas: [BETA_1, BETA_2].map(|beta| beta as f32),
                    rests: [BETA_1, BETA_2].map(|beta| (1.0 - beta) as f32),
                    epsilon: EPSILON as f32,
                    decay: only_if(!is_decoupled, decay) as f32,
                    decoupled_decay: only_if(is_decoupled, rate * decay) as f32,
                }
                .numbers()
                .to_vec()
            }
        };
        let numbers = match &self.counts {
            None => on_device(numbers),
            // What changes nothing where gradients are 0.
            Some(counts) => {
                let idle = match kind {
                    OptimizerKind::Sgd | OptimizerKind::Nesterov => Momentum {
                        rate: 0.0,
                        momentum: 1.0,
                        decay: 0.0,
                        nesterov: false,
                    }
                    .numbers()
                    .to_vec(),
                    OptimizerKind::Adam | OptimizerKind::AdamW => Adam {
                        rate: 0.0,
                        bias: 1.0,
                        betas: [1.0; 2],
                        rests: [0.0; 2],
                        epsilon: EPSILON as f32,
                        decay: 0.0,
                        decoupled_decay: 0.0,
                    }
                    .numbers()
                    .to_vec(),
                };
                let counts = counts.clone();
                on_device(numbers) * counts.clone() + on_device(idle) * (-counts + 1.0)
            }
        };
        self.numbers.push((decay, numbers.clone()));
        numbers
    }

    /// The change that is subtracted from a parameter, its moments brought up to date.
    fn change(
        &mut self,
        name: &str,
        decay: f64,
        rate: f64,
        value: &Tensor<1>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let OptimizerConfig { kind, momentum, .. } = self.config;
        let decoupled = kind == OptimizerKind::AdamW;
        let gradient = if decay > 0.0 && !decoupled {
            gradient + value.clone() * decay
        } else {
            gradient
        };
        let moments = self.moments.remove(name);
        let (change, moments) = match kind {
            OptimizerKind::Sgd | OptimizerKind::Nesterov => {
                if momentum == 0.0 {
                    return gradient * rate;
                }
                let velocity = match first(moments) {
                    Some(velocity) => velocity * momentum + gradient.clone(),
                    None => gradient.clone(),
                };
                let direction = if kind == OptimizerKind::Nesterov {
                    gradient + velocity.clone() * momentum
                } else {
                    velocity.clone()
                };
                (direction * rate, vec![velocity])
            }
            OptimizerKind::Adam | OptimizerKind::AdamW => {
                let square = gradient.clone() * gradient.clone();
                let blend = |old: Option<Tensor<1>>, new: Tensor<1>, beta: f64| match old {
                    Some(old) => old * beta + new * (1.0 - beta),
                    None => new * (1.0 - beta),
                };
                let mut old = moments.into_iter().flatten();
                let mean = blend(old.next(), gradient, BETA_1);
                let uncentred = blend(old.next(), square, BETA_2);
                let updates = self.updates as i32;
                let (bias_1, bias_2) = (1.0 - BETA_1.powi(updates), 1.0 - BETA_2.powi(updates));
                let deviation = (uncentred.clone() / bias_2).sqrt() + EPSILON;
                let mut change = mean.clone() / deviation * (rate / bias_1);
                if decoupled && decay > 0.0 {
                    change = change + value.clone() * (rate * decay);
                }
                (change, vec![mean, uncentred])
            }
        };
        self.moments.insert(name.to_owned(), moments);
        change
    }
}

fn first(moments: Option<Vec<Tensor<1>>>) -> Option<Tensor<1>> {
    moments.into_iter().flatten().next()
}

/// What the gradients are multiplied by so that their norm is at most `most`: `[1]`, never read from
/// the device. `None` without any gradient.
fn clip_scale(network: &impl Module, gradients: &Gradients, most: f64) -> Option<Tensor<1>> {
    struct Squares<'a> {
        gradients: &'a Gradients,
        sum: Option<Tensor<1>>,
    }
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.gradients) {
                let square = sum_in_order(gradient.clone() * gradient);
                self.sum = Some(match self.sum.take() {
                    Some(sum) => sum + square,
                    None => square,
                });
            }
        }
    }
    let mut squares = Squares {
        gradients,
        sum: None,
    };
    network.visit(&mut squares);
    // PyTorch adds the same number to the norm.
    let norm = squares.sum?.sqrt() + 1e-6;
    Some((norm.recip() * most).clamp_max(1.0))
}

/// The sum, `[1]`, the same in every bit each time. Burn's own sum over a whole tensor lets the
/// device's threads add up as they come.
fn sum_in_order<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let [rows, columns] = [tensor.dims()[0], tensor.dims()[1..].iter().product()];
    let rows_summed = tensor.reshape([rows, columns]).sum_dim(1);
    rows_summed.reshape([1, rows]).sum_dim(1).reshape([1])
}

struct Update<'a> {
    path: Path,
    optimizer: &'a mut Optimizer,
    gradients: &'a mut Gradients,
    rate: f64,
    scale: Option<Tensor<1>>,
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = param.val().grad_remove(self.gradients) else {
            return param;
        };
        let name = self.path.name();
        param.map(|old| {
            let shape = old.shape();
            let length = shape.num_elements();
            let decay = if decays(&name, &old.dims()) {
                self.optimizer.config.weight_decay
            } else {
                0.0
            };
            let value: Tensor<1> = old.inner().reshape([length]);
            let mut gradient: Tensor<1> = gradient.reshape([length]);
            if let Some(scale) = &self.scale {
                gradient = gradient * scale.clone();
            }
            let new = self
                .optimizer
                .next(&name, decay, self.rate, value, gradient);
            let new: Tensor<D> = new.reshape(shape);
            Tensor::from_inner(new).require_grad()
        })
    }
}
