//! Watches a GPU's launches.

use std::sync::{Arc, Mutex, PoisonError};

use burn::cubecl::config::{TypeNameFormatLevel, type_name_format};
use burn::cubecl::logging::{
    LaunchObservation, LaunchObserver, ProfileDuration, TimingMethod, TimingRequest,
};

use super::{KernelTime, Profile};

/// Watches every launch of this process until it is finished. Being watched slows work down.
pub struct Profiler {
    seen: Arc<Seen>,
    _observation: LaunchObservation,
}

#[derive(Default)]
struct Seen(Mutex<Vec<Launch>>);

struct Launch {
    kernel: &'static str,
    profile: Option<ProfileDuration>,
}

impl LaunchObserver for Seen {
    fn launched(&self, kernel: &'static str) {
        let launch = Launch {
            kernel,
            profile: None,
        };
        self.launches().push(launch);
    }

    fn timing(&self) -> TimingRequest {
        TimingRequest::Deferred
    }

    fn profiled(&self, kernel: &'static str, profile: ProfileDuration) {
        let mut launches = self.launches();
        let own = launches.iter_mut().rev().find(|one| one.kernel == kernel);
        if let Some(launch) = own {
            launch.profile = Some(profile);
        }
    }
}

impl Seen {
    fn launches(&self) -> std::sync::MutexGuard<'_, Vec<Launch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Profiler {
    /// Begins to watch.
    pub fn begin() -> Self {
        let seen = Arc::new(Seen::default());
        Self {
            _observation: LaunchObservation::new(seen.clone()),
            seen,
        }
    }

    /// Waits for the device, and says what ran.
    pub async fn finish(self) -> Profile {
        let launches = std::mem::take(&mut *self.seen.launches());
        let mut profile = Profile {
            kernels: Vec::new(),
            by_device: true,
        };
        for Launch {
            kernel,
            profile: time,
        } in launches
        {
            let name = type_name_format(kernel, TypeNameFormatLevel::Balanced);
            let mut milliseconds = 0.0;
            match time {
                None => profile.by_device = false,
                Some(time) => {
                    profile.by_device &= time.timing_method() == TimingMethod::Device;
                    if let Some(ticks) = time.resolve().await {
                        milliseconds = ticks.duration().as_secs_f64() * 1e3;
                    }
                }
            }
            match profile.kernels.iter_mut().find(|one| one.kernel == name) {
                Some(row) => {
                    row.launches += 1.0;
                    row.milliseconds += milliseconds;
                }
                None => profile.kernels.push(KernelTime {
                    kernel: name,
                    launches: 1.0,
                    milliseconds,
                }),
            }
        }
        let costliest = |a: &KernelTime, b: &KernelTime| b.milliseconds.total_cmp(&a.milliseconds);
        profile.kernels.sort_by(costliest);
        profile
    }
}
