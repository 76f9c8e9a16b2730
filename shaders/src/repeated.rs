//! Lines of kernels that stand for several.

/// The text with each line that has the mark in it `count` times, with numbers for the mark.
pub fn repeated(text: &str, mark: char, count: usize) -> String {
    let lines = text.lines().flat_map(|line| {
        let times = if line.contains(mark) { count } else { 1 };
        (0..times).map(move |number| line.replace(mark, &number.to_string()) + "\n")
    });
    lines.collect()
}
