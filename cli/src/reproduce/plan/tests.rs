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
            "lsq-batch-5\"\n    paper",
            "lsq-batch-6\"\n    paper",
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
