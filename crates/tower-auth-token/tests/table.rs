//! The table of the crate's documentation names tests that are there.

const TESTS: [&str; 7] = [
    include_str!("single_flight.rs"),
    include_str!("refusals.rs"),
    include_str!("expiry.rs"),
    include_str!("stores.rs"),
    include_str!("files.rs"),
    include_str!("processes.rs"),
    concat!(include_str!("request_path.rs"), include_str!("tracing.rs")),
];

#[test]
fn every_demand_has_a_line_and_every_test_of_the_table_exists() {
    let rows: Vec<_> = include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | C"))
        .collect();
    assert_eq!(rows.len(), 31);
    let mut named = 0;
    for (number, row) in rows.iter().enumerate() {
        assert!(row.starts_with(&format!("{} |", number + 1)), "{row}");
        let names = row
            .split('`')
            .filter(|name| name.contains('_') && !name.contains(' '))
            .filter(|name| !name.contains("inside_follow_redirect")); // of the core
        for name in names {
            if [
                "single_flight",
                "request_path",
                "refresh_token",
                "invalid_grant",
            ]
            .contains(&name)
            {
                continue;
            }
            let start = format!("fn {}", name.trim_end_matches('…'));
            let full = format!("{start}(");
            let wanted = if name.ends_with('…') { &start } else { &full };
            let found = TESTS.iter().any(|tests| tests.contains(wanted.as_str()));
            assert!(found, "{name}");
            named += 1;
        }
    }
    assert!(named > 40, "only {named} tests were looked for");
}
