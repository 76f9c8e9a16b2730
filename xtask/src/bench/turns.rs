//! Programs that take turns, so that a noisy machine troubles all of them alike.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::row::{Row, Sample};

/// A peer that takes longer than this has one turn.
const LONG: Duration = Duration::from_secs(300);

/// A row and how to measure it once.
pub struct Contender {
    row: Row,
    measure: Option<Box<dyn Fn() -> Result<Sample>>>,
    is_done: bool,
}

impl Contender {
    /// A row that `measure` fills.
    pub fn new(row: Row, measure: impl Fn() -> Result<Sample> + 'static) -> Self {
        Self {
            row,
            measure: Some(Box::new(measure)),
            is_done: false,
        }
    }

    /// A row that stays empty, because the program is not on this machine.
    pub fn missing(mut row: Row) -> Self {
        row.remark =
            Some("NOT INSTALLED: `cargo xtask bench --install-peers` brings it".to_owned());
        Self {
            row,
            measure: None,
            is_done: true,
        }
    }

    fn turn(&mut self) {
        let Some(measure) = self.measure.as_ref().filter(|_| !self.is_done) else {
            return;
        };
        let Row {
            place,
            program,
            network,
            ..
        } = &self.row;
        eprintln!("measuring: {}, {program}, {network}", place.name());
        let began = Instant::now();
        let sample = measure().unwrap_or_else(|error| Sample {
            error: Some(format!("{error:#}")),
            ..Sample::default()
        });
        // What failed once would fail again, after as long a wait.
        let is_long = !self.row.is_ours && began.elapsed() > LONG;
        self.is_done = sample.error.is_some() || is_long;
        // What is measured outlives a run that is ended before its table.
        eprintln!("  {}", sample.brief());
        self.row.add(sample);
    }
}

/// Measures ours before every peer, `rounds` times, and gives all rows, ours first.
pub fn take_turns(mut ours: Contender, mut peers: Vec<Contender>, rounds: usize) -> Vec<Row> {
    for _ in 0..rounds {
        let mut is_alone = true;
        for peer in &mut peers {
            if !peer.is_done {
                ours.turn();
                peer.turn();
                is_alone = false;
            }
        }
        if is_alone {
            ours.turn();
        }
    }
    std::iter::once(ours)
        .chain(peers)
        .map(|contender| contender.row)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use anyhow::bail;

    use super::super::row::{Place, Row, Sample};
    use super::{Contender, take_turns};

    #[test]
    fn ours_stands_before_every_peer_and_failures_are_not_tried_again() {
        let order = Rc::new(RefCell::new(Vec::new()));
        let contender = |name: &'static str, fails: bool| {
            let order = Rc::clone(&order);
            Contender::new(Row::new(Place::Wasm, name, "small-cnn"), move || {
                order.borrow_mut().push(name);
                if fails {
                    bail!("no");
                }
                Ok(Sample::default())
            })
        };
        let missing = Contender::missing(Row::new(Place::Wasm, "missing", "small-cnn"));
        let peers = vec![contender("a", false), contender("b", true), missing];
        let rows = take_turns(contender("ours", false), peers, 2);
        assert_eq!(
            order.borrow().as_slice(),
            ["ours", "a", "ours", "b", "ours", "a"]
        );
        assert_eq!(rows[2].remarks(), "FAILED: no");
        assert!(rows[3].remarks().starts_with("NOT INSTALLED"));
    }
}
