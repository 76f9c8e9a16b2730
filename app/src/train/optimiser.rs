//! The optimiser and the learning rate over the run.

use leptos::prelude::*;
use squeeze_engine::config::{OptimizerKind, Precision, Schedule};

use crate::controls::group::Group;
use crate::controls::number::NumberField;
use crate::controls::select::{SelectField, options};
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::train::sketch::ScheduleSketch;
use crate::words::{
    self, about_optimizer, about_precision, optimizer_title, precision_title, schedule_title,
};

const FIELDS: [Field; 9] = [
    Field::LearningRate,
    Field::Momentum,
    Field::WeightDecay,
    Field::ClipNorm,
    Field::EmaDecay,
    Field::MicroBatch,
    Field::Warmup,
    Field::Milestones,
    Field::Factor,
];

/// How the objective is minimised.
#[component]
pub fn OptimiserGroup() -> impl IntoView {
    let lab = Lab::get();
    let kind = Memo::new(move |_| lab.config.with(|config| config.optimizer.kind));
    let schedule = Memo::new(move |_| lab.config.with(|config| config.optimizer.schedule.kind));
    let summary = Signal::derive(move || {
        lab.config
            .with(|config| words::optimiser(&config.optimizer, &config.training))
    });
    let optimizers = options(OptimizerKind::ALL, OptimizerKind::name, optimizer_title);
    let precision = Memo::new(move |_| lab.config.with(|config| config.training.precision));
    let precisions = options(Precision::ALL, Precision::name, precision_title);
    let schedules = options(Schedule::ALL, Schedule::name, schedule_title);
    view! {
        <Group
            test_id="group-optimiser"
            title="Optimiser and schedule"
            summary=summary
            fields=FIELDS.to_vec()
        >
            <SelectField
                test_id="optimizer"
                label="Optimiser"
                options=optimizers
                value=Signal::derive(move || kind.get().name().to_owned())
                hint=Signal::derive(move || about_optimizer(kind.get()).to_owned())
                choose=move |name: String| lab.choose_optimizer(&name)
            />
            <div class="field-pair">
                <NumberField field=Field::LearningRate />
                // Idle and not gone, so that nothing jumps.
                <NumberField
                    field=Field::Momentum
                    idle=Signal::derive(move || {
                        matches!(kind.get(), OptimizerKind::Adam | OptimizerKind::AdamW)
                    })
                />
                <NumberField field=Field::WeightDecay />
                <NumberField field=Field::ClipNorm />
            </div>
            <div class="field-pair">
                <NumberField field=Field::EmaDecay />
                <NumberField field=Field::MicroBatch />
            </div>
            <SelectField
                test_id="precision"
                label="Precision"
                options=precisions
                value=Signal::derive(move || precision.get().name().to_owned())
                hint=Signal::derive(move || about_precision(precision.get()).to_owned())
                choose=move |name: String| lab.choose_precision(&name)
            />
            <SelectField
                test_id="schedule"
                label="Schedule"
                options=schedules
                value=Signal::derive(move || schedule.get().name().to_owned())
                hint=Signal::stored("How the learning rate changes over the run.".to_owned())
                choose=move |name: String| lab.choose_schedule(&name)
            />
            <ScheduleSketch />
            <NumberField field=Field::Warmup />
            {move || {
                (schedule.get() == Schedule::Step)
                    .then(|| {
                        view! {
                            <div class="field-pair">
                                <NumberField field=Field::Milestones />
                                <NumberField field=Field::Factor />
                            </div>
                        }
                    })
            }}
        </Group>
    }
}
