//! The exponential moving average of a network's weights.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::network::Network;

/// The average after one more network: `decay` of the old one, the rest of the new one, running
/// statistics alike. In the first updates `n` the decay is at most `(1 + n) / (10 + n)`, so that the
/// initial weights are soon forgotten (as in TensorFlow's `ExponentialMovingAverage`).
///
/// Both networks have the same architecture; `average` and the result are without autodiff.
pub fn average(average: Network, network: &Network, decay: f64, updates: usize) -> Network {
    let n = updates as f64;
    let mut flat = Flat(Vec::new());
    network.visit(&mut flat);
    average.map(&mut Blend {
        new: flat.0.into_iter(),
        decay: decay.min((1.0 + n) / (10.0 + n)),
    })
}

struct Flat(Vec<Tensor<1>>);

impl ModuleVisitor for Flat {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let length = value.shape().num_elements();
        self.0.push(value.reshape([length]));
    }
}

struct Blend {
    new: std::vec::IntoIter<Tensor<1>>,
    decay: f64,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // A network has as many parameters as its average.
        let Some(new) = self.new.next() else {
            return param;
        };
        param.map(|old| {
            let shape = old.shape();
            let new: Tensor<D> = new.reshape(shape);
            old * self.decay + new * (1.0 - self.decay)
        })
    }
}
