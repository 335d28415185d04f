//! Settings as people get them wrong, and how that is said.

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};
use std::error::Error as _;

/// What only `serve` needs, and the long help of other commands leaves out.
const SERVING: &[&str] = &[
    "Serving",
    "Mail",
    "Sign-in with GitHub",
    "Accounts",
    "Log and development",
];

/// Settles what the definitions can't say: an environment variable that is set to nothing counts as not set, and the
/// help of a command that doesn't serve shows only the settings it is about.
pub(super) fn prepare(command: Command) -> Command {
    let mut command = command.mut_args(|arg| {
        let empty = arg
            .get_env()
            .and_then(std::env::var_os)
            .is_some_and(|value| value.is_empty());
        if empty {
            arg.env(Resettable::Reset)
        } else {
            arg
        }
    });
    command.build();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names
        .into_iter()
        .filter(|n| !matches!(n.as_str(), "serve" | "demo" | "help"))
    {
        command = command.mut_subcommand(name, hide_serving);
    }
    command
}

fn hide_serving(command: Command) -> Command {
    let nested: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    let mut command = command.mut_args(|arg| {
        let serving = arg.get_help_heading().is_some_and(|h| SERVING.contains(&h));
        arg.hide(serving)
    });
    for name in nested.into_iter().filter(|n| n != "help") {
        command = command.mut_subcommand(name, hide_serving);
    }
    command.after_help("The other settings of `roster --help` apply here too.")
}

/// One sentence for a setting whose value can't be used, naming its variable and its flag; `None` for any other mistake.
pub(super) fn sentence(error: &Error, command: &Command) -> Option<String> {
    if !matches!(
        error.kind(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation
    ) {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?
        .split([' ', '='])
        .next()?
        .trim_start_matches('-');
    let setting = command
        .get_arguments()
        .find(|a| a.get_long() == Some(flag))?;
    let name = name_of(setting)?;
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let must = match (error.get(ContextKind::ValidValue), error.source()) {
        (Some(ContextValue::Strings(values)), _) if !values.is_empty() => {
            format!("must be {}", one_of(values))
        }
        (_, Some(source)) => source.to_string(),
        _ => "can't be used".to_owned(),
    };
    Some(if value.is_empty() {
        format!("{name} needs a value")
    } else {
        format!("{name} {must}; it is “{value}”")
    })
}

/// `ROSTER_LISTEN (--listen)`
fn name_of(setting: &Arg) -> Option<String> {
    Some(format!(
        "{} (--{})",
        setting.get_env()?.to_string_lossy(),
        setting.get_long()?
    ))
}

fn one_of(values: &[String]) -> String {
    match values {
        [start @ .., last] if !start.is_empty() => format!("{} or {last}", start.join(", ")),
        _ => values.join(""),
    }
}
