//! `squeeze sweep --on slurm` on a real Slurm: a controller and two node daemons on this machine. A task and a
//! node's daemon are killed in the middle: nothing is lost, nothing is done twice, no figure changes.
//!
//! Says on standard error that it was NOT RUN where Slurm is not installed.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

// Long enough that every kill falls into training.
const PLAN: &str = r#"
title = "A small sweep"
about = "Four models."
set = { "training.steps" = 1500, "training.held_out" = 0, "network" = "small-cnn" }

[grid]
preset = "mnist-lite-lsq-batch-5"
axis = [{ field = "seed", title = "seed", values = [1, 2, 3, 4] }]

[[column]]
name = "test"

[[column]]
name = "pgd"
images = 100
attack = { iterations = 5, epsilon = 0.1, step_size = 0.05 }
"#;

const TASKS: usize = 4;

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let mut files = folders.iter().map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

/// A Slurm of two nodes on this machine, in a folder.
struct Cluster {
    folder: PathBuf,
    user: String,
    daemons: Vec<Child>,
}

impl Cluster {
    fn start(folder: &Path, [controller, node]: [&Path; 2]) -> Self {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(user).unwrap().trim().to_owned();
        let here = folder.display();
        // Free ports, until somebody else takes them.
        let listeners: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let ports = listeners.iter().map(|one| one.local_addr().unwrap().port());
        let [port, one, two] = ports.collect::<Vec<u16>>()[..] else {
            unreachable!();
        };
        drop(listeners);
        let text = format!(
            "ClusterName=test\nSlurmctldHost=localhost(127.0.0.1)\nSlurmctldPort={port}\n\
             AuthType=auth/none\nCredType=cred/none\nSlurmUser={user}\nSlurmdUser={user}\n\
             StateSaveLocation={here}/state\nSlurmdSpoolDir={here}/spool-%n\n\
             SlurmctldPidFile={here}/controller.pid\nSlurmdPidFile={here}/node-%n.pid\n\
             SlurmctldLogFile={here}/controller.log\nSlurmdLogFile={here}/node-%n.log\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSelectType=select/cons_tres\n\
             JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n\
             ReturnToService=2\nSlurmdTimeout=5\nKillWait=10\nSwitchType=switch/none\nMpiDefault=none\n\
             NodeName=one NodeHostname=localhost NodeAddr=127.0.0.1 Port={one} CPUs=1\n\
             NodeName=two NodeHostname=localhost NodeAddr=127.0.0.1 Port={two} CPUs=1\n\
             PartitionName=all Nodes=one,two Default=YES MaxTime=INFINITE State=UP\n"
        );
        for part in ["state", "spool-one", "spool-two"] {
            fs::create_dir(folder.join(part)).unwrap();
        }
        fs::write(folder.join("slurm.conf"), text).unwrap();
        let mut cluster = Self {
            folder: folder.to_owned(),
            user,
            daemons: Vec::new(),
        };
        cluster.daemon(Command::new(controller).arg("-D"));
        for name in ["one", "two"] {
            cluster.daemon(Command::new(node).args(["-D", "-N", name]));
        }
        cluster.wait_until("both nodes are idle", || {
            cluster.ask("sinfo", &["-h", "-o", "%T %D"]).trim() == "idle 2"
        });
        cluster
    }

    fn daemon(&mut self, command: &mut Command) {
        let command = command.env("SLURM_CONF", self.folder.join("slurm.conf"));
        let daemon = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.daemons.push(daemon.unwrap());
    }

    fn ask(&self, program: &str, words: &[&str]) -> String {
        let output = Command::new(program)
            .args(words)
            .env("SLURM_CONF", self.folder.join("slurm.conf"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Tasks that are started anew wait for two minutes; here they need not.
    fn hurry(&self) {
        for job in self
            .ask("squeue", &["-h", "-r", "-t", "PD", "-o", "%A %r"])
            .lines()
        {
            if let Some(job) = job.strip_suffix(" BeginTime") {
                self.ask(
                    "scontrol",
                    &["update", &format!("JobId={job}"), "StartTime=now"],
                );
            }
        }
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > Duration::from_secs(300) {
                let log = fs::read_to_string(self.folder.join("controller.log"));
                panic!(
                    "not after five minutes: {what}\n{}",
                    log.unwrap_or_default()
                );
            }
            sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The controller last: the nodes' daemons tell it what they end.
        self.ask("scancel", &["--user", &self.user, "--full"]);
        for daemon in self.daemons.iter_mut().rev() {
            let _ = Command::new("kill").arg(daemon.id().to_string()).status();
            let _ = daemon.wait();
        }
    }
}

/// The process of a model's task.
fn process(number: usize, folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().unwrap();
    let folder = folder.to_str().unwrap();
    let processes = fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| {
            let words = fs::read(format!("/proc/{name}/cmdline")).unwrap_or_default();
            let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
            let number = number.to_string();
            words.contains(&folder.as_bytes())
                && words.contains(&b"task".as_slice())
                && words
                    .windows(2)
                    .any(|pair| pair == [b"--number", number.as_bytes()])
        })
}

fn squeeze(folder: &Path, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_squeeze"))
        .args(words)
        .current_dir(folder)
        .env("SLURM_CONF", folder.join("slurm/slurm.conf"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{errors}");
    said
}

/// Lines of a table without what the clock says.
fn figures(csv: &Path) -> Vec<String> {
    let fields = |line: &str| line.split(',').take(6).collect::<Vec<_>>().join(",");
    fs::read_to_string(csv)
        .unwrap()
        .lines()
        .map(fields)
        .collect()
}

#[test]
fn a_task_and_a_node_are_killed_and_no_figure_changes() {
    let (Some(controller), Some(node)) = (program("slurmctld"), program("slurmd")) else {
        eprintln!(
            "NOT RUN: a_task_and_a_node_are_killed_and_no_figure_changes: Slurm is not installed (Debian's \
             package slurm-wlm)"
        );
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("plan.toml"), PLAN).unwrap();
    fs::create_dir(folder.join("slurm")).unwrap();
    let mut cluster = Cluster::start(&folder.join("slurm"), [&controller, &node]);
    let said = squeeze(
        folder,
        &[
            "sweep",
            "plan.toml",
            "--on",
            "slurm",
            "--out",
            "s",
            "--device",
            "cpu",
            "--save-every",
            "0.005",
            "--sbatch=--export=ALL,RAYON_NUM_THREADS=1",
        ],
    );
    assert!(said.contains("a task for each of 4 models"), "{said}");
    let sweep = folder.join("s");
    let saved = |number: usize| {
        let name = format!("runs/seed{}/checkpoint.safetensors", number + 1);
        sweep.join(name).exists()
    };
    let found = || -> Vec<Value> {
        let said = squeeze(folder, &["sweep", "status", "s", "--json"]);
        said.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };

    // A task is killed, as the kernel kills for want of memory.
    cluster.wait_until("the first two tasks have saved", || saved(0) && saved(1));
    let kill = |number: usize| {
        let process = process(number, &sweep).unwrap();
        let killed = Command::new("kill").args(["-9", &process]).status();
        assert!(killed.unwrap().success());
    };
    kill(0);
    // And the daemon of the node that the second one is on.
    let at = found()[1]["place"].as_str().unwrap().to_owned();
    let lost = if at.starts_with("one") { 1 } else { 2 };
    cluster.daemons[lost].kill().unwrap();
    cluster.wait_until("its node is down", || {
        cluster.ask("sinfo", &["-h", "-o", "%T"]).contains("down")
    });

    // The last one has the array's own number: killed, it must not begin the others anew with itself.
    cluster.wait_until("the last task has saved", || {
        cluster.hurry();
        saved(TASKS - 1)
    });
    kill(TASKS - 1);
    cluster.wait_until("all tasks are through", || {
        cluster.hurry();
        cluster.ask("squeue", &["-h"]).is_empty()
    });
    let done = found();
    for model in &done {
        assert_eq!(model["what"]["is"], "done", "{done:?}");
    }
    for (number, tasks) in [(0, 2), (2, 1), (TASKS - 1, 2)] {
        assert_eq!(done[number]["attempts"], tasks, "{done:?}");
    }
    let log = fs::read_to_string(sweep.join("logs/2.log")).unwrap();
    assert!(!log.contains("all is there"), "{log}");
    squeeze(folder, &["sweep", "collect", "s"]);

    // Nothing twice: each training came to its end once, each step was noted once, each column measured once.
    for number in 0..TASKS {
        let log = fs::read_to_string(sweep.join(format!("logs/{number}.log"))).unwrap();
        assert_eq!(log.matches("trained 1500 steps").count(), 1, "{log}");
        for column in ["test", "pgd"] {
            let words = format!("seed {}: {column}\n", number + 1);
            assert_eq!(log.matches(&words).count(), 1, "{log}");
        }
        let metrics = sweep.join(format!("runs/seed{}/metrics.jsonl", number + 1));
        let metrics = fs::read_to_string(metrics).unwrap();
        let steps = metrics
            .lines()
            .filter(|line| line.contains("\"type\":\"step\""));
        assert_eq!(steps.count(), 1500);
    }
    // Nothing lost: the table is that of a run that nobody disturbed.
    squeeze(
        folder,
        &["reproduce", "plan.toml", "--device", "cpu", "--out", "r"],
    );
    assert_eq!(
        figures(&sweep.join("results.csv")),
        figures(&folder.join("r/results.csv"))
    );
}
