//! What is known of a run once more is told of it. The order in which reports come makes no difference: a finish may come
//! before its start, and either may come twice.

use super::{Run, Status};

/// Brings a run up to date with a report of the same run, made into a run of its own. Starts: the earliest. Ends: the
/// latest, with its status, rows and bytes. Who started it, and what: whoever said it first.
pub(super) fn merge(run: &mut Run, told: &Run) {
    run.started_at = match (run.started_at, told.started_at) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let end = |run: &Run| (run.finished_at, run.status, run.rows, run.bytes);
    if told.status != Status::Running && end(told) > end(run) {
        (run.finished_at, run.status, run.rows, run.bytes) = end(told);
    }
    if run.resource.is_none() {
        run.resource.clone_from(&told.resource);
    }
    if run.person.is_none() && run.person_name.is_empty() {
        run.person.clone_from(&told.person);
        run.person_name.clone_from(&told.person_name);
    }
    if run.cause.is_empty() {
        run.cause.clone_from(&told.cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RunId;
    use proptest::prelude::*;

    fn run(status: Status, started_at: Option<i64>, finished_at: Option<i64>, rows: i64) -> Run {
        Run {
            id: RunId::from("run_1"),
            external_id: "x".into(),
            resource: None,
            status,
            cause: String::new(),
            person: None,
            person_name: String::new(),
            started_at,
            finished_at,
            rows,
            bytes: rows * 2,
            created_at: 0,
            updated_at: 0,
        }
    }

    fn reports() -> impl Strategy<Value = Vec<Run>> {
        let one = (0..4_usize, 0..5_i64, 0..5_i64, 0..3_i64, any::<bool>()).prop_map(
            |(status, start, length, rows, told)| match Status::ALL[status] {
                Status::Running => run(Status::Running, Some(start), None, 0),
                ended => run(ended, told.then_some(start), Some(start + length), rows),
            },
        );
        prop::collection::vec(one, 1..6)
    }

    proptest! {
        #[test]
        fn the_order_of_reports_makes_no_difference(reports in reports(), seed in any::<u64>()) {
            let merged = |all: &[Run]| all[1..].iter().fold(all[0].clone(), |mut run, told| { merge(&mut run, told); run });
            let mut shuffled = reports.clone();
            let mut state = seed;
            for n in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(n, (state >> 33) as usize % (n + 1));
            }
            let (a, b) = (merged(&reports), merged(&shuffled));
            prop_assert_eq!(&a, &b);
            let mut twice = a.clone();
            reports.iter().for_each(|told| merge(&mut twice, told));
            prop_assert_eq!(a, twice);
        }
    }
}
