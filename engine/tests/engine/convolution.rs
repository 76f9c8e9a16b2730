//! The convolution against Burn's own, values and gradients.

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData, module};
use squeeze_engine::operation::convolution::conv2d;
use squeeze_shaders::convolution::{
    Convolution, convolution, convolution_by_image, convolution_weights,
};

use crate::devices::{assert_close, cpu, numbers, on_every_device};

/// Inputs, outputs, image, kernel, stride, padding.
type Case = (usize, usize, [usize; 2], [usize; 2], [usize; 2], [usize; 2]);

/// Every kernel of the networks, and what differs between the axes, leaves pixels that no output sees,
/// or has numbers of channels and pixels that fill no block and no vector.
const CASES: [Case; 19] = [
    (1, 16, [28, 28], [3, 3], [1, 1], [1, 1]),
    (16, 32, [14, 14], [3, 3], [1, 1], [1, 1]),
    (1, 32, [28, 28], [5, 5], [1, 1], [2, 2]),
    (32, 64, [14, 14], [5, 5], [1, 1], [2, 2]),
    (3, 16, [32, 32], [3, 3], [1, 1], [1, 1]),
    (16, 32, [32, 32], [3, 3], [2, 2], [1, 1]),
    (32, 64, [15, 17], [3, 3], [2, 2], [1, 1]),
    (16, 32, [16, 16], [1, 1], [2, 2], [0, 0]),
    (5, 7, [9, 11], [1, 1], [1, 1], [0, 0]),
    (3, 10, [12, 7], [2, 3], [1, 2], [0, 1]),
    (2, 3, [10, 10], [3, 3], [3, 3], [0, 0]),
    (2, 9, [11, 10], [2, 2], [3, 3], [1, 1]),
    (3, 13, [8, 9], [5, 4], [2, 3], [2, 3]),
    (1, 1, [1, 1], [1, 1], [1, 1], [0, 0]),
    (2, 6, [3, 3], [3, 3], [1, 1], [0, 0]),
    (4, 11, [6, 5], [3, 3], [1, 1], [2, 2]),
    (2, 3, [5, 4], [1, 1], [3, 2], [2, 2]),
    (1, 2, [1, 1], [3, 3], [2, 2], [4, 4]),
    (2, 2, [7, 7], [2, 2], [5, 5], [3, 3]),
];

on_every_device!(
    values_and_gradients_are_those_of_burn,
    values_are_those_of_the_definition,
);

const BATCH: usize = 5;

fn tensor<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let numbers = numbers(seed, shape.iter().product(), 1.0);
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Output, and gradients by image, weight and bias of the outputs' sum, each times another number.
fn results(case: Case, ours: bool, with_bias: bool, device: &Device) -> Vec<Vec<f32>> {
    let (inputs, outputs, [height, width], [kernel_height, kernel_width], stride, padding) = case;
    let device = &device.clone().autodiff();
    let x = tensor([BATCH, inputs, height, width], 1, device).require_grad();
    let weight = tensor([outputs, inputs, kernel_height, kernel_width], 2, device).require_grad();
    let bias = with_bias.then(|| tensor([outputs], 3, device).require_grad());
    let options = ConvOptions::new(stride, padding, [1, 1], 1);
    let convolve = if ours { conv2d } else { module::conv2d };
    let out = convolve(x.clone(), weight.clone(), bias.clone(), options);
    let factors = tensor(out.dims(), 4, device);
    let gradients = (out.clone() * factors).sum().backward();
    let mut results = vec![
        floats(out.inner()),
        floats(x.grad(&gradients).unwrap()),
        floats(weight.grad(&gradients).unwrap()),
    ];
    results.extend(bias.map(|bias| floats(bias.grad(&gradients).unwrap())));
    results
}

fn values_and_gradients_are_those_of_burn(device: &Device) {
    for case in CASES {
        for with_bias in [true, false] {
            let ours = results(case, true, with_bias, device);
            let burns = results(case, false, with_bias, &cpu());
            for (ours, burns) in ours.iter().zip(&burns) {
                assert_close(ours, burns, 1e-5, 2e-4);
            }
        }
    }
}

/// The kernels against their references, which are the definition written out.
fn values_are_those_of_the_definition(device: &Device) {
    for case in CASES {
        let (inputs, outputs, image @ [height, width], kernel, stride, padding) = case;
        let sizes = Convolution {
            inputs,
            image,
            outputs,
            out: [0, 1]
                .map(|axis| (image[axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1),
            kernel,
            stride,
            padding,
        };
        let x = floats(tensor([BATCH, inputs, height, width], 1, device));
        let weight = floats(tensor([outputs, inputs, kernel[0], kernel[1]], 2, device));
        let bias = floats(tensor([outputs], 3, device));
        let gradient = floats(tensor(
            [BATCH, outputs, sizes.out[0], sizes.out[1]],
            4,
            device,
        ));
        let (by_weight, by_bias) = convolution_weights(&sizes, &x, &gradient);
        let expected = [
            convolution(&sizes, &x, &weight, &bias),
            convolution_by_image(&sizes, BATCH, &weight, &gradient),
            by_weight,
            by_bias,
        ];
        for (ours, expected) in results(case, true, true, device).iter().zip(&expected) {
            assert_close(ours, expected, 1e-5, 2e-4);
        }
    }
}
