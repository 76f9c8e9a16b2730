//! The bytes of a file as a checked graph, without the nodes that its output does not need.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;

use super::array::{Array, Data};
use super::attributes::Attributes;
use super::constant::{self, types};
use super::error::{OnnxReadError, Problem, fail};
use super::operators::{self, Operator};
use crate::onnx::proto::{Dimension, GraphProto, ModelProto, NodeProto, ValueInfoProto};

/// Versions of ONNX's operators whose meaning is known.
const OPSETS: [i64; 2] = [11, 25];
const MOST_NODES: usize = 100_000;
/// Images of one batch, if the model fixes how many.
const MOST_IMAGES: usize = 4096;

/// The part of a model that its output needs. A value is a number below `values`; the images are 0.
pub struct Source {
    pub opset: i64,
    pub values: usize,
    pub constants: Vec<Constant>,
    /// In an order in which they can be computed.
    pub nodes: Vec<Node>,
    pub input: Input,
    pub output: usize,
    /// The place among `nodes` of the softmax after which nothing but the shape changes.
    pub softmax: Option<usize>,
}

/// A value that the file holds.
pub struct Constant {
    pub value: usize,
    pub name: String,
    pub array: Array,
    /// Of the model's weights, and so one of its parameters.
    pub weight: bool,
}

/// One operation.
pub struct Node {
    pub name: String,
    pub operator: String,
    pub plan: Operator,
    /// `None` for optional ones that are left out.
    pub inputs: Vec<Option<usize>>,
    pub outputs: Vec<Option<usize>>,
    pub attributes: Attributes,
}

impl Node {
    pub fn error(&self, Problem(problem): Problem) -> OnnxReadError {
        OnnxReadError::Node {
            node: self.name.clone(),
            operator: self.operator.clone(),
            problem,
        }
    }
}

/// The images.
pub struct Input {
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// Images of a batch, if the model fixes how many.
    pub batch: Option<usize>,
}

/// # Errors
/// [`OnnxReadError`] for everything that can be seen without the shapes of values.
pub fn decode(bytes: &[u8]) -> Result<Source, OnnxReadError> {
    let format = |what: &str| OnnxReadError::Format(what.to_owned());
    let model =
        ModelProto::decode(bytes).map_err(|error| OnnxReadError::Format(error.to_string()))?;
    let opset = opset(&model)?;
    let mut graph = model.graph.ok_or_else(|| format("it holds no graph"))?;
    if graph.node.is_empty() {
        return Err(format("its graph holds no nodes"));
    }
    if graph.node.len() > MOST_NODES {
        return Err(OnnxReadError::TooLarge {
            what: "nodes",
            count: graph.node.len(),
            limit: MOST_NODES,
        });
    }
    for (place, node) in graph.node.iter_mut().enumerate() {
        if node.name.is_empty() {
            node.name = format!("#{place}");
        }
    }
    let (images, input) = input(&graph)?;
    let output = output(&graph)?.to_owned();
    let names = names(&graph, &images)?;
    let wired: Vec<Wires> = graph.node.iter().map(|node| wires(node, &names)).collect();
    let Some(&output) = names.get(&output) else {
        let text = format!("the output `{output}` is made by no node");
        return Err(OnnxReadError::Output(text));
    };

    let live = live(&wired, output);
    let mut source = Source {
        opset,
        values: names.len(),
        constants: vec![],
        nodes: vec![],
        input,
        output,
        softmax: None,
    };
    for tensor in graph.initializer {
        if let Some(&value) = names.get(&tensor.name)
            && live.contains(&value)
        {
            let array = constant::array(&tensor);
            let constant = constant(value, tensor.name, array, true)?;
            source.constants.push(constant);
        }
    }
    for (node, wires) in graph.node.into_iter().zip(wired) {
        if !wires.make_one_of(&live) {
            continue;
        }
        let attributes = Attributes::new(node.attribute);
        if node.op_type == "Constant" && operators::is_onnx(&node.domain) {
            if let Some(&Some(value)) = wires.outputs.first() {
                let array = written(&attributes);
                let constant = constant(value, node.name, array, false)?;
                source.constants.push(constant);
            }
            continue;
        }
        let Some(plan) = operators::find(&node.domain, &node.op_type) else {
            return Err(OnnxReadError::Operator {
                operator: node.op_type,
                node: node.name,
                domain: match node.domain.as_str() {
                    "" => "ai.onnx".to_owned(),
                    other => other.to_owned(),
                },
                opset,
                supported: operators::supported(),
            });
        };
        source.nodes.push(Node {
            name: node.name,
            operator: node.op_type,
            plan,
            inputs: wires.inputs,
            outputs: wires.outputs,
            attributes,
        });
    }
    source.softmax = final_softmax(&source);
    Ok(source)
}

fn opset(model: &ModelProto) -> Result<i64, OnnxReadError> {
    let [oldest, newest] = OPSETS;
    let mut sets = model.opset_import.iter();
    let found = match sets.find(|set| operators::is_onnx(&set.domain)) {
        Some(set) if (oldest..=newest).contains(&set.version) => return Ok(set.version),
        Some(set) => format!("opset {}", set.version),
        // An empty message is an empty file, too.
        None if model.graph.is_none() => {
            return Err(OnnxReadError::Format("it holds no graph".to_owned()));
        }
        None => "no opset of ONNX".to_owned(),
    };
    Err(OnnxReadError::Opset {
        found,
        oldest,
        newest,
    })
}

/// The name of the input, and what the graph says of it.
fn input(graph: &GraphProto) -> Result<(String, Input), OnnxReadError> {
    // Old models list their weights among the inputs.
    let weights: BTreeSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let inputs = graph.input.iter();
    let inputs: Vec<&ValueInfoProto> = inputs
        .filter(|input| !weights.contains(input.name.as_str()))
        .collect();
    let [input] = inputs[..] else {
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let text = format!("the model has {} inputs {names:?}", names.len());
        return Err(OnnxReadError::Input(text));
    };
    let bad = |what: String| OnnxReadError::Input(format!("the input `{}` {what}", input.name));
    let tensor = input.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
    let tensor = tensor.ok_or_else(|| bad("is no tensor".to_owned()))?;
    if !types::is_float(tensor.elem_type) {
        return Err(bad(format!(
            "holds values of ONNX's type {}, not floats in [0, 1]",
            tensor.elem_type
        )));
    }
    let axes = tensor.shape.as_ref().map_or(&[][..], |shape| &shape.dim);
    let axes: Vec<Option<usize>> = axes
        .iter()
        .map(|axis| match axis.value {
            Some(Dimension::DimValue(length)) => usize::try_from(length).ok().filter(|&l| l > 0),
            _ => None,
        })
        .collect();
    let [batch, channels, height, width] = axes[..] else {
        return Err(bad(format!("has {} axes", axes.len())));
    };
    let (Some(channels), Some(height), Some(width)) = (channels, height, width) else {
        return Err(bad(
            "leaves channels, height or width open (give only the batch a dynamic axis)".to_owned(),
        ));
    };
    if batch.is_some_and(|batch| batch > MOST_IMAGES) {
        return Err(bad(format!("wants more than {MOST_IMAGES} images at once")));
    }
    let shape = [channels, height, width];
    Ok((input.name.clone(), Input { shape, batch }))
}

fn output(graph: &GraphProto) -> Result<&str, OnnxReadError> {
    match &graph.output[..] {
        [output] => Ok(&output.name),
        outputs => {
            let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
            let text = format!("the model has {} outputs {names:?}", names.len());
            Err(OnnxReadError::Output(text))
        }
    }
}

/// A number for each value, if each is made once and before it is taken.
fn names(graph: &GraphProto, images: &str) -> Result<BTreeMap<String, usize>, OnnxReadError> {
    let mut names = BTreeMap::new();
    let add = |names: &mut BTreeMap<String, usize>, name: &str| {
        let number = names.len();
        match names.insert(name.to_owned(), number) {
            None => Ok(()),
            Some(_) => Err(OnnxReadError::Twice {
                value: name.to_owned(),
            }),
        }
    };
    add(&mut names, images)?;
    for tensor in &graph.initializer {
        add(&mut names, &tensor.name)?;
    }
    for (place, node) in graph.node.iter().enumerate() {
        let mut taken = node.input.iter().filter(|value| !value.is_empty());
        if let Some(value) = taken.find(|&value| !names.contains_key(value)) {
            let mut later = graph.node.iter().skip(place);
            let why = if later.any(|node| node.output.contains(value)) {
                "which is made only by that node or a later one; nodes must stand in an order in which they can be computed"
            } else {
                "which nothing makes; the file may be damaged"
            };
            return Err(OnnxReadError::Dangling {
                node: node.name.clone(),
                value: value.clone(),
                why,
            });
        }
        for value in node.output.iter().filter(|value| !value.is_empty()) {
            add(&mut names, value)?;
        }
    }
    Ok(names)
}

/// The values that a node takes and makes.
struct Wires {
    inputs: Vec<Option<usize>>,
    outputs: Vec<Option<usize>>,
}

impl Wires {
    fn make_one_of(&self, values: &BTreeSet<usize>) -> bool {
        let mut made = self.outputs.iter().flatten();
        made.any(|value| values.contains(value))
    }
}

fn wires(node: &NodeProto, names: &BTreeMap<String, usize>) -> Wires {
    let numbers = |values: &[String]| values.iter().map(|v| names.get(v).copied()).collect();
    Wires {
        inputs: numbers(&node.input),
        outputs: numbers(&node.output),
    }
}

/// The values that `output` needs.
fn live(wired: &[Wires], output: usize) -> BTreeSet<usize> {
    let mut live = BTreeSet::from([output]);
    // Nodes stand in an order of computation.
    for wires in wired.iter().rev() {
        if wires.make_one_of(&live) {
            live.extend(wires.inputs.iter().flatten());
        }
    }
    live
}

fn constant(
    value: usize,
    name: String,
    array: Result<Array, Problem>,
    weight: bool,
) -> Result<Constant, OnnxReadError> {
    match array {
        Ok(array) => Ok(Constant {
            value,
            name,
            array,
            weight,
        }),
        Err(Problem(problem)) => Err(OnnxReadError::Tensor {
            tensor: name,
            problem,
        }),
    }
}

/// The value of a `Constant` node.
fn written(attributes: &Attributes) -> Result<Array, Problem> {
    if let Some(tensor) = attributes.tensor("value") {
        return constant::array(tensor);
    }
    let (shape, data) = if let Some(floats) = attributes.floats("value_floats") {
        (vec![floats.len()], Data::Floats(floats.to_vec()))
    } else if let Some(ints) = attributes.ints("value_ints") {
        (vec![ints.len()], Data::Ints(ints.to_vec()))
    } else if attributes.has("value_float") {
        let value = attributes.float("value_float", 0.0);
        (vec![], Data::Floats(vec![value]))
    } else if attributes.has("value_int") {
        (vec![], Data::Ints(vec![attributes.int("value_int", 0)]))
    } else {
        fail!("holds neither numbers nor a tensor of them");
    };
    Ok(Array { shape, data })
}

/// The softmax that the output comes from, if only its shape changes after it.
fn final_softmax(source: &Source) -> Option<usize> {
    let mut value = source.output;
    for (place, node) in source.nodes.iter().enumerate().rev() {
        if !node.outputs.contains(&Some(value)) {
            continue;
        }
        match node.operator.as_str() {
            "Softmax" | "LogSoftmax" => return Some(place),
            "Identity" | "Dropout" | "Cast" | "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" => {
                value = node.inputs.first().copied().flatten()?;
            }
            _ => return None,
        }
    }
    None
}
