//! The objectives as formulas, in MathML: every current browser sets it, with no library.

use crate::state::preset::Preset;

/// The formula of an objective.
pub fn of(preset: Preset) -> String {
    let body = match preset {
        Preset::Natural => format!("{CE}{Z_Y}"),
        Preset::LabelSmoothing => format!("{CE}{Z_Y_WARM}{SEP}{Y_WARM}"),
        Preset::SqueezeExample => format!("{CE}{Z_Y}{PLUS}{BETA_OVER_B}{SUM_OF_NORMS}"),
        Preset::SqueezeBatch => format!("{CE}{Z_Y}{PLUS}{BETA_OVER_B}{FROBENIUS}"),
    };
    format!("<math display=\"block\"><mrow>{body}</mrow></math>")
}

const CE: &str = "<mi mathvariant=\"normal\">CE</mi>";
const Z_Y: &str = "<mo>(</mo><mi>Z</mi><mo>,</mo><mi>Y</mi><mo>)</mo>";
const Z_Y_WARM: &str =
    "<mo>(</mo><mi>Z</mi><mo>,</mo><msub><mi>Y</mi><mtext>warm</mtext></msub><mo>)</mo>";
const SEP: &str = "<mo>,</mo><mspace width=\"0.8em\"/>";
const Y_WARM: &str = "<msub><mi>Y</mi><mtext>warm</mtext></msub><mo>=</mo><mi>Y</mi><mo>−</mo>\
    <mi>λ</mi><mo>(</mo><mi>Y</mi><mo>−</mo><mfrac><mn>1</mn><mi>C</mi></mfrac><mo>)</mo>";
const PLUS: &str = "<mo>+</mo>";
const BETA_OVER_B: &str = "<mfrac><mi>β</mi><mi>B</mi></mfrac>";
const SUM_OF_NORMS: &str = "<munder><mo movablelimits=\"false\">∑</mo><mi>i</mi></munder>\
    <msub><mrow><mo stretchy=\"false\">‖</mo><msub><mi>z</mi><mi>i</mi></msub><mo stretchy=\"false\">‖</mo></mrow><mn>2</mn></msub>";
const FROBENIUS: &str = "<msub><mrow><mo stretchy=\"false\">‖</mo><mi>Z</mi>\
    <mo stretchy=\"false\">‖</mo></mrow><mi>F</mi></msub>";

/// What the letters mean.
pub fn letters(preset: Preset) -> &'static str {
    match preset {
        Preset::Natural => "CE is the cross-entropy of logits Z and labels Y.",
        Preset::LabelSmoothing => {
            "CE is the cross-entropy, Z the logits, Y the labels, C the classes."
        }
        Preset::SqueezeExample => {
            "CE is the cross-entropy, Y the labels, zᵢ the logits of image i in a batch of B."
        }
        Preset::SqueezeBatch => {
            "CE is the cross-entropy, Y the labels, Z the logits of a whole batch of B images."
        }
    }
}
