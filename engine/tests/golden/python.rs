//! The Python that tests run scripts with, where there is one.

use std::process::Command;

/// The interpreter, if it has what the scripts need; else says that `test` was not run.
pub fn python(test: &str) -> Option<String> {
    let named = std::env::var("SQUEEZE_PYTHON").ok();
    let interpreter = named.clone().unwrap_or_else(|| "python3".to_owned());
    let modules = "import numpy, onnx, onnxruntime, safetensors, torch";
    let output = Command::new(&interpreter).args(["-c", modules]).output();
    let problem = match output {
        Ok(output) if output.status.success() => return Some(interpreter),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            text.lines().last().unwrap_or("it failed").to_owned()
        }
        Err(error) => error.to_string(),
    };
    // An interpreter that was named must do.
    assert!(named.is_none(), "SQUEEZE_PYTHON={interpreter}: {problem}");
    // Not through `eprintln!`, which the test harness would hide.
    use std::io::Write;
    let _ = writeln!(
        std::io::stderr(),
        "NOT RUN: {test}: {interpreter}: {problem}; set SQUEEZE_PYTHON to a Python with torch, \
         safetensors, onnx and onnxruntime"
    );
    None
}

/// Runs a command that must succeed; gives back what it printed.
pub fn succeed(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{command:?}\n{text}\n{errors}");
    text
}
