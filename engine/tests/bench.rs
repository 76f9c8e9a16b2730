//! What `squeeze bench` tells, and what is set for a whole process: in one of its own, where tests take
//! turns, because every launch of a process is counted.
#![cfg(all(feature = "cpu", feature = "gpu"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use squeeze_engine::bench::measure::{BenchError, measure};
use squeeze_engine::bench::{BenchPlan, KernelTime};
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::config::NetworkKind;
use squeeze_engine::data::mnist;
use squeeze_engine::device::{self, OpenDevice};
use squeeze_engine::event::DeviceReport;
use squeeze_engine::kernel;
use squeeze_engine::operation::linear::linear_relu;
use squeeze_engine::resident::Resident;

static TURN: Mutex<()> = Mutex::new(());

/// The GPU, which a process can open once.
fn gpu() -> &'static OpenDevice {
    static GPU: OnceLock<OpenDevice> = OnceLock::new();
    GPU.get_or_init(|| {
        pollster::block_on(device::open(DeviceWish::Gpu)).expect(
            "these tests need a Vulkan, Metal or DX12 driver; `cargo xtask setup` brings Mesa's lavapipe",
        )
    })
}

fn loaded(opened: &OpenDevice) -> (Resident, DeviceReport) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist");
    let files = mnist::FILES.map(|name| std::fs::read(folder.join(name)).unwrap());
    let digits = mnist::parse([&files[0], &files[1], &files[2], &files[3]].map(Vec::as_slice));
    let data = Resident::new(Arc::new(digits.unwrap()), &opened.device);
    (data, opened.report.clone())
}

fn plan() -> BenchPlan {
    BenchPlan {
        network: NetworkKind::SmallCnn,
        batch_size: 16,
        steps: 4,
        iterations: 3,
        rounds: 0,
        profile: true,
    }
}

/// The goal that the number of launches was given; each costs a browser's main thread time.
#[test]
fn a_training_step_takes_at_most_forty_launches() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (data, report) = loaded(gpu());
    let figures = pollster::block_on(measure(&plan(), &data, &report)).unwrap();
    let step = figures.training_step.unwrap();
    // The first step makes the optimiser's moments: two launches for each of eight parameters.
    let launches = step.launches() - 16.0 / 4.0;
    println!("{launches:.2} launches a step");
    assert!(launches <= 40.0, "{step:#?}");
    let iteration = figures.pgd_iteration.unwrap();
    assert!(iteration.launches() <= 30.0, "{iteration:#?}");
    for profile in [step, iteration] {
        let named = |part: &str| {
            let is_it = |kernel: &&KernelTime| kernel.kernel.contains(part);
            profile.kernels.iter().find(is_it).unwrap().launches
        };
        assert_eq!(named("ConvolutionForward"), 2.0);
        assert!(profile.milliseconds() > 0.0);
    }
    assert!(figures.ms_per_training_step > 0.0);
    assert!(figures.ms_per_pgd_iteration.unwrap() > 0.0);
}

#[test]
fn plans_that_cannot_be_carried_out_are_refused() {
    let cpu = pollster::block_on(device::open(DeviceWish::Cpu)).unwrap();
    let (data, report) = loaded(&cpu);
    let measure = |plan| pollster::block_on(measure(&plan, &data, &report));
    assert!(matches!(measure(plan()), Err(BenchError::NoKernels)));
    let nothing = BenchPlan {
        steps: 0,
        profile: false,
        ..plan()
    };
    assert!(matches!(measure(nothing), Err(BenchError::Nothing)));
    let plain = BenchPlan {
        profile: false,
        iterations: 0,
        ..plan()
    };
    let figures = measure(plain).unwrap();
    assert_eq!(figures.training_step, None);
    assert_eq!(figures.ms_per_pgd_iteration, None);
}

/// Output, and gradients by image, weight and bias, of a layer of these sizes.
fn layer([batch, inputs, outputs]: [usize; 3], device: &Device) -> Vec<Vec<f32>> {
    let device = &device.clone().autodiff();
    let numbers = |count: usize, by: usize| -> Vec<f32> {
        let number = |i: usize| (i * by % 101) as f32 / 50.0 - 1.0;
        (0..count).map(number).collect()
    };
    let matrix = |rows: usize, columns: usize, by: usize| -> Tensor<2> {
        let numbers = numbers(rows * columns, by);
        Tensor::from_data(TensorData::new(numbers, [rows, columns]), device)
    };
    let x = matrix(batch, inputs, 37).require_grad();
    let layer = Linear {
        weight: Param::from_tensor(matrix(inputs, outputs, 53)),
        bias: Some(Param::from_tensor(matrix(1, outputs, 7).reshape([outputs]))),
    };
    let out = linear_relu(&layer, x.clone());
    let gradients = (out.clone() * matrix(batch, outputs, 11)).sum().backward();
    let bias = layer.bias.unwrap().val().grad(&gradients).unwrap();
    let matrices = [
        out.inner(),
        x.grad(&gradients).unwrap(),
        layer.weight.val().grad(&gradients).unwrap(),
        bias.reshape([1, outputs]),
    ];
    let floats = |matrix: Tensor<2>| matrix.into_data().try_into_vec().unwrap();
    matrices.map(floats).into()
}

/// A real GPU's products share their sums; the adapters that tests have are software, whose do not.
#[test]
fn sums_come_out_alike_shared_or_not() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let gpu = &gpu().device;
    for case in [
        [128, 1568, 128],
        [128, 128, 10],
        [5, 64, 10],
        [9, 7, 65],
        [33, 20, 255],
    ] {
        kernel::note_software(false);
        let shared = layer(case, gpu);
        kernel::note_software(true);
        let alone = layer(case, gpu);
        for (shared, alone) in shared.iter().zip(&alone) {
            assert_eq!(shared.len(), alone.len());
            for (shared, alone) in shared.iter().zip(alone) {
                let bound = 1e-4 + 1e-4 * alone.abs();
                assert!(
                    (shared - alone).abs() <= bound,
                    "{case:?}: {shared} {alone}"
                );
            }
        }
    }
}
