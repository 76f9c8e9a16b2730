//! Goals: what the project's numbers are to be, beside the best peer's.

use super::row::{Place, Row, Sample};
use super::table::milliseconds;

/// One of a row's numbers, which is to be at most so many times that of the best peer in its place.
struct Goal {
    what: &'static str,
    number: fn(&Sample) -> Option<f64>,
    most: f64,
}

const fn goal(what: &'static str, number: fn(&Sample) -> Option<f64>, most: f64) -> Goal {
    Goal { what, number, most }
}

/// What is to be reached in a place. Only peers that have the number count: one that cannot train where
/// there is no GPU is no peer of a training step there.
fn goals(place: Place) -> Vec<Goal> {
    let step = |most| goal("a training step", |sample| sample.step, most);
    let iteration = |most| goal("a PGD iteration", |sample| sample.iteration, most);
    let navigation = goal(
        "from navigation to the first step",
        |sample| sample.navigation,
        1.0,
    );
    match place {
        Place::WebGpu => vec![step(0.5), iteration(0.5), navigation],
        Place::Wasm => vec![step(0.25), iteration(1.0), navigation],
        Place::Cpu(_) => vec![step(1.5), iteration(1.5)],
        // There are no peers.
        Place::Gpu => Vec::new(),
    }
}

/// One line a goal, for every row of ours.
pub fn judged(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .filter(|row| row.is_ours)
        .flat_map(|ours| {
            goals(ours.place)
                .into_iter()
                .map(|goal| judge(&goal, ours, rows))
        })
        .collect()
}

fn judge(goal: &Goal, ours: &Row, rows: &[Row]) -> String {
    let best = rows
        .iter()
        .filter(|row| !row.is_ours && row.place == ours.place && row.network == ours.network)
        .filter(|row| row.learns())
        .filter_map(|row| Some((row.median(goal.number)?, row)))
        .min_by(|(one, _), (other, _)| one.total_cmp(other));
    let what = format!("{}, {}, {}", ours.place.name(), ours.network, goal.what);
    let most = goal.most;
    match (ours.median(goal.number), best) {
        (None, _) => format!("{what}: NOT met: ours was not measured"),
        (_, None) => format!("{what}: no peer was measured, goal {most}"),
        (Some(ours), Some((best, peer))) => {
            let ratio = ours / best;
            let verdict = if ratio <= most { "met" } else { "NOT met" };
            format!(
                "{what}: {ratio:.2} of {}'s {} ms, goal {most}: {verdict}",
                peer.program,
                milliseconds(best)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::{Place, Row, Sample};
    use super::judged;

    fn row(program: Option<&str>, place: Place, step: Option<f64>, last_loss: f64) -> Row {
        let mut row = match program {
            Some(program) => Row::new(place, program, "small-cnn"),
            None => Row::ours(place, "small-cnn"),
        };
        row.add(Sample {
            step,
            losses: Some((2.0, last_loss)),
            ..Sample::default()
        });
        row
    }

    #[test]
    fn the_best_peer_of_the_same_place_counts() {
        let rows = [
            row(None, Place::WebGpu, Some(40.0), 1.0),
            row(Some("slow"), Place::WebGpu, Some(400.0), 1.0),
            row(Some("quick"), Place::WebGpu, Some(100.0), 1.0),
            row(Some("elsewhere"), Place::Wasm, Some(1.0), 1.0),
            row(Some("wrong"), Place::WebGpu, Some(1.0), 3.0),
        ];
        let lines = judged(&rows);
        assert_eq!(
            lines[0],
            "Chromium, WebGPU, small-cnn, a training step: 0.40 of quick's 100 ms, goal 0.5: met"
        );
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_goal_is_missed_by_a_larger_ratio_and_by_a_number_that_is_not_there() {
        let rows = [
            row(None, Place::Cpu(2), Some(40.0), 1.0),
            row(Some("torch"), Place::Cpu(2), Some(20.0), 1.0),
            row(None, Place::Wasm, None, 1.0),
        ];
        let lines = judged(&rows);
        assert!(lines[0].ends_with("2.00 of torch's 20.0 ms, goal 1.5: NOT met"));
        assert!(lines[2].ends_with("a training step: NOT met: ours was not measured"));
    }

    #[test]
    fn nothing_is_met_without_a_peer() {
        let rows = [
            row(None, Place::WebGpu, Some(40.0), 1.0),
            row(Some("cannot train"), Place::WebGpu, None, 1.0),
        ];
        assert!(judged(&rows)[0].ends_with("no peer was measured, goal 0.5"));
    }
}
