//! The README says what is so.

use clap::{Args, Command};
use roster::config::Config;

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a README")
}

/// The rows of the table whose first cell is a setting: its name and its default.
fn rows(readme: &str) -> Vec<(String, String)> {
    let cells = |line: &str| -> Option<(String, String)> {
        let mut cells = line.strip_prefix("| `ROSTER_")?.split(" | ");
        Some((
            format!("ROSTER_{}", cells.next()?.trim_end_matches('`')),
            cells.next()?.trim_matches('`').to_owned(),
        ))
    };
    readme.lines().filter_map(cells).collect()
}

#[test]
fn the_readme_lists_every_setting_with_its_default_and_no_other() {
    let readme = readme();
    let rows = rows(&readme);
    let command = Config::augment_args(Command::new("roster"));
    let mut settings = Vec::new();
    for argument in command.get_arguments() {
        let Some(name) = argument
            .get_env()
            .map(|name| name.to_string_lossy().into_owned())
        else {
            continue;
        };
        let (_, default) = rows
            .iter()
            .find(|(listed, _)| *listed == name)
            .unwrap_or_else(|| panic!("{name} is not in the README's table"));
        if let [value] = argument.get_default_values() {
            assert_eq!(*default, value.to_string_lossy(), "the default of {name}");
        }
        settings.push(name);
    }
    for (name, _) in &rows {
        assert!(
            settings.contains(name),
            "{name} is in the README, but it is no setting"
        );
    }
}

#[tokio::test]
async fn the_commands_of_the_readme_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = crate::support::Program::new(folder.path());
    for command in [
        "demo",
        "sign-in-link",
        "import",
        "backup",
        "restore",
        "audit verify",
        "owner recover",
        "token create",
    ] {
        assert!(
            readme().contains(&format!("roster {command}")) || command == "demo",
            "{command} is in the README"
        );
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        program.run(&words).await.assert_code(0);
    }
}
