//! The objective as a formula, in MathML: every current browser sets it, with no library.

use squeeze_engine::config::{Adversary, ObjectiveConfig, Squeeze};

/// The formula of an objective, everything that is on included.
pub fn of(objective: &ObjectiveConfig) -> String {
    let trades = objective.adversary.kind == Adversary::Trades;
    let z = logits(objective);
    let y = if smooths(objective) {
        Y_WARM
    } else {
        "<mi>Y</mi>"
    };
    let mut body = format!("{CE}<mo>(</mo>{z}<mo>,</mo>{y}<mo>)</mo>");
    if squeezes(objective) {
        let gamma = if objective.gamma == 0.0 {
            ""
        } else {
            "<mo>−</mo><mi>γ</mi>"
        };
        let norm = match objective.squeeze {
            Squeeze::Example => {
                let z = if z == Z_ATTACKED {
                    "<msubsup><mi>z</mi><mi>i</mi><mo>′</mo></msubsup>"
                } else {
                    "<msub><mi>z</mi><mi>i</mi></msub>"
                };
                format!("{SUM}<msub><mrow>{BAR}{z}{gamma}{BAR}</mrow><mn>2</mn></msub>")
            }
            Squeeze::Batch | Squeeze::None => {
                format!("<msub><mrow>{BAR}{z}{gamma}{BAR}</mrow><mi>F</mi></msub>")
            }
        };
        body += &format!("<mo>+</mo><mfrac><mi>β</mi><mi>B</mi></mfrac>{norm}");
    }
    if trades {
        body += KL;
    }
    let mut formula = block(&body);
    if smooths(objective) {
        formula += &block(WARM);
    }
    formula
}

/// What the letters mean.
pub fn letters(objective: &ObjectiveConfig) -> String {
    let mut words = vec!["CE is the cross-entropy, Y the labels"];
    let attacked = logits(objective) == Z_ATTACKED;
    words.push(match (objective.squeeze, attacked) {
        (Squeeze::Batch, true) => "Z′ the logits of a batch of B attacked images",
        (Squeeze::Batch, false) => "Z the logits of a whole batch of B images",
        (_, true) => "Z′ the logits of the attacked images",
        (_, false) => "Z the logits",
    });
    if squeezes(objective) && objective.squeeze == Squeeze::Example {
        words.push("zᵢ those of image i in a batch of B");
    }
    if smooths(objective) {
        words.push("C the classes");
    }
    if objective.adversary.kind == Adversary::Trades {
        words.push("Z′ those of attacked images, KL how far the two answers are apart");
    }
    words.join(", ") + "."
}

/// A penalty that weighs nothing is none.
fn squeezes(objective: &ObjectiveConfig) -> bool {
    objective.squeeze != Squeeze::None && objective.beta > 0.0
}

fn smooths(objective: &ObjectiveConfig) -> bool {
    objective.label_smoothing > 0.0
}

/// TRADES takes the objective on clean images, the other adversaries on attacked ones.
fn logits(objective: &ObjectiveConfig) -> &'static str {
    match objective.adversary.kind {
        Adversary::None | Adversary::Trades => "<mi>Z</mi>",
        Adversary::Pgd | Adversary::Free | Adversary::Fast => Z_ATTACKED,
    }
}

fn block(body: &str) -> String {
    format!("<math display=\"block\"><mrow>{body}</mrow></math>")
}

const CE: &str = "<mi mathvariant=\"normal\">CE</mi>";
const Z_ATTACKED: &str = "<msup><mi>Z</mi><mo>′</mo></msup>";
const Y_WARM: &str = "<msub><mi>Y</mi><mtext>warm</mtext></msub>";
const WARM: &str = "<msub><mi>Y</mi><mtext>warm</mtext></msub><mo>=</mo><mi>Y</mi><mo>−</mo>\
    <mi>λ</mi><mo>(</mo><mi>Y</mi><mo>−</mo><mfrac><mn>1</mn><mi>C</mi></mfrac><mo>)</mo>";
const SUM: &str = "<munder><mo movablelimits=\"false\">∑</mo><mi>i</mi></munder>";
const BAR: &str = "<mo stretchy=\"false\">‖</mo>";
const KL: &str = "<mo>+</mo><mi>w</mi><mspace width=\"0.15em\"/><mi mathvariant=\"normal\">KL</mi>\
    <mo>(</mo><mi>Z</mi><mo>‖</mo><msup><mi>Z</mi><mo>′</mo></msup><mo>)</mo>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_holds_what_is_on_and_nothing_else() {
        let plain = ObjectiveConfig::natural();
        assert!(!of(&plain).contains('β') && !of(&plain).contains('λ'));
        let squeezed = ObjectiveConfig::default();
        assert!(of(&squeezed).contains('β') && !of(&squeezed).contains('γ'));
        let mut all = ObjectiveConfig {
            gamma: 1.0,
            label_smoothing: 0.5,
            ..squeezed
        };
        all.adversary.kind = Adversary::Pgd;
        assert!(of(&all).contains(Z_ATTACKED) && of(&all).contains('γ'));
        assert!(of(&all).contains("warm") && letters(&all).contains("attacked"));
        all.adversary.kind = Adversary::Trades;
        assert!(of(&all).contains("KL"));
        all.beta = 0.0;
        assert!(!of(&all).contains('β'));
    }
}
