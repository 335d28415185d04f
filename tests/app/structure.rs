//! The rules of docs/architecture.md, read from the source tree, so that the house stays as it is drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the tree: its path from the root, and its text.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| {
            if place.ends_with('/') {
                self.path.starts_with(place)
            } else {
                self.path == *place
            }
        })
    }

    /// The lines with their numbers, comments left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let comment = |line: &str| line.trim_start().starts_with("//");
        self.text
            .lines()
            .enumerate()
            .map(|(n, line)| (n + 1, line))
            .filter(move |(_, line)| !comment(line))
    }

    /// Where a whole word stands in the code.
    fn lines_with(&self, word: &str) -> Vec<String> {
        self.code()
            .filter(|(_, line)| has_word(line, word))
            .map(|(n, line)| format!("{}:{n}: {}", self.path, line.trim()))
            .collect()
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let goes_on = word.ends_with(part) && after.is_some_and(part);
        !before.is_some_and(part) && !goes_on
    })
}

/// Every file below a folder, sorted.
pub fn tree(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    let wanted = found.into_iter().filter(|path| {
        endings
            .iter()
            .any(|ending| path.to_string_lossy().ends_with(ending))
    });
    wanted
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("a text file"),
            path: path
                .strip_prefix(root())
                .expect("a path of the tree")
                .to_string_lossy()
                .into_owned(),
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            walk(&path, found)
        } else {
            found.push(path)
        }
    }
}

#[track_caller]
fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Fails with every line of `src/` that has the word and isn't in one of the places.
#[track_caller]
fn only_in(word: &str, allowed: impl Fn(&Source) -> bool) {
    let found = tree("src", &[".rs"])
        .iter()
        .filter(|s| !allowed(s))
        .flat_map(|s| s.lines_with(word))
        .collect();
    none(&format!("`{word}` stands where it doesn't belong"), found);
}

#[test]
fn the_database_driver_is_named_only_in_db_and_in_queries() {
    only_in("sqlx", |s| {
        s.is_in(&["src/db/"]) || s.path.ends_with("/queries.rs") || s.path.contains("/queries/")
    });
    let open = tree("src", &[".rs"])
        .iter()
        .flat_map(|s| s.lines_with("mod queries;"))
        .filter(|line| line.contains("pub"))
        .collect();
    none("a feature's queries are private to it", open);
}

#[test]
fn the_web_framework_is_named_only_in_the_doors_and_templates_only_where_people_read() {
    only_in("axum", |s| s.is_in(&["src/web/", "src/api/", "src/app.rs"]));
    only_in("askama", |s| s.is_in(&["src/web/", "src/mail/"]));
}

#[test]
fn the_doors_never_touch_the_database() {
    let doors: Vec<Source> = tree("src/web", &[".rs"])
        .into_iter()
        .chain(tree("src/api", &[".rs"]))
        .collect();
    let found = ["Tx", "db::", ".db"].iter().flat_map(|word| {
        doors
            .iter()
            .flat_map(|s| s.lines_with(word))
            .collect::<Vec<_>>()
    });
    none(
        "web/ and api/ parse, call and draw; operations read and write",
        found.collect(),
    );
}

#[test]
fn every_folder_of_templates_has_its_page_file_and_every_template_is_used() {
    let templates = tree("templates", &[".html", ".txt"]);
    let named: String = tree("src", &[".rs"])
        .iter()
        .chain(&templates)
        .map(|s| s.text.as_str())
        .collect();
    let mut strays = Vec::new();
    for template in &templates {
        let name = template
            .path
            .strip_prefix("templates/")
            .expect("a template");
        let folder = name.split('/').next().unwrap_or_default();
        let page = root().join(format!("src/web/{folder}.rs"));
        if !matches!(folder, "layout" | "email")
            && !page.exists()
            && !root().join(format!("src/web/{folder}")).exists()
        {
            strays.push(format!("templates/{folder}/ has no src/web/{folder}.rs"));
        }
        if !named.contains(&format!("\"{name}\"")) {
            strays.push(format!("{} is used nowhere", template.path));
        }
    }
    none("templates that belong to nothing", strays);
}

#[test]
fn sec_w7_no_template_carries_a_script_a_style_or_a_handler_of_its_own() {
    let mut found = Vec::new();
    for template in tree("templates", &[".html"])
        .iter()
        .filter(|s| !s.is_in(&["templates/email/"]))
    {
        // Comments of the template never reach a page; their line breaks stay, so that the numbers are right.
        let mut text = template.text.clone();
        while let Some((start, end)) = text
            .find("{#")
            .and_then(|start| Some((start, start + text[start..].find("#}")? + 2)))
        {
            let blank = "\n".repeat(text[start..end].matches('\n').count());
            text.replace_range(start..end, &blank);
        }
        for (n, line) in text.lines().enumerate() {
            let lower = line.to_ascii_lowercase();
            let handler = lower.match_indices(" on").any(|(at, _)| {
                let name: String = lower[at + 1..]
                    .chars()
                    .take_while(|c| c.is_ascii_alphabetic())
                    .collect();
                name.len() > 4 && lower[at + 1 + name.len()..].starts_with("=\"")
            });
            let inline_script = lower.contains("<script") && !lower.contains("src=");
            let bad = [
                " style=",
                "<style",
                "hx-on",
                "javascript:",
                "|safe",
                "| safe",
                "\"js:",
                "'js:",
            ]
            .iter()
            .any(|b| lower.contains(b));
            if handler || inline_script || bad {
                found.push(format!("{}:{}: {}", template.path, n + 1, line.trim()));
            }
        }
    }
    none(
        "the Content-Security-Policy allows nothing inline, and nothing is put on a page unescaped",
        found,
    );
}

#[test]
fn a_template_never_compares_roles() {
    let templates = tree("templates", &[".html", ".txt"]);
    none(
        "pages ask `access` what to show",
        templates
            .iter()
            .flat_map(|s| s.lines_with("OrgRole"))
            .collect(),
    );
}

#[test]
fn migrations_are_portable_or_stand_once_for_each_database() {
    let names = |folder: &str| -> BTreeSet<String> {
        tree(folder, &[".sql"])
            .iter()
            .map(|s| s.path.rsplit('/').next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(
        names("migrations/sqlite"),
        names("migrations/postgres"),
        "each has a sister of the same name"
    );
    let mut found = Vec::new();
    let each = ["migrations/sqlite/", "migrations/postgres/"];
    for migration in tree("migrations", &[".sql"])
        .iter()
        .filter(|s| !s.is_in(&each))
    {
        for (n, line) in migration.text.lines().enumerate() {
            let code = line.split("--").next().unwrap_or_default().to_uppercase();
            for word in [
                "STRICT",
                "AUTOINCREMENT",
                "DATETIME(",
                "TRIGGER",
                "JSON",
                "JSONB",
                "SERIAL",
                "NOW()",
                "CITEXT",
                "VIRTUAL",
            ] {
                if has_word(&code, word) {
                    found.push(format!("{}:{}: {word}", migration.path, n + 1));
                }
            }
        }
    }
    none("words that one of the databases doesn't know", found);
}

#[test]
fn s2_36_no_line_of_billing_reads_grants() {
    let grants = ["grants::", "grant_limits", "FROM grants", "JOIN grants"];
    let found = tree("src/billing", &[".rs"])
        .into_iter()
        .filter(|s| grants.iter().any(|word| s.text.contains(word)));
    none(
        "billing that knows of grants",
        found.map(|s| s.path).collect(),
    );
}

/// Tables whose rows belong to an organization.
const TENANT_TABLES: [&str; 5] = [
    "members",
    "invitations",
    "audit_events",
    "billing_accounts",
    "leases",
];

/// Statements about those that need no `org_id`, and why.
const ACROSS_ORGANIZATIONS: &[(&str, &str)] = &[
    (
        "audit::at",
        "by stream, which is the organization's id, or the account's for its own chain",
    ),
    ("audit::stream", "by stream, likewise"),
    (
        "audit::streams",
        "every chain there is, for the operator who checks them",
    ),
    (
        "audit::page",
        "by stream, which is the organization's id, or the account's for its own chain",
    ),
    (
        "members::in_an_organization",
        "whether somebody is in any organization, where an account may be in one",
    ),
    (
        "invitations::find_anywhere",
        "by its own id, for its recipient and the worker, who know no organization yet",
    ),
    (
        "invitations::set_delivery",
        "by its own id and round, likewise for the worker",
    ),
    (
        "members::set_person",
        "a person's name and address change in every organization they are in",
    ),
];

#[test]
fn sec_z1_every_statement_about_an_organizations_rows_names_the_organization() {
    let mut found = Vec::new();
    let mut excused = BTreeSet::new();
    for file in tree("src", &[".rs"])
        .into_iter()
        .filter(|s| s.path.contains("/queries"))
    {
        for function in functions(&file) {
            let words: Vec<&str> = function
                .body
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .filter(|w| !w.is_empty())
                .collect();
            let table = words.windows(2).find_map(|pair| {
                let verb = matches!(pair[0], "FROM" | "JOIN" | "INTO" | "UPDATE");
                TENANT_TABLES
                    .into_iter()
                    .find(|table| verb && pair[1] == *table)
            });
            let name = format!(
                "{}::{}",
                file.path
                    .trim_start_matches("src/")
                    .trim_end_matches("/queries.rs"),
                function.name
            );
            if let Some(table) = table
                && !words.contains(&"org_id")
            {
                if ACROSS_ORGANIZATIONS
                    .iter()
                    .any(|(excuse, _)| *excuse == name)
                {
                    excused.insert(name);
                } else {
                    found.push(format!("{name} asks {table} without org_id"));
                }
            }
        }
    }
    none("the tenant is in the query", found);
    let listed: BTreeSet<String> = ACROSS_ORGANIZATIONS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(
        listed, excused,
        "an excuse that nobody needs any more is taken from the list"
    );
}

/// Operations that stand not in the table of doors, and why.
const NO_DOOR: &[(&str, &str)] = &[
    (
        "billing::receive",
        "Stripe's, who has no account here: tests/app/stripe/events.rs",
    ),
    (
        "billing::come_back",
        "reads what somebody did at Stripe: tests/app/stripe.rs",
    ),
    (
        "billing::look",
        "reads likewise, for the page: tests/app/stripe/page.rs",
    ),
    (
        "billing::reconcile",
        "the operator's: tests/app/stripe/trouble.rs",
    ),
    (
        "members::move_in",
        "the operator's, on the command line: tests/app/import.rs",
    ),
    ("members::move_in_lines", "likewise"),
    ("workspaces::create_missing", "likewise"),
    (
        "members::recover_owner",
        "the operator's: tests/app/command_line.rs",
    ),
    (
        "workspaces::create_organization_from",
        "two operations of the table, one after the other: tests/app/spaces/switching.rs",
    ),
    (
        "invitations::visit",
        "joins by opening a page, where the installation says so: tests/app/invitations/github.rs",
    ),
    (
        "workspaces::note_entry",
        "happens by opening a page: tests/app/spaces/switching.rs",
    ),
    (
        "billing::renew",
        "keeping a lease for longer is no event: tests/app/billing/leases.rs",
    ),
    (
        "billing::set_plan",
        "the operator's: tests/app/billing/plans.rs",
    ),
    (
        "runs::delete_old",
        "nobody asks for it, time does: tests/app/runs/retention.rs",
    ),
    (
        "accounts::create_token_for",
        "the operator's: tests/app/tokens.rs",
    ),
    (
        "accounts::arrive_by_github",
        "nobody is signed in yet: tests/app/sign_in_github.rs",
    ),
];

#[test]
fn sec_l1_every_operation_that_changes_something_stands_in_the_table_of_doors() {
    let table: String = tree("tests/app/doors", &[".rs"])
        .into_iter()
        .map(|file| file.text)
        .collect();
    let outside = ["web", "api", "cli", "db", "audit", "mail", "outbox"]
        .map(|folder| format!("src/{folder}/"));
    let mut features: BTreeMap<String, Vec<Function>> = BTreeMap::new();
    for file in tree("src", &[".rs"])
        .iter()
        .filter(|s| !outside.iter().any(|o| s.path.starts_with(o)) && !s.path.contains("/queries"))
    {
        let feature = file
            .path
            .trim_start_matches("src/")
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        features.entry(feature).or_default().extend(functions(file));
    }
    let (mut missing, mut excused, mut asked) = (Vec::new(), BTreeSet::new(), 0);
    for (feature, functions) in &features {
        // A preview is its operation, whose transaction is dropped.
        for name in writers(functions)
            .into_iter()
            .filter(|name| !name.ends_with("_impact"))
        {
            let operation = format!("{feature}::{name}");
            asked += 1;
            if NO_DOOR.iter().any(|(excuse, _)| *excuse == operation) {
                excused.insert(operation);
            } else if !table.contains(&format!("\"{operation}\""))
                && !table.contains(&format!("\"{operation} "))
            {
                missing.push(operation);
            }
        }
    }
    none(
        "give each its line in tests/app/doors/table.rs, or its reason here",
        missing,
    );
    assert!(asked > 20, "{asked} operations");
    let listed: BTreeSet<String> = NO_DOOR.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        listed, excused,
        "an excuse that nobody needs any more is taken from the list"
    );
}

/// The public functions that begin a write, themselves or through others of their feature.
fn writers(functions: &[Function]) -> Vec<&str> {
    let squeezed: Vec<(&Function, String)> = functions
        .iter()
        .map(|f| (f, f.body.split_whitespace().collect()))
        .collect();
    let begins = |body: &str| {
        [
            "db.write(",
            "db.write_org(",
            "db.write_account(",
            "db.write_standalone(",
            ".lock_account(",
        ]
        .iter()
        .any(|call| body.contains(call))
    };
    let mut writing: BTreeSet<&str> = squeezed
        .iter()
        .filter(|(_, body)| begins(body))
        .map(|(f, _)| f.name.as_str())
        .collect();
    loop {
        let calls = |f: &Function| {
            let body = f.body.split_once('{').map_or("", |(_, body)| body);
            writing.iter().any(|name| {
                body.match_indices(&format!("{name}(")).any(|(at, _)| {
                    !body[..at]
                        .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.'))
                })
            })
        };
        let more: Vec<&str> = functions
            .iter()
            .filter(|f| !writing.contains(f.name.as_str()) && calls(f))
            .map(|f| f.name.as_str())
            .collect();
        if more.is_empty() {
            break;
        }
        writing.extend(more);
    }
    functions
        .iter()
        .filter(|f| f.is_public && writing.contains(f.name.as_str()))
        .map(|f| f.name.as_str())
        .collect()
}

/// Lines that a file of `src/` and one of `tests/` may have, and a function of `src/`.
const LINES: (usize, usize, usize) = (500, 750, 90);

/// Files and functions that are longer than they should be, with the length they may not pass. Make one shorter and lower
/// its number; nothing is added.
const LONG: [(&str, usize); 8] = [
    ("src/web/settings.rs", 504),
    ("src/invitations/invite.rs", 502),
    ("src/invitations/accept.rs", 501),
    ("src/grants/set.rs: change", 115),
    ("src/web/mod.rs: routes", 113),
    ("src/audit/sentence.rs: sentence", 109),
    ("src/workspaces/set.rs: set", 103),
    ("src/web/grants.rs: set", 96),
];

#[test]
fn files_and_functions_stay_small() {
    let limit = |name: &str, usual: usize| {
        LONG.iter()
            .find(|(long, _)| *long == name)
            .map_or(usual, |(_, limit)| *limit)
    };
    let mut found = Vec::new();
    for file in tree("src", &[".rs"]).iter().chain(&tree("tests", &[".rs"])) {
        let is_test = file.is_in(&["tests/"]);
        let mut measured = vec![(
            file.path.clone(),
            file.text.lines().count(),
            if is_test { LINES.1 } else { LINES.0 },
        )];
        if !is_test {
            let functions = functions(file).into_iter();
            measured.extend(
                functions.map(|f| (format!("{}: {}", file.path, f.name), f.lines, LINES.2)),
            );
        }
        for (name, lines, usual) in measured {
            let allowed = limit(&name, usual);
            if lines > allowed {
                found.push(format!("{name} has {lines} lines, {allowed} allowed"));
            }
        }
    }
    none("too long to be read at one go", found);
}

pub struct Function {
    pub name: String,
    body: String,
    lines: usize,
    /// Written `pub async fn`.
    is_public: bool,
}

/// The functions of a file as rustfmt lays them out: one ends at the brace that stands as far in as it began.
pub fn functions(file: &Source) -> Vec<Function> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let Some((before, name)) = trimmed.split_once("fn ") else {
            continue;
        };
        let name = name.split(['(', '<']).next().unwrap_or(name);
        if !before
            .split_whitespace()
            .all(|w| w.starts_with("pub") || matches!(w, "async" | "const"))
        {
            continue;
        }
        let closing = format!("{}}}", &line[..line.len() - trimmed.len()]);
        let length = lines[start..]
            .iter()
            .position(|l| *l == closing)
            .map_or(1, |n| n + 1);
        let body = if line.ends_with('}') {
            (*line).to_owned()
        } else {
            lines[start..start + length].join("\n")
        };
        let lines = if line.ends_with('}') { 1 } else { length };
        found.push(Function {
            name: name.to_owned(),
            body,
            lines,
            is_public: trimmed.starts_with("pub async fn "),
        });
    }
    found
}
