//! The program itself, started as a person at a terminal starts it.

use super::house::House;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How the program is called: settings in the environment, and nothing of the environment of the tests.
#[derive(Clone)]
pub struct Program {
    settings: Vec<(String, String)>,
    folder: PathBuf,
}

/// A call that has ended.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Program {
    /// The program with a data folder of its own.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            settings: Vec::new(),
            folder: data_dir.to_owned(),
        }
        .set("ROSTER_DATA_DIR", data_dir.display().to_string())
    }

    /// The program on the data of a house that is running.
    pub fn beside(house: &House) -> Self {
        Self::new(house.data_dir())
            .set("ROSTER_DATABASE_URL", &house.database_url)
            .set("ROSTER_PUBLIC_URL", &house.url)
    }

    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.settings.iter().cloned())
            .env("ROSTER_LOG", "warn");
        command
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Writes a file into the folder that the program is called in.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.folder.join(name), content).expect("a file is written");
        self
    }

    /// Calls the program and waits for its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("it ends")
            .expect("the program starts");
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Starts the program and leaves it running.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).spawn().expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        Running {
            child,
            out,
            said: String::new(),
        }
    }
}

impl Ran {
    #[track_caller]
    pub fn assert_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "out: {}\nerr: {}",
            self.out,
            self.err
        );
        self
    }

    /// The output or the error output has these words.
    #[track_caller]
    pub fn assert_says(self, words: &str) -> Self {
        let (out, err) = (folded(&self.out), folded(&self.err));
        assert!(
            out.contains(words) || err.contains(words),
            "“{words}” was not said.\nout: {out}\nerr: {err}"
        );
        self
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The program while it runs; killed at the end of the test.
pub struct Running {
    pub child: Child,
    out: BufReader<std::process::ChildStdout>,
    pub said: String,
}

impl Running {
    /// Reads what the program says up to and with the line that has these words.
    #[track_caller]
    pub fn read_until(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.out.read_line(&mut line).expect("its output is text");
            if length == 0 {
                let mut error = String::new();
                self.child
                    .stderr
                    .take()
                    .map(|mut e| e.read_to_string(&mut error));
                panic!("it ended without saying “{words}”: {}{error}", self.said);
            }
            self.said.push_str(&line);
            if line.contains(words) {
                return line;
            }
        }
    }

    /// SIGKILL: what a crash or a pulled plug does.
    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
