//! WGSL kernels on a GPU interface against their references, and the plain tensor path on the CPU.

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::attack::{Budget, linf_step};
use squeeze_shaders::linf_step::linf_step as reference;

use crate::devices::{gpu, numbers, on_every_device};

on_every_device!(linf_step_is_its_reference, linf_step_takes_one_tensor_twice);

fn tensor(values: &[f32], shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn case(shape: [usize; 4], device: &Device) {
    let count = shape.iter().product();
    let clean: Vec<f32> = numbers(1, count, 0.6)
        .iter()
        .map(|x| (x + 0.5).clamp(0.0, 1.0))
        .collect();
    // Also from outside of the ball and of the image.
    let x: Vec<f32> = numbers(2, count, 0.9).iter().map(|x| x + 0.5).collect();
    let gradient: Vec<f32> = numbers(3, count, 1e-20)
        .iter()
        .enumerate()
        .map(|(place, g)| if place % 7 == 0 { 0.0 } else { *g })
        .collect();
    for (step_size, epsilon) in [(0.01, 0.3), (2.0 / 255.0, 8.0 / 255.0), (0.5, 0.0)] {
        let budget = Budget::new(step_size, epsilon, device);
        let next = linf_step(
            tensor(&x, shape, device),
            tensor(&gradient, shape, device),
            tensor(&clean, shape, device),
            &budget,
        );
        assert_eq!(next.dims(), shape);
        let next: Vec<f32> = next.into_data().try_into_vec().unwrap();
        assert_eq!(next, reference(&x, &gradient, &clean, step_size, epsilon));
    }
}

fn linf_step_is_its_reference(device: &Device) {
    // Less than a workgroup, exactly one, and a ragged last one.
    for shape in [[1, 1, 3, 5], [1, 1, 16, 16], [5, 3, 13, 11]] {
        case(shape, device);
    }
}

fn linf_step_takes_one_tensor_twice(device: &Device) {
    let values = [0.2, 0.4, 0.6, 0.8];
    let x = tensor(&values, [1, 1, 2, 2], device);
    let gradient = tensor(&[1.0, -1.0, 0.0, 2.0], [1, 1, 2, 2], device);
    let budget = Budget::new(0.1, 0.3, device);
    let next = linf_step(x.clone(), gradient, x.clone(), &budget);
    let next: Vec<f32> = next.into_data().try_into_vec().unwrap();
    assert_eq!(
        next,
        reference(&values, &[1.0, -1.0, 0.0, 2.0], &values, 0.1, 0.3)
    );
    let unchanged: Vec<f32> = x.into_data().try_into_vec().unwrap();
    assert_eq!(unchanged, values);
}

#[test]
fn linf_step_needs_more_workgroups_than_one_axis_takes() {
    case([65_536 + 3, 1, 16, 16], &gpu());
}
