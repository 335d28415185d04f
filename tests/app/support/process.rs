//! The program itself, as an operator runs it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub struct Process {
    pub url: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `roster serve` with this data folder, and further flags, and waits until it answers.
    pub async fn serve(folder: &Path, flags: &[&str]) -> Self {
        let mut process = Self::spawn(folder, flags);
        process.until_ready().await;
        process
    }

    /// Starts it on this data as an argument of another command, with more in its environment, and waits until it answers.
    /// Its log goes into the folder.
    pub async fn serve_within(
        wrap: &[&str],
        environment: &[(&str, String)],
        folder: &Path,
        data: &Path,
    ) -> Self {
        let mut command = match wrap {
            [] => Command::new(env!("CARGO_BIN_EXE_roster")),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(env!("CARGO_BIN_EXE_roster"));
                command
            }
        };
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        let mut process = Self::spawn_by(command, folder, data, &[]);
        process.until_ready().await;
        process
    }

    /// A path as the program sees it, from outside: it may have mounts of its own.
    pub fn sees(&self, path: &Path) -> PathBuf {
        Path::new("/proc")
            .join(self.child.id().to_string())
            .join("root")
            .join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Starts it and doesn't wait.
    pub fn spawn(folder: &Path, flags: &[&str]) -> Self {
        Self::spawn_by(
            Command::new(env!("CARGO_BIN_EXE_roster")),
            folder,
            folder,
            flags,
        )
    }

    fn spawn_by(mut command: Command, folder: &Path, data: &Path, flags: &[&str]) -> Self {
        let listen = free_address();
        let log = folder.join(format!(
            "{}.log",
            listen.rsplit(':').next().unwrap_or_default()
        ));
        let child = command
            .args(["serve", "--listen", &listen, "--data-dir"])
            .arg(data)
            .args(flags)
            .env("ROSTER_LOG", "warn")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a file for its log"))
            .spawn()
            .expect("roster starts");
        Self {
            url: format!("http://{listen}"),
            child,
            log,
        }
    }

    pub async fn until_ready(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if tokio::net::TcpStream::connect(self.url.trim_start_matches("http://"))
                .await
                .is_ok()
            {
                return;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("roster ended with {status}: {}", self.errors());
            }
            assert!(Instant::now() < deadline, "roster doesn't answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends it a signal: `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(done.success());
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child process") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "roster still runs after {within:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What it said on its standard error so far.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An address of this machine that nobody listens on at this moment.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a free port")
        .to_string()
}
