//! Markdown.

use crate::{Measured, Size, Throughput};
use std::fmt::Write as _;

/// The table of what calls cost.
pub fn cases_table(rows: &[(String, Measured)]) -> String {
    let mut table = String::from(
        "| case | ours ns | peer ns | ratio | ours allocs | peer allocs |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (name, measured) in rows {
        let _ = writeln!(
            table,
            "| {name} | {:.1} | {:.1} | {:.2} | {} | {} |",
            measured.ours,
            measured.peer,
            measured.ratio,
            count(measured.our_allocations),
            count(measured.peer_allocations),
        );
    }
    table
}

/// The table of what futures weigh.
pub fn sizes_table(sizes: &[Size]) -> String {
    let mut table = String::from(
        "| response future | ours bytes | inner bytes |\n\
         | --- | ---: | ---: |\n",
    );
    for size in sizes {
        let _ = writeln!(table, "| {} | {} | {} |", size.name, size.ours, size.inner);
    }
    table
}

/// The table of what threads achieve together.
pub fn threads_table(rows: &[(String, Vec<Throughput>)]) -> String {
    let mut table = String::from(
        "| shared by threads | threads | ours M/s | peer M/s | peer / ours |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
    );
    for (name, throughputs) in rows {
        for one in throughputs {
            let _ = writeln!(
                table,
                "| {name} | {} | {:.1} | {:.1} | {:.2} |",
                one.threads,
                one.ours / 1e6,
                one.peer / 1e6,
                one.peer / one.ours,
            );
        }
    }
    table
}

/// Whole numbers as such: an allocation happens or does not.
fn count(per_call: f64) -> String {
    if per_call.fract() == 0.0 {
        format!("{per_call:.0}")
    } else {
        format!("{per_call:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_what_was_measured() {
        let measured = Measured {
            ours: 41.26,
            peer: 40.0,
            ratio: 1.031,
            our_allocations: 0.0,
            peer_allocations: 1.5,
        };
        let table = cases_table(&[("`Basic`".to_owned(), measured)]);
        assert!(
            table.ends_with("| `Basic` | 41.3 | 40.0 | 1.03 | 0 | 1.50 |\n"),
            "{table}"
        );
    }
}
