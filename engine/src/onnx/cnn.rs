//! `small-cnn` and `mnist-cnn` as ONNX.

use super::graph::{Activation, Conv, Graph, INPUT};

/// conv, relu, pool2, conv, relu, pool2, fc, relu, fc; as `network/cnn.rs`.
pub fn write(
    graph: &mut Graph,
    [channels, height, width]: [usize; 3],
    classes: usize,
    kernel: usize,
    filters: [usize; 2],
    hidden: usize,
) {
    let mut x = INPUT.to_owned();
    let mut inputs = channels;
    for (name, outputs) in ["conv1", "conv2"].into_iter().zip(filters) {
        let conv = Conv {
            inputs,
            outputs,
            kernel,
            stride: 1,
            bias: true,
        };
        x = graph.conv(name, &x, &conv);
        x = graph.activate(Activation::Relu, &x);
        x = graph.max_pool(&x, 2);
        inputs = outputs;
    }
    let features = filters[1] * (height / 4) * (width / 4);
    x = graph.flatten(&x);
    x = graph.linear("fc1", &x, [features, hidden]);
    x = graph.activate(Activation::Relu, &x);
    graph.linear("fc2", &x, [hidden, classes]);
}
