//! [`Problem`]: something that went wrong, in plain words, with a way out.

/// What the visitor can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// Take note of it.
    Dismiss,
    /// Start the engine afresh.
    StartAgain,
    /// Choose another device.
    OtherDevice,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What happened.
    pub sentence: String,
    /// What to do.
    pub way_out: WayOut,
}

impl Problem {
    /// A problem. What comes from an error deep below is often a clause: it is made a sentence. A file
    /// that it begins with keeps its name.
    pub fn new(said: impl AsRef<str>, way_out: WayOut) -> Self {
        let said = said.as_ref().trim();
        let names_a_file = said
            .split_once(": ")
            .is_some_and(|(subject, _)| subject.contains(['.', '_', '-', '/']))
            || said.starts_with("http");
        let mut letters = said.chars();
        let mut sentence: String = match letters.next() {
            Some(first) if names_a_file => first.to_string(),
            Some(first) => first.to_uppercase().collect(),
            None => String::new(),
        };
        sentence += letters.as_str();
        if !sentence.ends_with(['.', '!', '?', '…']) {
            sentence.push('.');
        }
        Self { sentence, way_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_becomes_a_sentence() {
        let said = |text: &str| Problem::new(text, WayOut::Dismiss).sentence;
        assert_eq!(said("the file is cut short"), "The file is cut short.");
        assert_eq!(said("It works."), "It works.");
        assert_eq!(said("über\n"), "Über.");
        assert_eq!(said("http://a/b broke off"), "http://a/b broke off.");
        assert_eq!(said("my data.zip: is empty"), "my data.zip: is empty.");
    }
}
