//! ReLU with pooling against Burn's own operations, values and gradients.

use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::operation::relu_pool::relu_pool;
use squeeze_shaders::relu_pool::{self as reference, Plane};

use crate::devices::{cpu, numbers, on_every_device};

on_every_device!(values_and_gradients_are_those_of_burn);

fn results(
    x: &[f32],
    shape: [usize; 4],
    pool: fn(Tensor<4>) -> Tensor<4>,
    device: &Device,
) -> [Vec<f32>; 2] {
    let device = &device.clone().autodiff();
    let data = TensorData::new(x.to_vec(), shape);
    let x = Tensor::<4>::from_data(data, device).require_grad();
    let out = pool(x.clone());
    let count = out.dims().iter().product();
    let factors = TensorData::new(numbers(2, count, 1.0), out.dims());
    let factors = Tensor::from_data(factors, device);
    let gradients = (out.clone() * factors).sum().backward();
    [out.inner(), x.grad(&gradients).unwrap()]
        .map(|tensor| tensor.into_data().try_into_vec().unwrap())
}

fn plain(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(relu(x), MaxPoolOptions::new([2, 2]))
}

fn values_and_gradients_are_those_of_burn(device: &Device) {
    for shape in [
        [3, 4, 28, 28],
        [2, 5, 14, 14],
        [1, 3, 7, 9],
        [2, 1, 2, 3],
        [1, 1, 32, 2],
    ] {
        let count = shape.iter().product();
        let spread = numbers(1, count, 3.0);
        // Few different numbers: many squares have several greatest ones, or none above 0.
        let ties: Vec<f32> = spread.iter().map(|x| x.round().min(1.0)).collect();
        for x in [spread, ties] {
            let ours = results(&x, shape, relu_pool, device);
            assert_eq!(ours, results(&x, shape, plain, device), "{shape:?}");
            let plane = Plane([shape[2], shape[3]]);
            let out = reference::relu_pool(plane, &x);
            let gradient = numbers(2, out.len(), 1.0);
            let by_x = reference::relu_pool_gradient(plane, &x, &gradient);
            assert_eq!(ours, [out, by_x], "{shape:?}");
        }
    }
}

/// A network whose numbers have run away must not look well.
#[test]
fn what_is_no_number_stays() {
    for place in 0..4 {
        let mut x = [1.0, 2.0, -1.0, 0.5];
        x[place] = f32::NAN;
        let [out, gradient] = results(&x, [1, 1, 2, 2], relu_pool, &cpu());
        assert!(out[0].is_nan(), "{out:?}");
        assert!(
            gradient.iter().any(|&gradient| gradient != 0.0),
            "{gradient:?}"
        );
    }
}
