//! [`Field`]: every number that a visitor can type, with its words and its path in the config. One table
//! serves the form and the validation.

/// A number of [`RunConfig`](squeeze_engine::config::RunConfig) that the page lets the visitor type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Side length that a folder's images are brought to.
    ImageSize,
    /// Share of a folder's images that becomes the test set.
    TestShare,
    /// Label smoothing's lambda.
    Lambda,
    /// The squeeze's beta.
    Beta,
    /// Share of the run in which lambda and beta rise.
    ObjectiveWarmup,
    /// The logit penalty's goal.
    Gamma,
    /// Standard deviation of the training noise.
    Sigma,
    /// Radius of the adversary that is trained against.
    AdversaryEpsilon,
    /// Its step size.
    AdversaryStep,
    /// Its steps, or replays.
    AdversaryIterations,
    /// Weight of TRADES' divergence.
    TradesWeight,
    /// Learning rate.
    LearningRate,
    /// Momentum of SGD.
    Momentum,
    /// Weight decay.
    WeightDecay,
    /// Largest norm of the gradient.
    ClipNorm,
    /// Decay of the weights' moving average.
    EmaDecay,
    /// Share of the run in which the learning rate rises.
    Warmup,
    /// Where the learning rate drops.
    Milestones,
    /// How far it drops.
    Factor,
    /// Training steps.
    Steps,
    /// Images per step.
    BatchSize,
    /// Of them, those that go through the network at once.
    MicroBatch,
    /// Pixels that a random crop may move an image.
    CropPadding,
    /// Levels that a guard rounds pixels to.
    GuardLevels,
    /// Least size that a guard shrinks images to.
    GuardSize,
    /// Images kept out of training.
    HeldOut,
    /// Steps between two evaluations.
    EvalEvery,
    /// Held-out images attacked at each evaluation.
    RobustImages,
    /// Iterations of that attack.
    RobustIterations,
    /// Evaluations without progress that end a run.
    Patience,
    /// The seed.
    Seed,
    /// Radius of the attack.
    Epsilon,
    /// Step size of the attack.
    StepSize,
    /// Iterations of the attack.
    Iterations,
    /// How often it starts anew.
    Restarts,
    /// Its momentum.
    AttackMomentum,
    /// Points that SPSA asks about for each step.
    AttackSamples,
    /// Images attacked.
    AttackImages,
    /// Images attacked at a time.
    AttackBatch,
    /// Images judged on.
    EvaluationImages,
    /// Of these, images attacked at a time.
    EvaluationBatch,
}

/// What a field is called and what it does.
pub struct Words {
    /// Stable name for tests.
    pub test_id: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// Mathematical symbol, or empty.
    pub symbol: &'static str,
    /// One line: what it does.
    pub hint: &'static str,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 41] = [
        Self::ImageSize,
        Self::TestShare,
        Self::Lambda,
        Self::Beta,
        Self::ObjectiveWarmup,
        Self::Gamma,
        Self::Sigma,
        Self::AdversaryEpsilon,
        Self::AdversaryStep,
        Self::AdversaryIterations,
        Self::TradesWeight,
        Self::LearningRate,
        Self::Momentum,
        Self::WeightDecay,
        Self::ClipNorm,
        Self::EmaDecay,
        Self::Warmup,
        Self::Milestones,
        Self::Factor,
        Self::Steps,
        Self::BatchSize,
        Self::MicroBatch,
        Self::CropPadding,
        Self::GuardLevels,
        Self::GuardSize,
        Self::HeldOut,
        Self::EvalEvery,
        Self::RobustImages,
        Self::RobustIterations,
        Self::Patience,
        Self::Seed,
        Self::Epsilon,
        Self::StepSize,
        Self::Iterations,
        Self::Restarts,
        Self::AttackMomentum,
        Self::AttackSamples,
        Self::AttackImages,
        Self::AttackBatch,
        Self::EvaluationImages,
        Self::EvaluationBatch,
    ];

    /// The fields of the objective.
    pub const OBJECTIVE: [Self; 9] = [
        Self::Lambda,
        Self::Beta,
        Self::ObjectiveWarmup,
        Self::Gamma,
        Self::Sigma,
        Self::AdversaryEpsilon,
        Self::AdversaryStep,
        Self::AdversaryIterations,
        Self::TradesWeight,
    ];

    /// The dotted path in the config, as the engine names it.
    pub fn path(self) -> &'static str {
        match self {
            Self::ImageSize => "data.image_size",
            Self::TestShare => "data.test_share",
            Self::Lambda => "objective.label_smoothing",
            Self::Beta => "objective.beta",
            Self::ObjectiveWarmup => "objective.warmup",
            Self::Gamma => "objective.gamma",
            Self::Sigma => "objective.noise_sigma",
            Self::AdversaryEpsilon => "objective.adversary.epsilon",
            Self::AdversaryStep => "objective.adversary.step_size",
            Self::AdversaryIterations => "objective.adversary.iterations",
            Self::TradesWeight => "objective.adversary.trades_weight",
            Self::LearningRate => "optimizer.learning_rate",
            Self::Momentum => "optimizer.momentum",
            Self::WeightDecay => "optimizer.weight_decay",
            Self::ClipNorm => "optimizer.clip_norm",
            Self::EmaDecay => "optimizer.ema_decay",
            Self::Warmup => "optimizer.schedule.warmup",
            Self::Milestones => "optimizer.schedule.milestones",
            Self::Factor => "optimizer.schedule.factor",
            Self::Steps => "training.steps",
            Self::BatchSize => "training.batch_size",
            Self::MicroBatch => "training.micro_batch",
            Self::CropPadding => "training.crop_padding",
            Self::GuardLevels => "guard.levels",
            Self::GuardSize => "guard.least_size",
            Self::HeldOut => "training.held_out",
            Self::EvalEvery => "training.eval_every",
            Self::RobustImages => "training.robust_images",
            Self::RobustIterations => "training.robust_iterations",
            Self::Patience => "training.patience",
            Self::Seed => "seed",
            Self::Epsilon => "attack.epsilon",
            Self::StepSize => "attack.step_size",
            Self::Iterations => "attack.iterations",
            Self::Restarts => "attack.restarts",
            Self::AttackMomentum => "attack.momentum",
            Self::AttackSamples => "attack.samples",
            Self::AttackImages => "attack.images",
            Self::AttackBatch => "attack.batch_size",
            Self::EvaluationImages => "evaluation.images",
            Self::EvaluationBatch => "evaluation.batch_size",
        }
    }

    /// Only the attack reads it: training does not wait for it.
    pub fn is_of_attack(self) -> bool {
        self.path().starts_with("attack.")
    }

    /// Training reads it.
    pub fn is_of_training(self) -> bool {
        let others = ["attack.", "data.", "evaluation."];
        !others.iter().any(|part| self.path().starts_with(part))
    }

    /// The evaluation reads it.
    pub fn is_of_evaluation(self) -> bool {
        let shared = [Self::Epsilon, Self::StepSize, Self::Iterations];
        self.path().starts_with("evaluation.") || shared.contains(&self)
    }

    /// Only the loading of images reads it.
    pub fn is_of_data(self) -> bool {
        self.path().starts_with("data.")
    }

    /// The words that go with the field.
    pub fn words(self) -> Words {
        let words = |test_id, label, symbol, hint| Words {
            test_id,
            label,
            symbol,
            hint,
        };
        match self {
            Self::ImageSize => words(
                "image-size",
                "Image size",
                "",
                "Pixels a side that every image is brought to.",
            ),
            Self::TestShare => words(
                "test-share",
                "Test share",
                "",
                "Share of the images set aside for the test, where there is no test folder.",
            ),
            Self::Lambda => words(
                "lambda",
                "Smoothing",
                "λ",
                "Share of each label spread evenly over all classes, 0 to 1.",
            ),
            Self::Beta => words(
                "beta",
                "Squeeze",
                "β",
                "Weight of the penalty: how hard the logits are pressed together.",
            ),
            Self::ObjectiveWarmup => words(
                "objective-warmup",
                "Warm-up of λ and β",
                "",
                "Share of the run in which λ and β rise from 0, so that the network learns first. 0 is off.",
            ),
            Self::Gamma => words(
                "gamma",
                "Goal",
                "γ",
                "The number that the penalty draws every logit to; 0 is plain squeezing.",
            ),
            Self::Sigma => words(
                "sigma",
                "Noise",
                "σ",
                "Spread of the random noise added to training images; pixels run from 0 to 1. 0 is off.",
            ),
            Self::AdversaryEpsilon => words(
                "adversary-epsilon",
                "Budget",
                "ε",
                "How far a training image’s pixels may move.",
            ),
            Self::AdversaryStep => words(
                "adversary-step",
                "Step size",
                "α",
                "How far a pixel moves in one gradient step.",
            ),
            Self::AdversaryIterations => words(
                "adversary-iterations",
                "Gradient steps",
                "k",
                "On the images, in each training step: all of them cost time.",
            ),
            Self::TradesWeight => words(
                "trades-weight",
                "Weight",
                "w",
                "What it counts that clean and attacked images are judged alike (1/λ in the paper).",
            ),
            Self::LearningRate => words(
                "learning-rate",
                "Learning rate",
                "",
                "Size of an update, at its highest.",
            ),
            Self::Momentum => words(
                "momentum",
                "Momentum",
                "",
                "Part of the last update that SGD carries on.",
            ),
            Self::WeightDecay => words(
                "weight-decay",
                "Weight decay",
                "",
                "Pulls the weights towards 0. 0 is off.",
            ),
            Self::ClipNorm => words(
                "clip-norm",
                "Clip at",
                "",
                "Longest gradient let through. 0 is off.",
            ),
            Self::EmaDecay => words(
                "ema-decay",
                "Averaging",
                "",
                "Decay of a running average of the weights, which is then the model: 0.999 spans \
                 about 1000 steps. 0 is off.",
            ),
            Self::Warmup => words(
                "warmup",
                "Warm-up",
                "",
                "Share of the run in which the rate first rises.",
            ),
            Self::Milestones => words(
                "milestones",
                "Drops at",
                "",
                "Shares of the run, for example 0.5, 0.75.",
            ),
            Self::Factor => words(
                "factor",
                "Drops to",
                "×",
                "What the rate is multiplied by at each drop.",
            ),
            Self::Steps => words("steps", "Steps", "", "Updates of the network."),
            Self::BatchSize => words("batch-size", "Batch", "", "Images per step."),
            Self::MicroBatch => words(
                "micro-batch",
                "At once",
                "",
                "Of a batch, so many images go through the network at once: fewer need less memory, \
                 and the step stays the same. 0 is all.",
            ),
            Self::CropPadding => words(
                "crop-padding",
                "Random shift",
                "",
                "Each image moves by up to so many pixels, edges filled black. 0 is off.",
            ),
            Self::GuardLevels => words(
                "guard-levels",
                "Levels",
                "",
                "Pixels are rounded to so many greys, 2 to 256.",
            ),
            Self::GuardSize => words(
                "guard-size",
                "Least size",
                "",
                "Each image is shrunk by a random factor, to no less than this share of its side.",
            ),
            Self::HeldOut => words(
                "held-out",
                "Held-out images",
                "",
                "Training images kept out of training, to look at on the way.",
            ),
            Self::EvalEvery => words(
                "eval-every",
                "Look every",
                "",
                "Steps between two looks at them. 0 is never.",
            ),
            Self::RobustImages => words(
                "robust-images",
                "Attacked",
                "",
                "Of them, so many are attacked at each look, with the budget of the Attack room. 0 is off.",
            ),
            Self::RobustIterations => words(
                "robust-iterations",
                "Attack steps",
                "",
                "Gradient steps of that attack: few are quick, and say little of strong attacks.",
            ),
            Self::Patience => words(
                "patience",
                "Patience",
                "",
                "Ends the run after so many looks without a better one. 0 is off.",
            ),
            Self::Seed => words("seed", "Seed", "", "Same seed, same run."),
            Self::Epsilon => words(
                "epsilon",
                "Budget",
                "ε",
                "How far an image may be changed; pixels run from 0 to 1.",
            ),
            Self::StepSize => words(
                "step-size",
                "Step size",
                "α",
                "How far one iteration goes. 0 takes 2.5 ε / k.",
            ),
            Self::Iterations => words(
                "iterations",
                "Iterations",
                "k",
                "Steps, queries or draws per image.",
            ),
            Self::Restarts => words(
                "restarts",
                "Restarts",
                "",
                "Starts anew on the images left standing.",
            ),
            Self::AttackMomentum => words(
                "attack-momentum",
                "Momentum",
                "μ",
                "Share of earlier gradients that is kept. 0 is off.",
            ),
            Self::AttackSamples => words(
                "attack-samples",
                "Samples",
                "",
                "Points asked for each step of SPSA.",
            ),
            Self::AttackImages => words(
                "attack-images",
                "Images",
                "n",
                "Test images attacked; fewer if there are not so many.",
            ),
            Self::AttackBatch => words("attack-batch", "At a time", "", "Images in one go."),
            Self::EvaluationImages => words(
                "evaluation-images",
                "Images",
                "n",
                "Test images judged on, from the first on.",
            ),
            Self::EvaluationBatch => {
                words("evaluation-batch", "At a time", "", "Images in one go.")
            }
        }
    }
}
