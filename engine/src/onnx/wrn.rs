//! `wrn-d-k` as ONNX, in both its forms.

use super::graph::{Activation, Conv, Graph, INPUT, Value};

/// A Wide ResNet with `units` a stage; `challenge` is the form of the CIFAR-10 challenge.
pub fn write(
    graph: &mut Graph,
    image_shape: [usize; 3],
    classes: usize,
    units: usize,
    width: usize,
    challenge: bool,
) {
    let activation = if challenge {
        Activation::Leaky
    } else {
        Activation::Relu
    };
    let mut x = graph.standardize(INPUT, image_shape.iter().product());
    x = graph.conv("conv1", &x, &Conv::three(image_shape[0], 16, 1));
    let mut inputs = 16;
    for (stage, filters) in [(1, 16), (2, 32), (3, 64)] {
        for place in 0..units {
            let stride = if stage > 1 && place == 0 { 2 } else { 1 };
            let conv = Conv::three(inputs, filters * width, stride);
            let shortcut = match (challenge, stage, place) {
                (false, ..) => Shortcut::Convolution,
                (true, 1, 0) => Shortcut::PooledActivated,
                (true, ..) => Shortcut::Pooled,
            };
            let name = format!("layer{stage}.{place}");
            x = unit(graph, &name, &x, &conv, activation, shortcut);
            inputs = conv.outputs;
        }
    }
    x = graph.batch_norm("bn", &x, inputs);
    x = graph.activate(activation, &x);
    x = graph.global_average(&x);
    graph.linear("fc", &x, [inputs, classes]);
}

/// How a unit's input reaches its output where the number of channels changes.
enum Shortcut {
    /// By a 1 x 1 convolution of the activated input.
    Convolution,
    /// By average pooling and zero channels.
    Pooled,
    /// The same from the activated input, also where the number of channels stays.
    PooledActivated,
}

fn unit(
    graph: &mut Graph,
    name: &str,
    x: &str,
    first: &Conv,
    activation: Activation,
    shortcut: Shortcut,
) -> Value {
    let &Conv {
        inputs,
        outputs,
        stride,
        ..
    } = first;
    let normalized = graph.batch_norm(&format!("{name}.bn1"), x, inputs);
    let activated = graph.activate(activation, &normalized);
    let mut y = graph.conv(&format!("{name}.conv1"), &activated, first);
    y = graph.batch_norm(&format!("{name}.bn2"), &y, outputs);
    y = graph.activate(activation, &y);
    let second = Conv::three(outputs, outputs, 1);
    y = graph.conv(&format!("{name}.conv2"), &y, &second);
    let start = match shortcut {
        Shortcut::PooledActivated => &activated,
        _ => x,
    };
    let shortcut = if inputs == outputs {
        start.to_owned()
    } else if matches!(shortcut, Shortcut::Convolution) {
        let conv = Conv::one(inputs, outputs, stride);
        graph.conv(&format!("{name}.shortcut"), &activated, &conv)
    } else {
        let mut pooled = start.to_owned();
        if stride > 1 {
            pooled = graph.average_pool(&pooled, stride);
        }
        graph.pad_channels(&pooled, inputs, outputs)
    };
    graph.add(&y, &shortcut)
}
