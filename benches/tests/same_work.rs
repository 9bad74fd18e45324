//! A comparison says something only when both sides do the same, and these say that they allocate nothing.

use benches::{Case, allocations_per_call, groups};

fn cases() -> Vec<(&'static str, Case)> {
    groups::all()
        .into_iter()
        .flat_map(|group| {
            let cases = (group.cases)().expect("cases can be built");
            cases.into_iter().map(move |case| (group.name, case))
        })
        .collect()
}

#[test]
fn both_sides_of_every_case_have_the_same_outcome() {
    let cases = cases();
    assert!(!cases.is_empty());
    for (_, mut case) in cases {
        for side in [&mut case.ours, &mut case.peer] {
            side.prepare(1);
            side.run();
        }
        assert_eq!(case.ours.outcome(), case.peer.outcome(), "{}", case.name);
        assert_ne!(case.ours.outcome(), "", "{}", case.name);
    }
}

#[test]
fn static_schemes_and_their_sums_allocate_what_a_header_map_allocates_and_no_more() {
    let mut seen = 0;
    for (group, mut case) in cases() {
        if ["single", "scope", "sums"].contains(&group) {
            let ours = allocations_per_call(&mut *case.ours);
            let peer = allocations_per_call(&mut *case.peer);
            assert_eq!(ours, peer, "{}", case.name);
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} cases");
}

#[test]
fn the_response_future_of_static_schemes_is_as_large_as_the_inner_one() {
    let sizes: Vec<_> = groups::all()
        .into_iter()
        .flat_map(|group| (group.sizes)())
        .filter(|size| !size.name.starts_with("`Schemes`"))
        .collect();
    assert!(!sizes.is_empty());
    for size in sizes {
        assert_eq!(size.ours, size.inner, "{}", size.name);
    }
}

#[test]
fn a_cached_token_allocates_nothing_more_than_a_fixed_one() {
    let mut seen = 0;
    for (group, mut case) in cases() {
        if group == "token" && !case.name.contains("replay") && !case.name.contains("loopback") {
            let ours = allocations_per_call(&mut *case.ours);
            let peer = allocations_per_call(&mut *case.peer);
            assert_eq!((ours, peer), (0.0, 0.0), "{}", case.name);
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn a_configured_client_allocates_once_for_a_cached_token_and_a_written_sum_never() {
    let mut seen = 0;
    for (group, mut case) in cases() {
        if group == "deferred" && case.name.starts_with("`Schemes`") {
            let ours = allocations_per_call(&mut *case.ours);
            let peer = allocations_per_call(&mut *case.peer);
            assert_eq!((ours, peer), (1.0, 0.0), "{}", case.name);
            seen += 1;
        }
    }
    assert_eq!(seen, 1);
}
