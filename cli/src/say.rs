//! [`say!`]: a line on standard output.

/// `println!` that does not mind when nobody reads it (`squeeze presets | head -1`): a run goes on.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($words)*);
    }};
}

pub(crate) use say;
