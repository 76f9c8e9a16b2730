//! Networks and their weights.

use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::config::NetworkKind;
use squeeze_engine::network::Network;
use squeeze_engine::network::weights::{self, Parameter, WeightsError};

use crate::devices::{assert_close, cpu, gpu, numbers, on_every_device};

on_every_device!(
    weights_survive_a_file,
    parameters_have_pytorch_names_and_shapes,
    files_that_do_not_fit_are_refused,
);

const MNIST: [usize; 3] = [1, 28, 28];

fn network(kind: NetworkKind, device: &Device) -> Network {
    let network = Network::new(kind, MNIST, 10, device).unwrap();
    weights::initialize(network, 5).unwrap()
}

fn collect(network: &Network) -> Vec<Parameter> {
    pollster::block_on(weights::collect(network)).unwrap()
}

fn parameters_have_pytorch_names_and_shapes(device: &Device) {
    let expect = |kind, count, shapes: [&[usize]; 4]| {
        let network = network(kind, device);
        assert_eq!(weights::count(&network), count);
        let parameters = collect(&network);
        let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "conv1.weight",
                "conv1.bias",
                "conv2.weight",
                "conv2.bias",
                "fc1.weight",
                "fc1.bias",
                "fc2.weight",
                "fc2.bias"
            ]
        );
        for (weight, shape) in parameters.iter().step_by(2).zip(shapes) {
            assert_eq!(weight.shape, shape, "{}", weight.name);
        }
    };
    expect(
        NetworkKind::SmallCnn,
        206_922,
        [&[16, 1, 3, 3], &[32, 16, 3, 3], &[128, 1568], &[10, 128]],
    );
    expect(
        NetworkKind::MnistCnn,
        3_274_634,
        [&[32, 1, 5, 5], &[64, 32, 5, 5], &[1024, 3136], &[10, 1024]],
    );
}

fn weights_survive_a_file(device: &Device) {
    let first = network(NetworkKind::SmallCnn, device);
    let bytes = weights::to_safetensors(&collect(&first), None).unwrap();
    let empty = Network::new(NetworkKind::SmallCnn, MNIST, 10, device).unwrap();
    let second = weights::load(empty, weights::from_safetensors(&bytes).unwrap()).unwrap();
    assert_eq!(collect(&first), collect(&second));
    let images = Tensor::<4>::from_data(
        TensorData::new(numbers(1, 3 * 784, 0.5), [3, 1, 28, 28]),
        device,
    );
    let logits = |network: &Network| -> Vec<f32> {
        network
            .forward(images.clone())
            .into_data()
            .try_into_vec()
            .unwrap()
    };
    assert_eq!(logits(&first), logits(&second));
    assert!(logits(&first).iter().any(|&z| z != 0.0));
}

fn files_that_do_not_fit_are_refused(device: &Device) {
    let good = collect(&network(NetworkKind::SmallCnn, device));
    let error = |parameters: Vec<Parameter>| {
        let network = Network::new(NetworkKind::SmallCnn, MNIST, 10, device).unwrap();
        weights::load(network, parameters).unwrap_err()
    };
    let mut missing = good.clone();
    missing.remove(2);
    assert!(matches!(error(missing), WeightsError::Missing { name } if name == "conv2.weight"));
    let mut unknown = good.clone();
    unknown.push(Parameter {
        name: "fc3.bias".to_owned(),
        shape: vec![1],
        values: vec![0.0],
    });
    assert!(matches!(error(unknown), WeightsError::Unknown { name } if name == "fc3.bias"));
    let other = collect(&network(NetworkKind::MnistCnn, device));
    assert!(matches!(error(other), WeightsError::Shape { name, .. } if name == "conv1.weight"));
    let mut nan = good.clone();
    nan[1].values[0] = f32::NAN;
    assert!(matches!(error(nan), WeightsError::NotFinite { name } if name == "conv1.bias"));
    let bytes = weights::to_safetensors(&good, None).unwrap();
    for length in [0, 7, 8, 100, bytes.len() - 1] {
        assert!(matches!(
            weights::from_safetensors(&bytes[..length]),
            Err(WeightsError::Format(_))
        ));
    }
}

#[test]
fn images_too_small_are_refused() {
    let error = Network::new(NetworkKind::SmallCnn, [1, 3, 28], 10, &cpu()).unwrap_err();
    assert!(error.to_string().contains("3 x 28"), "{error}");
}

/// Initial weights depend on the seed alone, and with equal weights the devices agree.
#[test]
fn devices_start_and_compute_alike() {
    for name in ["small-cnn", "mnist-cnn", "resnet-8", "wrn-10-1", "wrn-8-1"] {
        let kind = name.parse().unwrap();
        let (cpu, gpu) = (cpu(), gpu());
        let (on_cpu, on_gpu) = (network(kind, &cpu), network(kind, &gpu));
        assert_eq!(collect(&on_cpu), collect(&on_gpu));
        let images = numbers(2, 5 * 784, 1.0);
        let logits = |network: &Network, device: &Device| -> Vec<f32> {
            let images = TensorData::new(images.clone(), [5, 1, 28, 28]);
            let images = Tensor::<4>::from_data(images, device);
            network.forward(images).into_data().try_into_vec().unwrap()
        };
        assert_close(&logits(&on_gpu, &gpu), &logits(&on_cpu, &cpu), 1e-4, 1e-5);
    }
}

#[test]
fn initial_weights_fill_their_range() {
    let parameters = collect(&network(NetworkKind::SmallCnn, &cpu()));
    for (layer, fan_in) in parameters.chunks(2).zip([9, 144, 1568, 128]) {
        let bound = 1.0 / (fan_in as f32).sqrt();
        for parameter in layer {
            assert!(parameter.values.iter().all(|value| value.abs() < bound));
        }
        let values = &layer[0].values;
        let largest = values.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!(largest > 0.9 * bound, "{}: {largest}", layer[0].name);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.2 * bound, "{}: {mean}", layer[0].name);
    }
}
