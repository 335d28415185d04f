//! Puts the static files and htmx into the binary.
//!
//! Writes `$OUT_DIR/assets.rs`, which `src/web/assets.rs` includes: every file with its content, its gzip and its
//! hashed address, so that the server compresses and hashes nothing while it runs.
//!
//! htmx is not committed. It comes from npm as `package-lock.json` pins it; where `node_modules` lacks it, this script
//! runs npm itself. Packagers name their own copy with `ROSTER_HTMX=file`. Without npm the build goes on: every page
//! works without JavaScript.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::time::SystemTime;
use std::{env, fs};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

/// SHA-256 of `dist/htmx.min.js` in htmx.org 4.0.1; changes together with `package.json`.
const HTMX_SHA256: &str = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130";
const HTMX_FILE: &str = "node_modules/htmx.org/dist/htmx.min.js";

/// Field of `Assets`, file in `static/`, content type.
const STATIC: [(&str, &str, &str); 4] = [
    ("css", "app.css", "text/css; charset=utf-8"),
    ("js", "app.js", "text/javascript; charset=utf-8"),
    ("icons", "icons.svg", "image/svg+xml"),
    ("favicon", "favicon.svg", "image/svg+xml"),
];

fn main() {
    let root =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=ROSTER_HTMX");

    let mut list = String::new();
    let mut urls = String::new();
    for (field, name, content_type) in STATIC {
        let file = root.join("static").join(name);
        println!("cargo:rerun-if-changed=static/{name}");
        let bytes = fs::read(&file)
            .unwrap_or_else(|error| fail(&format!("static/{name} can't be read: {error}.")));
        let url = embed(&out, &mut list, name, content_type, &bytes);
        let _ = writeln!(urls, "    {field}: {url:?},");
    }
    match htmx(&root) {
        Some(bytes) => {
            let url = embed(
                &out,
                &mut list,
                "htmx.js",
                "text/javascript; charset=utf-8",
                &bytes,
            );
            let _ = writeln!(urls, "    htmx: Some({url:?}),");
        }
        None => urls.push_str("    htmx: None,\n"),
    }
    let code = format!(
        "static ASSETS: &[Asset] = &[\n{list}];\n\nconst URLS: Assets = Assets {{\n{urls}}};\n"
    );
    write(&out.join("assets.rs"), code.as_bytes());
}

/// Copies one file and its gzip to `OUT_DIR`, adds its line to the list, and returns its address.
fn embed(out: &Path, list: &mut String, name: &str, content_type: &str, bytes: &[u8]) -> String {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = gzip
        .write_all(bytes)
        .and_then(|()| gzip.finish())
        .expect("writing to memory");
    let (plain_file, gzip_file) = (out.join(name), out.join(format!("{name}.gz")));
    write(&plain_file, bytes);
    write(&gzip_file, &gzip);

    let hash = &sha256(bytes)[..8];
    let (stem, extension) = name
        .rsplit_once('.')
        .expect("a file name with an extension");
    let url = format!("/static/{stem}.{hash}.{extension}");
    let _ = writeln!(
        list,
        "    Asset {{ url: {url:?}, hash: {hash:?}, content_type: {content_type:?}, \
         bytes: include_bytes!({plain_file:?}), gzip: include_bytes!({gzip_file:?}) }},"
    );
    url
}

/// The text of htmx, or nothing, with a warning, where it can't be had.
fn htmx(root: &Path) -> Option<Vec<u8>> {
    if let Some(file) = env::var_os("ROSTER_HTMX").filter(|file| !file.is_empty()) {
        let file = root.join(file);
        println!("cargo:rerun-if-changed={}", file.display());
        match fs::read(&file) {
            Ok(bytes) => return Some(bytes),
            Err(error) => fail(&format!(
                "ROSTER_HTMX names {}, which can't be read: {error}.",
                file.display()
            )),
        }
    }
    println!("cargo:rerun-if-changed=package-lock.json");
    let file = root.join(HTMX_FILE);
    if !file.exists() {
        if let Err(reason) = npm_ci(root) {
            println!(
                "cargo:warning=htmx is not in this build, so every page is loaded whole: {reason}. \
                 Install npm and build again, or name a copy of htmx 4.0.1 with ROSTER_HTMX=file."
            );
            // A watched path that doesn't exist would run this script at every build. The folder changes when
            // somebody runs npm there, which is when it is worth another look.
            let folder = root.join("node_modules");
            let _ = fs::create_dir_all(&folder);
            make_old(&folder);
            println!("cargo:rerun-if-changed=node_modules");
            println!("cargo:rerun-if-env-changed=PATH");
            return None;
        }
        make_old(&file);
    }
    println!("cargo:rerun-if-changed={HTMX_FILE}");
    let bytes = fs::read(&file)
        .unwrap_or_else(|error| fail(&format!("{HTMX_FILE} can't be read: {error}.")));
    let found = sha256(&bytes);
    if found != HTMX_SHA256 {
        fail(&format!(
            "{HTMX_FILE} is not the file that Roster was tested with: its SHA-256 is {found}, not {HTMX_SHA256}. \
             Delete node_modules and build again; if you changed the version on purpose, change the sum in build.rs."
        ));
    }
    Some(bytes)
}

/// Installs what the server needs from npm, exactly as `package-lock.json` says; no package's script is run.
fn npm_ci(root: &Path) -> Result<(), String> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm)
        .args([
            "ci",
            "--omit=dev",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ])
        .args(["--prefer-offline", "--fetch-retries=1", "--loglevel=error"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm can't be run ({error})"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let code = text
            .lines()
            .find_map(|line| line.strip_prefix("npm error code "));
        return Err(format!(
            "npm ci failed ({})",
            code.unwrap_or("it gave no code")
        ));
    }
    if !root.join(HTMX_FILE).exists() {
        return Err(format!("npm ci did not bring {HTMX_FILE}"));
    }
    Ok(())
}

/// Cargo runs this script again when a watched path is newer than the last run's start; what that run made itself must
/// not count.
fn make_old(path: &Path) {
    let _ = fs::File::open(path).and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH));
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn write(file: &Path, bytes: &[u8]) {
    if let Err(error) = fs::write(file, bytes) {
        fail(&format!("{} can't be written: {error}.", file.display()));
    }
}

/// Ends the build with one sentence instead of a backtrace.
fn fail(reason: &str) -> ! {
    println!("cargo:error={reason}");
    exit(1)
}
