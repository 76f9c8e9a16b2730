//! Configs in words: what a run is, in a line.

use squeeze_engine::config::{
    Adversary, AttackLoss, AttackMethod, Choice, Effort, Goal, Guard, NetworkKind, Norm,
    ObjectiveConfig, OptimizerConfig, OptimizerKind, Precision, Schedule, Squeeze, TrainingConfig,
    distance,
};

use crate::format::{count, short, small};

/// An objective with everything that is on, for example `batch-wise squeezing β 5, noise σ 0.5`.
pub fn objective(objective: &ObjectiveConfig) -> String {
    let mut parts = Vec::new();
    let adversary = &objective.adversary;
    if adversary.kind != Adversary::None {
        parts.push(format!(
            "{} ε\u{a0}{}",
            match adversary.kind {
                Adversary::Pgd => format!("{}-step PGD", adversary.iterations),
                Adversary::Free => format!("Free, {} replays,", adversary.iterations),
                other => adversary_title(other).to_owned(),
            },
            distance(adversary.epsilon)
        ));
    }
    if objective.label_smoothing > 0.0 {
        parts.push(format!(
            "label smoothing λ\u{a0}{}",
            short(objective.label_smoothing)
        ));
    }
    if objective.squeeze != Squeeze::None && objective.beta > 0.0 {
        let form = match objective.squeeze {
            Squeeze::Example => "per image",
            Squeeze::Batch | Squeeze::None => "batch-wise",
        };
        let beta = short(objective.beta);
        parts.push(if objective.gamma == 0.0 {
            format!("squeezing {form} β\u{a0}{beta}")
        } else {
            format!(
                "logit similarity {form} γ\u{a0}{} β\u{a0}{beta}",
                short(objective.gamma)
            )
        });
    }
    if parts.is_empty() {
        parts.push("natural".to_owned());
    }
    if objective.noise_sigma > 0.0 {
        parts.push(format!("noise σ\u{a0}{}", distance(objective.noise_sigma)));
    }
    parts.join(", ")
}

/// What is done to images before the network sees them, as a choice.
pub fn guard_title(kind: Guard) -> &'static str {
    match kind {
        Guard::None => "Nothing",
        Guard::Quantize => "Round pixels",
        Guard::Resize => "Resize at random",
    }
}

/// The same in a sentence.
pub fn about_guard(kind: Guard) -> &'static str {
    match kind {
        Guard::None => "The network sees the images as they are.",
        Guard::Quantize => {
            "Pixels are rounded to a few levels, which leaves no gradient to follow."
        }
        Guard::Resize => {
            "Each image is shrunk at random and put somewhere on black, anew each time: the same image \
             may get another answer."
        }
    }
}

/// What an attack wants images to be taken for.
pub fn goal_title(goal: Goal, classes: &[String]) -> String {
    match goal {
        Goal::Untargeted => "Any wrong class".to_owned(),
        Goal::RunnerUp => "The runner-up".to_owned(),
        Goal::LeastLikely => "The least likely".to_owned(),
        Goal::Likely(count) => format!("{count} likely ones"),
        Goal::Class(class) => match classes.get(class) {
            Some(name) => format!("“{name}”"),
            None => format!("Class {class}"),
        },
    }
}

/// The same in a sentence.
pub fn about_goal(goal: Goal) -> &'static str {
    match goal {
        Goal::Untargeted => "Whatever the model takes the image for, as long as it is wrong.",
        Goal::RunnerUp => "The wrong class that the model finds most likely, and no other.",
        Goal::LeastLikely => "The class that the model finds least likely: the hardest one.",
        Goal::Likely(_) => "One likely wrong class after the other; any wrong class will do.",
        Goal::Class(_) => "Every image of another class is to be taken for this one.",
    }
}

/// Which test images an attack takes.
pub fn choice_title(choice: Choice, classes: &[String]) -> String {
    match choice {
        Choice::First => "As they lie".to_owned(),
        Choice::Random => "At random".to_owned(),
        Choice::SmallestMargin => "Smallest margin".to_owned(),
        Choice::LargestMargin => "Largest margin".to_owned(),
        Choice::Misclassified => "Misclassified".to_owned(),
        Choice::Class(class) => match classes.get(class) {
            Some(name) => format!("Only “{name}”"),
            None => format!("Only class {class}"),
        },
    }
}

/// The same in a sentence.
pub fn about_choice(choice: Choice) -> &'static str {
    match choice {
        Choice::First => "Test images from the first on.",
        Choice::Random => "Test images drawn by the seed of the model’s run: the same each time.",
        Choice::SmallestMargin => {
            "Those that the model is right about, the smallest margin first: the true class’s lead over \
             the next."
        }
        Choice::LargestMargin => {
            "Those that the model is right about, the largest margin first: the true class’s lead over \
             the next."
        }
        Choice::Misclassified => "Those that the model is wrong about even without attack.",
        Choice::Class(_) => "Test images of this class alone, from the first on.",
    }
}

/// What the images on show in an attack are.
pub fn shown_title(choice: Choice, images: usize, classes: &[String]) -> String {
    match choice {
        _ if images == 1 => "The image under attack".to_owned(),
        Choice::First => format!("The first {images} images"),
        Choice::Random => format!("{images} images at random"),
        Choice::SmallestMargin => format!("The {images} images of the smallest margin"),
        Choice::LargestMargin => format!("The {images} images of the largest margin"),
        Choice::Misclassified => format!("The first {images} misclassified images"),
        Choice::Class(class) => match classes.get(class) {
            Some(name) => format!("The first {images} images of “{name}”"),
            None => format!("The first {images} images of class {class}"),
        },
    }
}

/// How thoroughly a model is judged, for people.
pub fn effort_title(effort: Effort) -> &'static str {
    match effort {
        Effort::Quick => "Quick look",
        Effort::Standard => "Standard",
        Effort::Full => "Full",
    }
}

/// How thoroughly a model is judged, in a sentence.
pub fn about_effort(effort: Effort) -> &'static str {
    match effort {
        Effort::Quick => {
            "Short attacks of every kind: sees through most masks, and is never enough to call a model \
             robust."
        }
        Effort::Standard => {
            "Attacks of full length, the parts of AutoAttack among them. Takes several times as long."
        }
        Effort::Full => {
            "More restarts, iterations, queries and draws, and the slow attacks SPSA and HopSkipJump \
             too."
        }
    }
}

/// An adversary's name for people.
pub fn adversary_title(kind: Adversary) -> &'static str {
    match kind {
        Adversary::None => "None",
        Adversary::Pgd => "PGD",
        Adversary::Free => "Free",
        Adversary::Fast => "Fast",
        Adversary::Trades => "TRADES",
    }
}

/// What an adversary does, in a sentence.
pub fn about_adversary(kind: Adversary) -> &'static str {
    match kind {
        Adversary::None => "Training sees the images as they are.",
        Adversary::Pgd => {
            "Each batch is attacked for k gradient steps from a random start, then trained on: \
             k + 1 times the work."
        }
        Adversary::Free => {
            "Each batch is replayed k times, and one gradient serves both the weights and the \
             attack: no work is added."
        }
        Adversary::Fast => {
            "One large gradient step from a random start: twice the work. It can fail of a sudden, \
             and then only looks robust."
        }
        Adversary::Trades => {
            "Be right on clean images, and judge clean and attacked ones alike: about as costly as \
             PGD."
        }
    }
}

/// What a network is, in a sentence.
pub fn about_network(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::SmallCnn => "Two small convolutions: minutes on a laptop without a GPU.",
        NetworkKind::MnistCnn => "The MNIST challenge network, thirty times the work: wants a GPU.",
        NetworkKind::ResNet { depth } if depth < 14 => {
            "A small residual network (shortcuts around its layers): wants a GPU, or patience."
        }
        NetworkKind::ResNet { .. } => {
            "The usual residual network for 32 × 32 images (shortcuts around its layers): wants a \
             GPU."
        }
        NetworkKind::Wrn { width, .. } if width < 8 => {
            "Large: a wide residual network, millions of weights. Wants a strong GPU."
        }
        NetworkKind::Wrn { depth: 32, .. } => {
            "Very large: the paper’s own wide residual network, 46 million weights. For the command \
             line on a strong GPU; a page may run out of memory."
        }
        NetworkKind::Wrn { .. } => {
            "Very large: a wide residual network, tens of millions of weights. For the command line \
             on a strong GPU; a page may run out of memory."
        }
    }
}

/// An optimiser's name for people.
pub fn optimizer_title(kind: OptimizerKind) -> &'static str {
    match kind {
        OptimizerKind::Adam => "Adam",
        OptimizerKind::AdamW => "AdamW",
        OptimizerKind::Sgd => "SGD, momentum",
        OptimizerKind::Nesterov => "SGD, Nesterov",
    }
}

/// What an optimiser does, in a sentence.
pub fn about_optimizer(kind: OptimizerKind) -> &'static str {
    match kind {
        OptimizerKind::Adam => "Scales each weight’s update by its own gradients: quick to learn.",
        OptimizerKind::AdamW => "Adam, with the weight decay kept apart from the gradients.",
        OptimizerKind::Sgd => "Plain gradient steps that keep rolling: as in the paper.",
        OptimizerKind::Nesterov => {
            "Gradient steps that keep rolling, taken from where they roll to."
        }
    }
}

/// How an attack method searches, in a sentence.
pub fn about_method(method: AttackMethod) -> &'static str {
    match method {
        AttackMethod::Fgsm => "One step as long as the budget, from the image itself.",
        AttackMethod::Pgd => "Projected gradient descent: steps of one length.",
        AttackMethod::Apgd => {
            "Steps that keep rolling, begin at 2 ε, and halve for each image that does not get on."
        }
        AttackMethod::Fab => {
            "Walks to the nearest boundary, whatever the budget, and then back along the way."
        }
        AttackMethod::Square => {
            "Tries random squares and keeps what helps. Needs no gradients, so no mask stops it."
        }
        AttackMethod::Spsa => {
            "Guesses the gradient from the answers at random points around the image."
        }
        AttackMethod::Noise => "Draws points of the budget at random. Every attack must beat this.",
        AttackMethod::HopSkipJump => {
            "Sees decisions alone: walks along the boundary from an image of another class."
        }
    }
}

/// What an iteration of a method without a formula does, in a sentence or two.
pub fn about_iteration(method: AttackMethod) -> &'static str {
    match method {
        AttackMethod::Fgsm | AttackMethod::Pgd | AttackMethod::Apgd => "",
        AttackMethod::Fab => {
            "Each iteration takes the boundary for flat, as the gradients at the point have it, and              steps just across. Once across, it goes a tenth of the way back to the image."
        }
        AttackMethod::Square => {
            "Each query changes one square as far as the budget allows and keeps the change if the              margin falls. Squares shrink as queries go by."
        }
        AttackMethod::Spsa => {
            "Each iteration compares the margin on both sides of the point, along many random              directions, and lets Adam step along their mean."
        }
        AttackMethod::Noise => "Each draw is independent of the last.",
        AttackMethod::HopSkipJump => {
            "Each iteration votes on a direction by decisions at random points near the boundary,              jumps, and bisects back to the boundary."
        }
    }
}

/// A norm's name for people.
pub fn norm_title(norm: Norm) -> &'static str {
    match norm {
        Norm::Linf => "Each pixel (l∞)",
        Norm::L2 => "Whole image (l₂)",
    }
}

/// How a norm measures, in a sentence.
pub fn about_norm(norm: Norm) -> &'static str {
    match norm {
        Norm::Linf => "No pixel may move further than the budget; all of them may move so far.",
        Norm::L2 => {
            "The change has a length: the root of the sum of its squares. Few pixels may move far, or \
             many a little."
        }
    }
}

/// An attack loss's name for people.
pub fn attack_loss_title(loss: AttackLoss) -> &'static str {
    match loss {
        AttackLoss::Xent => "Cross-entropy",
        AttackLoss::RescaledXent => "Cross-entropy, rescaled",
        AttackLoss::Cw => "Margin (CW)",
        AttackLoss::Dlr => "Logits ratio (DLR)",
    }
}

/// What an attack loss is good for, in a sentence.
pub fn about_attack_loss(loss: AttackLoss) -> &'static str {
    match loss {
        AttackLoss::Xent => "What training lowers, the attack raises.",
        AttackLoss::RescaledXent => {
            "The logits are stretched to a spread of 10 first, so that squeezing them hides nothing."
        }
        AttackLoss::Cw => {
            "The best wrong class’s lead over the right one, whatever the others say."
        }
        AttackLoss::Dlr => "That lead as a share of the logits’ spread: no scale can hide it.",
    }
}

/// An attack loss as the formula writes it, in MathML.
pub fn attack_loss_symbol(loss: AttackLoss) -> &'static str {
    match loss {
        AttackLoss::Xent => "<mi mathvariant=\"normal\">CE</mi>",
        AttackLoss::RescaledXent => {
            "<mi mathvariant=\"normal\">CE</mi><mo>(</mo><mi>s</mi><mi>z</mi><mo>)</mo>"
        }
        AttackLoss::Cw => "<mi mathvariant=\"normal\">CW</mi>",
        AttackLoss::Dlr => "<mi mathvariant=\"normal\">DLR</mi>",
    }
}

/// A precision's name for people.
pub fn precision_title(precision: Precision) -> &'static str {
    match precision {
        Precision::Full => "Full",
        Precision::Mixed => "Mixed",
    }
}

/// What a precision means, in a sentence.
pub fn about_precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Full => "32 bits for every number.",
        Precision::Mixed => {
            "16 bits between layers, on GPUs that have such numbers. The model is judged in 32."
        }
    }
}

/// A schedule's name for people.
pub fn schedule_title(kind: Schedule) -> &'static str {
    match kind {
        Schedule::Constant => "Constant",
        Schedule::Step => "In drops",
        Schedule::Cosine => "Cosine to 0",
        Schedule::OneCycle => "One cycle",
    }
}

/// The optimiser and its schedule in a few words, for the head of a closed group.
pub fn optimiser(config: &OptimizerConfig, training: &TrainingConfig) -> String {
    let mut parts = vec![
        optimizer_title(config.kind).to_owned(),
        small(config.learning_rate),
        match config.schedule.kind {
            Schedule::Constant => "constant",
            Schedule::Step => "in drops",
            Schedule::Cosine => "cosine",
            Schedule::OneCycle => "one cycle",
        }
        .to_owned(),
    ];
    if config.weight_decay > 0.0 {
        parts.push(format!("decay {}", small(config.weight_decay)));
    }
    if config.clip_norm > 0.0 {
        parts.push(format!("clipped at {}", short(config.clip_norm)));
    }
    if config.ema_decay > 0.0 {
        parts.push("averaged".to_owned());
    }
    if training.micro_batch > 0 {
        parts.push(format!("{} images at once", count(training.micro_batch)));
    }
    if training.precision == Precision::Mixed {
        parts.push("mixed precision".to_owned());
    }
    parts.join(", ")
}

/// The augmentation in a few words.
pub fn augmentation(config: &TrainingConfig) -> String {
    match (config.crop_padding, config.flip) {
        (0, false) => "none".to_owned(),
        (0, true) => "mirrored".to_owned(),
        (pixels, false) => format!("shifted by up to {pixels}"),
        (pixels, true) => format!("shifted by up to {pixels}, mirrored"),
    }
}

/// What is looked at on the way, in a few words.
pub fn evaluation(config: &TrainingConfig) -> String {
    if config.held_out == 0 || config.eval_every == 0 {
        return "only at the end".to_owned();
    }
    let mut text = format!(
        "{} images, every {} steps",
        count(config.held_out),
        count(config.eval_every)
    );
    if config.robust_images > 0 {
        text += ", some attacked";
    }
    if config.patience > 0 {
        text += ", early stop";
    }
    if config.keep_best {
        text += ", best kept";
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use squeeze_engine::config::preset;

    use super::*;

    fn of(name: &str) -> String {
        let text = objective(&preset::find(name).unwrap().config.objective);
        text.replace('\u{a0}', " ")
    }

    #[test]
    fn an_objective_names_all_that_is_on() {
        for (name, words) in [
            ("mnist-natural", "natural"),
            ("mnist-ls-0.9", "label smoothing λ 0.9, noise σ 0.5"),
            (
                "cifar10-lsq-batch-11",
                "squeezing batch-wise β 11, noise σ 20/255",
            ),
            (
                "mnist-lsq-example-0.1",
                "squeezing per image β 0.1, noise σ 0.5",
            ),
            (
                "mnist-logit-similarity",
                "logit similarity batch-wise γ 1 β 5, noise σ 0.5",
            ),
            ("cifar10-adv-7", "7-step PGD ε 8/255"),
            ("cifar10-free-8", "Free, 8 replays, ε 8/255"),
            ("mnist-fast", "Fast ε 0.3"),
            ("cifar10-trades", "TRADES ε 8/255"),
        ] {
            assert_eq!(of(name), words);
        }
        let mut both = preset::find("mnist-ls-0.9").unwrap().config.objective;
        both.squeeze = Squeeze::Batch;
        both.beta = 5.0;
        assert!(objective(&both).contains("λ\u{a0}0.9, squeezing batch-wise"));
    }

    #[test]
    fn groups_say_what_is_in_them() {
        let mut paper = preset::find("cifar10-natural").unwrap().config;
        paper.training.micro_batch = 32;
        paper.training.precision = Precision::Mixed;
        assert_eq!(
            optimiser(&paper.optimizer, &paper.training),
            "SGD, momentum, 0.1, in drops, decay 2e-4, 32 images at once, mixed precision"
        );
        assert_eq!(
            augmentation(&paper.training),
            "shifted by up to 4, mirrored"
        );
        assert_eq!(
            evaluation(&paper.training),
            "1,000 images, every 1,000 steps, some attacked"
        );
    }
}
