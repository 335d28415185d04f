//! docs/requirements.md and docs/security.md say which test shows each row; this holds them to the tests that there are.

use super::structure::{Source, functions, root, tree};
use std::collections::BTreeMap;

const TABLES: [&str; 2] = ["docs/requirements.md", "docs/security.md"];

/// The rows that a test's name begins with: `s1_45_sec_i2_e8_…` shows S1-45, SEC-I2 and E8.
fn rows_of(name: &str) -> Vec<String> {
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let lettered = |word: &str| word.len() > 1 && word.is_char_boundary(1) && digits(&word[1..]);
    let words: Vec<&str> = name.split('_').collect();
    let mut rows = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1).copied().unwrap_or_default();
        if word.starts_with('s') && lettered(word) && digits(next) {
            rows.push(format!("{}-{next}", word.to_uppercase()));
            at += 2;
        } else if *word == "sec" && lettered(next) {
            rows.push(format!("SEC-{}", next.to_uppercase()));
            at += 2;
        } else if word.starts_with('e') && lettered(word) {
            rows.push(word.to_uppercase());
            at += 1;
        } else {
            break;
        }
    }
    rows
}

/// Every test by the rows in its name.
fn tests() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in tree("src", &[".rs"]).iter().chain(&tree("tests", &[".rs"])) {
        for name in test_names(file) {
            for row in rows_of(&name) {
                let place = file.path.trim_end_matches(".rs");
                let place = ["tests/app/", "tests/", "src/"]
                    .iter()
                    .find_map(|p| place.strip_prefix(p))
                    .unwrap_or(place);
                found
                    .entry(row)
                    .or_default()
                    .push(format!("`{}::{name}`", place.replace('/', "::")));
            }
        }
    }
    found
}

fn test_names(file: &Source) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let is_test = |name: &str| {
        lines.iter().enumerate().any(|(n, line)| {
            line.contains(&format!("fn {name}("))
                && lines[n.saturating_sub(3)..n]
                    .iter()
                    .any(|l| l.contains("#[test]") || l.contains("#[tokio::test"))
        })
    };
    functions(file)
        .into_iter()
        .map(|f| f.name)
        .filter(|name| !rows_of(name).is_empty() && is_test(name))
        .collect()
}

/// The table with its last column as the tests have it, and what is wrong with it.
fn checked(text: &str, tests: &BTreeMap<String, Vec<String>>) -> (String, Vec<String>) {
    let mut wrong = Vec::new();
    let mut out = String::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [row, what, shown] = cells[..] else {
            out += &format!("{line}\n");
            continue;
        };
        if !row.contains(|c: char| c.is_ascii_digit()) {
            out += &format!("{line}\n");
            continue;
        }
        let cell = match tests.get(row) {
            Some(tests) => tests.join("<br>"),
            None if shown.starts_with("later: ") => shown.to_owned(),
            None => {
                wrong.push(format!(
                    "{row} has no test and doesn't say what it waits for"
                ));
                String::new()
            }
        };
        if cell != shown && !cell.is_empty() {
            wrong.push(format!(
                "{row} is shown by “{cell}”, and the table says “{shown}”"
            ));
        }
        out += &format!("| {row} | {what} | {cell} |\n");
    }
    (out, wrong)
}

#[test]
fn the_tables_of_rows_name_the_tests_that_show_them() {
    let tests = tests();
    let mut wrong = Vec::new();
    let mut rows = String::new();
    for table in TABLES {
        let path = root().join(table);
        let text = std::fs::read_to_string(&path).expect("a table of rows");
        let (made, complaints) = checked(&text, &tests);
        if std::env::var_os("ROSTER_WRITE_DOCS").is_some() {
            std::fs::write(&path, &made).expect("the table is written");
            wrong.extend(
                complaints
                    .into_iter()
                    .filter(|line| line.contains("no test")),
            );
        } else {
            wrong.extend(complaints);
        }
        rows += &made;
    }
    wrong.extend(
        tests
            .keys()
            .filter(|row| !rows.contains(&format!("| {row} |")))
            .map(|row| format!("{row} is in a test's name and in no table")),
    );
    assert!(
        wrong.is_empty(),
        "run script/docs-table, and say “later: …” where no test is:\n  {}",
        wrong.join("\n  ")
    );
}

#[test]
fn the_rows_of_a_test_are_read_from_its_name() {
    assert_eq!(
        rows_of("s1_45_sec_i2_e8_of_a_link"),
        ["S1-45", "SEC-I2", "E8"]
    );
    assert_eq!(rows_of("sec_w10_sec_w11_what_s1_2"), ["SEC-W10", "SEC-W11"]);
    assert!(rows_of("s_1_e_x_sec").is_empty() && rows_of("every_page").is_empty());
}
