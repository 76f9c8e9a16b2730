//! [`Report`]: everything that a verdict rests on.

use serde::{Deserialize, Deserializer, Serialize};

use super::checklist::CheckItem;
use crate::config::{AttackMethod, Effort, GuardConfig, Norm, distance};
use crate::event::Rung;

/// The rung of targeted Auto-PGD.
pub(super) const TARGETED: &str = "APGD-T";

/// What a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It stood against everything, and nothing speaks for a mask.
    Robust,
    /// It looks robust to the usual attack and is not: other attacks find the errors that this one did not.
    Masked,
    /// It does not even look robust.
    NotRobust,
    /// The evidence is not enough, or does not agree.
    Undecided,
}

impl Verdict {
    /// In a word or two.
    pub fn title(self) -> &'static str {
        match self {
            Self::Robust => "robust",
            Self::Masked => "masked",
            Self::NotRobust => "not robust",
            Self::Undecided => "undecided",
        }
    }

    /// In a word or two that stand alone.
    pub fn heading(self) -> String {
        let mut letters = self.title().chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    }

    /// In a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Robust => {
                "What the usual attack leaves stands against nearly everything tried within this radius, and nothing speaks for a mask."
            }
            Self::Masked => {
                "It looks robust and is not: other attacks find the errors that the usual one did not."
            }
            Self::NotRobust => "It does not even look robust.",
            Self::Undecided => "The evidence is not enough, or does not agree.",
        }
    }
}

/// What an evaluation came to, in short.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The norm.
    pub norm: Norm,
    /// The radius, in pixel units.
    pub epsilon: f64,
    /// How thoroughly it was looked for.
    pub effort: Effort,
    /// Images that it rests on.
    pub images: usize,
}

impl Judged {
    /// In a line: no verdict means anything without its budget.
    pub fn line(self) -> String {
        format!(
            "{} within {} {}, {}, {} images",
            self.verdict.title(),
            self.norm.symbol(),
            distance(self.epsilon),
            self.effort.name(),
            self.images
        )
    }
}

/// What lifts the mask of a model that looks robust and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// The model's own gradient, followed with more care than the usual attack takes.
    Thin,
    /// Only what does not follow the gradient.
    Thick,
}

impl Mask {
    /// In a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Thin => {
                "A thin mask: its own gradient, followed with more care, leads to most of them."
            }
            Self::Thick => "A thick mask: most of them are found only without its gradient.",
        }
    }
}

/// A question that is put to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignId {
    /// How much of the apparent robustness is left at the end.
    Collapse,
    /// Whether more iterations still gain.
    Iterations,
    /// Whether more restarts still gain.
    Restarts,
    /// Whether one step does what many do not.
    OneStep,
    /// Whether another loss gains.
    OtherLoss,
    /// Whether the cross-entropy of rescaled logits gains.
    Rescaled,
    /// Whether Auto-PGD gains, which follows the gradient of the same loss and sets its steps itself.
    Adaptive,
    /// Whether random noise does what gradients do not.
    Noise,
    /// Whether attacks without gradients do what gradients do not.
    BlackBox,
    /// Whether images made on another model do.
    Transfer,
    /// Whether images made on the network without its guard do.
    Guard,
    /// Whether averaging over the model's own randomness gains.
    Randomness,
    /// Whether accuracy falls to that of guessing as the radius grows.
    Unbounded,
    /// Whether gradients vanish.
    Vanishing,
    /// Whether the logits are below float32's resolution.
    Resolution,
    /// Whether the loss rises along its own gradient.
    Uphill,
}

impl SignId {
    /// All questions.
    pub const ALL: [Self; 16] = [
        Self::Collapse,
        Self::Iterations,
        Self::Restarts,
        Self::OneStep,
        Self::OtherLoss,
        Self::Rescaled,
        Self::Adaptive,
        Self::Noise,
        Self::BlackBox,
        Self::Transfer,
        Self::Guard,
        Self::Randomness,
        Self::Unbounded,
        Self::Vanishing,
        Self::Resolution,
        Self::Uphill,
    ];
}

/// What the answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// As it is with an honest model.
    Clear,
    /// Not a proof of anything, but the numbers above it may be too high.
    Caution,
    /// As it is where gradients are masked.
    Masking,
}

impl Finding {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clear => "no sign",
            Self::Caution => "doubt",
            Self::Masking => "mask",
        }
    }
}

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// The question.
    pub id: SignId,
    /// What the answer says.
    pub finding: Finding,
    /// The number, a share in [0, 1].
    pub value: f64,
    /// Above it the number speaks for a mask (for [`Finding::Caution`]: makes the rest doubtful).
    pub threshold: f64,
    /// In one plain sentence.
    pub sentence: String,
}

/// A point of a curve of accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Iterations, restarts or radius.
    pub x: f64,
    /// Share of the images that are still right, in [0, 1].
    pub accuracy: f64,
}

/// The cross-entropy around an image, along its gradient and along a random direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// Place of the image in the test set.
    pub place: usize,
    /// Steps along each direction, from minus to plus the radius.
    pub side: usize,
    /// Row-major `[side, side]`: rows along the gradient, columns along the random direction.
    #[serde(deserialize_with = "numbers")]
    pub losses: Vec<f32>,
}

/// How many starts of the usual attack fool each of some images, each start an attack by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starts {
    /// Place `k` of `starts + 1`: images that fall to `k` of the starts. All of them were right without
    /// attack.
    pub images: Vec<usize>,
}

impl Starts {
    /// How many starts there were.
    pub fn starts(&self) -> usize {
        self.images.len().saturating_sub(1)
    }
}

/// Accuracy under PGD by the length and the number of its steps, each pair an attack by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// The first so many images of the test set; of them those are attacked that are right without.
    pub images: usize,
    /// Lengths of a step, in pixel units, ascending.
    pub step_sizes: Vec<f64>,
    /// Numbers of steps, ascending.
    pub iterations: Vec<usize>,
    /// Row-major `[step_sizes, iterations]`: share of `images` that are still right, in [0, 1].
    pub accuracy: Vec<f64>,
}

/// An image that fooled the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fooled {
    /// Its place in the test set.
    pub place: usize,
    /// Its class.
    pub label: usize,
    /// What the model takes the changed image for.
    pub predicted: usize,
    /// Without attack, row-major `[channels, height, width]`, 0 to 255.
    pub clean: Vec<u8>,
    /// Under attack, rounded for display.
    pub attacked: Vec<u8>,
}

/// What was judged, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The network's name.
    pub network: String,
    /// The training in words.
    pub training: String,
    /// Training steps that the model has had, if it was trained here.
    pub step: Option<usize>,
    /// What is done to images before the network sees them.
    pub guard: GuardConfig,
    /// The data set's name.
    pub data: String,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Channels, height, width.
    pub image_shape: [usize; 3],
    /// The norm.
    pub norm: Norm,
    /// The radius, in pixel units.
    pub epsilon: f64,
    /// How thoroughly.
    pub effort: Effort,
    /// Images, the first ones of the test set.
    pub images: usize,
    /// The run's seed.
    pub seed: u64,
}

impl Report {
    /// A name for its page that tells it from others: what was judged, and for which budget.
    pub fn file_name(&self) -> String {
        let subject = &self.subject;
        let what = format!(
            "{} {} {} {} {}",
            subject.data,
            subject.network,
            subject.training,
            subject.norm.name(),
            distance(subject.epsilon)
        );
        let words = what.split(|c: char| !(c.is_alphanumeric() || c == '.'));
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        format!("report-{}.html", words.join("-").to_lowercase())
    }

    /// The verdict in a sentence or two.
    pub fn meaning(&self) -> String {
        let mask = match self.verdict {
            Verdict::Masked => self.mask(),
            Verdict::Robust | Verdict::NotRobust | Verdict::Undecided => None,
        };
        let sentences = [Some(self.verdict.meaning()), mask.map(Mask::meaning)];
        sentences
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What most of the apparent robustness fell to, if some of it did.
    pub fn mask(&self) -> Option<Mask> {
        let (apparent, followed) = (self.apparent_accuracy?, self.gradient_accuracy?);
        let lost = apparent - self.robust_accuracy;
        let by_gradient = apparent - followed;
        (lost > 0.0).then_some(if by_gradient >= 0.5 * lost {
            Mask::Thin
        } else {
            Mask::Thick
        })
    }

    /// How many images are right without attack.
    pub fn images_right(&self) -> usize {
        (self.clean_accuracy * self.subject.images as f64).round() as usize
    }
}

/// Everything that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, the weightiest reason first.
    pub reasons: Vec<String>,
    /// What was judged.
    pub subject: Subject,
    /// Share of the images that are right without attack, in [0, 1], as all that follow.
    pub clean_accuracy: f64,
    /// Under the usual attack: what the model appears to be. None if that was not over.
    pub apparent_accuracy: Option<f64>,
    /// Under all attacks that follow the model's own gradient: PGD for longer, from more starts and on other
    /// losses, and Auto-PGD. None if they were not over, or in a report from before it was kept.
    #[serde(default)]
    pub gradient_accuracy: Option<f64>,
    /// Under everything.
    pub robust_accuracy: f64,
    /// The attacks, in order.
    pub rungs: Vec<Rung>,
    /// The questions that were answered, in order.
    pub signs: Vec<Sign>,
    /// Accuracy against iterations of PGD.
    pub iterations: Vec<Point>,
    /// Against restarts.
    pub restarts: Vec<Point>,
    /// Against the radius, in pixel units.
    pub epsilons: Vec<Point>,
    /// The loss around one image.
    pub surface: Option<Surface>,
    /// How many starts fool each image. None if the user stopped before, as with the next.
    #[serde(default)]
    pub starts: Option<Starts>,
    /// Accuracy by the length and the number of steps.
    #[serde(default)]
    pub grid: Option<Grid>,
    /// Margins `z_y - max z_j` of the images without attack.
    #[serde(deserialize_with = "numbers")]
    pub clean_margins: Vec<f32>,
    /// Least margins under attack, in the same order.
    #[serde(deserialize_with = "numbers")]
    pub attacked_margins: Vec<f32>,
    /// Some of the images that fooled the model.
    pub fooled: Vec<Fooled>,
    /// The published checklist, and what of it was covered.
    pub checklist: Vec<CheckItem>,
    /// Seconds in all.
    pub seconds: f64,
    /// True if the user ended it early.
    pub stopped: bool,
}

impl Report {
    /// It is whole and the other one is not, which is of the same model and for the same budget.
    pub fn outweighs(&self, other: &Self) -> bool {
        let budget = |report: &Self| (report.subject.norm, report.subject.epsilon);
        self.is_whole() && !other.is_whole() && budget(self) == budget(other)
    }

    /// Nothing was left out: neither what the verdict rests on nor the last of the pictures.
    pub fn is_whole(&self) -> bool {
        !self.stopped && self.grid.is_some()
    }
}

/// The usual attack among the rungs: the first PGD, which tries all images that are right without attack.
pub fn usual(rungs: &[Rung]) -> Option<&Rung> {
    rungs.iter().find(|rung| {
        let config = rung.config.as_ref();
        config.is_some_and(|config| config.method == AttackMethod::Pgd)
    })
}

/// JSON has no word for what is no finite number, and writes null.
fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f32>, D::Error> {
    let read = Vec::<Option<f32>>::deserialize(from)?;
    Ok(read.into_iter().map(|x| x.unwrap_or(f32::NAN)).collect())
}

#[cfg(test)]
impl Report {
    /// A standard evaluation of 100 images in which nothing was found.
    pub(crate) fn example(clean: f64, apparent: f64, robust: f64) -> Self {
        let rung = Rung {
            name: "PGD".to_owned(),
            config: None,
            attacked: 100,
            fallen: 0,
            standing: (100.0 * robust) as usize,
            images: 100,
            seconds: 1.0,
        };
        Self {
            verdict: Verdict::Undecided,
            reasons: Vec::new(),
            subject: Subject {
                network: "small-cnn".to_owned(),
                training: "natural training".to_owned(),
                step: None,
                guard: GuardConfig::default(),
                data: "MNIST".to_owned(),
                classes: (0..10).map(|class| class.to_string()).collect(),
                image_shape: [1, 28, 28],
                norm: Norm::Linf,
                epsilon: 0.3,
                effort: Effort::Standard,
                images: 100,
                seed: 0,
            },
            clean_accuracy: clean,
            apparent_accuracy: Some(apparent),
            gradient_accuracy: Some(apparent),
            robust_accuracy: robust,
            rungs: vec![rung],
            signs: Vec::new(),
            iterations: Vec::new(),
            restarts: Vec::new(),
            epsilons: Vec::new(),
            surface: None,
            starts: None,
            grid: None,
            clean_margins: Vec::new(),
            attacked_margins: Vec::new(),
            fooled: Vec::new(),
            checklist: Vec::new(),
            seconds: 1.0,
            stopped: false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn masked(followed: Option<f64>) -> Report {
        let mut report = Report::example(0.98, 0.9, 0.1);
        report.verdict = Verdict::Masked;
        report.gradient_accuracy = followed;
        report
    }

    #[test]
    fn a_mask_is_as_thick_as_what_gradients_leave() {
        for (followed, mask) in [
            (Some(0.1), Some(Mask::Thin)),
            (Some(0.49), Some(Mask::Thin)),
            (Some(0.51), Some(Mask::Thick)),
            (Some(0.9), Some(Mask::Thick)),
            (None, None),
        ] {
            assert_eq!(masked(followed).mask(), mask, "{followed:?}");
        }
        assert!(
            masked(Some(0.9))
                .meaning()
                .ends_with("without its gradient.")
        );
        assert_eq!(masked(None).meaning(), Verdict::Masked.meaning());
        let mut honest = Report::example(0.98, 0.9, 0.9);
        assert_eq!(honest.mask(), None);
        honest.robust_accuracy = 0.88;
        honest.verdict = Verdict::Robust;
        // What little it lost is no mask.
        assert_eq!(honest.meaning(), Verdict::Robust.meaning());
    }

    #[test]
    fn a_report_from_before_gradients_were_told_apart_is_read() {
        let mut json = serde_json::to_value(masked(Some(0.5))).unwrap();
        json.as_object_mut().unwrap().remove("gradient_accuracy");
        let old: Report = serde_json::from_value(json).unwrap();
        assert_eq!(old.gradient_accuracy, None);
    }

    #[test]
    fn a_whole_report_outweighs_half_of_one_for_the_same_budget() {
        let mut whole = Report::example(0.98, 0.9, 0.9);
        whole.grid = Some(Grid {
            images: 1,
            step_sizes: vec![0.1],
            iterations: vec![1],
            accuracy: vec![0.0],
        });
        let mut half = whole.clone();
        half.stopped = true;
        assert!(whole.outweighs(&half) && !half.outweighs(&whole) && !whole.outweighs(&whole));
        half.subject.epsilon = 0.1;
        assert!(!whole.outweighs(&half));
    }

    #[test]
    fn names_and_lines_have_the_budget() {
        let mut report = masked(None);
        report.subject.training = "logit squeezing, beta 0.5".to_owned();
        assert_eq!(
            report.file_name(),
            "report-mnist-small-cnn-logit-squeezing-beta-0.5-linf-0.3.html"
        );
        let judged = Judged {
            verdict: Verdict::Masked,
            norm: Norm::L2,
            epsilon: 1.5,
            effort: Effort::Quick,
            images: 200,
        };
        assert_eq!(judged.line(), "masked within l₂ 1.5, quick, 200 images");
    }
}
