//! Reading the file: CSV with a first line that names the columns, as spreadsheets write it.

use super::Mover;
use crate::access::{OrgRole, WorkspaceRole, fits_under_cap};
use crate::text;
use crate::workspaces::LaterAccess;
use csv::ByteRecord;
use std::collections::HashMap;

/// The columns a file may have.
const COLUMNS: [&str; 5] = ["email", "github", "name", "org_role", "workspaces"];

/// One line of the file, checked.
#[derive(Debug, Clone)]
pub struct Line {
    /// As an editor counts it.
    pub number: u64,
    pub mover: Mover,
    /// GitHub username, or "".
    pub github: String,
    /// The number of that GitHub account, where GitHub was asked.
    pub github_id: Option<String>,
    pub access: Vec<LaterAccess>,
}

/// A line that can't be moved in, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub number: u64,
    /// Who or what the line is about.
    pub what: String,
    pub why: String,
}

/// Everything that stands in a file.
#[derive(Debug, Default)]
pub struct MovingFile {
    pub lines: Vec<Line>,
    pub problems: Vec<Problem>,
}

impl Line {
    /// The person as the file names them.
    pub fn who(&self) -> &str {
        if self.mover.email.is_empty() {
            &self.github
        } else {
            &self.mover.email
        }
    }
}

/// Reads a file. Takes a byte order mark, either line ending, and commas, semicolons or tabs between the columns.
/// Refuses a file that isn't one of Roster's, with a sentence that says what to do; a line that can't be used is a
/// [`Problem`] and stops no other.
pub fn read_file(bytes: &[u8]) -> Result<MovingFile, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is encoded as UTF-16. Save it as “CSV UTF-8” and try again".into());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let mut records = reader.byte_records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        _ => {
            return Err(format!(
                "it is empty. Its first line must name the columns: {}",
                COLUMNS.join(",")
            ));
        }
    };
    let columns = read_header(&header)?;
    let mut file = MovingFile::default();
    let mut seen = HashMap::new();
    let mut counter = LineCounter {
        bytes,
        at: 0,
        line: 1,
    };
    for record in records {
        let record = record.map_err(|e| format!("it can't be read as CSV: {e}"))?;
        let number = counter.line_of(&record);
        match read_line(&record, number, &columns)
            .and_then(|line| first_of_its_kind(line, &mut seen))
        {
            Ok(line) => file.lines.push(line),
            Err(problem) => file.problems.push(problem),
        }
    }
    Ok(file)
}

/// What stands between the columns: whichever of the usual ones the first line has most of.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes
        .split(|b| matches!(b, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let count = |d: u8| first.iter().filter(|b| **b == d).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|d| count(*d))
        .unwrap_or(b',')
}

/// The place of each column that the first line names.
fn read_header(header: &ByteRecord) -> Result<Vec<&'static str>, String> {
    let must = format!(
        "Its first line must name the columns: {}",
        COLUMNS.join(",")
    );
    let mut columns = Vec::new();
    for field in header {
        let name = String::from_utf8_lossy(field);
        let column = COLUMNS.into_iter().find(|c| c.eq_ignore_ascii_case(&name));
        match column {
            Some(column) if columns.contains(&column) => {
                return Err(format!("the column “{column}” stands in it twice. {must}"));
            }
            Some(column) => columns.push(column),
            None => return Err(format!("“{}” is no column of it. {must}", short(&name))),
        }
    }
    if !columns.contains(&"email") && !columns.contains(&"github") {
        return Err(format!(
            "it has neither a column email nor a column github. {must}"
        ));
    }
    Ok(columns)
}

/// Counts lines as an editor does. The reader's own count is behind by one after CR LF, and by blank lines.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn line_of(&mut self, record: &ByteRecord) -> u64 {
        let start = record.position().map_or(0, |p| p.byte() as usize);
        let blank = self.bytes[start..]
            .iter()
            .take_while(|b| matches!(b, b'\n' | b'\r'))
            .count();
        let passed = &self.bytes[self.at..start + blank];
        let ends = passed
            .iter()
            .enumerate()
            .filter(|(i, b)| **b == b'\n' || (**b == b'\r' && passed.get(i + 1) != Some(&b'\n')));
        self.line += ends.count() as u64;
        self.at = start + blank;
        self.line
    }
}

fn read_line(record: &ByteRecord, number: u64, columns: &[&'static str]) -> Result<Line, Problem> {
    let problem = |what: &str, why: String| Problem {
        number,
        what: short(what),
        why,
    };
    if record.len() != columns.len() {
        let first = String::from_utf8_lossy(record.get(0).unwrap_or_default()).into_owned();
        let why = format!(
            "has {}, and the first line names {}",
            text::count(record.len() as i64, "column", "columns"),
            columns.len()
        );
        return Err(problem(&first, why));
    }
    let mut fields = HashMap::new();
    for (column, bytes) in columns.iter().zip(record) {
        let value = std::str::from_utf8(bytes).map_err(|_| {
            problem(
                &String::from_utf8_lossy(bytes),
                format!("{column} is not UTF-8; save the file as “CSV UTF-8”"),
            )
        })?;
        fields.insert(*column, value);
    }
    let field = |column: &str| fields.get(column).copied().unwrap_or("");
    let what = [field("email"), field("github"), field("name")]
        .into_iter()
        .find(|v| !v.is_empty())
        .unwrap_or("");
    check(&field, number).map_err(|wrong| problem(what, wrong.join("; ")))
}

/// Everything that is wrong with a line, or the line.
fn check<'a>(field: &impl Fn(&str) -> &'a str, number: u64) -> Result<Line, Vec<String>> {
    let mut wrong = Vec::new();
    let email = match field("email") {
        "" => String::new(),
        email => text::email(email).unwrap_or_else(|_| {
            wrong.push(format!("“{}” is not an e-mail address", short(email)));
            String::new()
        }),
    };
    let github = match field("github") {
        "" => String::new(),
        typed => text::github_login(typed).unwrap_or_else(|_| {
            wrong.push(format!(
                "“{}” is not a GitHub username",
                short(typed.trim_start_matches('@'))
            ));
            String::new()
        }),
    };
    if field("email").is_empty() && field("github").is_empty() {
        wrong.push("names neither an e-mail address nor a GitHub username".into());
    }
    let name = match field("name") {
        "" if email.is_empty() => github.clone(),
        "" => email.split('@').next().unwrap_or_default().to_owned(),
        name => text::name(name).unwrap_or_else(|message| {
            wrong.push(format!("name: {message}"));
            String::new()
        }),
    };
    let role = match field("org_role") {
        "" => OrgRole::Member,
        role => OrgRole::parse(role).unwrap_or_else(|| {
            wrong.push(format!(
                "“{}” is not a role; there are owner, admin, billing, member and viewer",
                short(role)
            ));
            OrgRole::Viewer
        }),
    };
    let access = read_access(field("workspaces"), &mut wrong);
    if let Some(above) = access
        .iter()
        .find(|a| role == OrgRole::Viewer && fits_under_cap(role, a.role).is_err())
    {
        wrong.push(format!(
            "a viewer of the organization can be no more than viewer in {}",
            above.workspace
        ));
    }
    if wrong.is_empty() {
        Ok(Line {
            number,
            mover: Mover { email, name, role },
            github,
            github_id: None,
            access,
        })
    } else {
        Err(wrong)
    }
}

/// `slug:role;slug:role`
fn read_access(field: &str, wrong: &mut Vec<String>) -> Vec<LaterAccess> {
    let mut access: Vec<LaterAccess> = Vec::new();
    for part in field.split(';').map(str::trim).filter(|p| !p.is_empty()) {
        let (slug, role) = part.split_once(':').unwrap_or((part, ""));
        match (text::slug(slug), WorkspaceRole::parse(role)) {
            (Err(_), _) => wrong.push(format!(
                "“{}” is not a workspace's slug, like production",
                short(slug)
            )),
            (_, None) => wrong.push(format!(
                "“{}” must be like {slug}:member; the roles are owner, admin, member and viewer",
                short(part)
            )),
            (Ok(slug), Some(_)) if access.iter().any(|a| a.workspace == slug) => {
                wrong.push(format!("names the workspace {slug} twice"))
            }
            (Ok(workspace), Some(role)) => access.push(LaterAccess { workspace, role }),
        }
    }
    access
}

/// Refuses a line whose person stands further up: two lines could say two things.
fn first_of_its_kind(line: Line, seen: &mut HashMap<String, u64>) -> Result<Line, Problem> {
    let keys = [
        line.mover.email.clone(),
        format!("@{}", line.github.to_lowercase()),
    ];
    let keys: Vec<String> = keys.into_iter().filter(|k| k.len() > 1).collect();
    if let Some(earlier) = keys.iter().find_map(|k| seen.get(k)) {
        let why = format!("stands on line {earlier} already; this line was left out");
        return Err(Problem {
            number: line.number,
            what: line.who().to_owned(),
            why,
        });
    }
    seen.extend(keys.into_iter().map(|k| (k, line.number)));
    Ok(line)
}

/// Something of the file, for a message: one line, not endless, nothing that a terminal acts on.
fn short(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.chars().count() > 60 {
        format!("{shown}…")
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_spreadsheets_write_it() {
        let plain = "email,github,name,org_role,workspaces\na@x.test,,Ann,admin,prod:admin;emea:viewer\n,Bob-1,,,\n";
        let excel = format!(
            "\u{feff}{}",
            plain
                .replace(',', ";")
                .replace("prod:admin;emea:viewer", "\"prod:admin;emea:viewer\"")
        )
        .replace('\n', "\r\n");
        let tabs = plain.replace(',', "\t");
        for text in [plain, &excel, &tabs, &plain.replace('\n', "\r")] {
            let file = read_file(text.as_bytes()).expect("it is read");
            assert_eq!(file.problems, [], "{text:?}");
            let [ann, bob] = file.lines.as_slice() else {
                panic!("two lines: {file:?}")
            };
            assert_eq!(
                (
                    ann.mover.email.as_str(),
                    ann.mover.role,
                    ann.access.len(),
                    ann.number
                ),
                ("a@x.test", OrgRole::Admin, 2, 2)
            );
            assert_eq!(
                (
                    bob.github.as_str(),
                    bob.mover.name.as_str(),
                    bob.mover.role,
                    bob.number
                ),
                ("Bob-1", "Bob-1", OrgRole::Member, 3)
            );
        }
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_refused_with_what_to_do() {
        for (text, says) in [
            (&b""[..], "it is empty"),
            (b"Name,Mail\nAnn,a@x.test\n", "“Mail” is no column"),
            (b"email,email\n", "stands in it twice"),
            (b"name,org_role\n", "neither a column email"),
            (b"\xff\xfee\0", "UTF-16"),
        ] {
            let refused = read_file(text).expect_err("it is refused");
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn every_line_says_all_that_is_wrong_with_it() {
        let text = b"email,github,name,org_role,workspaces\nbob,,,king,\n,,Nobody,,\n,a b,,,x\na@x.test,,,,p1:member;p1:admin\na@x.test,zed,A\n\xff@x.test,,,,\n";
        let file = read_file(text).expect("it is read");
        let said: Vec<String> = file
            .problems
            .iter()
            .map(|p| format!("{} {}: {}", p.number, p.what, p.why))
            .collect();
        for words in [
            "2 bob: “bob” is not an e-mail address; “king” is not a role",
            "3 Nobody: names neither",
            "“a b” is not a GitHub username; “x” is not a workspace's slug",
            "5 a@x.test: names the workspace p1 twice",
            "6 a@x.test: has 3 columns, and the first line names 5",
            "email is not UTF-8",
        ] {
            assert!(said.iter().any(|s| s.contains(words)), "{words}: {said:#?}");
        }
        assert_eq!(file.lines.len(), 0);
    }

    #[test]
    fn a_person_who_stands_in_the_file_twice_is_taken_once() {
        let file =
            read_file(b"email,github\r\n\r\na@x.test,Ann\r\nA@X.test,\r\n\r\n,ann\r\n,@ben\r\n")
                .expect("it is read");
        assert_eq!(file.lines.len(), 2);
        assert_eq!(
            file.problems.iter().map(|p| p.number).collect::<Vec<_>>(),
            [4, 6]
        );
    }
}
