//! Kernels' texts with their inner loops written out, for sums that stay in registers.
//!
//! A line that ends in `// each a b` stands for as many lines as `a` and `b` have values, the last name
//! going round fastest; a line `// each a {` begins such a block, `// }` ends it. `{a * S + b}` is a
//! number, made of names, numbers, `+` and `*`.

/// Names and what they stand for: of one that an `each` names so many values, else the number itself.
pub type Numbers<'a> = &'a [(&'a str, usize)];

/// Present values of the names of all blocks around a line, the innermost last.
type Values<'a> = Vec<(&'a str, usize)>;

/// The text with every `each` carried out.
///
/// # Panics
/// If the text holds a name that is not among the numbers, or a block without an end.
pub fn unrolled(text: &str, numbers: Numbers) -> String {
    let mut out = String::new();
    let lines: Vec<&str> = text.lines().collect();
    write(&lines, numbers, &mut Values::new(), &mut out);
    out
}

/// Writes lines with the present values of the names of all blocks around them.
fn write<'a>(lines: &[&'a str], numbers: Numbers, values: &mut Values<'a>, out: &mut String) {
    let mut next = 0;
    while let Some(line) = lines.get(next) {
        next += 1;
        let Some((body, names)) = line.split_once("// each ") else {
            out.push_str(&filled(line, numbers, values));
            out.push('\n');
            continue;
        };
        if let Some(names) = names.strip_suffix('{') {
            let inner = &lines[next..];
            let end = block_end(inner);
            each(names, numbers, values, &mut |values| {
                write(&inner[..end], numbers, values, out);
            });
            next += end + 1;
        } else {
            each(names, numbers, values, &mut |values| {
                out.push_str(filled(body, numbers, values).trim_end());
                out.push('\n');
            });
        }
    }
}

/// Lines before the end of the block that they begin in.
fn block_end(lines: &[&str]) -> usize {
    let mut depth = 0;
    let is_end = |line: &&str| {
        let line = line.trim();
        if line.starts_with("// each ") && line.ends_with('{') {
            depth += 1;
        } else if line == "// }" {
            depth -= 1;
        }
        depth < 0
    };
    let end = lines.iter().position(is_end);
    end.unwrap_or_else(|| panic!("a block of `each` has no end"))
}

/// Visits all values of the names, one after the other.
fn each<'a>(
    names: &'a str,
    numbers: Numbers,
    values: &mut Values<'a>,
    visit: &mut dyn FnMut(&mut Values<'a>),
) {
    let (name, rest) = match names.trim().split_once(' ') {
        Some((name, rest)) => (name, rest),
        None => (names.trim(), ""),
    };
    if name.is_empty() {
        visit(values);
        return;
    }
    for value in 0..number(name, numbers) {
        values.push((name, value));
        each(rest, numbers, values, visit);
        values.pop();
    }
}

/// The line with a number for every `{...}`.
fn filled(line: &str, numbers: Numbers, values: &[(&str, usize)]) -> String {
    let mut out = String::new();
    let mut rest = line;
    if line.trim_start().starts_with("//") {
        return line.to_owned();
    }
    // Braces of WGSL have a space or nothing behind them.
    while let Some(begin) = rest.find('{') {
        let (before, inside) = rest.split_at(begin);
        let inside = &inside[1..];
        out.push_str(before);
        match inside.split_once('}') {
            Some((sum, after)) if sum.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                out.push_str(&sum_of(sum, numbers, values).to_string());
                rest = after;
            }
            _ => {
                out.push('{');
                rest = inside;
            }
        }
    }
    out + rest
}

fn sum_of(sum: &str, numbers: Numbers, values: &[(&str, usize)]) -> usize {
    let product = |product: &str| {
        product
            .split('*')
            .map(|one| value(one.trim(), numbers, values))
            .product::<usize>()
    };
    sum.split('+').map(product).sum()
}

fn value(word: &str, numbers: Numbers, values: &[(&str, usize)]) -> usize {
    if let Ok(number) = word.parse() {
        return number;
    }
    let named = values.iter().rev().find(|(name, _)| *name == word);
    named.map_or_else(|| number(word, numbers), |&(_, value)| value)
}

fn number(word: &str, numbers: Numbers) -> usize {
    let named = numbers.iter().find(|(name, _)| *name == word);
    named
        .unwrap_or_else(|| panic!("a kernel's text says `{word}`, which is no number here"))
        .1
}

#[cfg(test)]
mod tests {
    use super::unrolled;

    #[test]
    fn lines_and_blocks_are_repeated() {
        let text =
            "if x {\n// each a {\nlet y{a} = {a * S + 1};\nz{a}_{b} += y{a}; // each b\n// }\n}";
        let numbers = [("a", 2), ("b", 2), ("S", 5)];
        let expected = "if x {\nlet y0 = 1;\nz0_0 += y0;\nz0_1 += y0;\n\
                        let y1 = 6;\nz1_0 += y1;\nz1_1 += y1;\n}\n";
        assert_eq!(unrolled(text, &numbers), expected);
    }

    #[test]
    #[should_panic(expected = "`c`")]
    fn unknown_names_are_named() {
        unrolled("y{c}", &[]);
    }
}
