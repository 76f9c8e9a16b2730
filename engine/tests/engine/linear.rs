//! Linear layers against Burn's own and against the kernels' references, values and gradients.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::operation::linear::{linear, linear_relu};
use squeeze_shaders::linear::{self as reference, Product, relu_gradient};

use crate::devices::{assert_close, numbers, on_every_device};

on_every_device!(
    values_and_gradients_are_those_of_burn,
    values_and_gradients_are_those_of_the_definition,
    what_has_run_away_stays,
);

/// Images, inputs, outputs: of the networks, and sizes that fill no tile, no vector and no workgroup.
const CASES: [[usize; 3]; 8] = [
    [128, 1568, 128],
    [128, 128, 10],
    [5, 64, 10],
    [1, 3, 1],
    [9, 7, 65],
    [3, 130, 300],
    [17, 1, 256],
    [33, 20, 255],
];

type Layer = fn(&Linear, Tensor<2>) -> Tensor<2>;

fn tensor<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let numbers = numbers(seed, shape.iter().product(), 1.0);
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Output, and gradients by image, weight and bias of the outputs' sum, each times another number.
fn results([batch, inputs, outputs]: [usize; 3], layer: Layer, device: &Device) -> [Vec<f32>; 4] {
    let device = &device.clone().autodiff();
    let x = tensor([batch, inputs], 1, device).require_grad();
    let parameters = Linear {
        weight: Param::from_tensor(tensor([inputs, outputs], 2, device)),
        bias: Some(Param::from_tensor(tensor([outputs], 3, device))),
    };
    let out = layer(&parameters, x.clone());
    let factors = tensor([batch, outputs], 4, device);
    let gradients = (out.clone() * factors).sum().backward();
    [
        floats(out.inner()),
        floats(x.grad(&gradients).unwrap()),
        floats(parameters.weight.val().grad(&gradients).unwrap()),
        floats(parameters.bias.unwrap().val().grad(&gradients).unwrap()),
    ]
}

fn values_and_gradients_are_those_of_burn(device: &Device) {
    let burn_relu: Layer = |layer, x| relu(layer.forward(x));
    for case in CASES {
        let pairs: [(Layer, Layer); 2] = [(linear, Linear::forward), (linear_relu, burn_relu)];
        for (ours, burns) in pairs {
            let burns = results(case, burns, device);
            for (ours, burns) in results(case, ours, device).iter().zip(&burns) {
                assert_close(ours, burns, 1e-5, 2e-4);
            }
        }
    }
}

fn values_and_gradients_are_those_of_the_definition(device: &Device) {
    let plain = |columns| Product {
        columns,
        is_turned: false,
        has_bias: false,
        is_relu: false,
        is_shared: false,
    };
    for case @ [batch, inputs, outputs] in CASES {
        let [x, weight] = [([batch, inputs], 1), ([inputs, outputs], 2)]
            .map(|(shape, seed)| floats(tensor(shape, seed, device)));
        let bias = floats(tensor([outputs], 3, device));
        let factors = floats(tensor([batch, outputs], 4, device));
        let layer = Product {
            has_bias: true,
            is_relu: true,
            ..plain(outputs)
        };
        let out = reference::linear(layer, &x, &weight, Some(&bias));
        let gradient = relu_gradient(&out, &factors);
        let turned: Vec<f32> = (0..outputs * inputs)
            .map(|i| weight[i % inputs * outputs + i / inputs])
            .collect();
        let by_weight = Product {
            is_turned: true,
            ..plain(outputs)
        };
        let expected = [
            out,
            reference::linear(plain(inputs), &gradient, &turned, None),
            reference::linear(by_weight, &x, &gradient, None),
            (0..outputs)
                .map(|output| gradient.iter().skip(output).step_by(outputs).sum())
                .collect(),
        ];
        let ours = results(case, linear_relu, device);
        for (ours, expected) in ours.iter().zip(&expected) {
            assert_close(ours, expected, 1e-5, 5e-4);
        }
    }
}

/// A network whose numbers have run away must not look well.
fn what_has_run_away_stays(device: &Device) {
    let layer = Linear {
        weight: Param::from_tensor(Tensor::ones([2, 3], device)),
        bias: Some(Param::from_tensor(Tensor::zeros([3], device))),
    };
    // Their sum is beyond all numbers.
    let x = Tensor::from_data(TensorData::new(vec![f32::MAX, f32::MAX], [1, 2]), device);
    let out = floats(linear_relu(&layer, x));
    assert!(out.iter().all(|number| *number == f32::INFINITY), "{out:?}");
}
