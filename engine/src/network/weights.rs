//! Weights as named arrays in PyTorch's names and layout, and the safetensors format.
//!
//! PyTorch keeps a linear layer's weight as `[outputs, inputs]`, Burn as `[inputs, outputs]`; every
//! matrix among the parameters is such a weight and is transposed on the way in and out.

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData, bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::Network;
use crate::evaluate::read;
pub use crate::parameter::Parameter;
use crate::random::{Purpose, Stream};

/// Weights that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The bytes are no safetensors file.
    #[error("not a safetensors file ({0})")]
    Format(String),
    /// A parameter is missing.
    #[error(
        "has no tensor `{name}`, which this network needs; does the network's name fit the file?"
    )]
    Missing {
        /// The parameter.
        name: String,
    },
    /// There is a tensor that the network does not have.
    #[error(
        "has a tensor `{name}`, which this network lacks; does the network's name fit the file?"
    )]
    Unknown {
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape.
    #[error("tensor `{name}` has shape {found:?}, this network needs {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape needed.
        expected: Vec<usize>,
    },
    /// A tensor does not hold floats.
    #[error("tensor `{name}` holds {found}, not floats; convert it with `.float()` before saving")]
    Type {
        /// The tensor.
        name: String,
        /// The type found.
        found: String,
    },
    /// A tensor holds something that is not a number.
    #[error("tensor `{name}` holds an infinite value or NaN")]
    NotFinite {
        /// The tensor.
        name: String,
    },
    /// The device failed while the values were read.
    #[error("{0}")]
    Device(String),
}

/// Reads all parameters from the device.
///
/// # Errors
/// [`WeightsError::Device`] if the device fails.
pub async fn collect(network: &Network) -> Result<Vec<Parameter>, WeightsError> {
    let mut visitor = Collector::default();
    network.visit(&mut visitor);
    let mut parameters = Vec::with_capacity(visitor.found.len());
    for (name, shape, values) in visitor.found {
        let values = read(values)
            .await
            .map_err(|error| WeightsError::Device(error.to_string()))?;
        parameters.push(Parameter {
            name,
            shape,
            values,
        });
    }
    Ok(parameters)
}

/// The network with the given parameters in place of its own.
///
/// # Errors
/// [`WeightsError`] if they are not exactly the network's.
pub fn load(network: Network, parameters: Vec<Parameter>) -> Result<Network, WeightsError> {
    let mut visitor = Collector::default();
    network.visit(&mut visitor);
    let mut given: BTreeMap<String, Parameter> = parameters
        .into_iter()
        .map(|parameter| (parameter.name.clone(), parameter))
        .collect();
    for (name, expected, _) in visitor.found {
        let parameter = given
            .get(&name)
            .ok_or_else(|| WeightsError::Missing { name: name.clone() })?;
        if parameter.shape != expected {
            return Err(WeightsError::Shape {
                name,
                found: parameter.shape.clone(),
                expected,
            });
        }
        if parameter.values.iter().any(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite { name });
        }
    }
    let mut loader = Loader {
        path: Path::default(),
        given: &mut given,
    };
    let network = network.map(&mut loader);
    match given.into_keys().next() {
        Some(name) => Err(WeightsError::Unknown { name }),
        None => Ok(network),
    }
}

/// Trainable numbers of the network; running statistics are none.
pub fn count(network: &Network) -> usize {
    let mut visitor = Collector::default();
    network.visit(&mut visitor);
    let trainable = visitor
        .found
        .iter()
        .filter(|(name, ..)| !is_statistic(name));
    trainable
        .map(|(_, shape, _)| shape.iter().product::<usize>())
        .sum()
}

/// True for the running statistics of batch normalisation, which no gradient changes.
pub fn is_statistic(name: &str) -> bool {
    name.ends_with("running_mean") || name.ends_with("running_var")
}

/// True for the weights of convolutions and linear layers: those that weight decay is for.
pub fn decays(name: &str, shape: &[usize]) -> bool {
    name.ends_with("weight") && shape.len() > 1
}

/// The network with fresh weights. Linear layers, and the convolutions of networks without batch
/// normalisation, start uniform in `±1/sqrt(fan_in)`, biases too, as PyTorch's layers do; other
/// convolutions normal with variance `2/fan_out` (He et al. 2015); batch normalisation with weight 1
/// and bias 0. All depends on the seed alone, so every device starts from the same network.
///
/// # Errors
/// None in practice: the parameters made here fit the network.
pub fn initialize(network: Network, seed: u64) -> Result<Network, WeightsError> {
    let mut visitor = Collector::default();
    network.visit(&mut visitor);
    let normalised = visitor.found.iter().any(|(name, ..)| is_statistic(name));
    let mut fan_in = 1;
    let parameters = visitor
        .found
        .into_iter()
        .enumerate()
        .map(|(index, (name, shape, _))| {
            // A bias follows the weight of its layer and shares its fan-in.
            if shape.len() > 1 {
                fan_in = shape[1..].iter().product();
            }
            let count = shape.iter().product();
            let mut stream = Stream::new(seed, Purpose::Weights, index);
            let values = if normalised && shape.len() == 4 {
                let fan_out: usize = shape[0] * shape[2] * shape[3];
                let deviation = (2.0 / fan_out as f32).sqrt();
                let mut values = vec![0.0; count];
                stream.fill_normal(&mut values);
                values.iter().map(|value| deviation * value).collect()
            } else if normalised && !name.starts_with("fc.") {
                // What is left is batch normalisation.
                let one = name.ends_with("weight") || name.ends_with("running_var");
                vec![f32::from(u8::from(one)); count]
            } else {
                let bound = 1.0 / (fan_in as f32).sqrt();
                (0..count)
                    .map(|_| bound * (2.0 * stream.uniform() - 1.0))
                    .collect()
            };
            Parameter {
                name,
                shape,
                values,
            }
        })
        .collect();
    load(network, parameters)
}

/// The parameters as the bytes of a safetensors file, with at most one entry of metadata.
///
/// # Errors
/// [`WeightsError::Format`] if a parameter's shape and values do not fit.
pub fn to_safetensors(
    parameters: &[Parameter],
    metadata: Option<(&str, &str)>,
) -> Result<Vec<u8>, WeightsError> {
    let format = |error: safetensors::SafeTensorError| WeightsError::Format(error.to_string());
    let bytes: Vec<Vec<u8>> = parameters
        .iter()
        .map(|parameter| {
            parameter
                .values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        })
        .collect();
    let views = parameters
        .iter()
        .zip(&bytes)
        .map(|(parameter, bytes)| {
            let view = TensorView::new(Dtype::F32, parameter.shape.clone(), bytes)?;
            Ok((parameter.name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(format)?;
    let metadata = metadata.map(|(key, value)| HashMap::from([(key.to_owned(), value.to_owned())]));
    safetensors::serialize(views, metadata).map_err(format)
}

/// Reads the bytes of a safetensors file.
///
/// # Errors
/// [`WeightsError`] if they are none, or hold other types than floats. Those of 16 and 64 bits become
/// 32-bit ones.
pub fn from_safetensors(bytes: &[u8]) -> Result<Vec<Parameter>, WeightsError> {
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|error| WeightsError::Format(error.to_string()))?;
    tensors
        .iter()
        .map(|(name, view)| {
            let values = match view.dtype() {
                Dtype::F32 => numbers(view.data(), f32::from_le_bytes),
                Dtype::F64 => numbers(view.data(), |bytes| f64::from_le_bytes(bytes) as f32),
                Dtype::F16 => numbers(view.data(), |bytes| f16::from_le_bytes(bytes).to_f32()),
                Dtype::BF16 => numbers(view.data(), |bytes| bf16::from_le_bytes(bytes).to_f32()),
                other => {
                    return Err(WeightsError::Type {
                        name: name.to_owned(),
                        found: format!("{other:?}"),
                    });
                }
            };
            Ok(Parameter {
                name: name.to_owned(),
                shape: view.shape().to_vec(),
                values,
            })
        })
        .collect()
}

fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks();
    chunks.iter().map(|chunk| number(*chunk)).collect()
}

/// Where a traversal stands. The first name, the variant of [`Network`], is left out.
#[derive(Default)]
pub(crate) struct Path(Vec<String>);

impl Path {
    pub(crate) fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.0.pop();
    }

    pub(crate) fn name(&self) -> String {
        self.0[1..].join(".")
    }
}

/// Finds all parameters: name, shape in PyTorch's layout, values flattened in that layout.
#[derive(Default)]
struct Collector {
    path: Path,
    found: Vec<(String, Vec<usize>, Tensor<1>)>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let mut shape = value.dims().to_vec();
        let count: usize = shape.iter().product();
        let flat = if D == 2 {
            let matrix: Tensor<2> = value.reshape([shape[0], shape[1]]);
            shape.swap(0, 1);
            matrix.transpose().reshape([count])
        } else {
            value.reshape([count])
        };
        self.found.push((self.path.name(), shape, flat));
    }
}

/// Puts given parameters in place.
struct Loader<'a> {
    path: Path,
    given: &'a mut BTreeMap<String, Parameter>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(parameter) = self.given.remove(&self.path.name()) else {
            return param;
        };
        let Parameter { shape, values, .. } = parameter;
        let data = if D == 2 {
            TensorData::new(transpose(&values, shape[0], shape[1]), [shape[1], shape[0]])
        } else {
            TensorData::new(values, shape)
        };
        param.map(|old| {
            Tensor::from_data(data, &old.device()).set_require_grad(old.is_require_grad())
        })
    }
}

fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
        .collect()
}
