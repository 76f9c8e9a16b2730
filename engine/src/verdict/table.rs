//! The tables of the poster: their columns as attacks, and their figures.

use crate::config::{
    Adversary, AttackConfig, AttackLoss, AttackMethod, DataKind, Goal, Guard, Norm, RunConfig,
    Squeeze,
};

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What is measured: accuracy under this attack, or without any on the whole test set.
    pub attack: Option<AttackConfig>,
}

/// A row as the poster has it, in percent.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The data set.
    pub set: DataKind,
    /// The defence.
    pub defence: &'static str,
    /// Whether a run has that defence, and no other beside it but noise.
    pub is: fn(&RunConfig) -> bool,
    /// Its figures, by the names of their columns; the poster leaves some out.
    pub figures: &'static [(&'static str, f64)],
}

/// The columns. Radius 8/255 and, in l_2, 1.5 are the poster's; steps of 2/255, and of 2.5 / 20 of the
/// radius in l_2, are ours, as are SPSA's. Images and batch size are those of `base`.
pub fn columns(base: &AttackConfig) -> Vec<Column> {
    let pgd = |iterations, loss| AttackConfig {
        method: AttackMethod::Pgd,
        norm: Norm::Linf,
        epsilon: 8.0 / 255.0,
        step_size: 2.0 / 255.0,
        loss,
        goal: Goal::Untargeted,
        iterations,
        restarts: 1,
        momentum: 0.0,
        draws: 1,
        ..base.clone()
    };
    let column = |name, attack| Column {
        name,
        attack: Some(attack),
    };
    let (xent, cw) = (AttackLoss::Xent, AttackLoss::Cw);
    vec![
        Column {
            name: "test",
            attack: None,
        },
        column("20-xent", pgd(20, xent)),
        column("50-xent", pgd(50, xent)),
        column("200-xent", pgd(200, xent)),
        column("20-cw", pgd(20, cw)),
        column("50-cw", pgd(50, cw)),
        column("200-cw", pgd(200, cw)),
        column(
            "10x100",
            AttackConfig {
                restarts: 10,
                ..pgd(100, xent)
            },
        ),
        column(
            "l2",
            AttackConfig {
                norm: Norm::L2,
                epsilon: 1.5,
                step_size: 0.0,
                ..pgd(20, xent)
            },
        ),
        column(
            "spsa",
            AttackConfig {
                method: AttackMethod::Spsa,
                step_size: 2.0 / 255.0,
                samples: 248,
                ..pgd(20, cw)
            },
        ),
    ]
}

/// The rows of the poster for a data set, in its order.
pub fn rows(set: DataKind) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.set == set)
}

fn squeezes(run: &RunConfig, beta: f64, gamma: f64) -> bool {
    let objective = &run.objective;
    run.guard.kind == Guard::None
        && objective.adversary.kind == Adversary::None
        && objective.squeeze == Squeeze::Batch
        && objective.label_smoothing == 0.0
        && objective.beta == beta
        && objective.gamma == gamma
}

fn smooths(run: &RunConfig, lambda: f64) -> bool {
    let objective = &run.objective;
    run.guard.kind == Guard::None
        && objective.adversary.kind == Adversary::None
        && objective.squeeze == Squeeze::None
        && objective.label_smoothing == lambda
}

fn trains_on_pgd(run: &RunConfig, iterations: usize) -> bool {
    let objective = &run.objective;
    objective.adversary.kind == Adversary::Pgd
        && objective.adversary.iterations == iterations
        && objective.adversary.epsilon == 8.0 / 255.0
        && objective.squeeze == Squeeze::None
        && objective.label_smoothing == 0.0
}

const ROWS: [Row; 14] = [
    Row {
        set: DataKind::Cifar10,
        defence: "squeezing, beta 5",
        is: |run| squeezes(run, 5.0, 0.0),
        figures: &[
            ("test", 92.45),
            ("20-xent", 43.26),
            ("50-xent", 43.25),
            ("200-xent", 38.86),
            ("20-cw", 45.50),
            ("50-cw", 37.82),
            ("200-cw", 33.91),
        ],
    },
    Row {
        set: DataKind::Cifar10,
        defence: "squeezing, beta 10",
        is: |run| squeezes(run, 10.0, 0.0),
        figures: &[
            ("test", 92.68),
            ("20-xent", 52.55),
            ("50-xent", 45.18),
            ("200-xent", 40.83),
            ("20-cw", 47.48),
            ("50-cw", 41.39),
            ("200-cw", 37.87),
        ],
    },
    Row {
        set: DataKind::Cifar10,
        defence: "squeezing, beta 11",
        is: |run| squeezes(run, 11.0, 0.0),
        figures: &[
            ("test", 92.08),
            ("20-xent", 58.51),
            ("50-xent", 55.91),
            ("200-xent", 53.87),
            ("20-cw", 55.63),
            ("50-cw", 53.56),
            ("200-cw", 50.44),
        ],
    },
    Row {
        set: DataKind::Cifar10,
        defence: "similarity, gamma 1, beta 5",
        is: |run| squeezes(run, 5.0, 1.0),
        figures: &[
            ("20-xent", 44.00),
            ("200-xent", 30.59),
            ("20-cw", 40.77),
            ("200-cw", 28.65),
        ],
    },
    Row {
        set: DataKind::Cifar10,
        defence: "similarity, gamma 1, beta 10",
        is: |run| squeezes(run, 10.0, 1.0),
        figures: &[
            ("20-xent", 47.28),
            ("200-xent", 35.67),
            ("20-cw", 45.52),
            ("200-cw", 34.56),
        ],
    },
    // The poster's figures for other attacks name "our model (beta' = 11)"; that for restarts stands
    // beside them and names none.
    Row {
        set: DataKind::Cifar10,
        defence: "similarity, gamma 1, beta 11",
        is: |run| squeezes(run, 11.0, 1.0),
        figures: &[
            ("20-xent", 56.36),
            ("200-xent", 49.79),
            ("20-cw", 56.74),
            ("200-cw", 50.33),
            ("10x100", 45.27),
            ("l2", 54.99),
            ("spsa", 88.13),
        ],
    },
    Row {
        set: DataKind::Cifar10,
        defence: "smoothing, lambda 0.9",
        is: |run| smooths(run, 0.9),
        figures: &[("test", 92.60), ("20-xent", 43.30), ("20-cw", 39.76)],
    },
    Row {
        set: DataKind::Cifar10,
        defence: "smoothing, lambda 0.95",
        is: |run| smooths(run, 0.95),
        figures: &[("test", 92.88), ("20-xent", 43.00), ("20-cw", 41.29)],
    },
    Row {
        set: DataKind::Cifar10,
        defence: "7-step adversarial training",
        is: |run| trains_on_pgd(run, 7),
        figures: &[
            ("test", 87.25),
            ("20-xent", 45.84),
            ("50-xent", 45.39),
            ("200-xent", 45.32),
            ("20-cw", 46.90),
            ("50-cw", 46.66),
            ("200-cw", 46.48),
            ("l2", 15.36),
        ],
    },
    Row {
        set: DataKind::Cifar100,
        defence: "squeezing, beta 1",
        is: |run| squeezes(run, 1.0, 0.0),
        figures: &[
            ("20-xent", 23.89),
            ("200-xent", 18.99),
            ("20-cw", 11.91),
            ("200-cw", 9.00),
        ],
    },
    Row {
        set: DataKind::Cifar100,
        defence: "squeezing, beta 5",
        is: |run| squeezes(run, 5.0, 0.0),
        figures: &[
            ("20-xent", 30.91),
            ("200-xent", 26.00),
            ("20-cw", 19.80),
            ("200-cw", 15.79),
        ],
    },
    Row {
        set: DataKind::Cifar100,
        defence: "squeezing, beta 7",
        is: |run| squeezes(run, 7.0, 0.0),
        figures: &[
            ("20-xent", 31.99),
            ("200-xent", 30.05),
            ("20-cw", 25.92),
            ("200-cw", 23.87),
        ],
    },
    Row {
        set: DataKind::Cifar100,
        defence: "2-step adversarial training",
        is: |run| trains_on_pgd(run, 2),
        figures: &[
            ("20-xent", 17.08),
            ("200-xent", 16.49),
            ("20-cw", 17.80),
            ("200-cw", 17.52),
        ],
    },
    Row {
        set: DataKind::Cifar100,
        defence: "7-step adversarial training",
        is: |run| trains_on_pgd(run, 7),
        figures: &[
            ("20-xent", 22.76),
            ("200-xent", 22.42),
            ("20-cw", 23.12),
            ("200-cw", 22.95),
        ],
    },
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::preset;

    #[test]
    fn every_row_is_one_preset_of_full_size_and_every_figure_has_its_column() {
        let columns = columns(&AttackConfig::default());
        for column in &columns {
            if let Some(attack) = &column.attack {
                attack.validate().unwrap();
            }
        }
        for row in &ROWS {
            let full = |preset: &preset::Preset| {
                preset.config.data.set == row.set && !preset.name.contains("-lite-")
            };
            let presets: Vec<_> = preset::all().into_iter().filter(full).collect();
            let of = presets.iter().filter(|preset| (row.is)(&preset.config));
            assert_eq!(of.count(), 1, "{}", row.defence);
            for (name, figure) in row.figures {
                assert!(columns.iter().any(|column| column.name == *name), "{name}");
                assert!((0.0..=100.0).contains(figure));
            }
        }
        // One figure of each table, from the poster.
        let figure = |defence: &str, set, name: &str| {
            let row = rows(set).find(|row| row.defence == defence).unwrap();
            row.figures
                .iter()
                .find(|(column, _)| *column == name)
                .unwrap()
                .1
        };
        assert_eq!(
            figure("squeezing, beta 11", DataKind::Cifar10, "200-cw"),
            50.44
        );
        assert_eq!(
            figure("squeezing, beta 7", DataKind::Cifar100, "20-cw"),
            25.92
        );
        assert_eq!(rows(DataKind::Mnist).count(), 0);
    }
}
