//! `resnet-d` as ONNX.

use super::graph::{Activation::Relu, Conv, Graph, INPUT, Value};

/// The CIFAR ResNet with `units` blocks a stage and parameter-free shortcuts.
pub fn write(graph: &mut Graph, image_shape: [usize; 3], classes: usize, units: usize) {
    let mut x = graph.standardize(INPUT, image_shape.iter().product());
    x = graph.conv("conv1", &x, &Conv::three(image_shape[0], 16, 1));
    x = graph.batch_norm("bn1", &x, 16);
    x = graph.activate(Relu, &x);
    let mut inputs = 16;
    for (stage, outputs) in [(1, 16), (2, 32), (3, 64)] {
        for place in 0..units {
            let stride = if stage > 1 && place == 0 { 2 } else { 1 };
            let name = format!("layer{stage}.{place}");
            x = block(graph, &name, &x, &Conv::three(inputs, outputs, stride));
            inputs = outputs;
        }
    }
    x = graph.global_average(&x);
    graph.linear("fc", &x, [inputs, classes]);
}

fn block(graph: &mut Graph, name: &str, x: &str, first: &Conv) -> Value {
    let outputs = first.outputs;
    let mut y = graph.conv(&format!("{name}.conv1"), x, first);
    y = graph.batch_norm(&format!("{name}.bn1"), &y, outputs);
    y = graph.activate(Relu, &y);
    let second = Conv::three(outputs, outputs, 1);
    y = graph.conv(&format!("{name}.conv2"), &y, &second);
    y = graph.batch_norm(&format!("{name}.bn2"), &y, outputs);
    let mut shortcut = x.to_owned();
    if first.inputs != outputs {
        shortcut = graph.subsample(&shortcut, first.stride);
        shortcut = graph.pad_channels(&shortcut, first.inputs, outputs);
    }
    let sum = graph.add(&y, &shortcut);
    graph.activate(Relu, &sum)
}
