//! Plans: what an organization may use, read from a TOML file at the start (product.md, 10). The file that holds where no
//! other is named is `plans.toml` beside this one, and says what its words mean.

use crate::access::{self, OrgRole, Permission};
use crate::clock::Micros;
use crate::organizations::{Organization, RolesOffered};
use crate::text;
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;

/// The limits that Roster itself counts; a plan may name others, whose leases a host product asks for.
pub const WORKSPACES: &str = "workspaces";
pub const RUNS_AT_ONCE: &str = "runs_at_once";
pub const ROWS_PER_MONTH: &str = "rows_per_month";
pub const BYTES_PER_MONTH: &str = "bytes_per_month";

/// What an organization may use, and what it is paid with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The name in the database, the API and the command line, such as `team`.
    pub id: String,
    pub name: String,
    /// What it is for, in a sentence; "" for nothing.
    pub about: String,
    /// Numbers that may not be passed, by name. One that isn't named has no limit.
    pub limits: BTreeMap<String, i64>,
    pub entitlements: BTreeSet<String>,
    /// Which organization roles it has.
    pub roles: RolesOffered,
    /// The id of the price at Stripe that is paid by the month, and of the one by the year.
    pub monthly: Option<String>,
    pub yearly: Option<String>,
}

/// Every plan there is, in the order of the file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Plans(Arc<[Arc<Plan>]>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    plan: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    name: Spanned<String>,
    #[serde(default)]
    about: String,
    #[serde(default)]
    limits: BTreeMap<Spanned<String>, Spanned<i64>>,
    #[serde(default)]
    entitlements: Vec<Spanned<String>>,
    roles: Option<Spanned<String>>,
    #[serde(default)]
    stripe: Prices,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    monthly: Option<Spanned<String>>,
    yearly: Option<Spanned<String>>,
}

/// What is wrong, and at which byte of the file.
struct Wrong(usize, String);

impl Plans {
    /// The plans of a file, or those that are built in. Refuses a file that can't be read or understood, with the line.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else {
            return Ok(Self::built_in());
        };
        let setting = || format!("ROSTER_PLANS (--plans): {}", path.display());
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} can't be read", setting()))?;
        Self::parse(&text).map_err(|wrong| anyhow::anyhow!("{}, {wrong}", setting()))
    }

    /// The plans that hold where no file is named.
    pub fn built_in() -> Self {
        Self::parse(include_str!("plans.toml")).expect("the built-in plans, which a test reads")
    }

    /// Reads plans. What is wrong is told with its line: "line 3: …".
    fn parse(file: &str) -> Result<Self, String> {
        let at = |offset: usize| file.get(..offset).unwrap_or(file).matches('\n').count() + 1;
        let read: File = toml::from_str(file).map_err(|error| {
            let line = error.span().map_or(1, |span| at(span.start));
            format!("line {line}: {}", error.message())
        })?;
        let plans =
            checked(read).map_err(|Wrong(offset, what)| format!("line {}: {what}", at(offset)))?;
        if plans.is_empty() {
            Err("line 1: there must be a plan: [[plan]]".to_owned())
        } else {
            Ok(Self(plans.into_iter().map(Arc::new).collect()))
        }
    }

    pub fn all(&self) -> &[Arc<Plan>] {
        &self.0
    }

    pub fn find(&self, id: &str) -> Option<&Arc<Plan>> {
        self.0.iter().find(|plan| plan.id == id)
    }

    /// The first of the file: of organizations that nobody gave another, and of workspaces in none.
    pub fn default_plan(&self) -> &Arc<Plan> {
        &self.0[0]
    }

    /// The plan in force at a moment. One whose time is over, or that the file no longer has, gives way to the default.
    pub fn of(&self, org: &Organization, now: Micros) -> &Arc<Plan> {
        self.in_force(&org.plan, org.plan_until, now)
    }

    /// The same, by what the organization's row holds.
    pub fn in_force(&self, plan: &str, until: Option<Micros>, now: Micros) -> &Arc<Plan> {
        let over = until.is_some_and(|until| until <= now);
        self.find(plan)
            .filter(|_| !over)
            .unwrap_or_else(|| self.default_plan())
    }

    /// The plan that a price at Stripe pays for, and whether by the year.
    pub fn by_price(&self, price: &str) -> Option<(&Arc<Plan>, bool)> {
        self.0.iter().find_map(|plan| match price {
            _ if plan.monthly.as_deref() == Some(price) => Some((plan, false)),
            _ if plan.yearly.as_deref() == Some(price) => Some((plan, true)),
            _ => None,
        })
    }

    /// Why a plan doesn't have something, which of the others do, and who can change it: completes "Projects …".
    pub fn lacking(&self, plan: &Plan, has: impl Fn(&Plan) -> bool) -> String {
        let others: Vec<String> = self
            .0
            .iter()
            .filter(|plan| has(plan))
            .map(|plan| plan.name.clone())
            .collect();
        let others = match others.as_slice() {
            [] => String::new(),
            [one] => format!(" {one} has it."),
            many => format!(" {} have it.", text::some_of(many, many.len())),
        };
        format!(
            "not in the plan {}.{others} {} can change the plan.",
            plan.name,
            access::who_holds(Permission::ManageBilling)
        )
    }

    /// Every limit that some plan names: those that Roster counts first, then others by name.
    pub fn limit_names(&self) -> Vec<&str> {
        let own = [WORKSPACES, RUNS_AT_ONCE, ROWS_PER_MONTH, BYTES_PER_MONTH];
        let named: BTreeSet<&str> = self
            .0
            .iter()
            .flat_map(|plan| plan.limits.keys().map(String::as_str))
            .collect();
        let (first, other) = (
            own.into_iter().filter(|n| named.contains(n)),
            named.iter().copied().filter(|n| !own.contains(n)),
        );
        first.chain(other).collect()
    }
}

impl Plan {
    /// The number that may not be passed; `None`: there is none.
    pub fn limit(&self, name: &str) -> Option<i64> {
        self.limits.get(name).copied()
    }

    /// Whether it has this entitlement; "" is none, which every plan has.
    pub fn entitles(&self, name: &str) -> bool {
        name.is_empty() || self.entitlements.contains(name)
    }

    /// Whether it has this organization role (S5-3).
    pub fn has_role(&self, role: OrgRole) -> bool {
        self.roles.offers(role)
    }

    /// Whether it can be paid for at Stripe.
    pub fn has_price(&self) -> bool {
        self.monthly.is_some() || self.yearly.is_some()
    }
}

fn checked(file: File) -> Result<Vec<Plan>, Wrong> {
    let (mut plans, mut prices) = (Vec::<Plan>::new(), BTreeSet::new());
    for entry in file.plan {
        let id = word(entry.id, "a plan's id")?;
        let at = entry.name.span().start;
        let name = entry.name.into_inner().trim().to_owned();
        if name.is_empty() || name.chars().count() > 40 {
            return Err(Wrong(
                at,
                "a plan's name must have 1 to 40 characters".into(),
            ));
        }
        if plans.iter().any(|plan| plan.id == id || plan.name == name) {
            return Err(Wrong(
                at,
                format!("there are two plans called “{id}” or “{name}”"),
            ));
        }
        let plan = Plan {
            monthly: price(entry.stripe.monthly, &mut prices)?,
            yearly: price(entry.stripe.yearly, &mut prices)?,
            limits: entry
                .limits
                .into_iter()
                .map(limit)
                .collect::<Result<_, _>>()?,
            entitlements: entry
                .entitlements
                .into_iter()
                .map(|e| word(e, "an entitlement"))
                .collect::<Result<_, _>>()?,
            roles: entry.roles.map_or(Ok(RolesOffered::Full), roles)?,
            about: entry.about.trim().to_owned(),
            id,
            name,
        };
        plans.push(plan);
    }
    Ok(plans)
}

/// A name for programs. The file's words are the database's and the API's.
fn word(text: Spanned<String>, what: &str) -> Result<String, Wrong> {
    let at = text.span().start;
    let text = text.into_inner();
    let fits = (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if fits {
        Ok(text)
    } else {
        Err(Wrong(
            at,
            format!("{what} must be up to 40 of a-z, 0-9, _ and -; it is “{text}”"),
        ))
    }
}

fn limit((name, number): (Spanned<String>, Spanned<i64>)) -> Result<(String, i64), Wrong> {
    let at = number.span().start;
    let (name, number) = (word(name, "a limit's name")?, number.into_inner());
    if number < 0 {
        return Err(Wrong(
            at,
            format!("the limit {name} must be 0 or more; leave it out where there is none"),
        ));
    }
    Ok((name, number))
}

fn roles(text: Spanned<String>) -> Result<RolesOffered, Wrong> {
    let at = text.span().start;
    RolesOffered::parse(text.get_ref()).ok_or_else(|| {
        Wrong(
            at,
            format!(
                "roles must be simple, standard or full; it is “{}”",
                text.get_ref()
            ),
        )
    })
}

fn price(
    text: Option<Spanned<String>>,
    taken: &mut BTreeSet<String>,
) -> Result<Option<String>, Wrong> {
    let Some(text) = text else { return Ok(None) };
    let at = text.span().start;
    let text = text.into_inner();
    if !text.starts_with("price_") {
        return Err(Wrong(
            at,
            format!("a price at Stripe begins with price_; this is “{text}”"),
        ));
    }
    if !taken.insert(text.clone()) {
        return Err(Wrong(
            at,
            format!("the price {text} is another plan's already"),
        ));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_45_the_built_in_plans_have_one_run_at_once_for_nothing_and_three_where_paid() {
        let plans = Plans::built_in();
        let runs: Vec<_> = plans
            .all()
            .iter()
            .map(|plan| (plan.id.as_str(), plan.limit(RUNS_AT_ONCE)))
            .collect();
        assert_eq!(
            runs,
            [
                ("free", Some(1)),
                ("team", Some(3)),
                ("enterprise", Some(3))
            ]
        );
        assert!(!plans.default_plan().entitles("compare") && plans.all()[1].entitles("compare"));
    }

    #[test]
    fn a_wrong_file_is_told_with_its_line() {
        let cases = [
            ("", "line 1: missing field `plan`"),
            (
                "[[plan]]\nid = \"a\"\nname = \"A\"\nseats = 3\n",
                "line 4: unknown field `seats`",
            ),
            (
                "[[plan]]\nid = \"a\"\nname = \"A\"\n[plan.limits]\nworkspaces = -1\n",
                "line 5: the limit workspaces must be 0 or more",
            ),
            (
                "[[plan]]\nid = \"a\"\nname = \"A\"\n[plan.limits]\nworkspaces = \"ten\"\n",
                "line 5: invalid type",
            ),
            (
                "[[plan]]\nid = \"a b\"\nname = \"A\"\n",
                "line 2: a plan's id must be",
            ),
            (
                "[[plan]]\nid = \"a\"\nname = \"A\"\nroles = \"most\"\n",
                "line 4: roles must be simple, standard or full",
            ),
            (
                "[[plan]]\nid = \"a\"\nname = \"A\"\n\n[[plan]]\nid = \"a\"\nname = \"B\"\n",
                "line 7: there are two plans",
            ),
            (
                "[[plan]]\nid = \"a\"\nname = \"A\"\n[plan.stripe]\nmonthly = \"prod_1\"\n",
                "line 5: a price at Stripe begins with price_",
            ),
            ("[[plan]]\nid = \"a\"\nname = A\n", "line 3: "),
        ];
        for (text, says) in cases {
            let wrong = Plans::parse(text).expect_err(text);
            assert!(wrong.starts_with(says), "{wrong}");
        }
    }

    #[test]
    fn a_plan_whose_time_is_over_or_that_is_gone_gives_way_to_the_default() {
        let plans = Plans::built_in();
        assert_eq!(plans.in_force("team", None, 10).id, "team");
        assert_eq!(plans.in_force("team", Some(11), 10).id, "team");
        assert_eq!(plans.in_force("team", Some(10), 10).id, "free");
        assert_eq!(plans.in_force("gold", None, 10).id, "free");
        assert_eq!(plans.in_force("", None, 10).id, "free");
    }
}
