//! [`Plan`]: the models and measurements of one of the paper's tables or figures, as a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use squeeze_engine::config::{AttackConfig, Effort, EvaluationConfig, RunConfig, Suite, preset};
use squeeze_engine::verdict::plot::FigureId;

/// Most models of a plan: more would be a slip of the pen.
const MOST_MODELS: usize = 1000;

/// A plan, as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    about: String,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    set: toml::Table,
    #[serde(default)]
    model: Vec<ModelEntry>,
    grid: Option<GridEntry>,
    column: Vec<ColumnEntry>,
    #[serde(default)]
    curve: Vec<Curve>,
    #[serde(default)]
    trend: Vec<Trend>,
    #[serde(default)]
    histogram: Vec<Histogram>,
    #[serde(default)]
    pictures: Vec<FigureId>,
    pictured: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelEntry {
    name: String,
    title: String,
    preset: String,
    #[serde(default)]
    set: toml::Table,
    paper: Option<String>,
    #[serde(default)]
    figures: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GridEntry {
    preset: String,
    #[serde(default)]
    set: toml::Table,
    paper: Option<String>,
    axis: Vec<AxisEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisEntry {
    field: String,
    title: String,
    values: Vec<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnEntry {
    name: String,
    images: Option<usize>,
    attack: Option<toml::Table>,
    suite: Option<Suite>,
    effort: Option<Effort>,
    transfer_from: Option<String>,
    #[serde(default)]
    profile: bool,
}

/// Columns that are points of a curve.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// What it shows.
    pub title: String,
    /// What `x` is.
    pub along: String,
    /// Names of columns.
    pub columns: Vec<String>,
    /// A number for each.
    pub x: Vec<f64>,
}

/// Numbers against a field of the models' runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// What it shows.
    pub title: String,
    /// A field of a run, such as `objective.beta`, in which the models differ; the critical beta is marked.
    pub field: String,
    /// Names of columns, each a line.
    pub columns: Vec<String>,
    /// Which number of them.
    #[serde(default)]
    pub of: Quantity,
    /// By its logarithm.
    #[serde(default)]
    pub log: bool,
}

/// A number of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Share that is right.
    #[default]
    Accuracy,
    /// Those of a [`Profile`](squeeze_engine::verdict::profile::Profile).
    LogitNorm,
    /// Mean of the logits.
    LogitMean,
    /// In l_1.
    GradientL1,
    /// In l_2.
    GradientL2,
    /// To the boundary, to first order.
    Distance,
}

impl Quantity {
    /// What it is, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy in %",
            Self::LogitNorm => "mean norm of the logits of an image",
            Self::LogitMean => "mean of all logits",
            Self::GradientL1 => "mean l_1 norm of the loss's gradient",
            Self::GradientL2 => "mean l_2 norm of the loss's gradient",
            Self::Distance => "median of margin / norm of its gradient",
        }
    }
}

/// How logits or margins are spread, a histogram a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// What it shows.
    pub title: String,
    /// A column that is a profile.
    pub column: String,
    /// Of what.
    pub of: Spreads,
}

/// What is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spreads {
    /// All logits.
    Logits,
    /// Margins.
    Margins,
}

/// A plan that has been checked.
pub struct Plan {
    /// What it shows.
    pub title: String,
    /// What of the paper it is, and how to read it.
    pub about: String,
    /// What else a reader has to know.
    pub notes: Vec<String>,
    /// The models, in order.
    pub models: Vec<PlannedModel>,
    /// The measurements, in order.
    pub columns: Vec<Column>,
    /// Axes of the grid that the models are, the last one quickest; none if they are a list.
    pub axes: Vec<Axis>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Trends.
    pub trends: Vec<Trend>,
    /// Histograms.
    pub histograms: Vec<Histogram>,
    /// Pictures of the models' verdicts that are shown side by side.
    pub pictures: Vec<FigureId>,
    /// Of these models; of all where it is none.
    pub pictured: Option<Vec<String>>,
}

/// An axis of a grid.
#[derive(Debug)]
pub struct Axis {
    /// What it is called.
    pub title: String,
    /// Its values, as they are written.
    pub values: Vec<String>,
}

/// A model to train.
pub struct PlannedModel {
    /// Name of its folder.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Its run.
    pub config: RunConfig,
    /// In which it differs from the paper's, if that is known.
    pub deviations: Vec<String>,
    /// The paper's figures, in percent, by column.
    pub figures: BTreeMap<String, f64>,
}

/// A measurement.
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is measured.
    pub what: What,
    /// On so many test images, if that is said.
    images: Option<usize>,
}

/// What is measured.
pub enum What {
    /// Accuracy without attack.
    Clean,
    /// Accuracy under an attack: settings that go over those of the model's own.
    Attack(toml::Table),
    /// Accuracy under a version of AutoAttack, with a norm and a radius that may be others than the model's own.
    Suite(Suite, toml::Table),
    /// Accuracy under everything, and the verdict, for a norm and a radius that may be others than the model's own.
    Verdict(Effort, toml::Table),
    /// Accuracy on images that an attack made on another model of the plan.
    Transfer(String, toml::Table),
    /// Logits, margins and gradients without attack.
    Profile,
}

impl Column {
    /// The attack on a model, with its own norm, radius and batch size.
    ///
    /// # Errors
    /// Names the setting that is none.
    pub fn attack(&self, config: &RunConfig) -> Result<AttackConfig> {
        let mut config = config.clone();
        if let Some(images) = self.images {
            config.attack.images = images;
        }
        let table = match &self.what {
            What::Attack(table)
            | What::Transfer(_, table)
            | What::Suite(_, table)
            | What::Verdict(_, table) => table,
            What::Clean | What::Profile => {
                return Ok(config.attack);
            }
        };
        let fields = |part: &str| format!("attack.{part}");
        Ok(over(&config, table, fields)?.attack)
    }

    /// How a model is judged.
    pub fn evaluation(&self, config: &RunConfig, effort: Effort) -> EvaluationConfig {
        EvaluationConfig {
            effort,
            images: self.images.unwrap_or(config.evaluation.images),
            ..config.evaluation.clone()
        }
    }
}

impl Plan {
    /// The axes of a heat map of the grid, down and across; none if the models are a list.
    pub fn last_axes(&self) -> Option<(Option<&Axis>, &Axis)> {
        match &self.axes[..] {
            [.., down, across] => Some((Some(down), across)),
            [across] => Some((None, across)),
            [] => None,
        }
    }

    /// The model that a column's images are made on, where they are moved from another.
    pub fn source(&self, column: &Column) -> Option<&PlannedModel> {
        let What::Transfer(name, _) = &column.what else {
            return None;
        };
        self.models.iter().find(|model| model.name == *name)
    }

    /// Reads and checks a plan.
    ///
    /// # Errors
    /// Names the file, what in it is wrong, and the fix.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| {
            format!("the plan {shown} cannot be read; those of the paper are in `experiments`")
        })?;
        Self::of(&text).with_context(|| format!("in {shown}"))
    }

    fn of(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let mut models = Vec::new();
        for entry in file.model {
            let place = format!("model `{}`", entry.name);
            let config = run(&entry.preset, [&file.set, &entry.set]).context(place.clone())?;
            models.push(PlannedModel {
                deviations: deviations(&config, entry.paper.as_deref()).context(place)?,
                name: entry.name,
                title: entry.title,
                config,
                figures: entry.figures,
            });
        }
        let mut axes = Vec::new();
        if let Some(grid) = file.grid {
            ensure!(
                models.is_empty(),
                "there are both `model` and `grid`: make two plans of them"
            );
            models = cells(&grid, &file.set)?;
            axes = grid.axis.into_iter().map(Axis::from).collect();
        }
        let columns: Vec<Column> = file
            .column
            .into_iter()
            .map(Column::try_from)
            .collect::<Result<_>>()?;
        let plan = Self {
            title: file.title,
            about: file.about,
            notes: file.notes,
            models,
            columns,
            axes,
            curves: file.curve,
            trends: file.trend,
            histograms: file.histogram,
            pictures: file.pictures,
            pictured: file.pictured,
        };
        plan.check()?;
        Ok(plan)
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.models.is_empty(), "there is no `model` and no `grid`");
        ensure!(!self.columns.is_empty(), "there is no `column`");
        let first = &self.models[0].config.data;
        let mut names = BTreeSet::new();
        for model in &self.models {
            let name = &model.name;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            ensure!(
                !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain),
                "model `{name}`: its name is that of a folder: letters, digits, - and _ alone"
            );
            ensure!(names.insert(name), "there are two models `{name}`");
            ensure!(
                model.config.data == *first,
                "model `{name}` is for {}, the first one for {}, or `data` differs in a setting: make two plans of them",
                model.config.data.set.title(),
                first.set.title()
            );
            for figure in model.figures.keys() {
                ensure!(
                    self.columns.iter().any(|column| column.name == *figure),
                    "model `{name}`: there is a figure for `{figure}`, which is no column"
                );
            }
            for column in &self.columns {
                let place = || format!("column `{}`, model `{name}`", column.name);
                column
                    .attack(&model.config)
                    .and_then(|attack| Ok(attack.validate()?))
                    .with_context(place)?;
            }
        }
        let mut columns = BTreeSet::new();
        for column in &self.columns {
            let name = &column.name;
            ensure!(columns.insert(name), "there are two columns `{name}`");
            if let What::Transfer(source, _) = &column.what {
                ensure!(
                    names.contains(source),
                    "column `{name}`: transfer_from: there is no model `{source}`"
                );
            }
        }
        for curve in &self.curves {
            let title = &curve.title;
            ensure!(
                curve.columns.len() == curve.x.len() && curve.x.len() > 1,
                "curve `{title}`: `columns` and `x` must be equally long, two or more"
            );
            for name in &curve.columns {
                ensure!(
                    columns.contains(name),
                    "curve `{title}`: there is no column `{name}`"
                );
            }
        }
        self.check_trends()
    }

    fn check_trends(&self) -> Result<()> {
        let column = |name: &str| {
            let mut columns = self.columns.iter();
            columns
                .find(|column| column.name == name)
                .with_context(|| format!("there is no column `{name}`"))
        };
        let profile = |name: &str| {
            let is_profile = matches!(column(name)?.what, What::Profile);
            ensure!(is_profile, "column `{name}` needs `profile = true`");
            Ok(())
        };
        for trend in &self.trends {
            let place = || format!("trend `{}`", trend.title);
            ensure!(!trend.columns.is_empty(), "{}: `columns` is empty", place());
            for name in &trend.columns {
                let found = match trend.of {
                    Quantity::Accuracy => column(name).map(drop),
                    _ => profile(name),
                };
                found.with_context(place)?;
            }
            for model in &self.models {
                number_of(&model.config, &trend.field).with_context(place)?;
            }
        }
        for histogram in &self.histograms {
            let place = || format!("histogram `{}`", histogram.title);
            profile(&histogram.column).with_context(place)?;
        }
        for name in self.pictured.iter().flatten() {
            ensure!(
                self.models.iter().any(|model| model.name == *name),
                "pictured: there is no model `{name}`"
            );
        }
        let is_judged = |column: &Column| matches!(column.what, What::Verdict(..));
        ensure!(
            self.pictures.is_empty() || self.columns.iter().any(is_judged),
            "pictures: they are a verdict's, and no column has `effort`"
        );
        Ok(())
    }
}

impl From<AxisEntry> for Axis {
    fn from(entry: AxisEntry) -> Self {
        Self {
            title: entry.title,
            values: entry.values.iter().map(shown).collect(),
        }
    }
}

impl TryFrom<ColumnEntry> for Column {
    type Error = anyhow::Error;

    fn try_from(entry: ColumnEntry) -> Result<Self> {
        let ColumnEntry {
            name,
            images,
            attack,
            suite,
            effort,
            transfer_from,
            profile,
        } = entry;
        let what = match (attack, suite, effort, transfer_from, profile) {
            (None, None, None, None, false) => What::Clean,
            (None, None, None, None, true) => What::Profile,
            (Some(attack), None, None, None, false) => What::Attack(attack),
            (attack, Some(suite), None, None, false) => {
                What::Suite(suite, attack.unwrap_or_default())
            }
            (attack, None, Some(effort), None, false) => {
                What::Verdict(effort, attack.unwrap_or_default())
            }
            (attack, None, None, Some(source), false) => {
                What::Transfer(source, attack.unwrap_or_default())
            }
            _ => bail!(
                "column `{name}`: it may have one of `attack`, `profile`, or `effort`, `suite` or `transfer_from` with or without `attack`"
            ),
        };
        ensure!(
            images.is_none() || !matches!(what, What::Clean),
            "column `{name}`: `images` goes with an attack or a profile; without one the whole test set is taken"
        );
        ensure!(
            images != Some(0),
            "column `{name}`: images must be 1 or more"
        );
        Ok(Self { name, what, images })
    }
}

/// A run: a preset with other values in some fields.
fn run<'a>(name: &str, sets: impl IntoIterator<Item = &'a toml::Table>) -> Result<RunConfig> {
    let preset = preset::find(name)
        .with_context(|| format!("there is no preset `{name}`; `squeeze presets` lists them"))?;
    let mut config = preset.config;
    for table in sets {
        config = over(&config, table, str::to_owned)?;
    }
    config.validate()?;
    Ok(config)
}

/// The config with other values in some fields, checked together; `field` makes a field's name of a key.
fn over(
    config: &RunConfig,
    table: &toml::Table,
    field: impl Fn(&str) -> String,
) -> Result<RunConfig> {
    let fields = table.iter().map(|(key, value)| (field(key), shown(value)));
    let fields: Vec<(String, String)> = fields.collect();
    let fields = fields
        .iter()
        .map(|(field, value)| (field.as_str(), value.as_str()));
    Ok(config.with_fields(fields)?)
}

/// A value without the quotes of a text.
fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A model for every combination of the axes' values, the last axis quickest.
fn cells(grid: &GridEntry, shared: &toml::Table) -> Result<Vec<PlannedModel>> {
    for axis in &grid.axis {
        ensure!(
            !axis.values.is_empty(),
            "grid: axis `{}` has no values",
            axis.field
        );
    }
    let count: usize = grid.axis.iter().map(|axis| axis.values.len()).product();
    ensure!(
        !grid.axis.is_empty() && count <= MOST_MODELS,
        "grid: it makes {count} models; there must be an axis, and {MOST_MODELS} models at most"
    );
    (0..count)
        .map(|cell| {
            let mut rest = cell;
            let mut chosen = Vec::new();
            for axis in grid.axis.iter().rev() {
                chosen.push((axis, &axis.values[rest % axis.values.len()]));
                rest /= axis.values.len();
            }
            chosen.reverse();
            let named = |join: &str, part: &dyn Fn(&AxisEntry, &str) -> String| {
                let parts: Vec<String> = chosen
                    .iter()
                    .map(|(axis, value)| part(axis, &shown(value)))
                    .collect();
                parts.join(join)
            };
            let last = |field: &str| field.rsplit('.').next().unwrap_or(field).to_owned();
            let name = named("-", &|axis, value| format!("{}{value}", last(&axis.field)));
            let table = chosen
                .iter()
                .map(|(axis, value)| (axis.field.clone(), (*value).clone()))
                .collect();
            let config = run(&grid.preset, [shared, &grid.set, &table])
                .with_context(|| format!("grid, cell {name}"))?;
            let is_axis = |line: &String| {
                let mut fields = grid.axis.iter().map(|axis| format!("{} ", axis.field));
                fields.any(|field| line.starts_with(&field))
            };
            let mut deviations = deviations(&config, grid.paper.as_deref()).context("grid")?;
            // What the grid is about is in every cell's name.
            deviations.retain(|line| !is_axis(line));
            Ok(PlannedModel {
                title: named(", ", &|axis, value| format!("{} {value}", axis.title)),
                name,
                deviations,
                config,
                figures: BTreeMap::new(),
            })
        })
        .collect()
}

/// The number in a field of a run.
pub fn number_of(config: &RunConfig, field: &str) -> Result<f64> {
    let fields = fields(config)?;
    let value = fields.iter().find(|(name, _)| name == field);
    let (_, value) = value.with_context(|| format!("a run has no field `{field}`"))?;
    let number = value.parse();
    number.map_err(|_| anyhow!("the field `{field}` holds `{value}`, which is no number"))
}

/// The fields in which a run is not that of the preset `paper`, which is as near to the paper as is known.
fn deviations(config: &RunConfig, paper: Option<&str>) -> Result<Vec<String>> {
    let Some(paper) = paper else {
        return Ok(Vec::new());
    };
    let preset = preset::find(paper).with_context(|| {
        format!("paper: there is no preset `{paper}`; `squeeze presets` lists them")
    })?;
    let flat = |config: &RunConfig| {
        let mut config = config.clone();
        // How a model is looked at is no part of what it is.
        config.attack = AttackConfig::default();
        config.evaluation = EvaluationConfig::default();
        config.training.robust_images = 0;
        fields(&config)
    };
    let theirs: BTreeMap<String, String> = flat(&preset.config)?.into_iter().collect();
    let differing = flat(config)?.into_iter().filter_map(|(field, ours)| {
        let theirs = theirs.get(&field).map_or("none", String::as_str);
        (theirs != ours).then(|| format!("{field} {ours} ({paper}: {theirs})"))
    });
    Ok(differing.collect())
}

/// Every field of a run with its value, as they are written.
fn fields(config: &RunConfig) -> Result<Vec<(String, String)>> {
    let table: toml::Table = toml::from_str(&config.to_toml()?)?;
    let mut fields = Vec::new();
    flatten("", &table, &mut fields);
    Ok(fields)
}

fn flatten(path: &str, table: &toml::Table, fields: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let name = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, fields),
            value => fields.push((name, shown(value))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use squeeze_engine::verdict::table;

    use super::*;

    const PLAN: &str = r#"
        title = "A title"
        about = "What it is."
        set = { "training.steps" = 7 }
        [[model]]
        name = "five"
        title = "beta 5"
        preset = "mnist-lite-lsq-batch-5"
        paper = "mnist-lsq-batch-5"
        set = { "objective.noise_sigma" = 0.25 }
        figures = { "20-xent" = 43.26 }
        [[column]]
        name = "test"
        [[column]]
        name = "20-xent"
        images = 12
        attack = { iterations = 20, loss = "cw" }
        [[column]]
        name = "moved"
        transfer_from = "five"
        [[column]]
        name = "logits"
        profile = true
        [[trend]]
        title = "a trend"
        field = "objective.beta"
        columns = ["20-xent"]
        [[histogram]]
        title = "a histogram"
        column = "logits"
        of = "logits"
    "#;

    #[test]
    fn a_plan_is_presets_with_other_values() {
        let plan = Plan::of(PLAN).unwrap();
        let [model] = &plan.models[..] else {
            panic!("{} models", plan.models.len())
        };
        assert_eq!(model.config.training.steps, 7);
        assert_eq!(model.config.objective.noise_sigma, 0.25);
        let attack = plan.columns[1].attack(&model.config).unwrap();
        assert_eq!((attack.iterations, attack.images), (20, 12));
        assert_eq!(attack.loss.name(), "cw");
        assert_eq!(attack.epsilon, model.config.attack.epsilon);
        let all = model.deviations.join("\n");
        assert!(
            all.contains("network small-cnn (mnist-lsq-batch-5: mnist-cnn)"),
            "{all}"
        );
        assert!(
            all.contains("training.steps 7 (mnist-lsq-batch-5: "),
            "{all}"
        );
        assert!(!all.contains("seed"), "{all}");
    }

    #[test]
    fn a_grid_is_every_combination_the_last_axis_quickest() {
        let grid = r#"
            title = "t"
            about = "a"
            [[column]]
            name = "test"
            [grid]
            preset = "mnist-lite-natural"
            paper = "mnist-natural"
            axis = [
                { field = "training.steps", title = "k", values = [5, 10] },
                { field = "objective.noise_sigma", title = "sigma", values = [0.0, 0.5, 1] },
            ]
        "#;
        let plan = Plan::of(grid).unwrap();
        let names: Vec<&str> = plan
            .models
            .iter()
            .map(|model| model.name.as_str())
            .collect();
        assert_eq!(names.len(), 6);
        assert_eq!(
            names[..2],
            ["steps5-noise_sigma0.0", "steps5-noise_sigma0.5"]
        );
        assert_eq!(plan.models[5].title, "k 10, sigma 1");
        assert_eq!(plan.models[5].config.objective.noise_sigma, 1.0);
        assert_eq!(plan.axes[1].values, ["0.0", "0.5", "1"]);
        let all = plan.models[0].deviations.join("\n");
        assert!(all.contains("network small-cnn"), "{all}");
        assert!(!all.contains("training.steps"), "{all}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, wanted) in [
            (
                "lsq-batch-5\"\n        paper",
                "lsq-batch-6\"\n        paper",
                "there is no preset `mnist-lite-lsq-batch-6`",
            ),
            ("\"training.steps\" = 7", "\"training.stops\" = 7", "stops"),
            (
                "\"training.steps\" = 7",
                "\"training.steps\" = 0",
                "training.steps",
            ),
            ("iterations = 20", "iteration = 20", "column `20-xent`"),
            (
                "\"20-xent\" = 43.26",
                "\"30-xent\" = 43.26",
                "`30-xent`, which is no column",
            ),
            (
                "transfer_from = \"five\"",
                "transfer_from = \"six\"",
                "there is no model `six`",
            ),
            (
                "transfer_from = \"five\"",
                "suite = \"standard\"\n effort = \"quick\"",
                "column `moved`",
            ),
            ("images = 12", "images = 0", "images must be 1 or more"),
            (
                "name = \"five\"",
                "name = \"../five\"",
                "name is that of a folder",
            ),
            ("name = \"moved\"", "name = \"test\"", "two columns `test`"),
            (
                "name = \"moved\"",
                "profile = true\n name = \"moved\"",
                "one of `attack`, `profile`, or `effort`",
            ),
            (
                "columns = [\"20-xent\"]",
                "columns = [\"30-xent\"]",
                "trend `a trend`: there is no column `30-xent`",
            ),
            (
                "columns = [\"20-xent\"]",
                "columns = [\"20-xent\"]\n of = \"distance\"",
                "column `20-xent` needs `profile = true`",
            ),
            (
                "objective.beta",
                "objective.better",
                "no field `objective.better`",
            ),
            (
                "field = \"objective.beta\"",
                "field = \"network\"",
                "`small-cnn`, which is no number",
            ),
            (
                "column = \"logits\"",
                "column = \"test\"",
                "histogram `a histogram`: column `test` needs",
            ),
            (
                "set = { \"training.steps\"",
                "pictures = [\"surface\"]\n set = { \"training.steps\"",
                "no column has `effort`",
            ),
            (
                "set = { \"training.steps\"",
                "pictured = [\"six\"]\n set = { \"training.steps\"",
                "pictured: there is no model `six`",
            ),
            (
                "set = { \"training.steps\"",
                "pictures = [\"portrait\"]\n set = { \"training.steps\"",
                "portrait",
            ),
        ] {
            let text = PLAN.replacen(from, to, 1);
            assert_ne!(text, PLAN, "{from}");
            let error = format!("{:#}", Plan::of(&text).err().unwrap());
            assert!(error.contains(wanted), "{wanted}: {error}");
        }
    }

    /// The plans in `experiments`, with their names.
    fn committed() -> Vec<(String, Plan)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments");
        let paths = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let is_plan = |path: &PathBuf| path.extension().is_some_and(|end| end == "toml");
        let plans = paths.filter(is_plan).map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, Plan::read(&path).unwrap())
        });
        plans.collect()
    }

    #[test]
    fn the_plans_that_come_along_are_sound_and_have_the_posters_figures() {
        let plans = committed();
        assert!(plans.len() >= 8, "{} plans", plans.len());
        let mut count = 0;
        for (name, plan) in &plans {
            for model in &plan.models {
                let row = table::rows(model.config.data.set).find(|row| (row.is)(&model.config));
                let figures = row.map_or(&[][..], |row| row.figures);
                let is_column = |name: &str| plan.columns.iter().any(|column| column.name == name);
                let figures = figures.iter().filter(|(name, _)| is_column(name));
                let figures: BTreeMap<String, f64> = figures
                    .map(|&(name, figure)| (name.to_owned(), figure))
                    .collect();
                assert_eq!(model.figures, figures, "{name}, model {}", model.name);
                count += figures.len();
            }
        }
        assert!(count > 50, "{count} figures");
    }
}
