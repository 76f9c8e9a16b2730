//! [`Graph`]: a network's operations as ONNX nodes, written layer by layer.

use super::proto::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS, AttributeProto, DATA_FLOAT, DATA_INT64,
    NodeProto, TensorProto,
};

/// Name of the graph's input, `[N, channels, height, width]`, pixels in [0, 1].
pub const INPUT: &str = "images";
/// Name of the graph's output, `[N, classes]`.
pub const OUTPUT: &str = "logits";

/// PyTorch's epsilon of batch normalisation.
const BN_EPSILON: f32 = 1e-5;
/// Slope of the challenge network's leaky units.
const LEAK: f32 = 0.1;

/// A value in the graph: a node's output, or the input.
pub type Value = String;

/// Nodes in order of computation, and the weights that they take.
#[derive(Default)]
pub struct Graph {
    pub nodes: Vec<NodeProto>,
    /// Constants that are no weights.
    pub constants: Vec<TensorProto>,
    /// Names and shapes of the weights, as in PyTorch's `state_dict`.
    pub weights: Vec<(String, Vec<usize>)>,
}

/// A unit's nonlinearity.
#[derive(Clone, Copy)]
pub enum Activation {
    Relu,
    /// max(x, 0.1 x)
    Leaky,
}

/// A convolution with square kernel, padded by half of it.
pub struct Conv {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub bias: bool,
}

impl Conv {
    /// 3 x 3 without bias.
    pub fn three(inputs: usize, outputs: usize, stride: usize) -> Self {
        Self {
            inputs,
            outputs,
            kernel: 3,
            stride,
            bias: false,
        }
    }

    /// 1 x 1 without bias.
    pub fn one(inputs: usize, outputs: usize, stride: usize) -> Self {
        Self {
            kernel: 1,
            ..Self::three(inputs, outputs, stride)
        }
    }
}

impl Graph {
    /// Each image less its mean, over max(its population standard deviation, 1/sqrt(n)), where
    /// `n` is the number of values in an image.
    pub fn standardize(&mut self, images: &str, n: usize) -> Value {
        let mean = |graph: &mut Self, of: &str| {
            let attributes = vec![ints("axes", &[1, 2, 3]), int("keepdims", 1)];
            graph.node("ReduceMean", &[of], attributes)
        };
        let average = mean(self, images);
        let centred = self.node("Sub", &[images, &average], vec![]);
        let squares = self.node("Mul", &[&centred, &centred], vec![]);
        let variance = mean(self, &squares);
        let least = self.constant(TensorProto {
            data_type: DATA_FLOAT,
            float_data: vec![1.0 / n as f32],
            ..TensorProto::default()
        });
        let bounded = self.node("Max", &[&variance, &least], vec![]);
        let deviation = self.node("Sqrt", &[&bounded], vec![]);
        self.node("Div", &[&centred, &deviation], vec![])
    }

    /// The convolution whose weights are called `name`.
    pub fn conv(&mut self, name: &str, x: &str, conv: &Conv) -> Value {
        let (kernel, stride) = (conv.kernel as i64, conv.stride as i64);
        let shape = [conv.outputs, conv.inputs, conv.kernel, conv.kernel];
        let mut inputs = vec![x.to_owned(), self.weight(name, "weight", &shape)];
        if conv.bias {
            inputs.push(self.weight(name, "bias", &[conv.outputs]));
        }
        let attributes = vec![
            ints("kernel_shape", &[kernel; 2]),
            ints("pads", &[kernel / 2; 4]),
            ints("strides", &[stride; 2]),
        ];
        self.node("Conv", &inputs, attributes)
    }

    /// Batch normalisation by the running statistics.
    pub fn batch_norm(&mut self, name: &str, x: &str, channels: usize) -> Value {
        let mut inputs = vec![x.to_owned()];
        for part in ["weight", "bias", "running_mean", "running_var"] {
            inputs.push(self.weight(name, part, &[channels]));
        }
        let epsilon = float("epsilon", BN_EPSILON);
        self.node("BatchNormalization", &inputs, vec![epsilon])
    }

    pub fn activate(&mut self, activation: Activation, x: &str) -> Value {
        match activation {
            Activation::Relu => self.node("Relu", &[x], vec![]),
            Activation::Leaky => self.node("LeakyRelu", &[x], vec![float("alpha", LEAK)]),
        }
    }

    pub fn add(&mut self, a: &str, b: &str) -> Value {
        self.node("Add", &[a, b], vec![])
    }

    /// Maxima of `size x size` pixels.
    pub fn max_pool(&mut self, x: &str, size: usize) -> Value {
        self.pool("MaxPool", x, size)
    }

    /// Means of `size x size` pixels.
    pub fn average_pool(&mut self, x: &str, size: usize) -> Value {
        self.pool("AveragePool", x, size)
    }

    fn pool(&mut self, operator: &str, x: &str, size: usize) -> Value {
        let size = [size as i64; 2];
        let attributes = vec![ints("kernel_shape", &size), ints("strides", &size)];
        self.node(operator, &[x], attributes)
    }

    /// Every `stride`-th row and column, from the first on.
    pub fn subsample(&mut self, x: &str, stride: usize) -> Value {
        let inputs = [
            x.to_owned(),
            self.integers(&[0, 0]),
            self.integers(&[i64::MAX; 2]),
            self.integers(&[2, 3]),
            self.integers(&[stride as i64; 2]),
        ];
        self.node("Slice", &inputs, vec![])
    }

    /// Zero channels, equally many before and after, from `from` to `to` of them.
    pub fn pad_channels(&mut self, x: &str, from: usize, to: usize) -> Value {
        let each = ((to - from) / 2) as i64;
        let pads = self.integers(&[0, each, 0, 0, 0, each, 0, 0]);
        self.node("Pad", &[x, &pads], vec![])
    }

    /// `[N, channels, height, width]` to `[N, channels]`.
    pub fn global_average(&mut self, x: &str) -> Value {
        let mean = self.node("GlobalAveragePool", &[x], vec![]);
        self.flatten(&mean)
    }

    /// All axes but the first become one.
    pub fn flatten(&mut self, x: &str) -> Value {
        self.node("Flatten", &[x], vec![int("axis", 1)])
    }

    /// The linear layer whose weights are called `name`.
    pub fn linear(&mut self, name: &str, x: &str, [from, to]: [usize; 2]) -> Value {
        let weight = self.weight(name, "weight", &[to, from]);
        let bias = self.weight(name, "bias", &[to]);
        self.node("Gemm", &[x, &weight, &bias], vec![int("transB", 1)])
    }

    /// Declares the last node's value the output.
    pub fn finish(&mut self) {
        if let Some(output) = self.nodes.last_mut().and_then(|n| n.output.first_mut()) {
            OUTPUT.clone_into(output);
        }
    }

    fn weight(&mut self, layer: &str, part: &str, shape: &[usize]) -> Value {
        let name = format!("{layer}.{part}");
        self.weights.push((name.clone(), shape.to_vec()));
        name
    }

    fn node(
        &mut self,
        operator: &str,
        inputs: &[impl AsRef<str>],
        attribute: Vec<AttributeProto>,
    ) -> Value {
        let name = format!("{}_{}", operator.to_lowercase(), self.nodes.len());
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|i| i.as_ref().to_owned()).collect(),
            output: vec![name.clone()],
            name: name.clone(),
            op_type: operator.to_owned(),
            attribute,
            ..NodeProto::default()
        });
        name
    }

    fn integers(&mut self, values: &[i64]) -> Value {
        self.constant(TensorProto {
            dims: vec![values.len() as i64],
            data_type: DATA_INT64,
            int64_data: values.to_vec(),
            ..TensorProto::default()
        })
    }

    fn constant(&mut self, mut tensor: TensorProto) -> Value {
        tensor.name = format!("constant_{}", self.constants.len());
        let name = tensor.name.clone();
        self.constants.push(tensor);
        name
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i,
        r#type: ATTRIBUTE_INT,
        ..AttributeProto::default()
    }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: ints.to_vec(),
        r#type: ATTRIBUTE_INTS,
        ..AttributeProto::default()
    }
}

fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        f,
        r#type: ATTRIBUTE_FLOAT,
        ..AttributeProto::default()
    }
}
