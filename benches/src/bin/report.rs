//! Prints the table of the README. `report [GROUP]…` measures only these groups.

use benches::{Effort, cases_table, groups, measure, sizes_table, threads_table, throughput};
use std::process::ExitCode;

fn main() -> Result<ExitCode, benches::BoxError> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let known = groups::all();
    if let Some(unknown) = wanted
        .iter()
        .find(|wanted| !known.iter().any(|group| group.name == **wanted))
    {
        let names: Vec<_> = known.iter().map(|group| group.name).collect();
        eprintln!("no group `{unknown}`; there are: {}", names.join(", "));
        return Ok(ExitCode::FAILURE);
    }

    let mut rows = Vec::new();
    let mut sizes = Vec::new();
    let mut threads = Vec::new();
    for group in known {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == group.name) {
            continue;
        }
        for mut case in (group.cases)()? {
            eprintln!("{}: {}", group.name, case.name);
            let measured = measure(&mut case, Effort::default());
            rows.push((case.name, measured));
        }
        sizes.extend((group.sizes)());
        for shared in (group.shared)()? {
            eprintln!("{}: {}", group.name, shared.name);
            let measured = throughput(&shared);
            threads.push((shared.name, measured));
        }
    }
    println!("{}", cases_table(&rows));
    if !sizes.is_empty() {
        println!("{}", sizes_table(&sizes));
    }
    if !threads.is_empty() {
        println!("{}", threads_table(&threads));
    }
    Ok(ExitCode::SUCCESS)
}
