//! What the compiler says to those who sign a body in a way that does not suit it.

#[test]
fn a_body_that_cannot_be_hashed_leads_to_the_other_ways() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
