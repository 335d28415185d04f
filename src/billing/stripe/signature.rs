//! Whether an event is from Stripe: the `Stripe-Signature` header over the bytes that came.

use crate::clock::{Micros, SECOND};
use crate::error::{Refusal, Result};
use crate::secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far the time in a signature may be from ours, either way (SEC-B1).
const TOLERANCE: Micros = 300 * SECOND;
/// Signatures that are looked at. Stripe sends one, and two while the secret is being changed.
const LOOKED_AT: usize = 8;

/// Refuses bytes that nobody signed who knows the secret, and such as were signed too long ago or in the future
/// (SEC-B1): `t=1492774577,v1=5257a8…,v1=…`, where one of several signatures is enough. Other schemes don't count.
pub(super) fn check(header: &str, body: &[u8], secret: &str, now: Micros) -> Result<()> {
    let refused = || {
        Refusal::Malformed("The Stripe-Signature header doesn't fit this event, this endpoint's secret, or the time.".into())
    };
    let parts = || {
        header
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
    };
    let mut times = parts()
        .filter(|(name, _)| *name == "t")
        .map(|(_, value)| value);
    let (Some(time), None) = (times.next(), times.next()) else {
        return Err(refused());
    };
    let at = time
        .parse::<i64>()
        .ok()
        .and_then(|seconds| seconds.checked_mul(SECOND))
        .ok_or_else(refused)?;
    let expected = sign(secret, time, body)?;
    let signed = parts().filter(|(name, _)| *name == "v1").take(LOOKED_AT);
    let fits = signed.fold(false, |fits, (_, signature)| {
        secret::equal(signature, &expected) | fits
    });
    if fits && now.abs_diff(at) <= TOLERANCE.unsigned_abs() {
        Ok(())
    } else {
        Err(refused())
    }
}

/// HMAC-SHA256 over `TIME.BODY`, in lower-case hex.
fn sign(secret: &str, time: &str, body: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(anyhow::Error::new)?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(secret::hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id": "evt_1"}"#;
    const SECRET: &str = "whsec_tests";
    const NOW: Micros = 1_763_805_600 * SECOND;

    fn signed(seconds_off: i64) -> (i64, String) {
        let time = NOW / SECOND + seconds_off;
        (
            time,
            sign(SECRET, &time.to_string(), BODY).expect("a signature"),
        )
    }

    #[test]
    fn sec_b1_the_signature_is_the_one_that_hmac_sha256_gives_elsewhere_too() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_tests
        let known = sign(SECRET, "1700000000", b"{}").expect("a signature");
        assert_eq!(known, KNOWN);
    }

    const KNOWN: &str = "0fccb6dac4df74ede78bf958de496253f39c5a070eca0983ba03060f2d64c3cc";

    #[test]
    fn sec_b1_one_good_signature_of_several_is_enough_and_anything_else_is_refused() {
        let (time, good) = signed(0);
        let bad = "0".repeat(64);
        for header in [
            format!("t={time},v1={good}"),
            format!("t={time},v1={bad},v1={good}"),
            format!("t={time},v1={good},v1={bad},v0={bad}"),
            format!("t={time}, v1={good}"),
        ] {
            assert!(check(&header, BODY, SECRET, NOW).is_ok(), "{header}");
        }
        let (early, then) = signed(-301);
        let (late, later) = signed(301);
        for header in [
            String::new(),
            format!("t={time}"),
            format!("v1={good}"),
            format!("t={time},v1={bad}"),
            format!("t={time},v0={good}"),
            format!("t={time},v1={}", &good[..63]),
            format!("t={time},v1={}", good.to_uppercase()),
            format!("t={early},v1={then}"),
            format!("t={late},v1={later}"),
            format!("t={early},t={time},v1={good}"),
            format!("t={}9,v1={good}", i64::MAX),
            format!("t=now,v1={good}"),
        ] {
            assert!(check(&header, BODY, SECRET, NOW).is_err(), "{header}");
        }
        let header = format!("t={time},v1={good}");
        assert!(
            check(&header, br#"{"id":"evt_1"}"#, SECRET, NOW).is_err(),
            "written anew, the same event is other bytes"
        );
        assert!(check(&header, BODY, "whsec_other", NOW).is_err());
        for (off, fits) in [(-300, true), (300, true), (-301, false)] {
            let (time, signature) = signed(off);
            assert_eq!(
                check(&format!("t={time},v1={signature}"), BODY, SECRET, NOW).is_ok(),
                fits,
                "{off} seconds"
            );
        }
    }
}
