//! [`OnnxModel`]: a classifier from an ONNX file.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::array::{Array, Data};
use super::decode::{self, Source};
use super::error::{OnnxReadError, Problem};
use super::plan::{MOST_AXES, Plan, Planned, plan};
use super::ranked::Ranked;
use super::run::run;

/// Floats of a constant that the host keeps, too, for operators that need to know them.
const MOST_KEPT: usize = 1024;

/// A classifier of images from an ONNX file: pixel values in [0, 1] in, logits out.
///
/// It is evaluated in 32-bit floats, whatever the file's. Clones share the weights.
#[derive(Clone)]
pub struct OnnxModel {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    /// As planning needs them, in the order of `source.constants`, which have no numbers left.
    planned: Vec<Planned>,
    tensors: Vec<Ranked>,
    parameters: usize,
    /// For a batch of the model's own size, or of one image.
    plan: Plan,
    /// The model takes batches of any size.
    any_batch: bool,
}

impl OnnxModel {
    /// Reads a model and puts its weights on `device`.
    ///
    /// Nothing is computed there: the model is checked by its shapes alone.
    ///
    /// # Errors
    /// [`OnnxReadError`], which names the node or tensor, if the bytes are no such model: one input
    /// `[batch, channels, height, width]` of which all but the batch are fixed, one output
    /// `[batch, classes]`, and supported operators.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, OnnxReadError> {
        let mut source = decode::decode(bytes)?;
        let parameters = parameters(&source);
        let device = device.clone().without_autodiff();
        let mut tensors = vec![];
        let mut planned = vec![];
        for constant in &mut source.constants {
            let array = std::mem::replace(&mut constant.array, Array::ints(vec![]));
            planned.push(
                upload(array, &mut tensors, &device).map_err(|Problem(problem)| {
                    OnnxReadError::Tensor {
                        tensor: constant.name.clone(),
                        problem,
                    }
                })?,
            );
        }
        let plan_for = |batch| plan(&source, &planned, tensors.len(), batch);
        let classes = |batch| plan_for(batch).map(|plan| plan.classes);
        let own = source.input.batch;
        let one = plan_for(1);
        // A model may fix the size of a batch by the numbers in its reshapes; then it says so.
        let (plan, any_batch) = match (one, own) {
            (Ok(one), _) if classes(2) == Ok(one.classes) && classes(3) == Ok(one.classes) => {
                (one, true)
            }
            (_, Some(own)) if own > 1 => (plan_for(own)?, false),
            (one, _) => (one?, false),
        };
        Ok(Self {
            shared: Arc::new(Shared {
                planned,
                tensors,
                parameters,
                plan,
                any_batch,
                source,
            }),
        })
    }

    /// Channels, height and width of an image.
    pub fn input_shape(&self) -> [usize; 3] {
        self.shared.source.input.shape
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.shared.plan.classes
    }

    /// Numbers that the model's operations make of one image: what it costs.
    pub fn numbers(&self) -> usize {
        self.shared.plan.numbers / self.shared.plan.batch.max(1)
    }

    /// Numbers in the weights that the logits depend on, without the running statistics of batch
    /// normalisation. (Exporters often merge the latter into convolutions.)
    pub fn parameters(&self) -> usize {
        self.shared.parameters
    }

    /// The file's last operation is a softmax, or the logarithm of one, which [`Self::forward`]
    /// leaves out to return logits.
    ///
    /// An attack that were given probabilities would see gradients vanish where the model is sure.
    pub fn ends_in_softmax(&self) -> bool {
        self.shared.plan.softmax_left_out
    }

    /// The size of the batches that the model's own reshapes fix, if they do. Batches of other sizes
    /// are then computed in such parts, one after the other.
    pub fn fixed_batch(&self) -> Option<usize> {
        (!self.shared.any_batch).then_some(self.shared.plan.batch)
    }

    /// Logits of a batch, with gradients by the images if those have autodiff.
    ///
    /// # Shapes
    /// - `images`: `[batch, channels, height, width]` as [`Self::input_shape`] says, pixels in
    ///   [0, 1], on the device of the model
    /// - output: `[batch, classes]`
    ///
    /// # Panics
    /// If the images have another shape.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let Shared {
            source,
            planned,
            tensors,
            plan: own,
            any_batch,
            ..
        } = &*self.shared;
        let [batch, channels, height, width] = images.dims();
        assert_eq!(
            [channels, height, width],
            source.input.shape,
            "channels, height and width of the images"
        );
        if batch == own.batch {
            return run(own, tensors, images);
        }
        if *any_batch
            && let Ok(plan) = plan(source, planned, tensors.len(), batch)
            && plan.classes == own.classes
        {
            return run(&plan, tensors, images);
        }
        let parts = (0..batch).step_by(own.batch).map(|first| {
            let count = own.batch.min(batch - first);
            let part = images.clone().narrow(0, first, count);
            if count == own.batch {
                return run(own, tensors, part);
            }
            // The last part is filled up with black images.
            let missing = [own.batch - count, channels, height, width];
            let black = Tensor::zeros(missing, &images.device());
            let full = Tensor::cat(vec![part, black], 0);
            run(own, tensors, full).narrow(0, 0, count)
        });
        Tensor::cat(parts.collect(), 0)
    }
}

impl std::fmt::Debug for OnnxModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxModel")
            .field("input_shape", &self.input_shape())
            .field("classes", &self.classes())
            .field("parameters", &self.parameters())
            .finish_non_exhaustive()
    }
}

/// A constant as planning needs it. Floats become a tensor, whose slot follows that of the images.
fn upload(array: Array, tensors: &mut Vec<Ranked>, device: &Device) -> Result<Planned, Problem> {
    let shape = array.shape.clone();
    // An empty one may be an input that is left out.
    if matches!(array.data, Data::Ints(_)) || array.len() == 0 {
        return Ok(Planned::known(array));
    }
    if shape.len() > MOST_AXES {
        return Err(Problem(format!(
            "has {} axes, more than {MOST_AXES}",
            shape.len()
        )));
    }
    let kept = (array.len() <= MOST_KEPT).then(|| Arc::new(array.clone()));
    if let Data::Floats(values) = array.data {
        tensors.push(Ranked::new(values, &shape, device));
    }
    Ok(Planned {
        shape,
        array: kept,
        slot: Some(tensors.len()),
    })
}

fn parameters(source: &Source) -> usize {
    let normalisations = source.nodes.iter();
    let normalisations = normalisations.filter(|node| node.operator == "BatchNormalization");
    let statistics: Vec<usize> = normalisations
        .flat_map(|node| node.inputs.iter().skip(3).flatten().copied())
        .collect();
    let weights = source.constants.iter().filter(|constant| {
        // Single numbers are those of formulas.
        let floats = matches!(constant.array.data, Data::Floats(_));
        let is_array = floats && !constant.array.shape.is_empty();
        constant.weight && is_array && !statistics.contains(&constant.value)
    });
    weights.map(|constant| constant.array.len()).sum()
}
