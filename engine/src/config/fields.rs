//! Every field of a [`RunConfig`], one by one: its path, its place, its value as a word.

use super::{
    Adversary, AdversaryConfig, AttackConfig, AttackLoss, AttackMethod, Choice, DataConfig,
    DataKind, Effort, EvaluationConfig, Goal, Guard, GuardConfig, NetworkKind, Norm,
    ObjectiveConfig, OptimizerConfig, OptimizerKind, Precision, RunConfig, Schedule,
    ScheduleConfig, Squeeze, TrainingConfig,
};

/// Where a field's value lies.
pub enum Place<'a> {
    /// Any number.
    Real(&'a mut f64),
    /// A whole number.
    Count(&'a mut usize),
    /// The seed.
    Seed(&'a mut u64),
    /// On or off.
    Flag(&'a mut bool),
    /// Several numbers.
    List(&'a mut Vec<f64>),
    /// One of several things with names.
    Name(&'a mut dyn Named),
}

/// Something that is written as its name.
pub trait Named {
    /// The name.
    fn word(&self) -> String;

    /// Becomes what has this name; the error says which names there are.
    fn take(&mut self, word: &str) -> Result<(), String>;
}

macro_rules! named_by_list {
    ($($kind:ty),*) => {$(
        impl Named for $kind {
            fn word(&self) -> String {
                self.name().to_owned()
            }

            fn take(&mut self, word: &str) -> Result<(), String> {
                let known = Self::ALL.into_iter().find(|kind| kind.name() == word);
                *self = known.ok_or_else(|| one_of(&Self::ALL.map(Self::name)))?;
                Ok(())
            }
        }
    )*};
}

named_by_list!(
    DataKind,
    Guard,
    Squeeze,
    Adversary,
    OptimizerKind,
    Precision,
    Schedule,
    AttackMethod,
    Norm,
    AttackLoss,
    Effort
);

impl Named for NetworkKind {
    fn word(&self) -> String {
        self.to_string()
    }

    fn take(&mut self, word: &str) -> Result<(), String> {
        let names = Self::LISTED.map(Self::name);
        let parsed = word.parse::<Self>();
        *self = parsed.map_err(|_| format!("{}, or another of these families", one_of(&names)))?;
        Ok(())
    }
}

impl Named for Goal {
    fn word(&self) -> String {
        self.to_string()
    }

    fn take(&mut self, word: &str) -> Result<(), String> {
        let names = [
            "untargeted",
            "runner-up",
            "least-likely",
            "likely-N",
            "class-N",
        ];
        *self = word.parse().map_err(|_| one_of(&names))?;
        Ok(())
    }
}

impl Named for Choice {
    fn word(&self) -> String {
        self.to_string()
    }

    fn take(&mut self, word: &str) -> Result<(), String> {
        let mut names: Vec<String> = Self::CLASSLESS.iter().map(Self::to_string).collect();
        names.push("class-N".to_owned());
        *self = word.parse().map_err(|_| one_of(&names))?;
        Ok(())
    }
}

fn one_of(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("one of {}", names.join(", "))
}

/// All fields with their dotted paths as in the TOML file, but for where data lies on one machine.
///
/// The configs are taken apart whole, so that a new field does not compile until it is listed here.
pub(super) fn fields(config: &mut RunConfig) -> Vec<(&'static str, Place<'_>)> {
    use Place::{Count, Flag, List, Name, Real, Seed};
    let RunConfig {
        seed,
        network,
        data,
        guard,
        objective,
        optimizer,
        training,
        attack,
        evaluation,
    } = config;
    let DataConfig {
        set,
        path: _,
        image_size,
        test_share,
    } = data;
    let GuardConfig {
        kind: guard_kind,
        levels,
        least_size,
    } = guard;
    let ObjectiveConfig {
        label_smoothing,
        squeeze,
        beta,
        gamma,
        warmup: objective_warmup,
        noise_sigma,
        adversary,
    } = objective;
    let AdversaryConfig {
        kind: adversary_kind,
        epsilon: adversary_epsilon,
        step_size: adversary_step,
        iterations: adversary_iterations,
        trades_weight,
    } = adversary;
    let OptimizerConfig {
        kind: optimizer_kind,
        learning_rate,
        schedule,
        momentum,
        weight_decay,
        clip_norm,
        ema_decay,
    } = optimizer;
    let ScheduleConfig {
        kind: schedule_kind,
        warmup,
        milestones,
        factor,
    } = schedule;
    let TrainingConfig {
        steps,
        batch_size,
        micro_batch,
        precision,
        crop_padding,
        flip,
        held_out,
        eval_every,
        robust_images,
        robust_iterations,
        patience,
        keep_best,
    } = training;
    let AttackConfig {
        method,
        norm,
        epsilon,
        loss,
        goal,
        step_size,
        iterations,
        restarts,
        momentum: attack_momentum,
        samples,
        draws,
        images,
        choose,
        batch_size: attack_batch,
    } = attack;
    let EvaluationConfig {
        effort,
        images: evaluation_images,
        batch_size: evaluation_batch,
    } = evaluation;
    vec![
        ("seed", Seed(seed)),
        ("network", Name(network)),
        ("data.set", Name(set)),
        ("data.image_size", Count(image_size)),
        ("data.test_share", Real(test_share)),
        ("guard.kind", Name(guard_kind)),
        ("guard.levels", Count(levels)),
        ("guard.least_size", Real(least_size)),
        ("objective.label_smoothing", Real(label_smoothing)),
        ("objective.squeeze", Name(squeeze)),
        ("objective.beta", Real(beta)),
        ("objective.gamma", Real(gamma)),
        ("objective.warmup", Real(objective_warmup)),
        ("objective.noise_sigma", Real(noise_sigma)),
        ("objective.adversary.kind", Name(adversary_kind)),
        ("objective.adversary.epsilon", Real(adversary_epsilon)),
        ("objective.adversary.step_size", Real(adversary_step)),
        (
            "objective.adversary.iterations",
            Count(adversary_iterations),
        ),
        ("objective.adversary.trades_weight", Real(trades_weight)),
        ("optimizer.kind", Name(optimizer_kind)),
        ("optimizer.learning_rate", Real(learning_rate)),
        ("optimizer.schedule.kind", Name(schedule_kind)),
        ("optimizer.schedule.warmup", Real(warmup)),
        ("optimizer.schedule.milestones", List(milestones)),
        ("optimizer.schedule.factor", Real(factor)),
        ("optimizer.momentum", Real(momentum)),
        ("optimizer.weight_decay", Real(weight_decay)),
        ("optimizer.clip_norm", Real(clip_norm)),
        ("optimizer.ema_decay", Real(ema_decay)),
        ("training.steps", Count(steps)),
        ("training.batch_size", Count(batch_size)),
        ("training.micro_batch", Count(micro_batch)),
        ("training.precision", Name(precision)),
        ("training.crop_padding", Count(crop_padding)),
        ("training.flip", Flag(flip)),
        ("training.held_out", Count(held_out)),
        ("training.eval_every", Count(eval_every)),
        ("training.robust_images", Count(robust_images)),
        ("training.robust_iterations", Count(robust_iterations)),
        ("training.patience", Count(patience)),
        ("training.keep_best", Flag(keep_best)),
        ("attack.method", Name(method)),
        ("attack.norm", Name(norm)),
        ("attack.epsilon", Real(epsilon)),
        ("attack.loss", Name(loss)),
        ("attack.goal", Name(goal)),
        ("attack.step_size", Real(step_size)),
        ("attack.iterations", Count(iterations)),
        ("attack.restarts", Count(restarts)),
        ("attack.momentum", Real(attack_momentum)),
        ("attack.samples", Count(samples)),
        ("attack.draws", Count(draws)),
        ("attack.images", Count(images)),
        ("attack.choose", Name(choose)),
        ("attack.batch_size", Count(attack_batch)),
        ("evaluation.effort", Name(effort)),
        ("evaluation.images", Count(evaluation_images)),
        ("evaluation.batch_size", Count(evaluation_batch)),
    ]
}

impl RunConfig {
    /// Where the value of the field with this dotted path lies, as [`RunConfig::validate`] names it; nothing
    /// if there is no such field. What is put there is not checked.
    pub fn place(&mut self, path: &str) -> Option<Place<'_>> {
        let mut fields = fields(self);
        let at = fields.iter().position(|(field, _)| *field == path)?;
        Some(fields.swap_remove(at).1)
    }
}

/// What stands between the numbers of a list.
const BETWEEN: &str = "_";

impl Place<'_> {
    /// The value as a word: without spaces, commas, colons and whatever an address would write in another
    /// way. [`Place::take`] makes the very same value of it.
    pub fn word(&self) -> String {
        match self {
            Self::Real(value) => real(**value),
            Self::Count(value) => value.to_string(),
            Self::Seed(value) => value.to_string(),
            Self::Flag(value) => value.to_string(),
            Self::List(values) => {
                let words: Vec<String> = values.iter().copied().map(real).collect();
                words.join(BETWEEN)
            }
            Self::Name(value) => value.word(),
        }
    }

    /// Takes the value of a word; the error says what it must be. Ranges are not looked at.
    pub fn take(&mut self, word: &str) -> Result<(), String> {
        let number = || "a number, such as 0.5 or 8/255".to_owned();
        let whole = |_| "a whole number".to_owned();
        match self {
            Self::Real(value) => **value = parsed(word).ok_or_else(number)?,
            Self::Count(value) => **value = word.parse().map_err(whole)?,
            Self::Seed(value) => **value = word.parse().map_err(whole)?,
            Self::Flag(value) => {
                **value = word.parse().map_err(|_| "true or false".to_owned())?;
            }
            Self::List(values) => {
                let words = word.split(BETWEEN).filter(|_| !word.is_empty());
                let read: Option<Vec<f64>> = words.map(parsed).collect();
                **values = read.ok_or_else(|| format!("numbers with `{BETWEEN}` between them"))?;
            }
            Self::Name(value) => value.take(word)?,
        }
        Ok(())
    }
}

/// The shortest of the ways to write a number that give it back bit for bit. Distances of pixels are often
/// 255ths.
fn real(value: f64) -> String {
    let of_255 = (value * 255.0).round();
    let ways = [
        value.to_string(),
        format!("{value:e}"),
        format!("{of_255}/255"),
    ];
    let exact = |way: &String| parsed(way).is_some_and(|read| read.to_bits() == value.to_bits());
    let shortest = ways.into_iter().filter(exact).min_by_key(String::len);
    // Only what is no number is not given back.
    shortest.unwrap_or_else(|| value.to_string())
}

fn parsed(word: &str) -> Option<f64> {
    match word.split_once('/') {
        Some((above, below)) => Some(above.parse::<f64>().ok()? / below.parse::<f64>().ok()?),
        None => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{parsed, real};

    #[test]
    fn numbers_are_short_and_come_back_bit_for_bit() {
        for (value, word) in [
            (0.0, "0"),
            (0.3, "0.3"),
            (8.0 / 255.0, "8/255"),
            (2e-4, "2e-4"),
            (80_000.0, "8e4"),
            (1e300, "1e300"),
            (-1.5, "-1.5"),
        ] {
            assert_eq!(real(value), word);
        }
        for value in [1.0 / 3.0, f64::MIN_POSITIVE, -0.0, f64::MAX, 0.1 + 0.2] {
            let bits = parsed(&real(value)).map(f64::to_bits);
            assert_eq!(bits, Some(value.to_bits()), "{value}");
        }
    }
}
