//! Images under attack and what was added to them, as bytes: what a page shows.

/// Draws them: a vertex stage `corner`, three vertices, and a fragment stage `main`.
pub const WGSL: &str = include_str!("../wgsl/sheet.wgsl");

/// The images and their perturbations, a byte a number in the order of `attacked`.
///
/// Images are rounded to 0 to 255. Of the perturbation 128 is none, 1 is `-full` and 255 is `full`; where `full`
/// is 0 there is none.
///
/// # Shapes
/// - `attacked`, `clean`: the same; in [0, 1]
pub fn sheet(attacked: &[f32], clean: &[f32], full: f32) -> (Vec<u8>, Vec<u8>) {
    let scale = if full > 0.0 { 127.0 / full } else { 0.0 };
    let images = attacked.iter().map(|&x| level(x * 255.0));
    let changes = attacked
        .iter()
        .zip(clean)
        .map(|(x, clean)| level(128.0 + (x - clean) * scale));
    (images.collect(), changes.collect())
}

fn level(value: f32) -> u8 {
    // Rounds and holds within the byte.
    value.round() as u8
}

#[cfg(test)]
mod tests {
    use super::sheet;

    #[test]
    fn levels_are_rounded_and_held_within_a_byte() {
        let attacked = [0.0, 0.5, 1.0, 0.2];
        let clean = [0.0, 0.4, 0.9, 0.5];
        let (images, changes) = sheet(&attacked, &clean, 0.1);
        assert_eq!(images, [0, 128, 255, 51]);
        // The last changed by more than is shown in full.
        assert_eq!(changes, [128, 255, 255, 0]);
        assert_eq!(sheet(&attacked, &clean, 0.0).1, [128; 4]);
    }
}
