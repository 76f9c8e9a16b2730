//! What an attack is made of.

use leptos::prelude::*;
use squeeze_engine::config::{AttackLoss, AttackMethod, Choice, Goal, Norm, Setting};

use crate::controls::meter::BudgetMeter;
use crate::controls::number::NumberField;
use crate::controls::select::{SelectField, options};
use crate::data::facts;
use crate::format::{of_255, short};
use crate::state::field::Field;
use crate::state::lab::Lab;
use crate::words::{
    about_attack_loss, about_choice, about_goal, about_iteration, about_method, about_norm,
    attack_loss_symbol, attack_loss_title, choice_title, goal_title, norm_title,
};

/// The settings of an attack.
#[component]
pub fn AttackForm() -> impl IntoView {
    let lab = Lab::get();
    let attack = Memo::new(move |_| lab.config.with(|config| config.attack.clone()));
    let epsilon = Signal::derive(move || attack.with(|attack| attack.epsilon));
    let method = Memo::new(move |_| attack.with(|attack| attack.method));
    // What a method has not got is idle and not gone, so that nothing jumps.
    let lacks = move |setting| Signal::derive(move || !method.get().takes(setting));
    let own_steps = lacks(Setting::StepSize);
    let has_loss = Memo::new(move |_| method.get().takes(Setting::Loss));
    let norm = Memo::new(move |_| attack.with(|attack| attack.norm));
    let loss = Memo::new(move |_| attack.with(|attack| attack.loss));
    let in_pixels = move |distance: f64| match norm.get() {
        Norm::Linf => format!("Now {}.", of_255(distance)),
        Norm::L2 => String::new(),
    };
    let epsilon_aside = Signal::derive(move || in_pixels(epsilon.get()));
    let step_aside = Signal::derive(move || {
        if own_steps.get() {
            return String::new();
        }
        attack.with(|attack| {
            if attack.step_size > 0.0 {
                in_pixels(attack.step_size)
            } else {
                format!("Now {}.", short(attack.step_length()))
            }
        })
    });
    let reach = Signal::derive(move || {
        let reach = attack.with(|attack| attack.step_length() * attack.iterations as f64);
        if reach < epsilon.get() && !own_steps.get() {
            format!(
                "Step size × iterations is {}: too little to cross the budget.",
                short(reach)
            )
        } else {
            String::new()
        }
    });
    let images_aside = Signal::derive(move || {
        lab.data
            .with(|data| data.as_ref().map_or_else(String::new, facts::test_images))
    });
    let has_goal = Memo::new(move |_| method.get().takes(Setting::Goal));
    let goal = Memo::new(move |_| attack.with(|attack| attack.goal));
    let goals = Signal::derive(move || goals(lab, goal.get()));
    let choice = Memo::new(move |_| attack.with(|attack| attack.choose));
    let choices = Signal::derive(move || choices(lab, choice.get()));
    let methods = options(AttackMethod::ALL, AttackMethod::name, AttackMethod::title);
    let norms = options(Norm::ALL, Norm::name, norm_title);
    let losses = options(AttackLoss::ALL, AttackLoss::name, attack_loss_title);
    view! {
        <form class="settings" aria-label="Attack settings" on:submit=|event| event.prevent_default()>
            <SelectField
                test_id="attack-method"
                label="Method"
                options=methods
                value=Signal::derive(move || method.get().name().to_owned())
                hint=Signal::derive(move || about_method(method.get()).to_owned())
                choose=move |name: String| lab.choose_attack_method(&name)
            />
            <SelectField
                test_id="attack-norm"
                label="Measured by"
                options=norms
                value=Signal::derive(move || norm.get().name().to_owned())
                hint=Signal::derive(move || about_norm(norm.get()).to_owned())
                choose=move |name: String| lab.choose_norm(&name)
            />
            <NumberField field=Field::Epsilon aside=epsilon_aside />
            <Show when=move || norm.get() == Norm::Linf>
                <BudgetMeter epsilon=epsilon />
            </Show>
            <Show when=move || has_loss.get()>
                <SelectField
                    test_id="attack-loss"
                    label="Loss"
                    options=losses.clone()
                    value=Signal::derive(move || loss.get().name().to_owned())
                    hint=Signal::derive(move || about_attack_loss(loss.get()).to_owned())
                    choose=move |name: String| lab.choose_attack_loss(&name)
                />
            </Show>
            <Show when=move || has_goal.get()>
                <SelectField
                    test_id="goal"
                    label="Goal"
                    options=goals
                    value=Signal::derive(move || goal.get().to_string())
                    hint=Signal::derive(move || about_goal(goal.get()).to_owned())
                    choose=move |name: String| lab.choose_goal(&name)
                />
            </Show>
            <div class="field-pair">
                <NumberField field=Field::StepSize aside=step_aside idle=own_steps />
                <NumberField
                    field=Field::Iterations
                    aside=reach
                    idle=lacks(Setting::Iterations)
                />
                <NumberField field=Field::AttackMomentum idle=lacks(Setting::Momentum) />
                <NumberField field=Field::Restarts idle=lacks(Setting::Restarts) />
                <NumberField field=Field::AttackSamples idle=lacks(Setting::Samples) />
            </div>
            <SelectField
                test_id="attack-choose"
                label="Which images"
                options=choices
                value=Signal::derive(move || choice.get().to_string())
                hint=Signal::derive(move || about_choice(choice.get()).to_owned())
                choose=move |name: String| lab.choose_images(&name)
            />
            <div class="field-pair">
                <NumberField field=Field::AttackImages aside=images_aside />
                <NumberField field=Field::AttackBatch />
            </div>
            <Show when=move || !has_loss.get()>
                <p class="hint">{move || about_iteration(method.get())}</p>
            </Show>
            <div class="formula" hidden=move || !has_loss.get()>
                <p class="formula-lead">
                    {move || if method.get() == AttackMethod::Fgsm { "Once" } else { "Repeat" }}
                </p>
                <div inner_html=move || formula(norm.get(), loss.get())></div>
                <p class="formula-letters">
                    {move || match method.get() {
                        AttackMethod::Fgsm => "from the image itself. ",
                        _ => "from a random start. ",
                    }}
                    {move || match norm.get() {
                        Norm::Linf => {
                            "Π brings each pixel back within ε of the clean image x, \
                             and within 0 to 1. Each image’s worst point counts."
                        }
                        Norm::L2 => {
                            "g is the gradient. Π shortens the change to ε and \
                             brings each pixel back within 0 to 1. Each image’s worst point counts."
                        }
                    }}
                    {move || {
                        (method.get() == AttackMethod::Apgd)
                            .then_some(
                                " Auto-PGD goes three quarters of that way, and one of the way that the \
                                 last step went.",
                            )
                    }}
                </p>
            </div>
        </form>
    }
}

/// The goals that can be chosen, and the one that is chosen.
fn goals(lab: Lab, chosen: Goal) -> Vec<(String, String)> {
    let classes = lab.data.with(|data| {
        let data = data.as_ref();
        data.map_or_else(Vec::new, |data| data.classes.clone())
    });
    let mut goals = vec![Goal::Untargeted, Goal::RunnerUp, Goal::LeastLikely];
    // As many as AutoAttack aims at.
    if let Some(wrong) = classes.len().checked_sub(1).filter(|wrong| *wrong > 1) {
        goals.push(Goal::Likely(wrong.min(9)));
    }
    goals.extend((0..classes.len()).map(Goal::Class));
    if !goals.contains(&chosen) {
        goals.push(chosen);
    }
    let titled = |goal: Goal| (goal.to_string(), goal_title(goal, &classes));
    goals.into_iter().map(titled).collect()
}

/// The choices of images, and the one that is made.
fn choices(lab: Lab, chosen: Choice) -> Vec<(String, String)> {
    let classes = lab.data.with(|data| {
        let data = data.as_ref();
        data.map_or_else(Vec::new, |data| data.classes.clone())
    });
    let mut choices = Choice::CLASSLESS.to_vec();
    choices.extend((0..classes.len()).map(Choice::Class));
    if !choices.contains(&chosen) {
        choices.push(chosen);
    }
    let titled = |choice: Choice| (choice.to_string(), choice_title(choice, &classes));
    choices.into_iter().map(titled).collect()
}

/// The step in MathML.
fn formula(norm: Norm, loss: AttackLoss) -> String {
    let gradient = format!(
        "<msub><mo>∇</mo><mi>x′</mi></msub>{}",
        attack_loss_symbol(loss)
    );
    let gap = "<mspace width=\"0.2em\"/>";
    let direction = match norm {
        Norm::Linf => format!("<mi mathvariant=\"normal\">sign</mi>{gap}{gradient}"),
        Norm::L2 => "<mfrac><mi>g</mi><msub><mrow><mo>‖</mo><mi>g</mi><mo>‖</mo></mrow><mn>2</mn></msub></mfrac>".to_owned(),
    };
    let given = match norm {
        Norm::Linf => String::new(),
        Norm::L2 => format!("<mo>,</mo>{gap}<mi>g</mi><mo>=</mo>{gradient}"),
    };
    format!(
        "<math display=\"block\"><mrow><mi>x′</mi><mo>←</mo><mi mathvariant=\"normal\">Π</mi>\
         <mo>(</mo><mi>x′</mi><mo>+</mo><mi>α</mi>{gap}{direction}<mo>)</mo>{given}</mrow></math>"
    )
}
