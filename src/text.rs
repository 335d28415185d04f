//! Words that people type: names, addresses, slugs. One parser for each, used by every door.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

type Message = Cow<'static, str>;

/// Characters that have no place in a name: controls, and the invisible ones that reorder or hide text (CVE-2021-42574).
/// Some of them are spelling in their place; see [`hides_something`].
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Letters of scripts in which a joiner changes how a word is read: Arabic with Persian and Syriac, and those from Devanagari
/// to Sinhala (RFC 5892, A.1 and A.2).
fn is_joined_script(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{8ff}' | '\u{900}'..='\u{dff}') && !is_hidden(c)
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// A tag sequence that says which flag a black flag is, such as Scotland's (UTS #51): three to six letters or digits and an end.
fn ends_flag(tags: &[char]) -> Option<usize> {
    let length = tags
        .iter()
        .take_while(|c| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}'))
        .count();
    ((3..=6).contains(&length) && tags.get(length) == Some(&'\u{e007f}')).then_some(length + 1)
}

/// Whether a text holds hidden characters other than those that belong to its spelling: one joiner between two letters of a
/// script that needs them, or between two pictures that make one; and the tags of a flag.
fn hides_something(value: &str) -> bool {
    let chars: Vec<char> = value.chars().collect();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        // The sign that asks for a picture stands between the two.
        let before = chars[..at].iter().rev().find(|c| **c != '\u{fe0f}');
        let both = |fits: fn(char) -> bool| {
            before.is_some_and(|c| fits(*c)) && chars.get(at + 1).is_some_and(|c| fits(*c))
        };
        at += match c {
            '\u{200c}' if both(is_joined_script) => 1,
            '\u{200d}' if both(is_joined_script) || both(is_picture) => 1,
            '\u{1f3f4}' => 1 + ends_flag(&chars[at + 1..]).unwrap_or(0),
            c if is_hidden(c) => return true,
            _ => 1,
        };
    }
    false
}

/// A display name: trimmed, NFC, 1 to 80 characters as a reader counts them. Refuses hidden characters (SEC-W12).
pub fn name(input: &str) -> Result<String, Message> {
    let value: String = input.trim().nfc().collect();
    if value.is_empty() {
        return Err("Enter a name.".into());
    }
    line(&value, 80)?;
    Ok(value)
}

/// One line of text of at most `max` characters, which may be empty.
pub fn optional_line(input: &str, max: usize) -> Result<String, Message> {
    let value: String = input.trim().nfc().collect();
    line(&value, max)?;
    Ok(value)
}

fn line(value: &str, max: usize) -> Result<(), Message> {
    if hides_something(value) {
        return Err("Remove the invisible or control characters.".into());
    }
    if value.graphemes(true).count() > max || value.len() > max * 16 {
        return Err(format!("Use at most {max} characters.").into());
    }
    Ok(())
}

/// An e-mail address, lower-cased in ASCII. Exactly one address; no quoted or commented forms (SEC-A4, SEC-E1).
pub fn email(input: &str) -> Result<String, Message> {
    let value = input.trim();
    let wrong = || Message::from("Enter one e-mail address, like name@example.com.");
    let (local, domain) = value.split_once('@').ok_or_else(wrong)?;
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
    let labels: Vec<&str> = domain.split('.').collect();
    let domain_ok = domain.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    if local_ok && domain_ok {
        Ok(value.to_ascii_lowercase())
    } else {
        Err(wrong())
    }
}

/// A GitHub username, with or without an @ before it: letters, digits and hyphens; managed users have an underscore too.
pub fn github_login(input: &str) -> Result<String, Message> {
    let login = input.trim().trim_start_matches('@');
    let shaped = (1..=39).contains(&login.len())
        && login
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if shaped {
        Ok(login.to_owned())
    } else {
        Err("Enter one GitHub username, like octocat.".into())
    }
}

/// A domain such as `example.com`, lower-cased.
pub fn domain(input: &str) -> Result<String, Message> {
    let value = input.trim().trim_start_matches('@');
    email(&format!("x@{value}"))
        .map_err(|_| Message::from(format!("“{value}” is not a domain like example.com.")))?;
    Ok(value.to_ascii_lowercase())
}

/// Words that are paths of ours, or would mislead as an organization's address.
const RESERVED: [&str; 22] = [
    "account",
    "admin",
    "api",
    "billing",
    "dev",
    "healthz",
    "help",
    "invitations",
    "metrics",
    "new",
    "orgs",
    "organizations",
    "readyz",
    "roster",
    "security",
    "settings",
    "sign-in",
    "sign-out",
    "static",
    "support",
    "welcome",
    "workspaces",
];

/// A slug: 2 to 40 of a-z, 0-9 and single hyphens between them, not one of our own paths.
pub fn slug(input: &str) -> Result<String, Message> {
    let value = input.trim();
    let shaped = (2..=40).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !value.starts_with('-')
        && !value.ends_with('-')
        && !value.contains("--");
    if !shaped {
        return Err(
            "Use 2 to 40 lower-case letters, digits and single hyphens, like acme-corp.".into(),
        );
    }
    if RESERVED.contains(&value) {
        return Err(format!("“{value}” is reserved. Choose another, like {value}-team.").into());
    }
    Ok(value.to_owned())
}

/// A slug made from a name: "Acme Corp" gives `acme-corp` (S1-12). Never empty, never refused by [`slug`].
pub fn slug_from(name: &str) -> String {
    let mut made = String::new();
    for c in deunicode::deunicode(name).chars() {
        if c.is_ascii_alphanumeric() {
            made.push(c.to_ascii_lowercase());
        } else if !made.is_empty() && !made.ends_with('-') {
            made.push('-');
        }
    }
    made.truncate(36);
    let made = made.trim_end_matches('-');
    match slug(made) {
        Ok(slug) => slug,
        Err(_) if made.is_empty() => "team".to_owned(),
        Err(_) => format!("{made}-team"),
    }
}

/// A slug, then the same with 2, 3, 4 … at its end: what to try until one is free.
pub fn numbered_slugs(slug: &str) -> impl Iterator<Item = String> + use<> {
    let stem: String = slug.chars().take(34).collect();
    let stem = stem.trim_end_matches('-').to_owned();
    std::iter::once(slug.to_owned()).chain((2_u32..).map(move |n| format!("{stem}-{n}")))
}

/// The key names are sorted by: accents and case folded away, so that both databases order alike.
pub fn sort_key(name: &str) -> String {
    let folded = deunicode::deunicode(name).to_ascii_lowercase();
    if folded.trim().is_empty() {
        name.to_lowercase()
    } else {
        folded
    }
}

/// The text that search looks into. The folded form stands beside the plain one, so that both "muller" and "müller" find Müller.
pub fn search_key(parts: &[&str]) -> String {
    let plain = parts
        .iter()
        .filter(|p| !p.is_empty())
        .map(|p| p.to_lowercase())
        .collect::<Vec<_>>()
        .join(" ");
    let folded = deunicode::deunicode(&plain).to_ascii_lowercase();
    if folded == plain {
        plain
    } else {
        format!("{plain} {folded}")
    }
}

/// The pattern of `LIKE … ESCAPE '\'` that finds `term` anywhere (SEC-R14).
pub fn like(term: &str) -> String {
    let mut pattern = String::from("%");
    for c in term.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// One or two letters that stand for a name where there is no picture.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty());
    let first = words.next().and_then(|w| w.chars().next());
    let last = words.next_back().and_then(|w| w.chars().next());
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

/// `1,284`
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 person`, `3 people`
pub fn count(number: i64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { many }
    )
}

/// `12.4 GB`, in units of a thousand; whole bytes below that.
pub fn bytes(number: i64) -> String {
    let mut rest = number as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        // What would read "1000.0 kB" is one of the next.
        if rest < 999.95 {
            break;
        }
        (rest, unit) = (rest / 1_000.0, larger);
    }
    match unit {
        "B" => format!("{number} B"),
        _ => format!("{rest:.1} {unit}"),
    }
}

/// `98.3 %`. All and none are said only where it is all or none.
pub fn percent(part: f64) -> String {
    let tenths = (part * 1_000.0).round();
    match tenths {
        1_000.0 if part < 1.0 => "99.9 %".into(),
        0.0 if part > 0.0 => "0.1 %".into(),
        1_000.0 => "100 %".into(),
        _ => format!("{:.1} %", tenths / 10.0),
    }
}

/// `0.4 s`, `42 s`, `3 min 5 s`, `2 h 10 min`
pub fn duration(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        ..10 => format!("{:.1} s", micros as f64 / 1e6),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// The number of things in a list, with the word for them.
pub fn count_of<T>(things: &[T], one: &str, many: &str) -> String {
    count(things.len() as i64, one, many)
}

/// `A, B, C and 4 others`
pub fn some_of(names: &[String], shown: usize) -> String {
    let rest = names.len().saturating_sub(shown);
    let head = &names[..names.len() - rest];
    match (head, rest) {
        ([], _) => String::new(),
        ([start @ .., last], 0) if !start.is_empty() => format!("{} and {last}", start.join(", ")),
        (_, 0) => head.join(", "),
        (_, 1) => format!("{} and 1 other", head.join(", ")),
        (_, rest) => format!("{} and {} others", head.join(", "), thousands(rest as i64)),
    }
}

/// `A, B, C and 4 others` where only the first names of `total` are at hand.
pub fn few_of(names: &[String], total: i64) -> String {
    let rest = total - names.len() as i64;
    match rest {
        ..=0 => some_of(names, names.len()),
        1 => format!("{} and 1 other", names.join(", ")),
        _ => format!("{} and {} others", names.join(", "), thousands(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_73_s1_74_amounts_read_as_people_say_them() {
        let sizes = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (12_412_000_000, "12.4 GB"),
            (999_960, "1.0 MB"),
        ];
        for (number, words) in sizes {
            assert_eq!(bytes(number), words);
        }
        for (part, words) in [
            (1.0, "100 %"),
            (0.0, "0.0 %"),
            (0.9999, "99.9 %"),
            (0.0001, "0.1 %"),
            (2.0 / 3.0, "66.7 %"),
        ] {
            assert_eq!(percent(part), words);
        }
        for (micros, words) in [
            (400_000, "0.4 s"),
            (42_000_000, "42 s"),
            (185_000_000, "3 min 5 s"),
            (7_800_000_000, "2 h 10 min"),
        ] {
            assert_eq!(duration(micros), words);
        }
    }

    #[test]
    fn s1_12_a_slug_is_made_from_any_name() {
        for (name, made) in [
            ("Acme Corp", "acme-corp"),
            ("Müller & Söhne GmbH", "muller-sohne-gmbh"),
            ("  --  ", "team"),
            ("API", "api-team"),
            ("x", "x-team"),
        ] {
            assert_eq!(slug_from(name), made);
            assert!(slug(&slug_from(name)).is_ok());
        }
    }

    #[test]
    fn sec_a4_sec_e1_an_address_is_exactly_one_plain_address() {
        assert_eq!(email(" Bob@Example.COM ").unwrap(), "bob@example.com");
        for bad in [
            "",
            "bob",
            "bob@",
            "@x.test",
            "a@b",
            "a@x.test,b@y.test",
            "\"a@x\"@y.test",
            "a@x.test\r\nBcc: v@e.test",
            "a b@x.test",
            "a@x..test",
            "a@-x.test",
            "bob@exa\u{212a}mple.com",
            "b\u{131}b@x.test",
            "a@x@y.test",
            "<a@x.test>",
            "a@x.test\0",
        ] {
            assert!(email(bad).is_err(), "{bad:?} was taken for an address");
        }
    }

    #[test]
    fn sec_w12_a_name_has_no_hidden_characters_and_is_not_endless() {
        assert_eq!(name("  Cafe\u{301} ").unwrap(), "Café");
        assert!(name("\u{200b}").is_err());
        assert!(name("abc\u{202e}def").is_err());
        assert!(name("a\nb").is_err());
        assert!(name(&"x".repeat(81)).is_err());
        assert!(name(&format!("x{}", "\u{301}".repeat(5000))).is_err());
    }

    #[test]
    fn sec_r14_wildcards_in_a_search_stand_for_themselves() {
        assert_eq!(like("50%_a\\"), "%50\\%\\_a\\\\%");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(1_284), "1,284");
        assert_eq!(thousands(-12), "-12");
        assert_eq!(count(1, "person", "people"), "1 person");
    }
}
