//! What `squeeze bench` tells. In a process of its own: every launch of a process is counted.
#![cfg(all(feature = "cpu", feature = "gpu"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use squeeze_engine::bench::measure::{BenchError, measure};
use squeeze_engine::bench::{BenchPlan, KernelTime};
use squeeze_engine::choice::DeviceWish;
use squeeze_engine::config::NetworkKind;
use squeeze_engine::data::mnist;
use squeeze_engine::device;
use squeeze_engine::event::DeviceReport;
use squeeze_engine::resident::Resident;

fn open(wish: DeviceWish) -> (Resident, DeviceReport) {
    let opened = pollster::block_on(device::open(wish)).expect(
        "these tests need a Vulkan, Metal or DX12 driver; `cargo xtask setup` brings Mesa's lavapipe",
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist");
    let files = mnist::FILES.map(|name| std::fs::read(folder.join(name)).unwrap());
    let digits = mnist::parse([&files[0], &files[1], &files[2], &files[3]].map(Vec::as_slice));
    let data = Resident::new(Arc::new(digits.unwrap()), &opened.device);
    (data, opened.report)
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
    let (data, report) = open(DeviceWish::Gpu);
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
    let (data, report) = open(DeviceWish::Cpu);
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
